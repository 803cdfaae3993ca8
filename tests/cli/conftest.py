"""What the tests of the commands share."""

import sys

import pytest

from keras_vae.cli.main import main


@pytest.fixture
def cli(monkeypatch, capsys, tmp_path):
    """Calls the command in an empty folder: arguments -> exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def cli(*arguments):
        monkeypatch.setattr(sys, "argv", ["keras-vae", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code or 0, *capsys.readouterr()

    return cli
