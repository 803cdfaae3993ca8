"""A weight that the training finds: its rule, its state, and that it reaches the target."""

import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv

X = kv.data.load("digits").train.x[:256]


def new(**options):
    model = kv.zoo.geco_vae((8, 8, 1), 4, units=(32,), likelihood="normal", seed=0, **options)
    model.adapt(X)
    return model


def fit(model, epochs, batch_size=64):
    return model.fit(X, epochs=epochs, batch_size=batch_size, verbose=0, shuffle=False).history


@pytest.mark.parametrize(
    ("of", "mean", "factor"),
    [
        (None, 2.2, math.exp(0.5 * 0.1)),
        (None, 2.0, 1.0),
        (None, 1.9, math.exp(-0.5 * 0.05)),
        (None, 1e9, math.exp(0.5 * 0.2)),  # the change of a step is bounded
        ("nll", 2.2, math.exp(-0.5 * 0.1)),
        ("nll", -1e9, math.exp(0.5 * 0.2)),
        (None, math.nan, 1.0),
    ],
)
def test_a_weight_rises_with_its_own_term_and_falls_with_another(of, mean, factor):
    weight = kv.LagrangeMultiplier(2.0, of=of, rate=0.5)
    weight.update(tf.constant(mean))
    assert float(weight.value) == pytest.approx(factor, rel=1e-5)


def test_a_weight_stays_in_its_range():
    weight = kv.LagrangeMultiplier(1.0, rate=100.0)
    weight.update(tf.constant(9.0))
    assert float(weight.value) == pytest.approx(1e6, rel=1e-4)


@pytest.mark.parametrize("missing", [False, True])
def test_the_squared_error_is_that_of_the_values_that_are_there(missing):
    model = kv.zoo.vae((3,), 2, units=(4,), seed=0, likelihood={"name": "masked", "base": "normal"})
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    if missing:
        x[:, 1] = np.nan
    trace = model.trace(x, seed=tf.constant([0, 1]), samples=4)
    expected = np.nanmean((x - trace.likelihood.mean().numpy()) ** 2, axis=2).mean(axis=0)
    assert np.allclose(kv.SquaredError()(trace), expected, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "metric", "value"),
    [
        ({"target_rate": "8bits"}, "kl", 8 * math.log(2)),
        ({"target_error": 0.03}, "squared_error", 0.03),
        ({"target_distortion": -25.0}, "nll", -25.0),
    ],
)
def test_a_model_reaches_its_target(target, metric, value):
    model = new(**target)
    model.compile(keras.optimizers.Adam(5e-3), jit_compile=False, steps_per_execution=20)
    history = model.fit(np.tile(X, (30, 1, 1, 1)), epochs=12, batch_size=64, verbose=0).history  # 1440 steps
    assert history[metric][-1] == pytest.approx(value, rel=0.05)
    assert abs(math.log(history["kl_weight"][-1])) > 0.05


def test_the_weight_is_in_the_loss_and_in_the_metrics():
    model = new(target_rate=2.0)
    model.compile(run_eagerly=True)
    model.objective.multipliers["kl_weight"].log_value.assign(math.log(3.0))
    metrics = model.evaluate(X, return_dict=True, verbose=0)
    assert metrics["kl_weight"] == pytest.approx(3.0, rel=1e-5)
    assert metrics["loss"] == pytest.approx(metrics["nll"] + 3 * metrics["kl"], rel=1e-5)
    assert metrics["elbo"] == pytest.approx(-metrics["nll"] - metrics["kl"], rel=1e-5)


def test_the_state_is_saved_and_training_goes_on_as_if_it_had_not_been(tmp_path):
    model = new(target_rate=2.0)
    model.compile(keras.optimizers.SGD(1e-4), run_eagerly=True)
    fit(model, 2)
    model.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    before = model.objective.multipliers["kl_weight"]
    after = loaded.objective.multipliers["kl_weight"]
    assert abs(float(before.log_value)) > 0.03 and float(after.log_value) == float(before.log_value)
    assert (after.target, after.of, after.rate) == (2.0, None, before.rate)
    assert fit(model, 1) == fit(loaded, 1) and float(after.log_value) == float(before.log_value)
    assert float(model.with_prior("standard_normal").multipliers[0].log_value) == float(before.log_value)
    json.dumps(keras.saving.serialize_keras_object(model.objective))


def test_a_frozen_weight_does_not_change():
    model = new(target_rate=2.0)
    model.multipliers[0].trainable = False
    model.compile(run_eagerly=True)
    assert set(fit(model, 1)["kl_weight"]) == {1.0} and float(model.multipliers[0].value) == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target_rate": 0}, "target_rate must be a positive amount of information, such as 14 or .* got 0"),
        ({"target_rate": "20 bytes"}, "'20bits'; got '20 bytes'"),
        ({"target_rate": "-1bits"}, "got '-1bits'"),
        ({"target_rate": True}, "got True"),
        ({"target_error": 0.0}, "target_error must be a positive number; got 0.0"),
        ({"target_distortion": "low"}, "target_distortion must be a finite number; got 'low'"),
        ({"target_rate": 3, "target_error": 0.1}, "expected one target; got target_rate and target_error"),
        ({"target_rate": 3, "objective": kv.NLL()}, "target_rate would have no effect beside objective"),
        ({"beta": 2.0}, "unknown option 'beta'"),
    ],
)
def test_bad_targets_are_refused(refused, options, message):
    with refused(f"^zoo.geco_vae: .*{message}"):
        kv.zoo.geco_vae((4,), 2, units=(4,), **options)


def test_bad_weights_are_refused(refused):
    with refused("LagrangeMultiplier: target must be a finite number; got nan"):
        kv.LagrangeMultiplier(math.nan)
    with refused("LagrangeMultiplier: of must be the name of a term"):
        kv.LagrangeMultiplier(1.0, of=kv.NLL())
    with refused("LagrangeMultiplier: rate must be a positive number; got 0"):
        kv.LagrangeMultiplier(1.0, rate=0)
    with refused("objective: kl_weight: Unknown term of the objective 'squared_eror'"):
        kv.zoo.vae(
            (4,), 2, objective=kv.NLL() + kv.LagrangeMultiplier(0.1, of="squared_eror") * kv.KL() + kv.SquaredError()
        )


def test_amounts_of_information_have_a_unit():
    texts = ("14", "14nats", " 14 nats ", "1nat", "20bits", "1 bit", ".5bits", "2.5")
    found = [kv.zoo.geco_vae((4,), 2, units=(4,), target_rate=text).multipliers[0].target for text in texts]
    assert np.allclose(found, [14, 14, 14, 1, 20 * math.log(2), math.log(2), 0.5 * math.log(2), 2.5])
