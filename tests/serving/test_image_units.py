"""uint8 is divided by 255 only for a model of intensities."""

from types import SimpleNamespace

import numpy as np
import pytest

from keras_vae import zoo
from keras_vae.bulk import infer
from keras_vae.serving import ExportOptions, export
from keras_vae.serving.client import Client
from keras_vae.serving.server import LocalServer

X = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1)).astype("uint8")
UNIT = X.astype("float32") / 255
OF_TRAINING = {
    "from 0 to 255": 255 * UNIT,
    "from -1 to 1": 2 * UNIT - 1,
    "unknown": None,
}


@pytest.fixture(scope="module", params=OF_TRAINING)
def version(request, tmp_path_factory):
    """The name of the units of an export without the signatures of image files, and its folder."""
    model = zoo.vae((8, 8, 1), 2, likelihood="normal", units=(4,), network="mlp")
    if (x := OF_TRAINING[request.param]) is not None:
        model.adapt(x)
    model.compile()
    options = ExportOptions(batch_sizes=(1,), images=False)
    folder = export(model, tmp_path_factory.mktemp("units") / "vae", options=options, check=False)
    return SimpleNamespace(units=request.param, folder=folder)


def test_bulk_work_refuses_uint8_for_a_model_of_floats_up_to_255(version, tmp_path):
    np.save(tmp_path / "x.npy", X)
    summary = infer("encode", version.folder, tmp_path / "x.npy", tmp_path / "out")
    assert summary.rejected == ({"wrong units": 4} if version.units == "from 0 to 255" else {})
    np.save(tmp_path / "x.npy", X.astype("float32"))
    if version.units != "from -1 to 1":
        assert infer("encode", version.folder, tmp_path / "x.npy", tmp_path / "floats").rejected == {}


def test_the_client_refuses_uint8_for_a_model_of_floats_up_to_255(version, refused):
    with LocalServer(version.folder.parent) as server, Client(server.url, "vae") as client:
        if version.units == "from 0 to 255":
            with refused(
                r"score: expected values like those of training, .* got uint8, .* give the values as they were"
            ):
                client.score(X)
            assert np.isfinite(client.score(X.astype("float32"))).all()
        else:
            np.testing.assert_allclose(client.encode(X).mean, client.encode(UNIT).mean, atol=1e-5)
