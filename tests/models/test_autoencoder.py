import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.random import as_seed, fold
from keras_vae.replicas import own_seed

X = np.random.default_rng(0).random((32, 6), "float32")


def new(**options):
    keras.utils.set_random_seed(0)
    parts = {"objective": kv.NLL() + kv.KL(), "seed": 0, **options}
    model = kv.Autoencoder(kv.MLPEncoder((6,), (8,)), kv.MLPDecoder((2,), (8,)), **parts)
    model.compile(jit_compile=False)
    return model


@pytest.mark.slow
def test_uint8_means_0_to_255():
    pixels = np.random.default_rng(0).integers(0, 256, (16, 6), dtype=np.uint8)
    model = new()
    assert np.allclose(model.encode(pixels).mean(), model.encode(pixels / 255).mean(), atol=1e-6)
    as_floats = model.evaluate((pixels / 255).astype("float32"), verbose=0)
    assert np.allclose(model.evaluate(pixels, verbose=0), as_floats, rtol=1e-5)


@pytest.mark.slow
def test_evaluate_gives_the_same_figures_every_time_and_leaves_training_alone():
    disturbed, undisturbed = new(), new()
    first = disturbed.evaluate(X, batch_size=8, verbose=0)
    assert disturbed.evaluate(X, batch_size=8, verbose=0) == first
    histories = [model.fit(X, shuffle=False, verbose=0).history for model in (disturbed, undisturbed)]
    assert histories[0] == histories[1]


@pytest.mark.slow
def test_the_batches_of_an_evaluation_have_different_noise():
    batch = np.repeat(X[:1], 8, axis=0)
    model = new()
    one = model.evaluate(batch, batch_size=8, return_dict=True, verbose=0)["nll"]
    two = model.evaluate(np.repeat(batch, 2, axis=0), batch_size=8, return_dict=True, verbose=0)["nll"]
    assert one != two


@pytest.mark.slow
def test_every_step_has_its_own_noise():
    model = new()
    model.compile(keras.optimizers.SGD(1e-12), jit_compile=False)
    losses = model.fit(X, epochs=4, batch_size=32, shuffle=False, verbose=0).history["nll"]
    assert len(set(losses)) == 4


def test_every_replica_has_its_own_noise():
    strategy = tf.distribute.MirroredStrategy([d.name for d in tf.config.list_logical_devices("CPU")[:2]])
    seeds = strategy.run(lambda: own_seed(as_seed(3)))
    one, two = strategy.experimental_local_results(seeds)
    assert not np.array_equal(one, two)


def test_seeds_fold_one_by_one():
    seeds = tf.constant([[1, 2], [3, 4]])
    assert np.array_equal(fold(seeds, 5), [fold(seeds[0], 5), fold(seeds[1], 5)])


@pytest.mark.slow
def test_sample_weights_weigh_the_loss_and_the_metrics():
    weights = np.zeros(32, "float32")
    weights[:8] = 1
    weighted = new(posterior="deterministic", prior=None, objective=kv.NLL())
    kept = new(posterior="deterministic", prior=None, objective=kv.NLL())
    weighted.compile(keras.optimizers.SGD(0.1), jit_compile=False)
    kept.compile(keras.optimizers.SGD(0.1 / 4), jit_compile=False)  # a mean over 32, of which 8 count
    histories = [
        weighted.fit(X, X, sample_weight=weights, batch_size=32, shuffle=False, verbose=0).history,
        kept.fit(X[:8], batch_size=8, shuffle=False, verbose=0).history,
    ]
    assert histories[0]["nll"] == pytest.approx(histories[1]["nll"], rel=1e-5)
    for own, others in zip(weighted.trainable_weights, kept.trainable_weights, strict=True):
        assert np.allclose(own, others, atol=1e-6)


def test_sample_weights_that_keras_would_drop_are_refused():
    with pytest.raises(kv.InvalidInputError, match="give y=x"):
        new().fit(X, sample_weight=np.ones(32))


@pytest.mark.slow
def test_the_elbo_does_not_depend_on_the_weight_of_the_kl():
    figures = [new(objective=kv.NLL() + beta * kv.KL()).evaluate(X, return_dict=True, verbose=0) for beta in (1.0, 9.0)]
    assert figures[0]["elbo"] == figures[1]["elbo"]
    assert figures[0]["loss"] < figures[1]["loss"]


