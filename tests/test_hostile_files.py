"""Whatever a file holds, it is read rightly, refused in one line or told as dead letters."""

import numpy as np
import pytest
from hostile.files import KINDS

from keras_vae import InvalidInputError


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("inputs", [range(6), pytest.param(range(6, 60), marks=pytest.mark.slow)], ids=["few", "many"])
def test_a_hostile_file_does_no_harm(kind, inputs, tmp_path):
    for number in inputs:
        content = kind.generate(np.random.default_rng(number))
        assert content == kind.generate(np.random.default_rng(number)), "the same seed makes the same file"
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            kind.ask(content, folder)
        except InvalidInputError as error:
            assert len(str(error).splitlines()) == 1
        except Exception as error:
            raise AssertionError(f"input {number} of {kind.name}") from error
