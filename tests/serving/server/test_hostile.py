"""Hostile inputs, a few hundred; `scripts/fuzz` has thousands."""

import shutil

import pytest
from hostile import runner
from hostile.kind import SERVER
from hostile.registry import kinds

SERVED = [kind for kind in kinds().values() if kind.where == SERVER]


@pytest.fixture(scope="module")
def served(exported, tmp_path_factory):
    """A server in a process of its own, and its usual memory."""
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copytree(exported, folder / "models" / "m" / "1")
    with runner.server(folder) as (target, pid, log):
        yield target, pid, log, runner.usual_memory(target, pid)


@pytest.mark.slow
def test_hostile_inputs_harm_nobody(served):
    results = [runner.ask_server(kind, 60, 0, *served) for kind in SERVED]
    problems = "\n".join(runner.as_json(result) for result in results if not result.harmless)
    assert not problems, f"{runner.HEADER}\n" + "\n".join(map(runner.line, results)) + f"\n{problems}"