@pytest.mark.slow
def test_steps_per_execution_changes_nothing():
    weights = []
    for steps in (1, 4):
        model = new()
        model.compile(steps_per_execution=steps, jit_compile=False)
        model.fit(X, batch_size=4, shuffle=False, epochs=2, verbose=0)
        weights.append([weight.numpy() for weight in model.trainable_weights])
    for one, four in zip(*weights, strict=True):
        assert np.allclose(one, four, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_and_saves(policy, tmp_path):
    keras.config.set_dtype_policy(policy)
    try:
        model = new()
    finally:
        keras.config.set_dtype_policy("float32")
    losses = model.fit(X, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    assert model.encode(X).mean().dtype == tf.float32


@pytest.mark.slow
def test_keras_itself_loads_a_saved_model(tmp_path):
    model = new()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.slow
def test_adapting_starts_the_decoder_at_the_mean_of_the_data():
    for likelihood in ("bernoulli", "normal", "normal_elementwise"):
        model = new(likelihood=likelihood)
        model.adapt(X)
        for weight in model.decoder.weights:
            weight.assign(tf.zeros_like(weight))
        assert np.allclose(model.decode(np.zeros((1, 2))).mean()[0], X.mean(axis=0), atol=1e-5), likelihood


def test_adapting_sets_a_mean_per_channel_where_the_head_is_pointwise():
    images = np.random.default_rng(0).random((9, 8, 10, 3), "float32") * np.array([1, 0.5, 0.1], "float32")
    model = kv.zoo.vae((8, 10, 3), 2, network="conv", seed=0)
    model.adapt(images)
    for weight in model.decoder.weights:
        weight.assign(tf.zeros_like(weight))
    mean = model.decode(np.zeros((1, 2))).mean()[0].numpy()
    assert np.allclose(mean.mean(axis=(0, 1)), images.mean(axis=(0, 1, 2)), atol=1e-5)


@pytest.mark.slow
def test_it_fits_anything_keras_fits():
    model = new()
    for data in (X, tf.data.Dataset.from_tensor_slices(X).batch(8), tf.constant(X)):
        assert np.isfinite(model.fit(data, verbose=0).history["loss"]).all()
    model.fit(X, X[:, 0], validation_split=0.25, verbose=0)


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_penalties_of_the_networks_count(jit_compile):
    penalty = {"kernel_regularizer": keras.regularizers.L2(0.5), "activity_regularizer": keras.regularizers.L1(0.25)}
    inputs = keras.Input((6,))
    encoder = keras.Model(inputs, keras.layers.Dense(8, "relu", **penalty)(inputs))
    model = kv.Autoencoder(encoder, kv.MLPDecoder((2,), (8,)), objective=kv.NLL() + kv.KL(), seed=0)
    model.compile(keras.optimizers.SGD(0.0), jit_compile=jit_compile)
    expected = 0.5 * np.sum(encoder.weights[0].numpy() ** 2) + 0.25 * np.abs(encoder(X)).sum() / len(X)
    for _ in range(2):
        model.fit(X, batch_size=32, verbose=0)
        metrics = model.evaluate(X, batch_size=32, return_dict=True, verbose=0)
        assert metrics["loss"] - metrics["nll"] - metrics["kl"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
def test_validation_data_are_checked_before_the_first_epoch_and_not_after_each(monkeypatch):
    from keras_vae.models import fitting

    with pytest.raises(kv.InvalidInputError, match="expected finite numbers"):
        new().fit(X, validation_data=(np.full_like(X, np.nan),), verbose=0)
    checked = []
    monkeypatch.setattr(fitting, "check_training_data", lambda *_, **__: checked.append(1))
    new().fit(X, validation_data=(X,), epochs=5, verbose=0)
    assert len(checked) == 2


def test_what_cannot_be_adapted_is_told(refused):
    images = np.random.default_rng(0).random((9, 8, 8, 1), "float32")
    model = kv.zoo.vae((8, 8, 1), 2, network="conv", filters=(4,), units=4, likelihood="normal")
    with refused("x: expected an array of real numbers, got .*Dataset; convert it first"):
        model.adapt(tf.data.Dataset.from_tensor_slices(images).batch(3))
    model.quantize("int8")
    with refused("adapt: the weights of vae are quantized; call it before quantize"):
        model.adapt(images)
