import numpy as np
import pytest

import keras_vae as kv
from keras_vae.layers.spectral_normalization import SpectralNormalization


@pytest.mark.parametrize(
    "make",
    [
        lambda **o: kv.MLPDecoder((3,), (4, 5), **o),
        lambda **o: kv.ConvDecoder((3,), (8, 9, 1), (4, 5), units=6, **o),
        lambda **o: kv.ConvEncoder((8, 9, 1), (4, 5), units=6, **o),
    ],
    ids=["MLP", "conv decoder", "conv encoder"],
)
def test_the_penalty_is_the_sum_of_squares_of_all_kernels(make):
    network = make(l2=0.3)
    kernels = [weight.numpy() for weight in network.weights if weight.name == "kernel"]
    assert float(sum(network.losses)) == pytest.approx(0.3 * sum((kernel**2).sum() for kernel in kernels), rel=1e-5)
    assert not make().losses
    normalised = make(spectral_normalization=True)
    layers = [layer for layer in normalised._flatten_layers() if isinstance(layer, SpectralNormalization)]
    assert len(layers) == len(kernels)


def test_the_penalty_is_part_of_the_loss():
    encoder, decoder = kv.make_networks("mlp", (6,), 2, units=(8,), decoder_l2=0.5)
    model = kv.Autoencoder(encoder, decoder, likelihood="normal", objective=kv.NLL(), seed=0)
    model.compile(jit_compile=False)
    metrics = model.evaluate(np.zeros((4, 6), "float32"), return_dict=True, verbose=0)
    expected = 0.5 * (decoder.hidden[0].kernel.numpy() ** 2).sum()
    assert metrics["loss"] - metrics["nll"] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("l2", [-1.0, float("inf"), float("nan"), "0.1", True])
def test_a_penalty_is_a_finite_number(l2, refused):
    with refused("MLPDecoder: l2 must be a number >= 0"):
        kv.MLPDecoder((3,), (4,), l2=l2)


def test_a_penalty_on_normalised_kernels_is_refused(refused):
    with refused("ConvDecoder: expected l2 or spectral_normalization, got both"):
        kv.ConvDecoder((3,), (8, 8, 1), l2=0.1, spectral_normalization=True)
