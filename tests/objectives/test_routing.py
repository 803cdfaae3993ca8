import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.objectives.objective import TRAINABLE_PARTS
from keras_vae.random import as_seed

X = np.random.default_rng(0).random((16, 5)).astype("float32")
K, M = 3, 4


def model(objective, **parts):
    keras.utils.set_random_seed(0)
    model = kv.Autoencoder(
        kv.MLPEncoder((5,), (8,)),
        kv.MLPDecoder((2,), (8,)),
        **{"prior": kv.VampPrior((2,), (5,), components=4), "objective": objective, "seed": 0, **parts},
    )
    model.compile(keras.optimizers.SGD(0.1), jit_compile=False)
    return model


def gradients_of(objective, **parts):
    """Part -> the gradients of its variables."""
    own = model(objective, **parts)
    found, *_ = own.gradients(X, as_seed(0))
    of = {id(variable): gradient for variable, gradient in zip(own.trainable_variables, found, strict=True)}
    return {part: [of[id(variable)] for variable in own.variables_of(part)] for part in TRAINABLE_PARTS}


def same(one, other):
    return all(np.allclose(a, b, rtol=1e-4, atol=1e-6) for a, b in zip(one, other, strict=True))


@pytest.mark.slow
def test_piwae_is_two_bounds_at_once():
    tight, loose = kv.IWAE(K * M), kv.IWAE(K, m=M, name="miwae")
    both = gradients_of(
        tight.only("decoder", "likelihood", "prior") + loose.only("encoder", "posterior"),
        prior="mixture",
    )
    of_tight, of_loose = (gradients_of(term, prior="mixture") for term in (tight, loose))
    for part in ("decoder", "likelihood", "prior"):
        assert both[part] and same(both[part], of_tight[part]) and not same(both[part], of_loose[part]), part
    for part in ("encoder", "posterior"):
        assert both[part] and same(both[part], of_loose[part]) and not same(both[part], of_tight[part]), part


@pytest.mark.slow
@pytest.mark.parametrize("part", ["encoder", "posterior", "decoder", "likelihood", "prior"])
def test_a_part_that_is_left_out_gets_no_gradient_and_the_others_their_own(part):
    others = [other for other in TRAINABLE_PARTS if other != part]
    whole, routed = gradients_of(kv.IWAE(2)), gradients_of(kv.IWAE(2).only(*others))
    for other in TRAINABLE_PARTS:
        if other == part:
            assert whole[part] and all(gradient is None for gradient in routed[part])
        else:
            assert same(whole[other], routed[other])


@pytest.mark.slow
def test_gradients_of_terms_that_share_a_part_add_up():
    nll, kl = kv.NLL(), kv.KL(estimator="monte_carlo")
    routed = gradients_of(nll + 3.0 * kl.only("encoder", "posterior"), prior="standard_normal")
    whole = gradients_of(nll + 3.0 * kl, prior="standard_normal")
    alone = gradients_of(nll, prior="standard_normal")
    assert same(routed["encoder"], whole["encoder"]) and not same(routed["encoder"], alone["encoder"])
    assert same(routed["decoder"], alone["decoder"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Gradients do not exist")
def test_a_part_that_nothing_trains_stays_as_it_is():
    routed = model(kv.NLL().only("decoder", "likelihood"), prior="standard_normal")
    before = [weight.numpy() for weight in routed.trainable_weights]
    routed.fit(X, epochs=2, verbose=0)
    frozen = {id(weight) for part in ("encoder", "posterior") for weight in routed.variables_of(part)}
    for weight, old in zip(routed.trainable_weights, before, strict=True):
        assert np.array_equal(weight, old) == (id(weight) in frozen), weight.path


@pytest.mark.slow
def test_the_loss_does_not_depend_on_the_routes():
    whole, routed = (
        model(term, prior="standard_normal").evaluate(X, return_dict=True, verbose=0)
        for term in (kv.IWAE(3), kv.IWAE(3).only("decoder"))
    )
    assert whole == routed


@pytest.mark.slow
def test_routes_train_the_same_under_xla(monkeypatch):
    draw = lambda self, *, distribution, samples=1, seed=None: tf.stack([distribution.mean()] * samples)  # noqa: E731
    monkeypatch.setattr(kv.Sampling, "call", draw)  # XLA draws other noise
    weights = []
    for jit_compile in (False, True):
        objective = kv.NLL().only("decoder", "likelihood") + kv.KL().only("encoder", "posterior")
        routed = model(objective, prior="standard_normal")
        routed.compile(keras.optimizers.SGD(0.1), jit_compile=jit_compile)
        routed.fit(X, epochs=2, shuffle=False, verbose=0)
        weights.append([weight.numpy() for weight in routed.trainable_weights])
    assert same(*weights)


def test_routes_survive_configurations():
    term = kv.KL(0.5, name="free").only("encoder", "posterior")
    copy = kv.KL.from_config(term.get_config())
    assert copy.trains == ("encoder", "posterior") and copy.free_bits == 0.5 and copy.name == "free"
    assert "trains" not in kv.KL().get_config() and "trains" not in kv.CodeCritic().get_config()
    objective = kv.Objective.from_config((kv.NLL() + 2.0 * term).get_config())
    assert [own.trains for own in objective.terms] == [None, ("encoder", "posterior")]


def test_only_makes_a_copy():
    term = kv.KL()
    routed = term.only("encoder")
    assert term.trains is None and routed is not term
    assert routed.only("decoder").trains == ("decoder",) and routed.trains == ("encoder",)


@pytest.mark.parametrize("part", ["critic", "prior"])
def test_an_objective_that_trains_nothing_is_refused(part, refused):
    encoder, decoder = kv.make_networks("mlp", (6,), 2, units=(8,))
    with refused(f"objective: expected terms that train the model, but nll trains only the {part}; add a term"):
        kv.Autoencoder(encoder, decoder, objective=kv.NLL().only(part))


@pytest.mark.slow
def test_routes_survive_a_saved_model(tmp_path):
    routed = model(kv.NLL().only("decoder", "likelihood") + kv.KL(), prior="standard_normal")
    routed.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    assert [tuple(term.trains or ()) for term in loaded.objective.terms] == [("decoder", "likelihood"), ()]
    for one in (routed, loaded):
        one.fit(X, epochs=2, shuffle=False, verbose=0)
    for own, others in zip(routed.trainable_weights, loaded.trainable_weights, strict=True):
        assert np.array_equal(own, others)


def test_an_unknown_part_is_refused(refused):
    with refused("Unknown part of a model 'encodr': did you mean 'encoder'"):
        kv.KL().only("encodr")


def test_an_objective_without_gradients_is_refused(refused):
    class Constant(kv.Term):
        def __call__(self, trace):
            return tf.ones_like(trace.weights)

    with refused("objective: expected a loss that depends on the weights"):
        gradients_of(Constant())
