"""Later examples have the units of the training data: images from 0 to 255 that are not uint8 are refused."""

import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.evaluation import read_examples
from keras_vae.models.data_range import note_range
from keras_vae.models.inputs import warn_of_scale
from keras_vae.serving import export_signatures

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1), "uint8")
DTYPES = ("float16", "float32", "float64", "int32", "int64", "uint16")


def new(event_shape=(8, 8, 1)):
    return kv.zoo.vae(event_shape, 2, likelihood="normal", units=(4,), seed=0)


@pytest.fixture(scope="module")
def model():
    """A model whose training data were uint8."""
    model = new()
    model.adapt(PIXELS)
    assert model.data_range == (0.0, 1.0)
    return model


@pytest.mark.parametrize("dtype", DTYPES)
def test_pixels_in_another_dtype_are_in_other_units(model, refused, dtype):
    refusal = "x: expected values like those of training, 0 to 1, got 6 of 6 .* from .* to 255; give uint8, or divide"
    for use in (model.encode, model.elbo, model.predict, lambda x: read_examples(model, x, part="x")):
        with refused(refusal):
            use(PIXELS.astype(dtype))


def test_the_usual_units_and_single_bright_pixels_are_taken(model):
    bright = PIXELS / np.float32(255)
    np.testing.assert_allclose(model.encode(bright).mean(), model.encode(PIXELS).mean(), atol=1e-5)
    bright[0, 0, 0] = 50.0
    model.encode(bright)
    model.encode(np.zeros_like(PIXELS, "float32"))


def test_an_export_answers_the_row_with_nan(model):
    x = PIXELS.astype("float32")
    x[1:] /= 255
    answer = export_signatures(model)["encode"].function(tf.constant(x))["mean"]
    assert np.isnan(answer[0]).all() and np.isfinite(answer[1:]).all()


def test_bytes_are_refused_by_a_model_of_numbers_up_to_255(refused):
    model = new()
    model.adapt(PIXELS.astype("float32"))
    with refused("x: expected values like those of training, .* to 255, got uint8, which is divided by 255; give"):
        model.encode(PIXELS)
    assert not any(name.endswith("_bytes") for name in export_signatures(model)), "files are from 0 to 1"


def test_the_range_is_kept_and_widened(model, tmp_path):
    model.save(tmp_path / "model.keras")
    for other in (kv.load_model(tmp_path / "model.keras"), model.with_parts(prior="standard_normal")):
        assert other.data_range == (0.0, 1.0)
    note_range(other, np.float32([[-2.0, np.nan]]))
    assert other.data_range == (-2.0, 1.0)
    streamed = new()
    note_range(streamed, tf.data.Dataset.from_tensors((PIXELS, PIXELS)))
    note_range(streamed, tf.data.Dataset.from_tensors(PIXELS * np.float32(2)))
    assert streamed.data_range == (0.0, 1.0)


def test_a_range_that_is_none_is_refused(refused):
    for bad in ((1.0, 0.0), (0.0,), "01", (0.0, np.inf)):
        with refused("data_range: expected two numbers"):
            kv.Autoencoder(*kv.make_networks("mlp", (4,), 2), objective=kv.NLL(), data_range=bad)


def test_other_examples_than_images_cause_a_warning():
    model = new((4,))
    model.adapt(np.float32([[0, 1, 2, 3]] * 2))
    model.encode([[3, 4, 5, 6]])
    with pytest.warns(UserWarning, match="x: expected values like those of training, 0 to 3, got 1 of 2 .* scale them"):
        model.encode([[0, 1, 2, 3], [90, 91, 92, 93]])


def test_training_on_pixels_in_another_dtype_causes_a_warning(model):
    with pytest.warns(UserWarning, match="as those of bytes, but float32 is used as it is; give x.astype..uint8"):
        warn_of_scale(PIXELS.astype("float32"), model.likelihood)
    warn_of_scale(PIXELS, model.likelihood)
    warn_of_scale(PIXELS / np.float32(255), model.likelihood)
