"""What an evaluation says about models and samples of which the truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from known_models import copies_of
from linear_model import linear_model
from scipy.ndimage import gaussian_filter

import keras_vae as kv
from keras_vae.evaluation import QUESTIONS, Budget, Examples, Subject, data_copying, evaluate, latent_use, sharpness
from keras_vae.evaluation.latent_use import LatentUse
from keras_vae.evaluation.questions.information import about_latents

SMALL = Budget(examples=200, samples=2, annealed=0, pairs=10, draws=200, codes=4)
MEMORISED, BLURRED = "has memorised training examples", "are blurred"


@pytest.fixture(scope="module")
def data():
    return kv.data.load("digits", test=0.3)


# Estimators


def test_the_sharpness_of_noise_is_that_of_the_laplacian_and_blur_removes_it():
    noise = np.random.default_rng(0).normal(0, 0.1, (50, 20, 20, 1))
    assert sharpness(noise).mean() == pytest.approx(0.01 * (4 * 1 + 16), rel=0.05)
    assert sharpness(gaussian_filter(noise, (0, 1, 1, 0))).mean() < 0.01 * sharpness(noise).mean()
    assert sharpness(np.linspace(0, 1, 25).reshape(1, 5, 5, 1)) == pytest.approx(0, abs=1e-10)


def test_what_has_no_sharpness_is_refused(refused):
    with refused(r"sharpness: expected images .* of at least 3x3 pixels, got shape \(1, 2, 8, 1\)"):
        sharpness(np.zeros((1, 2, 8, 1)))


@pytest.mark.parametrize(("copied", "share"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_the_share_of_samples_nearer_to_training_examples_grows_with_the_copies(copied, share):
    rng = np.random.default_rng(0)
    train, test, new = rng.normal(size=(300, 10)), rng.normal(size=(200, 10)), rng.normal(size=(400, 10))
    new[: int(copied * 400)] = train[rng.integers(200, size=int(copied * 400))]
    found = data_copying(new, train, test)
    assert found.share == pytest.approx(share, abs=3 * found.standard_error)
    assert 0 < found.standard_error < 0.1


def test_blurred_samples_are_no_copies():
    rng = np.random.default_rng(0)
    train, test, new = rng.normal(size=(3, 300, 10))
    found = data_copying(0.1 * new, train, test)
    assert found.share == pytest.approx(0.5, abs=3 * found.standard_error)


def test_examples_of_other_shapes_are_no_copies(refused):
    with refused(r"data_copying: expected examples of one shape, got \(3, 2\), \(3, 3\) and \(3, 2\)"):
        data_copying(np.zeros((3, 2)), np.zeros((3, 3)), np.zeros((3, 2)))


def at_the_optimum(scale):
    """A linear VAE at the maximum of its ELBO, examples from it, and its posterior scales."""
    model = linear_model(6, 2, scale=scale)
    random = np.random.default_rng(0)
    weights = np.linalg.qr(random.normal(size=(6, 2)))[0].T.astype("float32") * [[2.0], [0.5]]
    kernel, bias = model.likelihood.weights
    kernel.assign(weights)
    bias.assign(np.zeros(6))
    squared = np.sum(weights**2, axis=1)
    scales = np.sqrt(1 / (1 + squared / scale**2))
    kernel, bias = model.posterior.weights
    loc = (weights / (squared + scale**2)[:, None]).T
    kernel.assign(np.concatenate([loc, np.zeros_like(loc)], axis=1))
    bias.assign(np.concatenate([np.zeros(2), np.log(np.expm1(scales))]))
    z = random.normal(size=(4000, 2))
    return model, (z @ weights + scale * random.normal(size=(4000, 6))).astype("float32"), scales


@pytest.mark.parametrize("scale", [0.5, 0.02])
def test_the_noise_of_a_vae_costs_half_a_nat_for_each_dimension_at_any_scale(scale):
    model, x, scales = at_the_optimum(scale)
    posterior = model.encode(x)
    use = latent_use(model, x, posterior.sample(seed=0), posterior.mean())
    assert use.noise_cost == pytest.approx(0.5 * np.sum(1 - scales**2), rel=0.1)
    assert use.is_used and not use.all_alike and use.gain > 10 * use.gain_error


def test_latents_that_the_decoder_ignores_are_not_used(data):
    model = kv.zoo.vae(data.event_shape, 3, units=(4,), seed=0)
    kernel, _ = model.likelihood.weights
    kernel.assign(np.zeros_like(kernel))
    codes = np.random.default_rng(0).normal(size=(20, 3))
    use = latent_use(model, data.test.x[:20], codes, 0 * codes)
    assert (use.gain, use.noise_cost, use.is_used, use.all_alike) == (0, 0, False, True)


# Verdicts


def said(question, subject):
    return " ".join(QUESTIONS[question](subject).verdict)


def subject_of(model, train, test):
    if not model.compiled:
        model.compile(run_eagerly=True)
    return Subject(model, Examples(test), Examples(train), budget=SMALL)


def test_a_vae_with_little_noise_is_no_plain_autoencoder():
    model, x, _ = at_the_optimum(0.02)
    subject = subject_of(model, x[:200], x[200:400])
    result = QUESTIONS["information"](subject)
    assert result.measurements["noise_share"].value < 0.005
    assert result.measurements["noise_cost"].value == pytest.approx(0.5, abs=0.1)
    assert "plain autoencoder" not in " ".join(result.verdict)


@pytest.mark.parametrize(
    ("cost", "said"), [(0.01, "plain autoencoder"), (-0.01, "plain autoencoder"), (-8.0, "too badly")]
)
def test_a_noise_that_costs_nothing_is_that_of_a_plain_autoencoder(cost, said):
    """Of examples that a model does not explain, the cost is a large number of any sign."""
    use = LatentUse(gain=100.0, gain_error=1.0, difference=100.0, noise_cost=cost)
    sentence = about_latents(8, 8, use, 1e-4)
    assert said in sentence and ("plain autoencoder" in sentence) == (abs(cost) < 1)


@pytest.mark.slow
def test_a_decoder_without_latents_is_named_and_its_latent_space_is_not_judged(data):
    model = kv.zoo.vae(data.event_shape, 3, units=(4,), likelihood="normal_fixed", seed=0)
    kernel, _ = model.likelihood.weights
    kernel.assign(np.zeros_like(kernel))
    subject = subject_of(model, data.train.x[:100], data.test.x[:100])
    assert "The latents are not used" in said("information", subject)
    for question in ("continuity", "completeness"):
        assert said(question, subject).startswith("This cannot be judged")


@pytest.mark.slow
def test_latents_far_beyond_the_prior_are_not_covered_by_it(data):
    model = copies_of(replace(data, train=data.train[:100]), 4)
    subject = subject_of(model, data.train.x[:100], data.test.x[:200])
    within = said("completeness", subject)
    kernel, bias = model.posterior.weights
    kernel.assign(10 * kernel)
    bias.assign(10 * bias)
    beyond = subject_of(model, data.train.x[:100], data.test.x[:200])
    assert "The prior does not cover the latents" in said("completeness", beyond)
    assert "does not cover" not in within


@pytest.mark.slow
def test_a_model_of_copies_overfits_and_has_memorised(data):
    model = copies_of(replace(data, train=data.train[:100]), 8)
    subject = subject_of(model, data.train.x[:100], data.test.x[:100])
    assert "The model overfits" in said("likelihood", subject)
    assert "a linear method reconstructs new examples better" in said("samples", subject)
    assert MEMORISED in said("samples", subject) and BLURRED not in said("samples", subject)


@pytest.mark.parametrize(
    ("samples", "memorised", "blurred"),
    [
        (lambda data: data.train.x[:100] / 255, True, False),
        (lambda data: data.test.x[200:300] / 255, False, False),
        (lambda data: gaussian_filter(data.test.x[200:300] / 255, (0, 1, 1, 0)), False, True),
    ],
)
def test_copies_and_blurred_samples_are_named(data, samples, memorised, blurred):
    model = kv.zoo.vae(data.event_shape, 2, units=(4,), likelihood="normal", seed=0)
    subject = subject_of(model, data.train.x[:100], data.test.x[:100])
    vars(subject)["samples"] = samples(data).astype("float32")  # in place of those of the model
    verdict = said("samples", subject)
    assert (MEMORISED in verdict, f"samples {BLURRED}" in verdict) == (memorised, blurred), verdict


@pytest.mark.parametrize(
    ("ratios", "error", "words"),
    [
        ((0.5, 1.5), 1.0, "The model overfits"),
        ((0.5, 0.6), 1.0, "shows whether fewer epochs are better"),
        ((1.5, 2.0), 1.0, "shows whether fewer epochs are better"),
        ((0.5, 0.6), 1e6, "No overfitting"),
    ],
)
def test_a_gap_alone_is_no_overfitting(data, ratios, error, words):
    model = kv.zoo.vae(data.event_shape, 2, units=(4,), likelihood="normal", seed=0)
    subject = subject_of(model, data.train.x[:40], data.test.x[:40])
    found = type("Found", (), {"log_likelihood": np.array([-1.0, 1.0]) * error, "effective_sample_size": np.ones(2)})
    values = {"elbo": -100.0, "nll": 90.0, "kl": 10.0}
    vars(subject).update(
        metrics=values,
        training_metrics={**values, "elbo": -50.0},
        error_over_pca=ratios,
        importance_sampling=found,
    )
    assert words in said("likelihood", subject)


@pytest.mark.slow
def test_each_figure_of_the_reconstructions_is_beside_that_of_pca(data):
    model = kv.zoo.vae(data.event_shape, 2, units=(4,), likelihood="normal", seed=0)
    model.compile(run_eagerly=True)
    result = evaluate(model, data, ["samples"], budget=SMALL)["samples"]
    names = list(result.measurements)
    for name in ("reconstruction_mse", "psnr", "ssim", "reconstruction_sharpness"):
        assert names[names.index(name) + 1] == f"pca_{name.removeprefix('reconstruction_')}"
    assert "times that of PCA with 2 components" in result.verdict[0]
    assert "a linear method reconstructs better. Train for longer" in result.verdict[0]
    few = subject_of(model, data.train.x[:19], data.test.x[:50])
    assert len(few.pca.directions) == 1 and "1 components (the training examples allow no more)" in said("samples", few)
    alone = evaluate(model, data.test, ["samples"], budget=SMALL)["samples"]
    assert any("the error of PCA" in note for note in alone.notes)
