"""What the tests of serving share."""

import shutil

import numpy as np
import pytest
import recipes

from keras_vae import zoo
from keras_vae.data import Split
from keras_vae.serving import ExportOptions, export
from keras_vae.serving.server import LocalServer
from tests.serving.servables import FEW_SIZES, build


@pytest.fixture(scope="session")
def vae():
    """A small VAE of 8x8 images, not to be changed."""
    return build("vae")


@pytest.fixture(scope="session")
def digits():
    """Training examples for it, `(200, 8, 8, 1)` uint8."""
    return recipes.examples("vae", 200)


@pytest.fixture(scope="session")
def exported(vae, digits, tmp_path_factory):
    """The folder of a version of this VAE with every signature, checked; not to be changed."""
    return export(vae, tmp_path_factory.mktemp("servable") / "vae", options=FEW_SIZES, training=Split(digits))


@pytest.fixture(scope="session")
def small():
    """The smallest VAE."""
    return zoo.vae((2,), 1, units=(2,), seed=0)


@pytest.fixture(scope="session")
def images():
    """Makes `(n, 8, 8, 1)` examples in [0, 1]."""
    return lambda n: np.random.default_rng(n).random((n, 8, 8, 1), "float32")


@pytest.fixture(scope="session")
def models(exported, tmp_path_factory):
    """A folder of models as a server watches it: `vae` in versions 1 and 2 with labels, and `conditional`."""
    base = tmp_path_factory.mktemp("models")
    for version in ("1", "2"):
        shutil.copytree(exported, base / "vae" / version)
    options = ExportOptions(batch_sizes=(1,), images=False)
    export(recipes.create("conditional_vae", 5), base / "conditional", options=options, check=False)
    (base / "models.config").write_text(models_config(base))
    return base


def models_config(base):
    """TF Serving's configuration of the folder `models`."""
    versions = "model_version_policy { latest { num_versions: 2 } } version_labels { key: 'stable' value: 1 }"
    config = "config {{ name: '{0}' base_path: '{1}/{0}' model_platform: 'tensorflow' {2} }}"
    models = [config.format("vae", base, versions), config.format("conditional", base, "")]
    return f"model_config_list {{ {' '.join(models)} }}"


@pytest.fixture(scope="session")
def server(models):
    """The local server on the folder `models`."""
    with LocalServer(models) as server:
        yield server
