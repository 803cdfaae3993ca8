"""What the tests of the explorer share."""

import numpy as np
import pytest

from keras_vae import data, explore, zoo


@pytest.fixture(scope="session")
def digits():
    return data.load("digits")


@pytest.fixture(scope="session")
def model(digits):
    """A small VAE of digits after an epoch, not to be changed."""
    model = zoo.vae((8, 8, 1), 4, units=(16,), seed=0)
    model.compile("adam", run_eagerly=True)
    model.fit(digits.train.x[:512], batch_size=64, epochs=2, verbose=0)
    return model


@pytest.fixture(scope="session")
def explorer(model, digits):
    """A running explorer of it with 600 points."""
    with explore(model, digits, title="digits", points=600, anomaly=False) as explorer:
        yield explorer


@pytest.fixture(scope="session")
def array_of():
    """Reads an array of the page."""
    import base64

    def array_of(document):
        return np.frombuffer(base64.b64decode(document["bytes"]), document["dtype"]).reshape(document["shape"])

    return array_of
