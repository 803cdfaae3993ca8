"""Image files of a stranger: read or refused, in a folder and in the graph, never a wrong answer."""

import numpy as np
import pytest
from hostile.images import GENERATORS, ask_folder, ask_graph


@pytest.mark.parametrize("name", GENERATORS)
def test_hostile_images_are_answered_or_refused(tmp_path, name):
    outcomes = set()
    for number in range(6 if name == "bomb" else 40):
        content = GENERATORS[name](np.random.default_rng([0, number]))
        assert content == GENERATORS[name](np.random.default_rng([0, number])), "the same seed gives the same file"
        outcomes |= {ask_folder(content, tmp_path / str(number)), ask_graph(content)}
    assert outcomes >= ({"read", "answered"} if name == "sound" else {"refused"})
