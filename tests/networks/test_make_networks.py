from typing import get_type_hints

import numpy as np
import pytest

import keras_vae as kv
from keras_vae.layers.spectral_normalization import SpectralNormalization
from keras_vae.networks import NETWORKS, NetworkOptions, make_networks
from keras_vae.networks.conv import ConvEncoder
from keras_vae.networks.make_networks import options_of_network
from keras_vae.networks.mlp import MLPEncoder
from keras_vae.networks.sequence import SequenceEncoder

EVENTS = {"conv1d": (13, 2), "gru": (5, 2)}
TINY = {
    "auto": {"units": (8,)},
    "conv": {"filters": (3, 4), "units": 5, "kernel_size": 5, "activation": "swish", "features": 6},
    "conv1d": {"filters": (3, 4), "units": 5, "kernel_size": 3, "dilations": (1,), "features": 6},
    "gated_mlp": {"units": (8, 6), "activation": "tanh"},
    "gru": {"units": 6, "unroll": True},
    "mlp": {"units": (8, 6), "activation": "tanh"},
    "pca": {"filters": (3, 4), "units": 5, "features": 6, "blocks": 1},
    "resnet": {"filters": (4, 6), "units": 5, "blocks": 1, "groups": 2, "features": 6},
    "spatial": {"filters": (4, 6), "activation": "relu", "features": 6},
}


def test_every_kind_is_tested():
    assert set(TINY) == set(NETWORKS)


def test_the_options_of_all_networks_are_typed():
    kinds = set(NETWORKS) - {"auto"}
    assert set().union(*(options_of_network(kind) for kind in kinds)) == set(get_type_hints(NetworkOptions))


@pytest.mark.slow
@pytest.mark.parametrize("kind", NETWORKS)
def test_a_pair_makes_a_model_of_events_and_codes_of_the_right_shape(kind):
    event_shape = EVENTS.get(kind, (9, 12, 1))
    encoder, decoder = make_networks(kind, event_shape, 3, **TINY[kind])
    model = kv.Autoencoder(encoder, decoder, objective=kv.NLL() + kv.KL(), seed=0)
    assert model.event_shape == event_shape
    assert model.latent_shape == ((3, 3, 3) if kind == "spatial" else (3,))
    x = np.random.default_rng(0).random((4, *event_shape), "float32")
    assert model.reconstruct(x).shape == x.shape


@pytest.mark.slow
@pytest.mark.parametrize("kind", NETWORKS)
def test_a_condition_and_another_encoding_widen_the_inputs_and_leave_the_features(kind):
    event_shape = EVENTS.get(kind, (9, 12, 1))
    encoded = (*event_shape[:-1], 4)
    plain, wide = (
        make_networks(kind, event_shape, 3, **TINY[kind]),
        make_networks(kind, event_shape, 3, condition_dim=5, encoder_input_shape=encoded, **TINY[kind]),
    )
    assert wide[0].input_shape == (None, *event_shape[:-1], 4 + 5)
    assert wide[1].input_shape == (*plain[1].input_shape[:-1], 3 + 5)
    for one, other in zip(plain, wide, strict=True):
        outputs = [each(np.zeros((2, *each.input_shape[1:]), "float32")) for each in (one, other)]
        assert outputs[0].shape == outputs[1].shape


@pytest.mark.parametrize(
    ("event_shape", "expected"),
    [
        ((16, 16, 1), ConvEncoder),
        ((15, 16, 1), MLPEncoder),
        ((8, 3), SequenceEncoder),
        ((7, 3), MLPEncoder),
        ((64,), MLPEncoder),
        ((4, 16, 16, 1), MLPEncoder),
    ],
)
def test_auto_chooses_by_the_event(event_shape, expected):
    assert type(make_networks("auto", event_shape, 2)[0]) is expected


@pytest.mark.parametrize("kind", ["conv", "conv1d", "resnet", "spatial"])
def test_the_decoder_has_the_filters_of_the_encoder_backwards(kind):
    encoder, decoder = make_networks(kind, EVENTS.get(kind, (9, 12, 1)), 3, **TINY[kind])
    assert decoder.filters == encoder.filters[::-1]
    assert decoder.features == 6


@pytest.mark.parametrize(("kind", "shape"), [("mlp", (8, 8, 1)), ("conv", (8, 8, 1))])
def test_the_decoder_alone_is_regularised(kind, shape):
    encoder, decoder = make_networks(kind, shape, 2, decoder_l2=0.1)
    assert decoder.losses and not encoder.losses
    pair = make_networks(kind, shape, 2, decoder_spectral_normalization=True)
    normalised = [any(isinstance(each, SpectralNormalization) for each in net._flatten_layers()) for net in pair]
    assert normalised == [False, True]


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("mpl", {}, "Unknown network 'mpl': did you mean 'mlp'"),
        ("mlp", {"depth": 3}, "network 'mlp' takes no option 'depth': mlp takes units, activation"),
        ("mlp", {"units": 5}, "MLPEncoder: units must be a sequence"),
        ("gated_mlp", {"units": 5}, "GatedMLPEncoder: units must be a sequence"),
        ("conv", {"units": (5, 5)}, "network 'conv': cannot use the options"),
        ("conv", {"filters": ()}, "ConvEncoder: filters must be one or more integers"),
        ("resnet", {"dilations": (1,)}, "network 'resnet' takes no option 'dilations': conv1d takes it"),
        ("spatial", {"units": 5}, "network 'spatial' takes no option 'units': .*conv, .* take it"),
        ("auto", {"unroll": True}, r"network 'conv' \(network='auto' for .*\(16, 16, 1\)\) takes no option 'unroll'"),
        ("conv1d", {}, "SequenceEncoder: expected sequences"),
        ("gru", {"filters": (3,)}, "network 'gru' takes no option 'filters'"),
        ("mlp", {"condition_dim": -1}, "condition_dim must be an integer >= 0; got -1"),
        ("mlp", {"encoder_input_shape": (0,)}, "network's encoder: event_shape must be positive integers"),
    ],
)
def test_bad_options_are_refused(kind, options, message, refused):
    with refused(message):
        make_networks(kind, (16, 16, 1), 2, **options)
