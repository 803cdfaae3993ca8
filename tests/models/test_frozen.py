"""What is frozen stays frozen: after loading and copying, and for weights that no gradient trains."""

import copy
import pickle

import keras
import numpy as np
import pytest
import recipes

import keras_vae as kv

IMAGE = (8, 8, 1)
X = np.random.default_rng(0).random((32, 6), "float32")
COPIES = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "clone": keras.models.clone_model,
    "json": lambda model: keras.models.model_from_json(model.to_json()),
    "with_parts": lambda model: model.with_parts(),
}
FREEZE = {
    "network": lambda model: setattr(model.encoder, "trainable", False),
    "layer of a network": lambda model: setattr(model.encoder.hidden[0], "trainable", False),
    "posterior": lambda model: setattr(model.posterior, "trainable", False),
    "likelihood": lambda model: setattr(model.likelihood, "trainable", False),
    "prior": lambda model: setattr(model.prior, "trainable", False),
    "all but a layer": lambda model: (
        setattr(model, "trainable", False),
        setattr(model, "trainable", True),
        setattr(model.encoder, "trainable", False),
        setattr(model.decoder, "trainable", False),
        setattr(model.decoder.hidden[1], "trainable", True),
    ),
}


def new():
    encoder, decoder = kv.make_networks("mlp", (6,), 2, units=(8, 8), seed=0)
    objective = kv.NLL() + kv.KL(estimator="monte_carlo")
    return kv.Autoencoder(encoder, decoder, likelihood="normal", prior="mixture", objective=objective, seed=0)


def frozen_weights(model):
    trained = {id(weight) for weight in model.trainable_variables}
    return [id(weight) not in trained for weight in model.weights]


@pytest.mark.slow
@pytest.mark.parametrize("freeze", FREEZE.values(), ids=FREEZE)
def test_a_copy_is_frozen_where_the_model_is(freeze):
    model = new()
    freeze(model)
    expected = frozen_weights(model)
    assert sum(expected) > sum(frozen_weights(new()))
    for name, make in COPIES.items():
        assert frozen_weights(make(model)) == expected, name
    assert frozen_weights(model) == expected


@pytest.mark.slow
@pytest.mark.parametrize("freeze", [lambda model: None, *map(FREEZE.get, ("layer of a network", "posterior"))])
def test_a_copy_is_trained_by_lora_where_the_model_is(freeze):
    model = new()
    model.encoder.hidden[0].enable_lora(2, lora_alpha=3)
    freeze(model)
    model.encoder.hidden[0].lora_kernel_b.assign(0.1 * np.ones((2, 8)))
    expected = frozen_weights(model)
    x = np.random.default_rng(0).random((4, 6), "float32")
    for name, make in COPIES.items():
        copy = make(model)
        layer = copy.encoder.hidden[0]
        assert (layer.lora_rank, layer.lora_alpha) == (2, 3), name
        assert frozen_weights(copy) == expected, name
        if name not in ("clone", "json"):  # which have weights of their own
            np.testing.assert_allclose(copy.reconstruct(x), model.reconstruct(x), atol=1e-5, err_msg=name)


@pytest.mark.slow
def test_a_loaded_model_trains_on_with_its_optimizer_and_without_what_was_frozen(tmp_path):
    model = new()
    FREEZE["all but a layer"](model)
    expected = frozen_weights(model)
    model.compile("adam", jit_compile=False)
    model.fit(X, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert frozen_weights(loaded) == expected
    for own, others in zip(loaded.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(own, others)
    before = [weight.numpy() for weight in loaded.weights]
    loaded.fit(X, verbose=0)
    for weight, old, stays in zip(loaded.weights, before, expected, strict=True):
        if weight is not loaded.step:
            assert np.array_equal(weight, old) == stays, weight.path


def test_a_frozen_layer_of_the_users_own_network_stays_frozen():
    layers = [keras.Input((6,)), keras.layers.Dense(8, trainable=False), keras.layers.Dense(4)]
    model = kv.Autoencoder(keras.Sequential(layers), kv.MLPDecoder((2,), (8,)), objective=kv.NLL() + kv.KL())
    assert sum(frozen_weights(copy.deepcopy(model))) == sum(frozen_weights(model)) == 3  # kernel, bias and `step`


def test_a_network_alone_and_in_a_functional_model_keeps_its_frozen_layer(tmp_path):
    encoder = kv.MLPEncoder((6,), (8, 8))
    encoder.hidden[0].trainable = False
    inputs = keras.Input((6,))
    model = keras.Model(inputs, keras.layers.Dense(3)(encoder(inputs)))
    for one in (encoder, model):
        one.save(tmp_path / "model.keras")
        assert frozen_weights(keras.saving.load_model(tmp_path / "model.keras")) == frozen_weights(one)
        assert sum(frozen_weights(one)) == 2


def test_a_part_made_with_trainable_false_does_not_learn():
    encoder = kv.MLPEncoder((6,), (8, 8), trainable=False)
    likelihood = kv.Normal((6,), trainable=False)
    objective = kv.NLL() + kv.KL()
    model = kv.Autoencoder(encoder, kv.MLPDecoder((2,), (8, 8)), likelihood=likelihood, objective=objective)
    assert len(model.trainable_variables) == 4 + 2  # of the decoder and the posterior
    assert not encoder.trainable_variables and not likelihood.trainable_variables


def masked(model):
    return model.likelihood.base


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "frozen_part"),
    [
        (lambda: recipes.create("vq_vae"), lambda model: model),
        (lambda: recipes.create("vq_vae"), lambda model: model.posterior),
        (lambda: recipes.create("sigma_vae"), lambda model: model.likelihood),
        (lambda: recipes.create("masked_vae", likelihood={"base": kv.OptimalSigmaNormal(IMAGE)}), masked),
    ],
    ids=["model with a codebook", "codebook", "optimal scale", "optimal scale inside another likelihood"],
)
def test_statistics_of_a_frozen_part_stand_still(make, frozen_part):
    x, before = recipes.examples("vae", 16), []
    model = make()
    part = frozen_part(model)
    for frozen in (False, True):
        part.trainable = not frozen
        model.compile("adam", jit_compile=False)
        before = [weight.numpy() for weight in part.weights]
        model.train_on_batch(x)
        statistics = [weight for weight in part.weights if not weight.trainable and weight is not model.step]
        moved = {
            id(weight) for weight, old in zip(part.weights, before, strict=True) if not np.array_equal(weight, old)
        }
        assert any(id(weight) in moved for weight in statistics) != frozen
