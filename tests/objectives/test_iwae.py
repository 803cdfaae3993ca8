import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.objectives.dreg import DReG
from keras_vae.objectives.iwae import IWAE
from tests.objectives.linear_gaussian import LOC, SCALE, elbo, log_likelihood, trace_of, true_posterior

ROWS = 20_000


def many(term, example=0, **options):
    """Independent draws of the term for one example, `(ROWS,)`."""
    tiled = [np.tile(array[example], (ROWS, 1)) for array in (LOC, SCALE)]
    x = np.tile(trace_of(samples=1).x.numpy()[example], (ROWS, 1))
    return term(trace_of(*tiled, samples=term.samples, x=x, **options)).numpy()


def test_one_draw_gives_the_elbo():
    trace = trace_of(samples=1)
    plain = kv.NLL()(trace) + kv.KL(estimator="monte_carlo")(trace)
    assert np.allclose(IWAE(1)(trace), plain, rtol=1e-5)


def test_the_mean_over_single_draws_is_the_elbo():
    trace = trace_of(samples=40)
    plain = kv.NLL()(trace) + kv.KL(estimator="monte_carlo")(trace)
    assert np.allclose(IWAE(1, m=40)(trace), plain, rtol=1e-5)


def test_many_draws_give_the_exact_log_likelihood():
    assert np.allclose(IWAE(200_000)(trace_of(samples=200_000)), -log_likelihood(), atol=0.01)


def test_the_bound_rises_from_the_elbo_towards_the_log_likelihood():
    means = [-many(IWAE(k)).mean() for k in (1, 2, 5, 25)]
    assert means[0] == pytest.approx(elbo()[0], abs=0.05)
    assert means == sorted(means)
    assert means[-1] < log_likelihood()[0] + 0.01
    assert means[-1] - means[0] > 0.5 * (log_likelihood()[0] - elbo()[0]) > 0.05


def test_every_draw_gives_the_log_likelihood_at_the_true_posterior():
    assert np.allclose(IWAE(3, m=2)(trace_of(*true_posterior(), samples=6)), -log_likelihood(), atol=1e-4)


def test_the_mean_over_bounds_has_the_expectation_of_one_and_less_noise():
    one, mean = many(IWAE(5)), many(IWAE(5, m=8), seed=2)
    assert mean.mean() == pytest.approx(one.mean(), abs=5 * one.std() / np.sqrt(ROWS))
    assert mean.var() == pytest.approx(one.var() / 8, rel=0.1)


def test_the_draws_of_a_bound_are_its_own():
    trace = trace_of(samples=6)
    first = trace.replace(
        latents=(trace.latents[0]._replace(sample=trace.latents[0].sample[:3]),),
        likelihood=trace.decode(trace.latents[0].sample[:3]),
    )
    last = trace.replace(
        latents=(trace.latents[0]._replace(sample=trace.latents[0].sample[3:]),),
        likelihood=trace.decode(trace.latents[0].sample[3:]),
    )
    assert np.allclose(IWAE(3, m=2)(trace), (IWAE(3)(first) + IWAE(3)(last)) / 2, rtol=1e-5)
    assert np.allclose(IWAE(3)(trace), IWAE(3)(first), rtol=1e-5)


def test_fewer_draws_than_it_needs_are_refused():
    with pytest.raises(tf.errors.InvalidArgumentError):
        IWAE(4)(trace_of(samples=2))


def test_it_survives_its_configuration():
    objective = kv.NLL() + 0.5 * IWAE(3, m=2, name="miwae").only("encoder", "posterior")
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(objective)))
    term = keras.saving.deserialize_keras_object(config).terms[1]
    assert (term.k, term.m, term.name, term.trains) == (3, 2, "miwae", ("encoder", "posterior"))
    assert term.samples == 6


