"""What a model counts: batches, whatever the optimizer makes of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv
from keras_vae.random import as_seed

tfd = tfp.distributions

X = np.random.default_rng(0).random((64, 6), "float32")


def new(**options):
    parts = {"objective": kv.NLL() + kv.KL(), "seed": 0, "likelihood": "normal", **options}
    return kv.Autoencoder(*kv.make_networks("mlp", (6,), 2, units=(8,), seed=0), **parts)


class Noise(keras.callbacks.Callback):
    """Notes the seed-dependent part of each batch's loss, over batches that are all the same."""

    def __init__(self):
        super().__init__()
        self.sums = [0.0]

    def on_train_batch_end(self, batch, logs=None):
        self.sums.append(logs["nll"] * (batch + 1))

    @property
    def values(self):
        return np.round(np.diff(self.sums), 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.SGD(0.0),
        lambda: keras.optimizers.SGD(0.0, gradient_accumulation_steps=8),
        lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.0), initial_scale=1e38),  # skips steps
    ],
    ids=["plain", "gradient accumulation", "skipped by loss scaling"],
)
def test_every_batch_has_noise_of_its_own(optimizer):
    model, noise = new(), Noise()
    model.compile(optimizer(), jit_compile=False)
    model.fit(np.repeat(X[:1], 64, axis=0), batch_size=8, verbose=0, callbacks=[noise])
    assert len(set(noise.values)) == 8
    assert int(model.step) == 8


def test_a_frozen_model_still_draws_new_noise():
    model, noise = new(), Noise()
    model.trainable = False
    model.compile("adam", jit_compile=False)
    model.fit(np.repeat(X[:1], 64, axis=0), batch_size=8, verbose=0, callbacks=[noise])
    assert len(set(noise.values)) == 8


def weight_of_kl(model):
    metrics = model.evaluate(X, verbose=0, return_dict=True)
    return (metrics["loss"] - metrics["nll"]) / metrics["kl"]


@pytest.mark.slow
def test_a_warm_up_counts_batches_and_goes_on_after_compile_and_load(tmp_path):
    model = new(objective=kv.NLL() + kv.LinearWarmup(16, final=4.0) * kv.KL())
    model.compile(keras.optimizers.SGD(1e-9, gradient_accumulation_steps=4), jit_compile=False)
    model.fit(X, batch_size=8, verbose=0)
    assert weight_of_kl(model) == pytest.approx(2.0, rel=1e-3)
    model.compile("adam", jit_compile=False)
    assert weight_of_kl(model) == pytest.approx(2.0, rel=1e-3)
    model.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    assert weight_of_kl(loaded) == pytest.approx(2.0, rel=1e-3)
    other = model.with_prior("mixture")
    assert int(other.step) == int(model.step) == 8
    model.step.assign(0)
    assert weight_of_kl(model) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("estimator", ["analytic", "monte_carlo"])
def test_a_step_computes_each_density_once(estimator, monkeypatch):
    """log p(x | z), log q(z | x) and log p(z): for the loss, for another bound, and for the report."""
    model = new(objective=kv.NLL() + 2.0 * kv.KL(estimator=estimator) + kv.IWAE(1))
    model.compile(jit_compile=False)
    counted = {"log_prob": 0, "kl_divergence": 0}

    def counting(owner, name):
        function = getattr(owner, name)

        def count(*args, **kwargs):
            counted[name] += 1
            return function(*args, **kwargs)

        monkeypatch.setattr(owner, name, count)

    counting(tfd.Independent, "log_prob")
    counting(tfd, "kl_divergence")
    gradients, *_ = model.gradients(X[:8], as_seed(0))
    assert all(gradient is not None for gradient in gradients)
    assert counted == {"log_prob": 3, "kl_divergence": estimator == "analytic"}


class WithinACondition(kv.Term):
    def __call__(self, trace):
        return tf.cond(trace.step >= 0, lambda: trace.kl, lambda: tf.zeros_like(trace.kl))


class WithoutATape(kv.Term):
    def __call__(self, trace):
        return tf.stop_gradient(tf.recompute_grad(lambda x: 0.0 * x + trace.kl)(trace.x[:, 0]))


@pytest.mark.slow
@pytest.mark.parametrize("term", [WithinACondition, WithoutATape])
def test_a_term_may_read_a_trace_where_it_likes_and_in_any_order(term):
    """A value that the first reader left behind would be out of scope, or without its gradient, for the others."""
    gradients = []
    for objective in (term() + kv.NLL() + kv.KL(), kv.NLL() + kv.KL() + term()):
        model = new(objective=objective)
        model.compile(jit_compile=False)
        steps = (model.gradients, tf.function(model.gradients))
        gradients.append([gradient for step in steps for gradient in step(X[:8], as_seed(0))[0]])
    for first, last in zip(*gradients, strict=True):
        np.testing.assert_allclose(first, last, rtol=1e-4, atol=1e-5)
