"""What the tests of presets share."""

import numpy as np
import pytest

from keras_vae import save_to_preset, zoo
from keras_vae.presets import Figure, ModelCard

CARD = ModelCard(
    "A tiny VAE",
    "noise: none",
    data_license="CC0",
    datasets=("user/noise",),
    figures=(Figure("test ELBO", -3.25, "nats per image", error=0.5, printed_by="a script", published=-3.0),),
    made={"command": "fit", "epochs": 1},
)


@pytest.fixture(scope="session")
def examples():
    return np.random.default_rng(0).random((40, 8, 8, 1), "float32")


@pytest.fixture(scope="session")
def model(examples):
    """A model with state: an optimizer with slots, and a step."""
    model = zoo.vae((8, 8, 1), 2, likelihood="normal", units=(64,), seed=0)
    model.compile("adam", run_eagerly=True)
    model.fit(examples, verbose=0)
    return model


@pytest.fixture(scope="session")
def preset(model, tmp_path_factory):
    """A preset that was saved; not to be changed."""
    return save_to_preset(model, tmp_path_factory.mktemp("presets") / "tiny", CARD)
