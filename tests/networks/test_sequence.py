import numpy as np
import pytest
from scipy.special import expit

from keras_vae.networks.sequence import SequenceDecoder, SequenceEncoder

X = np.random.default_rng(0).normal(size=(3, 6, 2)).astype("float32")


@pytest.mark.parametrize("length", [1, 2, 7, 8, 50])
@pytest.mark.parametrize("kind", ["conv1d", "gru"])
def test_sequences_of_any_length_become_a_code_and_a_sequence_again(kind, length):
    x = np.zeros((2, length, 3), "float32")
    features = 5 if kind == "conv1d" else 10
    assert SequenceEncoder((length, 3), kind, units=5)(x).shape == (2, features)
    assert SequenceDecoder((4,), (length, 3), kind, units=16)(np.zeros((2, 4), "float32")).shape == (2, length, 16)


def gru(x, kernel, recurrent, bias):
    """The last state, by the formulas of Cho et al. as Keras arranges them (reset after the product)."""
    h = np.zeros((len(x), recurrent.shape[0]))
    for t in range(x.shape[1]):
        z, r, new = np.split(x[:, t] @ kernel + bias[0], 3, axis=-1)
        z_of_h, r_of_h, new_of_h = np.split(h @ recurrent + bias[1], 3, axis=-1)
        z, r = expit(z + z_of_h), expit(r + r_of_h)
        h = z * h + (1 - z) * np.tanh(new + r * new_of_h)
    return h


def test_a_gru_encoder_is_numpys_in_both_directions():
    encoder = SequenceEncoder(X.shape[1:], "gru", units=4)
    ways = [[weight.numpy() for weight in layer.weights] for layer in (encoder.forward_gru, encoder.backward_gru)]
    expected = np.concatenate([gru(X, *ways[0]), gru(X[:, ::-1], *ways[1])], axis=-1)
    assert np.allclose(encoder(X), expected, atol=1e-5)


def test_a_gru_decoder_is_numpys_at_every_step():
    decoder = SequenceDecoder((2,), (6, 1), "gru", units=4)
    weights = [weight.numpy() for weight in decoder.weights]
    for steps in (1, 3, 6):
        read = np.repeat(X[:, :1], steps, axis=1)
        assert np.allclose(decoder(X[:, 0])[:, steps - 1], gru(read, *weights), atol=1e-5)


@pytest.mark.slow
def test_an_unrolled_gru_equals_the_loop():
    loop, unrolled = (SequenceEncoder(X.shape[1:], "gru", units=4, unroll=unroll) for unroll in (False, True))
    unrolled.set_weights(loop.get_weights())
    assert np.allclose(loop(X), unrolled(X), atol=1e-6)


def test_a_conv1d_encoder_with_kernels_of_one_step_is_numpys():
    encoder = SequenceEncoder(X.shape[1:], units=4, filters=(3,), kernel_size=1, dilations=(1, 2), activation="tanh")
    kernels = [layer.kernel.numpy()[0] for layer in (*encoder.downs, *encoder.residual_convs)]
    h = X[:, ::2] @ kernels[0]
    for kernel in kernels[1:]:
        h = h + np.tanh(h) @ kernel / len(kernels[1:])
    assert np.allclose(encoder(X), np.tanh(h.reshape(3, -1) @ encoder.dense.kernel.numpy()), atol=1e-5)


def test_a_residual_convolution_looks_as_far_as_its_dilation():
    decoder = SequenceDecoder((2,), (40, 1), filters=(3,), kernel_size=3, dilations=(4,), activation="linear")
    h = np.zeros((1, 40, 16), "float32")
    h[:, 20] = 1
    (touched,) = np.nonzero(np.abs(decoder._residual(h, 0)[0]).max(axis=-1))
    assert touched.tolist() == [16, 20, 24]


def test_with_kernels_of_one_step_a_doubling_repeats_every_step():
    decoder = SequenceDecoder((2,), (7, 1), filters=(3,), kernel_size=1)
    y = decoder(X[:, 0]).numpy()
    assert np.allclose(y, y[:, ::2].repeat(2, axis=1)[:, :7], atol=1e-6)
    assert np.ptp(y) > 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SequenceEncoder((8, 8, 1)), r"SequenceEncoder: expected sequences .* got \(8, 8, 1\)"),
        (lambda: SequenceDecoder((3,), (8,)), r"SequenceDecoder: expected sequences .* got \(8,\)"),
        (lambda: SequenceEncoder((8, 1), "lstm"), "Unknown kind of sequence network 'lstm'"),
        (lambda: SequenceEncoder((8, 1), units=0), "SequenceEncoder: units must be an integer >= 1"),
        (lambda: SequenceEncoder((8, 1), dilations=2), "SequenceEncoder: dilations must be a sequence"),
        (lambda: SequenceDecoder((3,), (8, 1), filters=(4.5,)), "SequenceDecoder: filters: each must be an integer"),
        (lambda: SequenceDecoder((3,), (8, 1), features=0), "SequenceDecoder: features must be an integer >= 1"),
    ],
)
def test_bad_input_is_refused(make, message, refused):
    with refused(message):
        make()
