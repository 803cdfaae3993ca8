"""Whatever a stranger's file holds, it is read rightly, refused in one line or counted among the bad ones."""

import pytest
from hostile.kind import PROCESS
from hostile.registry import generator, kinds

from keras_vae import InvalidInputError

KINDS = kinds()
FILES = [kind for kind in KINDS.values() if kind.where == PROCESS]
LARGE = 6
"""Of image files that unpack to many pixels, which take long to make."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES, ids=lambda kind: kind.name)
@pytest.mark.parametrize("inputs", [range(8), pytest.param(range(8, 60), marks=pytest.mark.slow)], ids=["few", "many"])
def test_a_hostile_file_does_no_harm(kind, inputs, tmp_path):
    inputs = inputs[:LARGE] if "bomb" in kind.name else inputs
    outcomes = set()
    for number in inputs:
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            outcomes.add(kind.ask(kind.generate(generator(0, kind.name, number)), folder))
        except InvalidInputError as error:
            assert len(str(error).splitlines()) == 1
            outcomes.add("refused")
        except Exception as error:
            raise AssertionError(f"input {number} of {kind.name}") from error
    if "sound" in kind.name:
        assert outcomes <= {"read", "answered", "other format"}
    elif len(inputs) > LARGE:
        assert outcomes - {"read", "answered", "all answered"}, "every one was taken for sound"


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_an_input_can_be_made_again(kind):
    one, other = (kind.generate(generator(1, kind.name, 2)) for _ in range(2))
    assert one == other
