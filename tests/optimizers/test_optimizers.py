"""Optimizers by name, the rise of the learning rate, and averages of weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae import optimizers


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_every_optimizer_lowers_a_loss_and_can_be_saved(name):
    variable = keras.Variable(np.full((4, 3), 2.0, "float32"))
    optimizer = optimizers.get(name, 0.1, {"global_clipnorm": 1.0})
    for _ in range(20):
        optimizer.apply([2 * variable.value], [variable])
    assert float(tf.reduce_sum(variable.value**2)) < 48 - 1e-4
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert type(again) is type(optimizer) and again.global_clipnorm == 1.0


@pytest.mark.parametrize("options", [{}, {"amsgrad": True}, {"weight_decay": 0.1, "beta_2": 0.9, "epsilon": 0.1}])
def test_adam_is_that_of_keras(options):
    weights = [keras.Variable(np.linspace(-2, 2, 12, dtype="float32").reshape(4, 3)) for _ in range(2)]
    for kind, weight in zip((optimizers.Adam, keras.optimizers.Adam), weights, strict=True):
        optimizer = kind(optimizers.Warmup(0.1, 5), **options)
        for row in range(20):
            sparse = tf.IndexedSlices(weight.value[:1], tf.constant([row % 4]), tf.constant([4, 3]))
            optimizer.apply([sparse if row % 5 == 4 else 2 * weight.value], [weight])
    np.testing.assert_allclose(*weights, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("adamm", {}, "Unknown optimizer 'adamm': did you mean 'adam'"),
        ("adam", {"beta3": 1}, "Unknown option of the optimizer adam 'beta3': did you mean"),
        ("adam", {"learning_rate": 1}, "learning_rate is no option of its own"),
        ("adam", {"beta_1": "0.9"}, "beta_1 must be a finite number; got '0.9'"),
        ("adam", {"beta_1": None}, "beta_1 must be a finite number; got None"),
        ("adam", {"use_ema": 1}, "use_ema must be True or False; got 1"),
        ("adam", {"clipnorm": "x"}, "clipnorm must be a number >= 0; got 'x'"),
        ("adam", {"clipnorm": 1, "clipvalue": 1}, "optimizer: Only one of `clipnorm`"),
        ("adam", {"ema_momentum": 2.0, "use_ema": True}, r"optimizer: `ema_momentum` must be in the range"),
        ("sgd", {"beta_1": 0.9}, "Unknown option of the optimizer sgd 'beta_1'"),
    ],
)
def test_what_cannot_be_used_is_refused(refused, name, options, message):
    with refused(message):
        optimizers.get(name, 1e-3, options)


def test_compile_takes_the_names_too():
    model = kv.zoo.vae((4,), 2, units=(4,))
    model.compile("schedule_free")
    assert isinstance(model.optimizer, optimizers.ScheduleFreeAdamW)
    model.compile("AdamW")
    assert isinstance(model.optimizer, keras.optimizers.AdamW)


def test_warmup_multiplies_a_schedule():
    cosine = keras.optimizers.schedules.CosineDecay(0.5, 10)
    warm = optimizers.Warmup(cosine, 4)
    factors = [0.25, 0.5, 0.75, 1, 1, 1]
    np.testing.assert_allclose([warm(i) for i in range(6)], [f * cosine(i) for i, f in enumerate(factors)], rtol=1e-6)
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(warm))
    assert float(again(2)) == float(warm(2))


@pytest.mark.parametrize("in_graph", [False, True])
def test_schedule_free_is_the_method_of_its_paper(in_graph):
    """Algorithm 1 of Defazio et al., 2024, in NumPy, with a learning rate that rises."""
    beta_1, beta_2, epsilon, decay, curvature = 0.9, 0.99, 1e-8, 0.1, np.array([2.0, 6.0], "float32")
    y = np.array([1.0, -2.0])
    x, z, v, total = y.copy(), y.copy(), np.zeros(2), 0.0
    variable = keras.Variable(y.astype("float32"))
    optimizer = optimizers.ScheduleFreeAdamW(
        optimizers.Warmup(0.05, 10), beta_1=beta_1, beta_2=beta_2, epsilon=epsilon, weight_decay=decay
    )
    optimizer.build([variable])

    def step():
        optimizer.apply([curvature * variable.value], [variable])

    step = tf.function(step) if in_graph else step
    for t in range(1, 40):
        gradient, rate = curvature * y, 0.05 * min(t / 10, 1)
        v = beta_2 * v + (1 - beta_2) * gradient**2
        z = z - rate * (gradient / (np.sqrt(v / (1 - beta_2**t)) + epsilon) + decay * y)
        total += rate**2
        x = x + rate**2 / total * (z - x)
        y = (1 - beta_1) * z + beta_1 * x
        step()
        np.testing.assert_allclose(variable.numpy(), y, atol=1e-5)
    optimizer.finalize_variable_values([variable])
    np.testing.assert_allclose(variable.numpy(), x, atol=1e-5)
    assert abs(x - y).max() > 1e-3


@pytest.mark.parametrize("name", ["adam", "schedule_free"])
def test_averages_are_evaluated_and_training_goes_on_with_the_weights(name):
    x = kv.data.load("digits", limit=64).train.x

    def trained(callbacks):
        model = kv.zoo.vae((8, 8, 1), 2, units=(8,), seed=1, likelihood="normal")
        model.compile(optimizers.get(name, 1e-2, {"use_ema": name == "adam"}), run_eagerly=False, jit_compile=False)
        fit = {"batch_size": 16, "shuffle": False, "verbose": 0, "callbacks": callbacks}
        history = model.fit(x, validation_data=(x,), epochs=3, **fit).history
        return model, history

    averages = optimizers.AverageWeights()
    model, history = trained([averages])
    plain, other = trained([])
    assert history["loss"] == other["loss"], "training does not see the averages"
    assert history["val_loss"] != other["val_loss"]
    value = model.evaluate(x, batch_size=16, verbose=0, return_dict=True)["elbo"]
    assert value == pytest.approx(plain.evaluate(x, batch_size=16, verbose=0, return_dict=True)["elbo"])
    before = [variable.numpy() for variable in model.trainable_variables]
    averages.restore()
    assert any((variable.numpy() != old).any() for variable, old in zip(model.trainable_variables, before, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adam", "schedule_free"])
def test_fit_ends_with_averages_beside_a_critic(name):
    """Keras gives the optimizer of the model the critic's variables too."""
    x = kv.data.load("digits", limit=32).train.x
    model = kv.zoo.aae((8, 8, 1), 2, units=(8,), critic={"units": (8,)}, seed=1, likelihood="normal")
    optimizer = optimizers.get(name, 1e-2, {"use_ema": name == "adam"})
    model.compile(optimizer, critic_optimizer="schedule_free", jit_compile=False)
    values = {}

    class Weights(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            values["before"] = [variable.numpy() for variable in model.trainable_variables]

    model.fit(x, batch_size=16, verbose=0, callbacks=[Weights()])
    assert all((new.numpy() != old).any() for new, old in zip(model.trainable_variables, values["before"], strict=True))
