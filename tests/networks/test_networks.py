import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import keras_vae as kv
from keras_vae.networks import make_networks
from keras_vae.networks.conv_critic import ConvCritic
from keras_vae.networks.critic import Critic
from keras_vae.networks.gated_mlp import GatedMLPDecoder, GatedMLPEncoder
from keras_vae.networks.resnet import ResNetDecoder, ResNetEncoder
from keras_vae.networks.sequence import SequenceDecoder, SequenceEncoder

SIZES = st.tuples(st.integers(8, 40), st.integers(8, 40), st.integers(1, 4))


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(SIZES)
def test_conv_networks_take_any_image_from_8x8_up(shape):
    encoder, decoder = make_networks("conv", shape, 3, units=8, filters=None)
    features = encoder(np.zeros((2, *shape), "float32"))
    assert features.shape == (2, 8)
    assert decoder(np.zeros((2, 3), "float32")).shape[:3] == (2, *shape[:2])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("auto", (28, 20, 1)), ("auto", (28, 28, 1)), ("auto", (32, 32, 3)), ("auto", (64, 64, 3)),
        ("auto", (9, 33, 2)), ("conv", (9, 33, 2)),
    ],
)  # fmt: skip
def test_named_sizes_train(kind, shape):
    model = kv.zoo.vae(shape, 3, network=kind, seed=0)
    model.compile(run_eagerly=True)
    x = np.random.default_rng(0).random((4, *shape), "float32")
    history = model.fit(x, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert model.reconstruct(x).shape == x.shape


NAMED = {
    "gated MLP encoder": lambda **o: GatedMLPEncoder((4, 3), (5, 6), activation="tanh", **o),
    "gated MLP decoder": lambda **o: GatedMLPDecoder((4,), (5,), **o),
    "ResNet encoder": lambda **o: ResNetEncoder((9, 12, 2), (4,), blocks=2, units=5, **o),
    "ResNet decoder": lambda **o: ResNetDecoder((2,), (9, 12, 2), (6, 4), units=5, features=3, **o),
    "spatial ResNet encoder": lambda **o: ResNetEncoder((9, 12, 2), (4,), spatial=True, **o),
    "spatial ResNet decoder": lambda **o: ResNetDecoder((5, 6, 3), (9, 12, 2), (4,), spatial=True, **o),
    "conv1d encoder": lambda **o: SequenceEncoder((13, 2), units=9, filters=(3, 4), dilations=(1, 3), **o),
    "conv1d decoder": lambda **o: SequenceDecoder((2,), (13, 2), units=9, filters=(4, 3), features=6, **o),
    "GRU encoder": lambda **o: SequenceEncoder((7, 2), "gru", units=5, **o),
    "GRU decoder": lambda **o: SequenceDecoder((2,), (7, 2), "gru", units=5, unroll=True, **o),
    "critic": lambda **o: Critic((4,), (5, 6), **o),
    "normalised critic": lambda **o: Critic((4, 2), (5,), spectral_normalization=True, **o),
    "conv critic": lambda **o: ConvCritic((9, 12, 2), (4, 6), **o),
    "patch critic": lambda **o: ConvCritic((9, 12, 2), (4,), patch=True, spectral_normalization=True, **o),
}
"""Networks whose layers, and so weights, have names of their own."""

ALL = {
    "MLP encoder": lambda **o: kv.MLPEncoder((4, 3), (5, 6), activation="tanh", **o),
    "MLP decoder": lambda **o: kv.MLPDecoder((4,), (), **o),
    "decayed MLP decoder": lambda **o: kv.MLPDecoder((4,), (5,), l2=0.1, **o),
    "conv encoder": lambda **o: kv.ConvEncoder((9, 12, 2), (3, 4), units=5, kernel_size=5, **o),
    "conv decoder": lambda **o: kv.ConvDecoder((2,), (9, 12, 2), (4, 3), units=5, features=6, **o),
    "normalised conv decoder": lambda **o: kv.ConvDecoder((2,), (9, 12, 2), (4, 3), spectral_normalization=True, **o),
    **NAMED,
}


def test_an_encoder_that_ends_with_mean_and_variance_is_told_to_end_with_features(refused):
    inputs = keras.Input((6,))
    encoder = keras.Model(inputs, [keras.layers.Dense(2)(inputs), keras.layers.Dense(2)(inputs)])
    _, decoder = make_networks("mlp", (6,), 2, units=(4,))
    with refused("expected one tensor of features, got 2 outputs .*; end it with the features, without"):
        kv.Autoencoder(encoder, decoder, likelihood="normal", objective=kv.NLL() + kv.KL())


@pytest.fixture(params=ALL)
def make(request):
    keras.utils.set_random_seed(0)
    return ALL[request.param]


def examples(network):
    return np.random.default_rng(0).random((3, *network.input_shape[1:]), "float32")


def test_a_network_survives_its_file_with_its_dtype_policy_in_every_layer(make, tmp_path):
    network = make(dtype="mixed_bfloat16")
    assert network.built
    network(examples(network), training=True)
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert np.array_equal(loaded(examples(network)), network(examples(network)))
    for each in (network, loaded):
        critic = isinstance(each, (Critic, ConvCritic))
        assert each(examples(each)).dtype == (tf.float32 if critic else tf.bfloat16)
        assert all(weight.dtype == "float32" for weight in each.weights)
        kernels = [layer for layer in each._flatten_layers() if hasattr(layer, "kernel") and layer.name != "logits"]
        assert all(layer.compute_dtype == "bfloat16" for layer in kernels)


def gradients_of(network, x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(network(x, training=True) - 0.5))
    return tape.gradient(loss, [weight.value for weight in network.trainable_weights])


def test_a_gradient_reaches_every_weight(make):
    network = make()
    gradients = gradients_of(network, examples(network))
    for weight, gradient in zip(network.trainable_weights, gradients, strict=True):
        assert gradient is not None and np.abs(gradient).max() > 1e-6, weight.path


MADE_LIKE_OTHERS = ("spatial", "MLP decoder", "normalised", "conv critic")
XLA = [name for name in NAMED if name != "critic" and not any(part in name for part in MADE_LIKE_OTHERS)]
"""Without those that are made of the same layers as another."""


@pytest.mark.slow
@pytest.mark.parametrize("make", [ALL[name] for name in XLA], ids=XLA)
def test_gradients_under_xla_equal_those_without(make):
    keras.utils.set_random_seed(0)
    network = make()
    x, state = examples(network), [weight.numpy() for weight in network.weights]
    without = gradients_of(network, x)
    for weight, value in zip(network.weights, state, strict=True):
        weight.assign(value)
    compiled = tf.function(lambda x: gradients_of(network, x), jit_compile=True)(x)
    for weight, one, other in zip(network.trainable_weights, without, compiled, strict=True):
        assert np.allclose(one, other, rtol=1e-3, atol=1e-4 * np.abs(one).max()), weight.path


@pytest.mark.parametrize("make", NAMED.values(), ids=NAMED)
def test_weights_have_the_same_names_in_every_copy(make):
    names = [[weight.path for weight in make(name="network").weights] for _ in range(2)]
    assert names[0] == names[1]
    assert len(set(names[0])) == len(names[0])


def functional(shape, features):
    inputs = keras.Input(shape)
    return keras.Model(inputs, keras.layers.Dense(features)(keras.layers.Flatten()(inputs)))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(7)

    def build(self, input_shape):
        self.dense.build(input_shape)

    def call(self, x):
        return self.dense(x)


def built(model, shape):
    model.build((None, *shape))
    return model


@pytest.mark.slow
@pytest.mark.parametrize(
    "encoder",
    [
        functional((6,), 7),
        keras.Sequential([keras.Input((6,)), keras.layers.Dense(7)]),
        built(Subclassed(), (6,)),
    ],
    ids=["functional", "sequential", "subclassed"],
)
def test_any_keras_model_of_known_input_shape_may_be_an_encoder(encoder):
    model = kv.Autoencoder(encoder, functional((2,), 5), likelihood="normal", objective=kv.NLL() + kv.KL(), seed=0)
    model.compile(jit_compile=False)
    model.fit(np.zeros((8, 6), "float32"), verbose=0)
    assert model.encode(np.zeros((3, 6))).event_shape == (2,)


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        ("vgg", "expected a keras.Model"),
        (Subclassed(), "build it with"),
        (keras.Sequential([keras.layers.Dense(3)]), "known shape"),
        (keras.Sequential([keras.Input((None, 3)), keras.layers.Dense(3)]), "known shape"),
    ],
)
def test_an_encoder_without_a_known_input_shape_is_refused(encoder, message):
    with pytest.raises(kv.InvalidInputError, match=f"encoder: .*{message}"):
        kv.Autoencoder(encoder, functional((2,), 5), objective=kv.NLL())
