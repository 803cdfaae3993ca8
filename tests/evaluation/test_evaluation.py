import json

import keras
import numpy as np
import pytest
import recipes

import keras_vae as kv
from keras_vae.evaluation import kl_per_dimension, page, pictures, summarize, variance_of_means, verdict
from keras_vae.evaluation.latent import has_kl_per_dimension

X = np.random.default_rng(0).random((40, 8, 8, 1), "float32")
LABELS = np.arange(40) % 3


@pytest.fixture(scope="module", params=["ae", "beta_vae", "vae"])
def model(request):
    keras.utils.set_random_seed(0)
    model = kv.zoo.create(request.param, (8, 8, 1), 3, units=(8,), seed=0)
    model.compile(jit_compile=False)
    model.fit(X, verbose=0)
    return model


def test_a_summary_says_what_the_model_itself_says(model):
    figures = summarize(model, X, samples=20)
    json.dumps(figures)
    assert figures["examples"] == 40
    assert figures["reconstruction_mse"] == pytest.approx(np.mean((X - model.reconstruct(X)) ** 2), rel=1e-5)
    assert ("log_likelihood" in figures) == model.has_density
    if model.has_density:
        values = model.log_likelihood(X, samples=20)
        assert figures["log_likelihood"] == pytest.approx(values.mean(), rel=1e-5)
        assert figures["log_likelihood"] > figures["elbo"]


def test_the_kl_of_the_dimensions_adds_up_to_the_models(model):
    if not model.has_density:
        pytest.skip("this recipe has no prior")
    kl = kl_per_dimension(model, X)
    assert kl.shape == (3,)
    assert kl.sum() == pytest.approx(model.evaluate(X, return_dict=True, verbose=0)["kl"], rel=1e-4)


def test_a_dimension_that_does_not_move_is_not_active(model):
    kernel = model.posterior.weights[0]
    before = kernel.numpy()
    kernel.assign(np.where(np.arange(before.shape[1]) == 1, 0, before))
    try:
        variance = variance_of_means(model, X)
    finally:
        kernel.assign(before)
    assert variance[1] == pytest.approx(0, abs=1e-10) and (variance[[0, 2]] > 0).all()


@pytest.mark.slow
def test_the_report_stands_alone(model):
    figures = pictures(model, X, LABELS, label_names=("a", "b", "c"), history={"loss": [3.0, 2.0]})
    assert ("samples" in figures) == (model.prior is not None)
    html = page(
        "A <title>",
        figures,
        metrics=summarize(model, X, samples=2),
        configuration={"model": model.name},
        environment={"python": "3"},
    )
    assert "A &lt;title&gt;" in html
    assert html.count("data:image/png;base64") == len(figures)
    assert "http" not in html


def test_a_verdict_says_so_when_the_posterior_has_collapsed():
    metrics = {"kl": 0.001, "active_units": 0, "latent_dim": 8, "reconstruction_mse": 0.1}
    assert any("collapsed" in sentence for sentence in verdict(metrics))
    assert not any("collapsed" in sentence for sentence in verdict({**metrics, "active_units": 3}))


@pytest.mark.parametrize(
    ("gap", "sentence"),
    [
        (19.0, "19.0 nats higher in training than in validation: the model overfits."),
        (-2.0, "2.0 nats lower in training"),
    ],
)
def test_a_verdict_tells_training_from_validation(gap, sentence):
    metrics = {
        "elbo": -90.0,
        "kl": 5.0,
        "active_units": 3,
        "latent_dim": 8,
        "reconstruction_mse": 0.1,
        "generalization_gap": gap,
    }
    assert any(sentence in line for line in verdict(metrics))


def trained(name):
    model = recipes.create(name)
    model.compile(jit_compile=False)
    x = recipes.examples(name)
    return model, x, np.arange(len(x)) % 10


@pytest.mark.slow
@pytest.mark.parametrize("name", recipes.every(slow_beyond=recipes.CORE, among=recipes.EVALUATED))
def test_every_kind_of_recipe_gets_a_summary(name):
    model, x, labels = trained(name)
    figures = summarize(model, x, labels, samples=3)
    assert np.isfinite([value for value in figures.values() if not isinstance(value, str)]).all()
    assert 0 <= figures["active_units"] <= figures["latent_dim"] == np.prod(model.latent_shape)
    if has_kl_per_dimension(model):
        kl = kl_per_dimension(model, x, labels)
        assert kl.shape == (figures["latent_dim"],)


@pytest.mark.slow
@pytest.mark.parametrize("name", recipes.CORE)
def test_every_kind_of_model_gets_its_pictures(name):
    model, x, labels = trained(name)
    drawn = pictures(model, x, labels)
    assert {"reconstructions", "interpolation", "latent_map"} <= set(drawn)
    assert ("samples" in drawn) == (model.prior is not None)
