"""What a Keras user does with a model: forty things that work as they do elsewhere in Keras, a line each."""

import copy
import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv

X = np.random.default_rng(0).random((16, 6), "float32")
CALLBACKS = keras.callbacks


def new(**options):
    parts = {"likelihood": "normal", "objective": kv.NLL() + kv.KL(), "seed": 0, **options}
    return kv.Autoencoder(*kv.make_networks("mlp", (6,), 2, units=(8, 8), seed=parts["seed"]), **parts)


def compiled(**options):
    model = new(**options)
    model.compile("adam", jit_compile=False)
    return model


@pytest.fixture(scope="module")
def model():
    """A model that was trained for a step; not to be changed."""
    model = compiled()
    model.fit(X, verbose=0)
    return model


def same(one, other):
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    return True


def loaded(model, path):
    model.save(path)
    return keras.saving.load_model(path)


def reused(model, tmp_path):
    """A functional model over a part, saved and loaded."""
    inputs = keras.Input((6,))
    outer = keras.Model(inputs, keras.layers.Dense(3)(model.encoder(inputs)))
    return same(loaded(outer, tmp_path / "outer.keras").predict(X, verbose=0), outer.predict(X, verbose=0))


def wrapped(model, tmp_path):
    """A functional model over the whole model, saved and loaded."""
    inputs = keras.Input((6,))
    outer = keras.Model(inputs, model(inputs))
    return same(loaded(outer, tmp_path / "outer.keras").predict(X, verbose=0), model.predict(X, verbose=0))


def weights_restored(model, tmp_path):
    other = new(seed=1)
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    return same(other(X), model(X))


def exported(model, tmp_path):
    model.export(tmp_path / "export", verbose=False)
    served = tf.saved_model.load(tmp_path / "export")
    return same(served.serve(X[:3]), model(X[:3]))


def exported_after_load(model, tmp_path):
    return exported(loaded(model, tmp_path / "model.keras"), tmp_path)


