"""Measures of continuity and completeness, on latent spaces of which the right answer is known."""

import numpy as np
import pytest
import recipes
import tensorflow as tf
from linear_model import linear_example

import keras_vae as kv
from keras_vae.data.lines import render_lines
from keras_vae.evaluation import (
    decoder_lipschitz,
    holes,
    line_walks,
    mid_points,
    mmd_to_prior,
    path_lengths,
    round_trip,
    sliced_wasserstein_to_prior,
)
from keras_vae.evaluation.line_walks import walks_of
from keras_vae.evaluation.path_length import lengths_of

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def linear():
    """A linear autoencoder whose encoder is the inverse of its decoder."""
    model, x, _ = linear_example()
    weights, bias = (weight.numpy() for weight in model.likelihood.weights)
    kernel, shift = model.posterior.weights
    inverse = np.linalg.pinv(weights)
    kernel.assign(np.concatenate([inverse, np.zeros_like(inverse)], axis=1))
    shift.assign(np.concatenate([-bias @ inverse, [-3.0, -3.0]]))
    return model, x, weights


# Lipschitz


def test_the_stretch_of_a_linear_decoder_is_its_greatest_singular_value(linear):
    model, _, weights = linear
    found = decoder_lipschitz(model, RNG.normal(size=(7, 2)))
    np.testing.assert_allclose(found, np.linalg.svd(weights)[1][0], rtol=1e-4)


