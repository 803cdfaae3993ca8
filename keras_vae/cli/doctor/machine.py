"""Processors, memory and folders of this machine."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil

from keras_vae.cli.doctor.finding import Finding
from keras_vae.errors import one_line
from keras_vae.text import readable_bytes

SECTION = "Machine"


def machine() -> Iterator[Finding]:
    """What this process may use of the machine, and the folders that it reads and writes."""
    yield _of_processors()
    memory = psutil.virtual_memory()
    yield Finding(SECTION, "memory", f"{readable_bytes(memory.total)}, {readable_bytes(memory.available)} available")
    yield _working_folder()
    given = os.environ.get("TFDS_DATA_DIR")
    folder = os.path.expanduser(given or os.path.join("~", "tensorflow_datasets"))
    yield Finding(SECTION, "TFDS_DATA_DIR", f"{folder}{'' if given else ', as it is not set'} ({_is_there(folder)})")


def _of_processors() -> Finding:
    every = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else every
    return Finding(SECTION, "CPU", f"{usable} cores" if usable == every else f"{usable} of {every} cores")


def _working_folder() -> Finding:
    try:
        folder = os.getcwd()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding(SECTION, "working folder", f"it cannot be read ({one_line(error)}); start elsewhere", "note")
    text = f"{folder}, {readable_bytes(free)} free"
    if os.access(folder, os.W_OK):
        return Finding(SECTION, "working folder", text)
    return Finding(SECTION, "working folder", f"{text}, but it is not writable; give --out of another folder", "note")


def _is_there(folder: str) -> str:
    if os.path.isdir(folder):
        return "exists" if os.access(folder, os.W_OK) else "exists, read only"
    parent = next((each for each in Path(folder).parents if each.exists()), None)
    return "made when needed" if parent and os.access(parent, os.W_OK) else "does not exist and cannot be made"
