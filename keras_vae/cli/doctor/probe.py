"""Runs the steps of `steps` in another process, whose failure or crash is reported."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from keras_vae.cli.doctor import steps
from keras_vae.cli.doctor.finding import Finding
from keras_vae.cli.doctor.optional import ended
from keras_vae.errors import one_line

LIMIT = 600
"""Seconds after which the process is killed."""
SHORT = 0.1
"""The seconds of a step that are not worth a remark."""


def probe(*, quick: bool) -> Iterator[Finding]:
    """Runs the steps in another process, and yields what it found after each."""
    command = [sys.executable, "-P", steps.__file__, *(["quick"] if quick else [])]
    paths = [*filter(None, [os.environ.get("PYTHONPATH")]), str(Path(__file__).parents[3])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    left, said, state = list(steps.steps(Path())), [], "ok"
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
        encoding="utf-8", errors="replace",
    ) as process:  # fmt: skip
        assert process.stdout is not None
        killer = threading.Timer(LIMIT, process.kill)
        killer.start()
        try:
            for line in process.stdout:
                if line.startswith(steps.MARK):
                    left.pop(0)
                    result = json.loads(line.removeprefix(steps.MARK))
                    state = result["state"]
                    yield Finding(result["section"], result["name"], _text_of(result), state)
                elif line.strip():
                    said.append(line)
            process.wait()
        finally:
            killer.cancel()
            process.kill()
    if process.returncode and state != "broken":
        reason = f"{ended(process.returncode)}{f': {one_line(said[-1])}' if said else ''}"
        yield Finding(left[0].section, left[0].name, f"it ended the process ({reason})", "broken")


def _text_of(result: dict) -> str:
    return result["text"] + (f", {result['seconds']:.1f} s" if result["seconds"] >= SHORT else "")
