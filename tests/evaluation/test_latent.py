import keras
import numpy as np
import pytest
import recipes

import keras_vae as kv
from keras_vae.evaluation import kl_per_dimension, variance_of_means
from keras_vae.evaluation.latent import has_kl_per_dimension

X = np.random.default_rng(0).random((40, 8, 8, 1), "float32")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    model = kv.zoo.beta_vae((8, 8, 1), 3, units=(8,), seed=0)
    model.compile(jit_compile=False)
    model.fit(X, verbose=0)
    return model


@pytest.mark.slow
def test_the_kl_of_the_dimensions_adds_up_to_the_models(model):
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
@pytest.mark.parametrize("name", recipes.every(slow_beyond=recipes.CORE, among=recipes.EVALUATED))
def test_every_kind_of_posterior_has_a_kl_for_each_dimension_or_none(name):
    model, x = recipes.create(name), recipes.examples(name)
    if has_kl_per_dimension(model):
        assert kl_per_dimension(model, x, np.arange(len(x)) % 10).shape == (np.prod(model.latent_shape),)
