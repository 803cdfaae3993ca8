"""What an export is tried with is what its model can explain."""

import numpy as np
import pytest
import recipes

import keras_vae as kv
from keras_vae.distributions import LIKELIHOODS
from keras_vae.serving.example_inputs import example_inputs
from keras_vae.serving.signatures import export_signatures


def check(model):
    inputs = example_inputs(model, export_signatures(model)["encode"], 3)
    assert inputs["x"].shape == (3, *model.event_shape)
    assert np.all(model.likelihood.in_support(inputs["x"]))


@pytest.mark.parametrize("name", ["tabular_vae", "masked_vae", "sequence_vae", "conditional_vae"])
def test_examples_of_a_recipe_are_in_the_support_of_its_likelihood(name):
    check(recipes.create(name))


@pytest.mark.parametrize("likelihood", sorted({*LIKELIHOODS} - {"masked", "table"}))
def test_examples_are_in_the_support_of_a_likelihood(likelihood):
    check(kv.zoo.vae((4, 4, 1), 2, units=(8,), likelihood=likelihood, seed=0))
