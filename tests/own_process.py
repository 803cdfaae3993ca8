"""Python files in processes of their own that have imported TensorFlow already, which takes five seconds.

A server process imports it and does nothing with it. Each process is a fork of the server.
"""

import multiprocessing
import os
import runpy
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

IMPORTED = ["keras_vae.zoo", "keras_vae.training", "keras_vae.evaluation", "keras_vae.serving", "matplotlib.pyplot"]


def start_file(file: Path, *arguments: object, output: Path) -> BaseProcess:
    """Starts a Python file in its folder, which writes what it prints, and its errors, into `output`."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(IMPORTED)
    process = processes.Process(target=_run, args=(file, [str(argument) for argument in arguments], output))
    process.start()
    return process


def run_file(file: Path) -> str:
    """Runs a Python file in its folder, and returns what it prints; fails with it if the file raises."""
    output = file.with_suffix(".txt")
    process = start_file(file, output=output)
    process.join()
    assert process.exitcode == 0, output.read_text()
    return output.read_text()


def _run(file: Path, arguments: list[str], output: Path) -> None:
    with output.open("w") as stream:
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
    sys.stdout, sys.stderr = (os.fdopen(descriptor, "w", buffering=1) for descriptor in (1, 2))
    os.chdir(file.parent)
    sys.path.insert(0, str(file.parent))
    sys.argv = [str(file), *arguments]
    runpy.run_path(str(file), run_name="__main__")