@pytest.mark.slow
def test_the_stretch_of_any_decoder_is_that_of_its_jacobian():
    model = recipes.create("vae")
    z = tf.constant(RNG.normal(size=(5, 3)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(z)
        mean = tf.reshape(model.likelihood_of(z).mean(), (5, -1))
    jacobian = tape.batch_jacobian(mean, z).numpy()
    np.testing.assert_allclose(
        decoder_lipschitz(model, z, iterations=100), np.linalg.norm(jacobian, 2, axis=(1, 2)), rtol=1e-3
    )


def test_bad_codes_are_refused_by_the_stretch(linear, refused):
    with refused("expected finite codes of shape"):
        decoder_lipschitz(linear[0], np.zeros((3, 5)))
    with refused("iterations"):
        decoder_lipschitz(linear[0], np.zeros((3, 2)), iterations=0)
    with refused("pixel_vae: the expected example of PixelCNNLikelihood has no derivative"):
        decoder_lipschitz(recipes.create("pixel_vae"), np.zeros((3, 3)))


# Walks


def test_walks_through_a_linear_decoder_are_even_and_straight(linear):
    model, x, _ = linear
    found = path_lengths(model, x[:10], x[10:20], features=lambda x: x, steps=8)
    assert found.steps.shape == (10, 8)
    assert found.unevenness == pytest.approx(1, abs=1e-3)
    assert found.detour == pytest.approx(1, abs=1e-4)
    ends = model.reconstruct(x[:10]) - model.reconstruct(x[10:20])
    assert found.path_length == pytest.approx((ends**2).sum(axis=1).mean(), rel=1e-3)


def test_a_jump_and_a_detour_are_seen():
    jump = np.zeros((1, 11, 1))
    jump[:, 5:] = 2.0
    assert lengths_of(jump)[1:] == (pytest.approx(100 * 4 / 10), 10.0, 1.0)
    turn = np.array([[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]])
    assert lengths_of(turn).detour == pytest.approx(np.sqrt(2))
    assert lengths_of(np.zeros((2, 3, 1)))[1:] == (0.0, 1.0, 1.0)


def test_mid_points_of_a_linear_pair_come_back_unchanged(linear):
    model, x, _ = linear
    found = mid_points(model, x[:10], x[10:20])
    middle = (model.reconstruct(x[:10]) + model.reconstruct(x[10:20])) / 2
    np.testing.assert_allclose(found.examples, middle, atol=1e-4)
    assert found.error.max() < 1e-6 and found.drift.max() < 1e-3


def test_walks_of_unequal_numbers_are_refused(linear, refused):
    model, x, _ = linear
    with refused("as many ends as starts"):
        mid_points(model, x[:3], x[:4])
    with refused("as many ends as starts"):
        path_lengths(model, x[:3], x[:4], features=lambda x: x)
    with refused("steps must be an integer >= 2"):
        path_lengths(model, x[:3], x[:3], features=lambda x: x, steps=1)
    with refused("S >= 2"):
        lengths_of(np.zeros((1, 2, 3)))


# Lines


class Turning:
    """Stands for a model that knows the angles of lines."""

    name, event_shape = "turning", (32, 32, 1)

    def __init__(self, between):
        self.between = between

    def interpolate(self, start, end, *, steps):
        from keras_vae.data.lines import nearest_lines

        a, b = nearest_lines(start)[0], nearest_lines(end)[0]
        return np.stack([self.between(a, b, share, start, end) for share in np.linspace(0, 1, steps)], axis=1)


@pytest.mark.slow
def test_a_model_that_turns_lines_has_perfect_walks_and_a_cross_fade_has_not():
    turning = line_walks(
        Turning(lambda a, b, s, *_: render_lines(a + s * ((b - a + np.pi) % (2 * np.pi) - np.pi))), pairs=40
    )
    fading = line_walks(Turning(lambda a, b, s, start, end: (1 - s) * start + s * end), pairs=40)
    assert turning.mean_distance < 1e-3 and turning.smoothness < 0.05
    assert fading.mean_distance > 0.05 and fading.smoothness > 0.5


def test_the_smoothness_of_walks_by_hand():
    even, jump = np.linspace(0, 2, 5)[None], np.array([[0.0, 0.0, 0.0, 2.0, 2.0]])
    assert walks_of(even, np.ones((1, 5))) == (1.0, pytest.approx(0))
    assert walks_of(jump, np.zeros((1, 5))).smoothness == pytest.approx(1 - 1 / 4)
    assert walks_of(-even % (2 * np.pi), np.zeros((1, 5))).smoothness == pytest.approx(0)
    assert walks_of(np.zeros((1, 5)), np.zeros((1, 5))).smoothness == 0


def test_line_walks_refuse_models_of_other_images(refused):
    with refused("expected a model of images"):
        line_walks(recipes.create("vae"))


# Codes and prior


@pytest.mark.slow
def test_codes_that_are_the_prior_cannot_be_told_from_it():
    codes, draws = RNG.normal(size=(4000, 3)), RNG.normal(size=(8000, 3))
    for gap in (mmd_to_prior(codes, draws), sliced_wasserstein_to_prior(codes, draws)):
        assert abs(gap.value - gap.floor) < 4 * gap.standard_error + 1e-3


@pytest.mark.slow
def test_shifted_codes_are_the_squared_shift_away():
    codes, draws = RNG.normal([2.0, 0, 0, 0], 1, size=(4000, 4)), RNG.normal(size=(8000, 4))
    gap = sliced_wasserstein_to_prior(codes, draws, projections=500)
    assert gap.value - gap.floor == pytest.approx(4 / 4, abs=0.1)  # |m|^2 / D
    assert mmd_to_prior(codes, draws).value > 20 * abs(mmd_to_prior(codes[:2000] - [2.0, 0, 0, 0], draws).value)


@pytest.mark.slow
def test_the_mmd_of_normals_is_the_closed_form():
    shift, widths = 1.5, np.array([0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]) * 2

    def kernel(mean):  # E exp(-|u - v|^2 / w) for u - v ~ N(mean, 2)
        return (np.sqrt(widths / (widths + 4)) * np.exp(-(mean**2) / (widths + 4))).sum()

    codes, draws = RNG.normal(shift, 1, size=(8000, 1)), RNG.normal(size=(8000, 1))
    gap = mmd_to_prior(codes, draws, kernel="rbf")
    assert gap.value == pytest.approx(2 * kernel(0) - 2 * kernel(shift), abs=4 * gap.standard_error)


def test_a_ring_of_codes_leaves_a_hole_that_a_normal_prior_draws_from():
    draws = RNG.normal(size=(4000, 2))
    angles = RNG.uniform(0, 2 * np.pi, 2000)
    ring = 1.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1) + 0.05 * RNG.normal(size=(2000, 2))
    radius = np.linalg.norm(draws, axis=1)
    found = holes(ring, draws)
    assert found.share == pytest.approx(np.mean(np.abs(radius - 1.5) > 0.2), abs=0.1)
    assert holes(draws[:2000], draws[2000:]).share < 0.03
    assert len(found.of_codes) == len(found.held_out) == 1000 and len(found.of_draws) == 4000


def test_prior_draws_of_inverse_networks_come_back_and_others_do_not(linear):
    model, _, _ = linear
    found = round_trip(model, 200)
    assert found.share == 1 and found.distance.max() < 1e-3 and found.dimensions == 2
    before = [weight.numpy() for weight in model.posterior.weights]
    for weight in model.posterior.weights:
        weight.assign(tf.zeros_like(weight))
    try:
        lost = round_trip(model, 2000)
        assert lost.share == pytest.approx(1 - np.exp(-0.25), abs=0.05)  # |z|^2 / 2 < 1/4 of a standard normal in 2-D
        assert round_trip(model, 10, active=np.zeros(2, bool)).share == 0
    finally:
        for weight, value in zip(model.posterior.weights, before, strict=True):
            weight.assign(value)


def test_unfit_codes_are_refused(refused):
    codes, draws = RNG.normal(size=(100, 2)), RNG.normal(size=(100, 2))
    for measure in (mmd_to_prior, sliced_wasserstein_to_prior, holes):
        with refused("of one width|as wide as"):
            measure(codes, draws[:, :1])
        with refused("expected finite numbers"):
            measure(codes * np.nan, draws)
    with refused("2 or more codes"):
        mmd_to_prior(codes[:1], draws)
    with refused("40 or more codes"):
        holes(codes[:39], draws)
    with refused("quantile must be"):
        holes(codes, draws, quantile=0.0)
    with refused("it has no prior"):
        round_trip(recipes.create("ae"))


@pytest.mark.slow
def test_any_kind_of_code_can_be_sent_round():
    assert 0 <= round_trip(recipes.create("conditional_vae"), 5, condition=np.arange(5)).share <= 1
    assert isinstance(round_trip(kv.zoo.vae((8, 8, 1), 2, units=(4,)), 5).share, float)


@pytest.mark.parametrize("counts", [True, False])
def test_tables_and_counts_are_encoded_again_as_draws(counts):
    columns = ["count", "real", "binary"]
    if counts:
        model = kv.zoo.count_vae((3,), 2, units=(4,), seed=0)
    else:
        model = kv.zoo.masked_vae((3,), 2, base={"name": "table", "columns": columns}, units=(4,), seed=0)
    x = np.array([[3, 0, 1], [0, 2, 0]], "float32")
    assert np.isfinite(round_trip(model, 20).distance).all()
    assert np.isfinite(mid_points(model, x, x[::-1]).error).all()