def exported_to_onnx(model, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    return same(session.run(None, {session.get_inputs()[0].name: X})[0], model(X))


def quantized(model, tmp_path):
    model = copy.deepcopy(model)
    before = model.encode(X).mean().numpy()
    model.quantize("int8")
    codes = model.encode(X).mean()
    other = loaded(model, tmp_path / "model.keras")
    return np.abs(codes - before).max() > 0 and same(other.encode(X).mean(), codes) and same(other(X), model(X))


def given_lora(model, tmp_path):
    model = copy.deepcopy(model)
    before = model.encode(X).mean().numpy()
    model.encoder.hidden[0].enable_lora(2)
    model.encoder.hidden[0].lora_kernel_b.assign(tf.ones_like(model.encoder.hidden[0].lora_kernel_b))
    return np.abs(model.encode(X).mean() - before).max() > 1e-3


def refuses(call, match):
    with pytest.raises(kv.InvalidInputError, match=match) as caught:
        call()
    return len(str(caught.value).splitlines()) == 1


def monitored(callback):
    callback = callback("val_elbo")
    callback.set_model(compiled())
    callback._set_monitor_op()
    return callback.monitor_op(1.0, 0.0)  # 1 is better than 0


def distributed(model, tmp_path):
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        other = compiled()
    return np.isfinite(other.fit(X, verbose=0).history["loss"]).all()


def stopped_early(model, tmp_path):
    callback = CALLBACKS.EarlyStopping("val_elbo", min_delta=1e9)
    history = compiled().fit(X, validation_data=(X,), epochs=3, verbose=0, callbacks=[callback])
    return len(history.epoch) == 2  # Keras never stops after the first


def restored_with_its_step(model, tmp_path):
    best, own = CALLBACKS.EarlyStopping("loss", mode="max", patience=1, restore_best_weights=True), compiled()
    own.fit(X, batch_size=8, epochs=5, verbose=0, callbacks=[best])
    return best.stopped_epoch > best.best_epoch and int(own.step) == (best.best_epoch + 1) * -(-len(X) // 8)


def fitted_from(data, **options):
    return np.isfinite(compiled().fit(data, verbose=0, **options).history["loss"]).all()


def from_generator(model, tmp_path):
    return fitted_from(((X[:8],) for _ in range(2)), steps_per_epoch=2)


def from_py_dataset(model, tmp_path):
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return X[8 * index : 8 * index + 8]

    return fitted_from(Batches())


def one_shot(model, tmp_path):
    """Every batch of a stream is trained on."""
    other = compiled()
    stream = iter([X[:4], X[4:8], X[8:12], X[12:]])
    spec = tf.TensorSpec((None, 6), tf.float32)
    other.fit(tf.data.Dataset.from_generator(lambda: stream, output_signature=spec), verbose=0)
    return int(other.step) == 4


def with_metrics(model, tmp_path):
    other = copy.deepcopy(model)
    other.compile("adam", metrics=["mse"], jit_compile=False)
    expected = np.mean((other.predict(X, verbose=0) - X) ** 2)
    return other.evaluate(X, verbose=0, return_dict=True)["mse"] == pytest.approx(expected, rel=1e-4)


def weighted(model, tmp_path):
    weights = np.arange(16)
    return same(*(model.evaluate(X, X, sample_weight=one, verbose=0) for one in (weights, weights[:, None])))


def weights_set(model, tmp_path):
    other = new(seed=1)
    other.set_weights(model.get_weights())
    return same(other(X), model(X))


THINGS = {
    "call": lambda model, _: model(X).shape == (16, 6),
    "call symbolically": lambda model, _: model(keras.KerasTensor((None, 6))).shape == (None, 6),
    "call on another dtype": lambda model, _: same(model(X.astype("float64")), model(X)),
    "predict": lambda model, _: same(model.predict(X, verbose=0), model(X)),
    "predict in batches": lambda model, _: same(model.predict(X, batch_size=5, verbose=0), model(X)),
    "predict on a data set": lambda model, _: same(
        model.predict(tf.data.Dataset.from_tensor_slices(X).batch(5), verbose=0), model(X)
    ),
    "predict_on_batch": lambda model, _: same(model.predict_on_batch(X), model(X)),
    "evaluate as a dict": lambda model, _: set(model.evaluate(X, verbose=0, return_dict=True)) == {*METRICS},
    "evaluate as a list": lambda model, _: same(
        model.evaluate(X, verbose=0), [model.evaluate(X, verbose=0, return_dict=True)[name] for name in METRICS]
    ),
    "train_on_batch": lambda model, _: np.isfinite(compiled().train_on_batch(X, return_dict=True)["loss"]),
    "test_on_batch": lambda model, _: np.isfinite(model.test_on_batch(X, return_dict=True)["elbo"]),
    "fit on a generator": from_generator,
    "fit on a PyDataset": from_py_dataset,
    "fit on a stream": one_shot,
    "fit with a validation split": lambda model, _: fitted_from(X, validation_split=0.25),
    "evaluate with sample weights": weighted,
    "early stopping": stopped_early,
    "early stopping that restores": restored_with_its_step,
    "ModelCheckpoint knows the direction": lambda model, tmp_path: monitored(
        lambda name: CALLBACKS.ModelCheckpoint(tmp_path / "best.keras", name, save_best_only=True)
    ),
    "ReduceLROnPlateau knows the direction": lambda model, _: monitored(CALLBACKS.ReduceLROnPlateau),
    "compile with a loss is refused": lambda model, _: refuses(
        lambda: new().compile(loss="mse"), "objective is the loss"
    ),
    "compile with metrics": with_metrics,
    "save and load": lambda model, path: same(loaded(model, path / "model.keras")(X), model(X)),
    "save and load weights": weights_restored,
    "save as .h5 is refused": lambda model, path: refuses(lambda: model.save(path / "model.h5"), "keras"),
    "pickle": lambda model, _: same(pickle.loads(pickle.dumps(model))(X), model(X)),
    "deepcopy": lambda model, _: same(copy.deepcopy(model)(X), model(X)),
    "clone_model": lambda model, _: keras.models.clone_model(model)(X).shape == (16, 6),
    "to_json": lambda model, _: keras.models.model_from_json(model.to_json())(X).shape == (16, 6),
    "export": exported,
    "export after loading": exported_after_load,
    "export to ONNX": exported_to_onnx,
    "quantize": quantized,
    "LoRA": given_lora,
    "replacing a part is refused": lambda model, _: refuses(
        lambda: setattr(model, "encoder", new().encoder), "with_parts"
    ),
    "a part in a functional model": reused,
    "the model in a functional model": wrapped,
    "summary": lambda model, _: model.summary(print_fn=lambda *_, **__: None) is None,
    "get_layer": lambda model, _: model.get_layer(model.encoder.name) is model.encoder,
    "get_weights and set_weights": weights_set,
    "distribute": distributed,
    "serialize and deserialize": lambda model, _: isinstance(
        keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model)), kv.Autoencoder
    ),
}
METRICS = ["loss", "nll", "elbo", "kl"]


@pytest.mark.slow
@pytest.mark.parametrize("thing", THINGS.values(), ids=THINGS)
def test_a_keras_user(thing, model, tmp_path):
    assert thing(model, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "adamm"}, "compile: Unknown optimizer 'adamm': did you mean 'adam'.? Known: adadelta"),
        ({"metrics": ["msee"]}, "compile: Unknown metrics 'msee': did you mean 'mse'"),
        ({"jit_compile": "yes"}, "compile: jit_compile: expected True or False, got 'yes'"),
    ],
)
def test_a_name_that_compile_does_not_know_gets_the_nearest(refused, arguments, message):
    with refused(message):
        kv.zoo.vae((4,), 2, units=(4,)).compile(**arguments)


@pytest.mark.parametrize("name", ["vae", "aae", "semi_supervised_vae", "vq_vae"])
def test_the_names_of_metrics_are_those_of_the_values(name):
    classes = {"classes": 3} if name == "semi_supervised_vae" else {}
    metrics = {} if classes else {"metrics": ["mse"]}
    model = kv.zoo.create(name, (6,), 2, units=(4,), likelihood="normal", seed=0, **classes)
    model.compile(run_eagerly=True, **metrics)
    data = (X, np.arange(len(X)) % 3) if classes else (X,)
    values, by_name = (model.evaluate(*data, verbose=0, return_dict=as_dict) for as_dict in (False, True))
    assert dict(zip(model.metrics_names, values, strict=True)) == by_name
    names = model.metrics_names
    assert len(model.train_on_batch(*data)) >= len(names) and model.metrics_names == names
