"""Functions of a model that are compiled once, not in every call."""

import numpy as np
import pytest

import keras_vae as kv
from keras_vae.evaluation import annealed_log_likelihood, decoder_lipschitz, kl_per_dimension
from keras_vae.layers.compiled_method import compiled_for

X = np.random.default_rng(0).random((7, 6), "float32")
CALLS = {
    "encode": lambda model, x: model.encode(x),
    "decode": lambda model, x: model.decode(x[:, :2]),
    "elbo": lambda model, x: model.elbo(x),
    "log_likelihood": lambda model, x: model.log_likelihood(x, samples=3, batch_size=9),
    "kl_per_dimension": kl_per_dimension,
    "decoder_lipschitz": lambda model, x: decoder_lipschitz(model, x[:, :2], iterations=2),
    "annealed_log_likelihood": lambda model, x: annealed_log_likelihood(model, x, chains=2, steps=2, batch_size=3),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_function_of_a_model_is_traced_for_two_shapes_at_most(name, monkeypatch):
    traces = []
    model = kv.zoo.vae((6,), 2, units=(4,), likelihood="normal", seed=0)
    for method in ("likelihood_parameters", "posterior_parameters"):
        own = getattr(model, method)
        monkeypatch.setattr(model, method, lambda *a, own=own, **k: traces.append(1) or own(*a, **k), raising=False)
    for rows in (7, 7, 5):
        CALLS[name](model, X[:rows])
    before = len(traces)
    assert before
    for rows in (7, 5, 4, 6):
        CALLS[name](model, X[:rows])
    assert len(traces) == before


def test_functions_of_one_name_are_two():
    model = kv.zoo.vae((6,), 2, units=(4,))
    one, other = (compiled_for(model, lambda model, x, number=number: x + number) for number in (1.0, 2.0))
    assert float(one(0.0)) == 1.0 and float(other(0.0)) == 2.0
