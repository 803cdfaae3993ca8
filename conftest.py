"""Examples in docstrings run in a temporary folder, also with `pytest --doctest-modules`."""

import pytest


@pytest.fixture(autouse=True)
def examples_in_temporary_folder(request):
    """Changes the folder of an example, since some examples write files."""
    if isinstance(request.node, pytest.DoctestItem):
        request.getfixturevalue("monkeypatch").chdir(request.getfixturevalue("tmp_path"))
