import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keras_vae as kv
from keras_vae.networks import NETWORKS, mirrored

SIZES = st.tuples(st.integers(8, 40), st.integers(8, 40), st.integers(1, 4))


@settings(max_examples=15, deadline=None)
@given(SIZES)
def test_conv_networks_take_any_image_from_8x8_up(shape):
    encoder, decoder = mirrored("conv", shape, 3, units=8, filters=None)
    features = encoder(np.zeros((2, *shape), "float32"))
    assert features.shape == (2, 8)
    assert decoder(np.zeros((2, 3), "float32")).shape[:3] == (2, *shape[:2])


@pytest.mark.parametrize("shape", [(28, 20, 1), (28, 28, 1), (32, 32, 3), (64, 64, 3), (9, 33, 2)])
@pytest.mark.parametrize("kind", NETWORKS)
def test_named_sizes_train(kind, shape):
    model = kv.zoo.vae(shape, 3, network=kind, seed=0)
    model.compile(jit_compile=False)
    x = np.random.default_rng(0).random((4, *shape), "float32")
    history = model.fit(x, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert model.reconstruct(x).shape == x.shape


@pytest.mark.parametrize(
    "network",
    [
        kv.MLPEncoder((4, 3), (5, 6), activation="tanh"),
        kv.MLPDecoder((4,), ()),
        kv.ConvEncoder((9, 12, 2), (3, 4), units=5, kernel_size=5),
        kv.ConvDecoder((2,), (9, 12, 2), (4, 3), units=5, features=6),
    ],
    ids=lambda network: type(network).__name__,
)
def test_a_network_survives_its_configuration_and_its_file(network, tmp_path):
    assert network.built
    copy = type(network).from_config(network.get_config())
    assert copy.get_config() == network.get_config()
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    x = np.random.default_rng(0).random((3, *network.input_shape[1:]), "float32")
    assert np.allclose(loaded(x), network(x), atol=1e-6)


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
