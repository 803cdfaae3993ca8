"""What goes into fit, evaluate, predict and train_on_batch: weights, bad batches, conditions, metrics."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.data.validate import validate
from keras_vae.layers import LabelCondition
from keras_vae.models.class_weight import weights_of_labels
from keras_vae.models.inputs import as_numbers

X = np.random.default_rng(0).random((64, 8, 8, 1), "float32")
LABELS = np.arange(64) % 10
WEIGHTS = np.random.default_rng(1).integers(1, 4, 64)


def new(likelihood="normal", recipe=kv.zoo.vae, **options):
    model = recipe((8, 8, 1), 4, units=(16,), seed=0, likelihood=likelihood, **options)
    model.compile("adam", jit_compile=False)
    return model


@pytest.fixture(scope="module")
def model():
    return new()


@pytest.fixture(scope="module")
def bernoulli():
    return new("bernoulli")


@pytest.fixture(scope="module")
def conditional():
    return new(recipe=kv.zoo.conditional_vae)


def data_set(*arrays):
    return tf.data.Dataset.from_tensor_slices(arrays if len(arrays) > 1 else arrays[0]).batch(16)


class Batches(keras.utils.PyDataset):
    def __init__(self, *arrays):
        super().__init__()
        self.arrays = arrays

    def __len__(self):
        return 4

    def __getitem__(self, i):
        return tuple(array[16 * i : 16 * i + 16] for array in self.arrays)


# Weights


@pytest.mark.parametrize(
    "convert",
    [lambda w: w[:, None], lambda w: w.tolist(), lambda w: w.astype("float64"), lambda w: tf.constant(w, tf.int32)],
    ids=["column", "list", "float64", "tensor"],
)
def test_weights_of_any_shape_and_type_are_one_number_per_example(model, convert):
    def figures(weights, **options):
        return model.evaluate(X, X, sample_weight=weights, verbose=0, return_dict=True, **options)

    expected = figures(WEIGHTS.astype("float32"))
    assert figures(convert(WEIGHTS)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.slow
def test_weights_in_a_data_set_and_on_a_batch_are_those_of_arrays(model):
    expected = model.evaluate(X, X, sample_weight=WEIGHTS, batch_size=16, verbose=0, return_dict=True)
    for weights in (WEIGHTS, WEIGHTS[:, None]):
        found = model.evaluate(data_set(X, X, weights), verbose=0, return_dict=True)
        assert found == pytest.approx(expected, rel=1e-5)
    one, other = (model.test_on_batch(X, X, weights, return_dict=True) for weights in (WEIGHTS, WEIGHTS[:, None]))
    assert one == other


def test_a_constant_weight_changes_the_loss_alone(model):
    plain = model.evaluate(X, verbose=0, return_dict=True)
    doubled = model.evaluate(X, X, sample_weight=np.full(64, 2), verbose=0, return_dict=True)
    assert doubled.pop("loss") == pytest.approx(2 * plain.pop("loss"), rel=1e-5)  # as in Keras: over the examples
    assert doubled == pytest.approx(plain, rel=1e-5)


def test_booleans_choose_examples(model):
    chosen = LABELS < 5
    found = model.evaluate(X, X, sample_weight=chosen, batch_size=64, verbose=0, return_dict=True)
    as_numbers = model.evaluate(X, X, sample_weight=chosen * 1.0, batch_size=64, verbose=0, return_dict=True)
    assert found == as_numbers


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
@pytest.mark.parametrize(
    "weights", [WEIGHTS * np.nan, WEIGHTS * np.inf, -WEIGHTS, WEIGHTS[:5], np.ones((64, 2)), np.full(64, "1")]
)
def test_weights_that_are_none_are_refused(model, refused, method, weights):
    with refused("sample_weight: expected"):
        getattr(model, method)(X, X, sample_weight=weights)


@pytest.mark.slow
def test_class_weights_weigh_by_label(conditional, refused):
    heavy = np.where(LABELS == 3, 4.0, 1.0)
    histories = []
    by_label, arrays = {"class_weight": {3: 4.0}}, (X, LABELS)
    for data, weights in (
        (arrays, {"sample_weight": heavy}),
        (arrays, by_label),
        ([data_set(X, LABELS)], by_label),
        ([data_set(X, np.eye(10)[LABELS])], by_label),
        ([Batches(X, LABELS)], by_label),
    ):
        trained = new(recipe=kv.zoo.conditional_vae)
        histories.append(
            trained.fit(*data, batch_size=None if len(data) == 1 else 16, shuffle=False, verbose=0, **weights).history
        )
    assert all(history == histories[0] for history in histories[1:])
    for bad in ({3: -1.0}, {"three": 1.0}, 4.0, {}, {3: "a"}, {3: None}, {3: np.nan}, {3: 10**400}, {2**70: 2.0}):
        for data in (arrays, [data_set(X, LABELS)], [Batches(X, LABELS)]):
            with refused("class_weight: expected numbers"):
                conditional.fit(*data, class_weight=bad, verbose=0)
    with refused("expected labels as y"):
        new().fit(X, X, verbose=0, **by_label)
    with refused(r"expected batches \(x, y\)"):
        new().fit(data_set(X), verbose=0, **by_label)
    with refused("got both"):
        conditional.fit(data_set(X, LABELS, heavy), verbose=0, **by_label)
    with refused("generator; yield"):
        conditional.fit(iter(data_set(X, LABELS)), verbose=0, **by_label)


@pytest.mark.slow
def test_class_weights_do_not_weigh_the_validation():
    histories = []
    for examples, labels, validation in (
        (X, LABELS, {"validation_split": 0.25}),
        (X[:48], LABELS[:48], {"validation_data": (X[48:], LABELS[48:])}),
    ):
        model = new()
        histories.append(
            model.fit(examples, labels, class_weight={3: 9.0}, shuffle=False, verbose=0, **validation).history
        )
    assert len(X) == 64 and histories[0] == histories[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.where(LABELS == 3, np.nan, LABELS), "with class_weight labels as y"),
        (LABELS + 0.5, "with class_weight labels as y"),
        (LABELS.astype(str), "class_weight: labels y: expected an array of real numbers"),
    ],
)
def test_labels_of_a_py_dataset_are_checked_as_others(labels, message, refused):
    with refused(message):
        new().fit(Batches(X, labels), class_weight={3: 4.0}, verbose=0)


@pytest.mark.slow
def test_rows_without_a_label_have_no_class_weight():
    labels = np.where((LABELS % 2 == 0)[:, None], -1, np.eye(10, dtype=int)[LABELS])
    losses = [
        new().fit(data, class_weight={0: 100.0}, shuffle=False, verbose=0).history["loss"]
        for data in (data_set(X, labels), Batches(X, labels))
    ]
    assert losses[0] == losses[1]


def test_no_epoch_left_is_no_empty_data_set():
    class Finished(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.model._initial_epoch = 2  # as BackupAndRestore does for a training that is done

    assert new().fit(X, epochs=2, callbacks=[Finished()], verbose=0).history == {}


def test_training_wants_an_optimizer(refused):
    model = kv.zoo.vae((6,), 2, units=(8,), likelihood="normal")
    for method in (model.fit, model.evaluate):
        with refused("expected a compiled model; call its compile"):
            method(X)
    for optimizer, message in ((None, "expected an optimizer"), ("adamm", "Unknown optimizer 'adamm'")):
        with refused(f"compile: {message}"):
            model.compile(optimizer)


def test_one_line_for_what_is_given_in_the_wrong_place(model, refused):
    with refused("x: expected examples alone, since vae takes no condition"):
        model.predict([X, LABELS])
    labelled = kv.zoo.semi_supervised_vae((6,), 2, units=(8,), classes=3, likelihood="normal")
    labelled.compile(jit_compile=False)
    for label in (1, -1):
        with refused("condition: expected labels"):
            labelled.fit(np.zeros((4, 6)), label)


@pytest.mark.slow
def test_what_keras_takes_is_taken():
    nested = kv.zoo.vae((6,), 2, units=(8,), likelihood="normal", seed=0)
    nested.compile(metrics=[["mse"]], jit_compile=False)
    x = tf.cast(np.random.default_rng(0).random((8, 6)), tf.bfloat16)
    assert {"mse", "mean_squared_error"} & set(nested.fit(x, verbose=0).history)
    assert np.array_equal(nested.encode(x).mean(), nested.encode(tf.cast(x, tf.float32)).mean())


LABELS_OF_UNKNOWN_SHAPE = {
    "numbers": ([3, 0, 3], (None,)),
    "a column": ([[3], [0], [3]], (None, None)),
    "one-hot": (np.eye(4)[[3, 0, 3]], (None, None)),
    "numbers, unknown rank": ([3, 0, 3], None),
    "one-hot, unknown rank": (np.eye(4)[[3, 0, 3]], None),
    "smoothed": ([[0, 0, 0.1, 0.9], [0.9, 0.1, 0, 0], [0, 0.1, 0.0, 0.9]], (None, 4)),
    "booleans": (np.eye(4, dtype=bool)[[3, 0, 3]], (None, 4)),
}


@pytest.mark.parametrize("form", LABELS_OF_UNKNOWN_SHAPE)
def test_labels_of_every_form_are_weighed(form):
    y, shape = LABELS_OF_UNKNOWN_SHAPE[form]
    weigh = tf.function(lambda y: weights_of_labels(y, {3: 1e-9, 2**60: 5.0}))
    weigh = weigh.get_concrete_function(tf.TensorSpec(shape, np.asarray(y).dtype))
    y = tf.constant(y, weigh.inputs[0].dtype)
    assert np.allclose(weigh(y), [1e-9, 1.0, 1e-9], rtol=1e-6, atol=0)
    assert np.array_equal(weigh(y), weights_of_labels(y, {3: 1e-9}))


def test_what_is_no_label_has_no_weight():
    missing = [[-1, -1], [0, 1], [1, 0]]
    assert weights_of_labels(missing, {0: 3.0, 1: 2.0}).numpy().tolist() == [1.0, 2.0, 3.0]
    for y in ([0.5, 0.0], [[0.2, 0.3], [1.0, 0.0]], [[-0.5, 1.5], [0.0, 1.0]], [np.nan, 0.0]):
        assert np.isnan(weights_of_labels(y, {0: 3.0})).tolist() == [True, False]


@pytest.mark.slow
def test_class_weights_need_labels(refused):
    model, images = new(), X.reshape(64, -1)
    with refused("class_weight: .* whole numbers or one-hot rows; got other numbers in 64 of 64"):
        model.fit(X, images, class_weight={0: 2.0}, verbose=0)
    with refused("batch 0 .* or with class_weight labels as y"):
        model.fit(data_set(X, images), class_weight={0: 2.0}, verbose=0)
    for y in (X, (LABELS, LABELS), {"y": LABELS}, LABELS.astype(str)):
        with refused("class_weight: expected batches"):
            model.fit(data_set(X, y), class_weight={0: 2.0}, verbose=0)


# Batches that cannot be used

BAD = X.copy()
BAD[36] = -7
STREAMS = {
    "data set": lambda x: data_set(x),
    "PyDataset": Batches,
    "generator": lambda x: ((x[16 * i : 16 * i + 16],) for i in range(4)),
}


@pytest.mark.parametrize(
    ("stream", "steps"),
    [*((stream, 1) for stream in STREAMS), pytest.param("generator", 2, marks=pytest.mark.slow)],
)
def test_a_bad_batch_stops_training_and_spoils_nothing(refused, stream, steps):
    model, stream = new("bernoulli"), STREAMS[stream]
    model.compile("adam", jit_compile=False, steps_per_execution=steps)
    with refused(
        r"batch 2 .* 1 example .* Bernoulli likelihood: expected values in \[0, 1\], got values in \[-7, -7\]"
    ):
        model.fit(stream(BAD), shuffle=False, verbose=0)
    other, n = new("bernoulli"), 48 if steps == 1 else 64  # what a step has begun is trained on, but for the example
    other.fit(X[:n], X[:n], sample_weight=1.0 * (np.arange(n) != 36), batch_size=16, shuffle=False, verbose=0)
    for weight, expected in zip(model.trainable_weights, other.trainable_weights, strict=True):
        np.testing.assert_allclose(weight, expected, atol=1e-5)
    with refused("evaluate: batch 2"):
        model.evaluate(stream(BAD), verbose=0)
    with refused("evaluate: batch 2"):
        model.fit(X, validation_data=stream(BAD), verbose=0)
    assert np.isfinite(model.fit(X, verbose=0).history["loss"]).all()


@pytest.mark.slow
def test_nan_under_xla_and_on_a_batch_is_refused(refused):
    model = new()
    model.compile("adam", jit_compile=True)
    bad = X.copy()
    bad[40, 0, 0] = np.nan
    with refused("batch 2 .* got NaN or infinity"):
        model.fit(data_set(bad), verbose=0)
    with refused("expected finite numbers"):
        model.train_on_batch(bad)


@pytest.mark.parametrize("label", [10, -1, 1.5, np.nan])
def test_a_label_that_is_none_is_refused_in_any_batch(conditional, refused, label):
    labels = LABELS.astype("float32")
    labels[50] = label
    with refused("batch 3 .* expected labels from 0 to 9"):
        conditional.fit(data_set(X, labels), verbose=0)


@pytest.mark.slow
def test_replicas_find_a_bad_batch(refused, two_replicas):
    with two_replicas.scope():
        model = new("bernoulli")
        model.compile("adam", jit_compile=False, metrics=["mse"])
    assert model.evaluate(X, verbose=0) == model.evaluate(X, verbose=0)
    with refused(r"batch 2 .* got values in \[-7, -7\]"):
        model.fit(data_set(BAD), verbose=0)


@pytest.mark.slow
def test_a_stream_that_can_be_read_once_is_trained_on_whole():
    batches = iter(np.split(X, 4))
    once = tf.data.Dataset.from_generator(lambda: batches, output_signature=tf.TensorSpec((None, 8, 8, 1)))
    one, other = new(), new()
    one.fit(once, verbose=0)
    other.fit(X, batch_size=16, shuffle=False, verbose=0)
    for own, others in zip(one.trainable_weights, other.trainable_weights, strict=True):
        assert np.allclose(own, others, atol=1e-6)


@pytest.mark.slow
def test_empty_streams_are_refused(model, refused):
    empty = tf.data.Dataset.from_generator(lambda: iter([]), output_signature=tf.TensorSpec((None, 8, 8, 1)))
    for method in (model.fit, model.evaluate, model.predict):
        with refused("at least one batch"):
            method(empty, verbose=0)


# Conditions


@pytest.mark.slow
def test_predict_takes_conditions_beside_the_examples(conditional, refused):
    expected = conditional.reconstruct(X, condition=LABELS)
    one_hot = np.eye(10)[LABELS]
    for data in ([X, LABELS], (X, LABELS * 1.0), [X, one_hot], data_set(X, LABELS)):
        assert np.allclose(conditional.predict(data, verbose=0), expected, atol=1e-6)
    assert np.allclose(conditional.predict(X, condition=LABELS, verbose=0), expected, atol=1e-6)
    assert np.allclose(conditional([X, LABELS]), expected, atol=1e-6)
    for data in (X, data_set(X)):
        with refused("this model is conditional"):
            conditional.predict(data, verbose=0)
    for labels in (LABELS + 0.5, LABELS + 1, one_hot / 2):
        with refused("expected labels from 0 to 9"):
            conditional.predict([X, labels], verbose=0)


def test_a_bad_row_of_a_stream_is_predicted_as_nan(conditional):
    predicted = conditional.predict(data_set(X, LABELS + 5), verbose=0)
    assert np.array_equal(np.isnan(predicted).all(axis=(1, 2, 3)), LABELS + 5 > 9)


def test_a_single_condition_is_that_of_all(conditional):
    assert np.array_equal(conditional.sample(3, 0, condition=7), conditional.sample(3, 0, condition=[7, 7, 7]))


# Metrics


@pytest.mark.slow
def test_metrics_are_those_of_what_predict_gives(tmp_path):
    model = new()
    model.compile("adam", jit_compile=False, metrics=["mse"], weighted_metrics=[keras.metrics.MeanAbsoluteError()])
    history = model.fit(X, validation_data=(X,), verbose=0).history
    found = model.evaluate(X, X, sample_weight=WEIGHTS, verbose=0, return_dict=True)
    error = X - model.predict(X, verbose=0)
    assert found["mse"] == pytest.approx(np.mean(error**2), rel=1e-5) == history["val_mse"][0]
    by_example = np.abs(error).mean(axis=(1, 2, 3))
    assert found["mean_absolute_error"] == pytest.approx(np.average(by_example, weights=WEIGHTS), rel=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    assert loaded.evaluate(X, X, sample_weight=WEIGHTS, verbose=0, return_dict=True) == pytest.approx(found, rel=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "mse"}, "expected no loss"),
        ({"loss_weights": [1.0]}, "expected no loss"),
        ({"metric": ["mse"]}, "did you mean 'metrics'"),
        ({"metrics": ["msee"]}, "Unknown metrics 'msee': did you mean 'mse'"),
        ({"metrics": [keras.metrics.Mean(name="kl")]}, "the model reports a metric 'kl' of its own"),
    ],
)
def test_compile_refuses_what_it_does_not_take(refused, options, message):
    with refused(message):
        new().compile("adam", **options)


# Seeds and dtypes


def test_a_seed_fixes_the_first_weights_and_no_other_draws():
    import random

    random.seed(5)
    expected = random.random()
    random.seed(5)
    one, other, third = new(), new(), kv.zoo.vae((8, 8, 1), 4, units=(16,), seed=1, likelihood="normal")
    assert random.random() == expected
    for own, others in zip(one.weights, other.weights, strict=True):
        assert np.array_equal(own, others)
    assert not np.array_equal(one.encoder.weights[0], third.encoder.weights[0])
    assert not np.array_equal(*(kv.zoo.vae((8, 8, 1), 4, units=(16,)).encoder.weights[0] for _ in range(2)))


def test_float64_is_refused(refused):
    keras.config.set_dtype_policy("float64")
    try:
        with refused("at most float32"):
            kv.zoo.vae((8, 8, 1), 4, units=(16,))
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize(("word", "name"), [("gaussian", "normal"), ("MSE", "normal"), ("bce", "bernoulli")])
def test_words_of_the_field_are_understood(refused, word, name):
    with refused(f"did you mean '{name}'"):
        kv.zoo.vae((8, 8, 1), 4, likelihood=word)


# Units


@pytest.mark.slow
def test_raw_columns_get_a_warning_until_a_table_is_adapted(recwarn):
    raw = (np.random.default_rng(0).normal(size=(64, 3)) * 1e6).astype("float32")
    for recipe, options, remedy in (
        (kv.zoo.vae, {"likelihood": "normal"}, "standardise"),
        (kv.zoo.tabular_vae, {}, "adapt"),
    ):
        model = recipe((3,), 2, units=(8,), seed=0, **options)
        model.compile("adam", jit_compile=False)
        with pytest.warns(UserWarning, match=f"size of .*{remedy}"):
            model.fit(raw, verbose=0)
    model.adapt(raw)
    recwarn.clear()
    assert model.fit(raw, verbose=0).history["nll"][0] < 100
    assert not [warning for warning in recwarn if "size of" in str(warning.message)]


@pytest.mark.slow
def test_tables_and_counts_draw_by_default():
    model = kv.zoo.tabular_vae((2,), 2, units=(8,), columns=["count", "real"], seed=0)
    assert np.array_equal(model.sample(5, 0), model.sample(5, 0, draw="sample"))
    assert np.array_equal(model.sample(50, 0)[:, 0] % 1, np.zeros(50))
    counts = kv.zoo.count_vae((3,), 2, units=(8,), seed=0)
    assert np.array_equal(counts.sample(50, 0) % 1, np.zeros((50, 3)))
    images = kv.zoo.vae((8, 8, 1), 2, units=(8,), seed=0)
    assert np.array_equal(images.sample(5, 0), images.sample(5, 0, draw="mean"))


@pytest.mark.slow
def test_long_sequences_do_not_diverge():
    t, random = np.arange(288) / 24 * 2 * np.pi, np.random.default_rng(0)
    x = np.sin(t + 6 * random.random((64, 1)))[..., None].astype("float32")
    model = kv.zoo.sequence_vae((288, 1), 4, filters=(8, 16, 32, 64, 64, 64), seed=0)
    model.compile("adam", jit_compile=False)
    losses = [model.train_on_batch(x, return_dict=True)["nll"] for _ in range(4)]
    assert max(losses) < 10_000  # 4500 where all means are 0


# What must not count


def after_a_step(recipe, x, weights, **options):
    model = recipe((8, 8, 1), 4, units=(16,), seed=0, **options)
    model.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    model.train_on_batch(x, x, np.array(weights))
    return model


@pytest.mark.slow
def test_examples_of_weight_0_do_not_move_the_optimal_scale():
    x = np.concatenate([X[:8], np.full_like(X[:8], 100.0)])
    options = {"likelihood": "normal_optimal"}
    one = after_a_step(kv.zoo.sigma_vae, x, [1] * 8 + [0] * 8, **options)
    other = after_a_step(kv.zoo.sigma_vae, X[:8], [1] * 8, **options)
    np.testing.assert_allclose(one.likelihood.log_scale, other.likelihood.log_scale, rtol=1e-4)


@pytest.mark.slow
def test_examples_of_weight_0_do_not_move_a_codebook():
    codebooks = []
    for ignored in (X[8:16], np.full_like(X[:8], 100.0)):
        x = np.concatenate([X[:8], ignored])
        options = {"likelihood": "normal", "codebook_size": 4, "embedding_dim": 2}
        codebooks.append(after_a_step(kv.zoo.vq_vae, x, [1] * 8 + [0] * 8, **options).posterior.codebooks)
    np.testing.assert_array_equal(*codebooks)


def test_weights_that_are_all_0_are_refused(model, refused):
    with refused("sample_weight: expected some weights above 0"):
        model.evaluate(X, X, sample_weight=np.zeros(64), verbose=0)


@pytest.mark.slow
def test_a_missing_label_is_missing_in_one_hot_form_too():
    model = new(recipe=kv.zoo.semi_supervised_vae)
    whole = np.where(np.arange(64) % 2, LABELS, -1)
    one_hot = np.where(whole[:, None] == -1, -1, np.eye(10)[LABELS]).astype("float32")
    expected = model.evaluate(X, whole, batch_size=16, verbose=0)
    assert model.evaluate(X, one_hot, batch_size=16, verbose=0) == pytest.approx(expected, rel=1e-6)
    assert model.evaluate(data_set(X, one_hot), verbose=0) == pytest.approx(expected, rel=1e-6)
    answers = model(X[:3], condition=np.array([33, -1, 3]))
    assert np.isfinite(answers).all(axis=(1, 2, 3)).tolist() == [False, True, True]


@pytest.mark.slow
def test_what_cannot_be_answered_is_nan_wherever_it_is_asked(conditional, tmp_path):
    labels = np.array([33, -1, 3], "int32")
    conditional.export(tmp_path / "export", verbose=False)
    served = tf.saved_model.load(tmp_path / "export")
    for answers in (conditional([X[:3], labels]), served.serve([X[:3], labels])):
        assert np.isfinite(answers).all(axis=(1, 2, 3)).tolist() == [False, False, True]


@pytest.mark.slow
def test_a_replica_without_an_example_of_the_last_batch_counts_for_nothing(two_replicas):
    with two_replicas.scope():
        replicated = new()
    alone = new()
    alone.set_weights(replicated.get_weights())
    found, expected = (
        model.evaluate(X[:17], batch_size=16, verbose=0, return_dict=True) for model in (replicated, alone)
    )
    assert found["kl"] == pytest.approx(expected["kl"], rel=1e-4)  # which needs no draws


@pytest.mark.slow
def test_a_frozen_model_trains_its_critic_no_more(refused):
    model = new(recipe=kv.zoo.aae, likelihood="bernoulli")
    model.trainable = False
    model.critic.trainable = True
    model.compile("adam", jit_compile=False)
    before = [weight.numpy() for weight in model.critic.weights]
    model.train_on_batch(X[:8])
    for weight, old in zip(model.critic.weights, before, strict=True):
        np.testing.assert_array_equal(weight, old)
    optimizer = keras.optimizers.Adam()
    with refused("an optimizer for each"):
        model.compile(optimizer, critic_optimizer=optimizer)


# Forms


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (lambda: {"x": Batches(X[:0])}, "x: expected at least one batch, got none"),
        (lambda: {"x": X, "validation_split": 1.5}, "validation_split must be a number"),
        (lambda: {"x": X, "y": LABELS, "class_weight": {0: 0.0, 3: 0}}, "class_weight: expected some weights above 0"),
        (lambda: {"x": X, "validation_data": (X, X, WEIGHTS, X)}, "validation_data: expected x, .* got tuple of 4"),
        (lambda: {"x": X, "validation_data": X[:, 0]}, "validation_data: x: expected shape"),
        (lambda: {"x": X, "validation_data": data_set(X[:, 0])}, "validation_data: x of the data set: expected shape"),
        (lambda: {"x": X, "validation_data": data_set(X / 0)}, "validation_data: evaluate: batch 0"),
    ],
)
def test_what_fit_cannot_use_is_refused_by_its_name(model, refused, given, match, monkeypatch):
    monkeypatch.setattr(Batches, "__len__", lambda self: len(self.arrays[0]) // 16)
    with refused(match), np.errstate(divide="ignore", invalid="ignore"):
        model.fit(**given(), verbose=0)


@pytest.mark.slow
def test_generators_of_arrays_and_long_doubles_are_taken(model, monkeypatch):
    expected = model.evaluate(X, batch_size=16, verbose=0)
    assert model.evaluate((X[i : i + 16] for i in range(0, 64, 16)), verbose=0) == pytest.approx(expected)
    long = X.astype(np.longdouble)
    monkeypatch.setattr(Batches, "__getitem__", lambda self, i: long[16 * i : 16 * i + 16])
    generator = (long[i : i + 16] for i in range(0, 64, 16))
    for stream in (long, generator, Batches()):
        assert model.evaluate(stream, batch_size=16 if stream is long else None, verbose=0) == pytest.approx(expected)
    assert model.fit(X, validation_data=Batches(), epochs=1, verbose=0).history["val_loss"]
    for stream in (Batches(), (each for each in [long])):
        assert model.predict(stream, verbose=0).shape == X.shape


@pytest.mark.slow
@pytest.mark.parametrize("run_eagerly", [False, True])
def test_batches_without_examples_are_refused_where_there_are_no_others(refused, run_eagerly):
    def stream(*sizes):
        spec = tf.TensorSpec((None, 8, 8, 1))
        return tf.data.Dataset.from_generator(lambda: [X[:size] for size in sizes], output_signature=spec)

    model = new()
    model.compile("adam", jit_compile=False, run_eagerly=run_eagerly)
    for call, part in (
        (lambda data: model.fit(data, verbose=0), "fit"),
        (lambda data: model.evaluate(data, verbose=0), "evaluate"),
        (lambda data: model.fit(X[:4], validation_data=data, verbose=0), "validation_data: evaluate"),
        (lambda data: model.predict(data, verbose=0), "predict"),
    ):
        with refused(f"^{part}: expected at least one example, got "):
            call(stream(0, 0))
        call(stream(0, 3))


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda: kv.zoo.vq_vae((8, 8, 1), 4, units=(16,), codebook_size=8, seed=0),
        lambda: kv.zoo.vae((8, 8, 1), 4, network="conv", filters=(4,), likelihood="normal", seed=0),
    ],
    ids=["codebook", "convolutions"],
)
def test_a_batch_without_examples_leaves_a_model_as_it_is(make):
    weights = []
    for sizes in ([len(X)], [len(X), 0]):
        model = make()
        model.compile(keras.optimizers.SGD(1e-3), run_eagerly=True)
        history = model.fit((X[:size] for size in sizes), verbose=0)
        weights.append([history.history["loss"][0], *(weight.numpy() for weight in model.trainable_weights)])
        weights[-1] += [head.codebooks.numpy() for head in [model.posterior] if hasattr(head, "codebooks")]
    assert all(np.isfinite(weight).all() for weight in weights[0])
    assert all(map(np.array_equal, *weights))
    assert np.array_equal(
        model.predict((X[:size] for size in (2, 0, 1)), verbose=0), model.predict(X[[0, 1, 0]], verbose=0)
    )


def test_a_step_of_a_model_that_is_not_compiled_is_refused(refused):
    model = kv.zoo.vae((8, 8, 1), 4, units=(16,), seed=0)
    for step in (model.train_on_batch, model.test_on_batch):
        with refused("expected a compiled model"):
            step(X)


def test_a_mask_is_not_dropped(refused):
    masked = np.ma.masked_greater(X, 0.5)
    for use in (lambda: as_numbers("x", masked), lambda: validate(masked), lambda: LabelCondition(2).check(masked, 4)):
        with refused(f"expected an array without a mask, got {masked.mask.sum()} masked values; give x.filled"):
            use()
    assert as_numbers("x", np.ma.array(X)).shape == X.shape


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": -1}, "epochs must be an integer >= 0; got -1"),
        ({"epochs": 1.5}, "epochs must be an integer >= 0; got 1.5"),
        ({"steps_per_epoch": 0}, "steps_per_epoch must be an integer >= 1; got 0"),
        ({"y": LABELS[:5]}, "fit: expected arrays of one length, got x of 64, y of 5"),
        (
            {"y": LABELS, "class_weight": {11: 2.0}},
            "class_weight: expected weights of labels in y, got those of 11 only",
        ),
    ],
)
def test_numbers_and_labels_without_effect_are_refused(model, refused, arguments, message):
    with refused(message):
        model.fit(X, verbose=0, **arguments)
