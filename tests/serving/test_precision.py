"""Smaller weights say nearly the same."""

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae.data import Split
from keras_vae.serving import ExportOptions, export
from keras_vae.serving.precision import ServedWeights, with_precision
from keras_vae.serving.served_model import ServedModel


@pytest.fixture(scope="module")
def model():
    """A VAE of 8x8 images with convolutions and dense layers, trained for a moment."""
    keras.utils.set_random_seed(0)
    x = kv.data.load("digits").train.x[:500]
    model = kv.zoo.vae((8, 8, 1), 4, network="conv", filters=(16,), likelihood="normal", seed=0)
    model.adapt(x)
    model.compile("adam", jit_compile=False)
    model.fit(x, epochs=3, verbose=0, batch_size=50)
    return model


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "bits"), [("bfloat16", 8), ("float16", 11)])
def test_networks_in_16_bits_round_to_their_precision(model, images, dtype, bits):
    half = with_precision(model, dtype)
    assert {weight.dtype for network in (half.encoder, half.decoder) for weight in network.weights} == {dtype}
    x = images(20)
    exact, rounded = model.encode(x).mean().numpy(), half.encode(x).mean().numpy()
    assert 0 < np.abs(exact - rounded).max() < 2.0 ** (2 - bits) * np.abs(exact).max()
    assert model.encoder.weights[0].dtype == "float32"


@pytest.mark.parametrize("constant", [False, True])
def test_a_kernel_is_within_half_a_step_of_its_8_bits(model, constant):
    packed = ServedWeights(model, quantized=True, constant=constant)
    kernels = [weight for weight in model.variables if weight.name == "kernel" and np.prod(weight.shape) >= 1024]
    assert len(kernels) >= 4
    exact = [kernel.numpy() for kernel in kernels]
    with packed.scope():
        values = [np.asarray(kernel.value) for kernel in kernels]
    for kernel, value in zip(exact, values, strict=True):
        step = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1))) / 127
        assert (np.abs(kernel - value) <= 0.5001 * step).all() and (kernel != value).any()
    for kernel, before in zip(kernels, exact, strict=True):
        np.testing.assert_array_equal(kernel.numpy(), before)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bfloat16", "float16", "int8"])
def test_an_export_of_less_precision_is_smaller_passes_the_check_and_tells_its_cost(model, tmp_path, precision):
    training = Split(kv.data.load("digits").train.x[:200])
    options = ExportOptions(precision=precision, batch_sizes=(1, 4), images=False)
    version = export(model, tmp_path / precision, options=options, training=training)
    weights = version / "variables" / "variables.data-00000-of-00001"
    size = 4 * sum(np.prod(w.shape) for w in [*model.encoder.weights, *model.decoder.weights])
    assert weights.stat().st_size < (0.4 if precision == "int8" else 0.6) * size + 8000
    card = (version / "assets.extra" / "model_card.md").read_text()
    assert "the mean ELBO of training examples changes by" in card
    assert abs(ServedModel(model, options, training).loss_of_precision) < 0.5


@pytest.mark.slow
def test_a_score_tells_when_a_precision_is_too_little(model):
    training = Split(kv.data.load("digits").train.x[:200])
    servable = ServedModel(model, ExportOptions(precision="int8"), training)
    for _, q, _ in servable.weights._kernels:
        q.assign(q // 32 * 32)
    assert servable.loss_of_precision > 5
