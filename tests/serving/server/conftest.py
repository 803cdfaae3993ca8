"""What the tests of the server share."""

import pytest

from keras_vae.serving import ExportOptions, export


@pytest.fixture(scope="session")
def light(small, tmp_path_factory):
    """A version that loads in a moment, in `.../m/1`: one signature, 2 numbers to 1; not to be changed."""
    options = ExportOptions(signature="encode", batch_sizes=(1, 4))
    return export(small, tmp_path_factory.mktemp("light") / "m", options=options, check=False)
