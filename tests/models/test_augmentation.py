import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.distribute import make_strategy
from keras_vae.layers.augmentation import AUGMENTATIONS, KEEP_VALUES
from keras_vae.models.augmentation import augmented, check_augmented
from keras_vae.serving import ExportOptions
from keras_vae.serving.served_model import ServedModel

SHAPE = (8, 8, 1)
X = np.random.default_rng(0).random((32, *SHAPE)).astype("float32")
SEED = tf.constant([0, 5])


class Invert(keras.layers.Layer):
    """Black for white, in training only."""

    def call(self, x, training=False):
        return 1.0 - x if training else x


def make(augmentation=None, jit_compile=False, recipe="vae", **options):
    model = kv.zoo.create(recipe, SHAPE, 2, units=(8,), seed=1, augmentation=augmentation, **options)
    model.compile(keras.optimizers.SGD(0.1), jit_compile=jit_compile)
    return model


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_each_is_a_pure_function_of_the_seed_and_stays_in_the_support(name):
    model = make([name])
    one, same, other = (augmented(model, X, seed)[0].numpy() for seed in (SEED, SEED, SEED + 1))
    assert np.array_equal(one, same)
    changed = (one != X).any(axis=(1, 2, 3)), (one != other).any(axis=(1, 2, 3))
    assert np.mean(changed[0]) > 0.2 and np.mean(changed[1]) > 0.2
    assert one.shape == X.shape and one.min() >= 0 and one.max() <= 1
    whole, _, _ = augmented(model, np.round(X), SEED)
    assert (set(np.unique(whole)) <= {0.0, 1.0}) == (name in KEEP_VALUES)


@pytest.mark.slow
def test_it_is_the_input_and_the_target_of_training_and_nothing_else():
    inverted, plain = make(Invert()), make()
    histories = [
        model.fit(x, validation_data=(X, None), shuffle=False, epochs=2, verbose=0).history
        for model, x in ((inverted, X), (plain, 1.0 - X))
    ]
    assert histories[0] == histories[1]
    assert inverted.evaluate(X, verbose=0) == plain.evaluate(X, verbose=0)
    assert np.array_equal(inverted.encode(X).mean(), plain.encode(X).mean())


def test_bytes_conditions_and_weights_pass_beside_it():
    model, y, weights = make(["flip"], condition=3), tf.ones(32, "int32"), tf.ones(32)
    x, *rest = augmented(model, (tf.cast(X * 255, "uint8"), y, weights), SEED)
    assert rest == [y, weights] and x.dtype == tf.float32 and float(tf.reduce_max(x)) <= 1.0


@pytest.mark.slow
def test_an_invalid_example_is_reported_as_it_is(refused):
    x = np.where(np.arange(32)[:, None, None, None] == 3, 1.5, X).astype("float32")
    with refused("1.5"):
        make(["brightness"]).fit(tf.data.Dataset.from_tensor_slices(x).batch(16), verbose=0)


@pytest.mark.slow
def test_a_saved_model_goes_on_with_the_same_noise(tmp_path):
    model = make({"flip": None, "rotate": 0.1}, corruption={"name": "masking", "amount": 0.2})
    model.fit(X, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    histories = [one.fit(X, shuffle=False, epochs=2, verbose=0).history for one in (model, loaded)]
    assert histories[0] == histories[1]


@pytest.mark.slow
def test_an_export_has_no_operation_of_it():
    types = []
    for augmentation in (None, ["flip", "rotate", "brightness"]):
        functions = ServedModel(make(augmentation), ExportOptions(), None, verbose=0).functions
        graphs = [function.graph.as_graph_def() for function in functions.values()]
        types.append(sorted({node.op for graph in graphs for node in graph.node}))
    assert types[0] == types[1]


@pytest.mark.slow
def test_replicas_draw_different_noise():
    strategy = make_strategy("mirrored", replicas=2)
    with strategy.scope():
        model = make(["flip", "rotate"])
    one, other = strategy.experimental_local_results(strategy.run(tf.function(lambda: augmented(model, X, SEED)[0])))
    assert np.mean((one != other).numpy().any(axis=(1, 2, 3))) > 0.9
    history = model.fit(X[:9], batch_size=8, verbose=0).history  # a replica has no example in the last batch
    assert np.isfinite(history["loss"][0])


@pytest.mark.slow
def test_xla_compiles_the_rest_of_the_step():
    models = [make(["rotate"], jit, recipe="ae") for jit in (False, True)]  # without noise of its own
    losses = [model.fit(X, shuffle=False, verbose=0).history["loss"] for model in models]
    np.testing.assert_allclose(*losses, rtol=1e-5)


@pytest.mark.parametrize(
    ("augmentation", "message"),
    [
        (["flipp"], "Unknown augmentation 'flipp': did you mean 'flip'"),
        ({"rotate": "far"}, "augmentation: rotate: .*; got 'far'"),
        ({"flip": 0.5}, "Unknown flip 0.5"),
        ("flipp", "Unknown augmentation 'flipp': did you mean 'flip'"),
        (0.5, "augmentation: expected a Keras layer or model, such as .*; got 0.5"),
        (keras.layers.RandomCrop(4, 4), "augmentation: expected a layer that keeps the shape .*gives .4, 4, 1"),
        (keras.layers.Dense(1), "augmentation: expected a layer without weights to train; dense.* has 2"),
    ],
)
def test_what_cannot_augment_is_refused(refused, augmentation, message):
    with refused(message):
        make(augmentation)


def test_only_images_have_augmentations_by_name(refused):
    with refused(r"augmentation: expected images of shape .*, got examples of shape \(8,\)"):
        kv.zoo.vae((8,), 2, units=(8,), augmentation=["flip"])


def test_values_outside_the_support_are_refused_before_training(refused):
    with refused("RandomContrast expected values from 0 to 1; the data have values from -1 to 1"):
        check_augmented(make(["contrast"], likelihood="normal"), np.sign(X - 0.5))
    with refused("augmentation: it makes values that the Bernoulli likelihood does not have"):
        check_augmented(make(keras.layers.Rescaling(2.0)), X)
