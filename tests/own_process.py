"""Python files in processes of their own that have imported TensorFlow already, which takes five seconds.

A server process imports it and does nothing with it. Each process is a fork of the server.
"""

import multiprocessing
import os
import runpy
import sys
from pathlib import Path

IMPORTED = ["keras_vae.zoo", "keras_vae.training", "keras_vae.evaluation", "keras_vae.serving", "matplotlib.pyplot"]


def run_file(file: Path) -> None:
    """Runs a Python file in its folder; fails with what it prints if it raises."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(IMPORTED)
    printed = file.with_suffix(".txt")
    process = processes.Process(target=_run, args=(file, printed))
    process.start()
    process.join()
    assert process.exitcode == 0, printed.read_text()


def _run(file: Path, printed: Path) -> None:
    with printed.open("w") as stream:
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
    sys.stdout, sys.stderr = (os.fdopen(descriptor, "w", buffering=1) for descriptor in (1, 2))
    os.chdir(file.parent)
    runpy.run_path(str(file), run_name="__main__")