@pytest.mark.slow
def test_xla_gives_what_the_graph_gives():
    loc = tf.constant(LOC)

    def value_and_gradient():
        with tf.GradientTape() as tape:
            tape.watch(loc)
            value = IWAE(4, m=3)(trace_of(loc, samples=12))
        return value, tape.gradient(value, loc)

    for own, others in zip(
        tf.function(value_and_gradient)(), tf.function(value_and_gradient, jit_compile=True)(), strict=True
    ):
        assert np.allclose(own, others, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("arguments", [{"k": 0}, {"k": 2.5}, {"k": True}, {"k": 5, "m": 0}, {"k": 5, "m": None}])
def test_bad_numbers_of_samples_are_refused(refused, arguments):
    with refused("IWAE: samples . must be an integer >= 1"):
        IWAE(**arguments)


def test_a_posterior_without_density_is_refused(refused):
    with refused("needs a posterior with a density"):
        model(IWAE(2), posterior="deterministic")


def model(objective, **options):
    keras.utils.set_random_seed(1)
    encoder, decoder = kv.MLPEncoder((3,), (4,)), kv.MLPDecoder((2,), (4,))
    options = {"likelihood": "normal", "prior": "standard_normal", **options}
    return kv.Autoencoder(encoder, decoder, objective=objective, seed=3, **options)


def steps_of(objective, samples):
    """How one step of plain gradient descent with `samples` draws moves the weights of each part."""
    enough = 0.0 * IWAE(samples, name="enough")
    changed = model(objective + enough)
    before = {part: [w.numpy() for w in getattr(changed, part).weights] for part in ("encoder", "decoder")}
    changed.compile(keras.optimizers.SGD(1.0), run_eagerly=True)
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    history = changed.fit(x, batch_size=16, verbose=0, shuffle=False).history
    moved = {
        part: np.concatenate(
            [np.ravel(new.numpy() - old) for new, old in zip(getattr(changed, part).weights, weights, strict=True)]
        )
        for part, weights in before.items()
    }
    return moved, history


@pytest.mark.slow
def test_piwae_trains_the_encoder_by_the_mean_of_bounds_and_the_decoder_by_the_tighter_one():
    tight, mean = IWAE(6), IWAE(3, m=2, name="miwae")
    routed, _ = steps_of(tight.only("decoder", "likelihood", "prior") + mean.only("encoder", "posterior"), 6)
    by_tight, _ = steps_of(IWAE(6) + 0.0 * kv.NLL(), 6)
    by_mean, _ = steps_of(mean + 0.0 * kv.NLL(), 6)
    assert np.allclose(routed["encoder"], by_mean["encoder"], atol=1e-5)
    assert np.allclose(routed["decoder"], by_tight["decoder"], atol=1e-5)
    assert not np.allclose(by_mean["encoder"], by_tight["encoder"], atol=1e-3)
    assert not np.allclose(by_mean["decoder"], by_tight["decoder"], atol=1e-3)


@pytest.mark.slow
def test_ciwae_is_the_combination_of_the_elbo_and_the_tighter_bound():
    kl = kv.KL(estimator="monte_carlo")
    moved, history = steps_of(0.3 * kv.NLL() + 0.3 * kl + 0.7 * IWAE(6), 6)
    by_elbo, _ = steps_of(kv.NLL() + kl, 6)
    by_tight, _ = steps_of(IWAE(6) + 0.0 * kv.NLL(), 6)
    for part in ("encoder", "decoder"):
        assert np.allclose(moved[part], 0.3 * by_elbo[part] + 0.7 * by_tight[part], atol=1e-5)
    value = 0.3 * (history["nll"][0] + history["kl"][0]) + 0.7 * history["iwae"][0]
    assert history["loss"][0] == pytest.approx(value, rel=1e-5)


@pytest.mark.slow
def test_dreg_trains_the_encoder_alone():
    moved, history = steps_of(IWAE(4).only("decoder", "likelihood", "prior") + DReG(4), 4)
    plain, _ = steps_of(IWAE(4) + 0.0 * kv.NLL(), 4)
    assert history["dreg"][0] == pytest.approx(history["iwae"][0], rel=1e-5)
    assert np.allclose(moved["decoder"], plain["decoder"], atol=1e-5)
    assert np.abs(moved["encoder"]).max() > 1e-3
    assert not np.allclose(moved["encoder"], plain["encoder"], atol=1e-3)
