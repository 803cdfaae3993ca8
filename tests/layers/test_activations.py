"""An activation that there is not is refused with the names there are, wherever it is given."""

import pytest

from keras_vae import zoo
from keras_vae.layers.activations import ACTIVATIONS, check_activation
from keras_vae.networks import Critic


def test_names_functions_and_none_are_activations():
    assert {"relu", "gelu", "swish"} <= {*ACTIVATIONS}
    for activation in (*ACTIVATIONS, None, abs):
        assert check_activation(activation) is activation


@pytest.mark.parametrize(
    "make",
    [
        lambda name: zoo.vae((8,), 2, units=(4,), activation=name),
        lambda name: zoo.vae((16, 16, 1), 2, network="resnet", activation=name),
        lambda name: zoo.vae((8, 2), 2, network="conv1d", activation=name),
        lambda name: zoo.vae((8,), 2, posterior={"name": "real_nvp", "activation": name}),
        lambda name: Critic((8,), units=(4,), activation=name),
    ],
    ids=["mlp", "resnet", "conv1d", "flow", "critic"],
)
def test_an_unknown_name_gets_the_nearest(refused, make):
    with refused("Unknown activation 'swich': did you mean 'swish'.? Known: celu, elu"):
        make("swich")
