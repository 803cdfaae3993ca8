"""The process that runs an export without TensorFlow's Python, and what it brings back."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

C_API = Path(__file__).with_name("c_api.py")
TIME_LIMIT = 600


class Runs:
    """Questions to signatures, collected to be asked in one process.

    Args:
        signatures: name -> `SignatureDef`.
    """

    def __init__(self, signatures: Mapping):
        self.signatures = signatures
        self.plan: list[dict] = []
        self.arrays: dict[str, np.ndarray] = {}

    def add(self, name: str, inputs: Mapping[str, np.ndarray]) -> int:
        """Adds a question, name -> array; its number."""
        signature, number = self.signatures[name], len(self.plan)
        self.plan.append(
            {
                "inputs": {signature.inputs[key].name: f"{number}/{key}" for key in inputs},
                "outputs": {key: info.name for key, info in signature.outputs.items()},
            }
        )
        self.arrays |= {f"{number}/{key}": _plain(array) for key, array in inputs.items()}
        return number


@dataclass(frozen=True)
class Results:
    """What came back.

    Attributes:
        error: why the export could not be loaded; None if it could.
        ops: the serialised list of the operations of TensorFlow's core.
        load_seconds: to load the export.
        outputs: number of the run -> name -> array.
        seconds: number of the run -> seconds.
        errors: number of the run -> why it failed.
    """

    error: str | None
    ops: bytes = b""
    load_seconds: float = 0.0
    outputs: Mapping[int, Mapping[str, np.ndarray]] = field(default_factory=dict)
    seconds: Mapping[int, float] = field(default_factory=dict)
    errors: Mapping[int, str] = field(default_factory=dict)


def run_without_python(version: Path, runs: Runs) -> Results:
    """Runs the questions on the export in `version`."""
    with tempfile.TemporaryDirectory() as folder:
        plan, arrays, results = (Path(folder) / name for name in ("plan.json", "arrays.npz", "results.npz"))
        plan.write_text(json.dumps({"saved_model": str(version), "runs": runs.plan}))
        np.savez(arrays, **runs.arrays)
        done = subprocess.run(
            [sys.executable, str(C_API), str(plan), str(arrays), str(results)],
            capture_output=True, text=True, timeout=TIME_LIMIT, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )  # fmt: skip
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            return Results(error=f"the process ended with {done.returncode}: {last}")
        with np.load(results, allow_pickle=False) as file:
            return _read(dict(file), len(runs.plan))


def _read(found: Mapping[str, np.ndarray], number: int) -> Results:
    if "load/error" in found:
        return Results(error=_line(found["load/error"]))
    errors = {i: _line(found[f"{i}/error"]) for i in range(number) if f"{i}/error" in found}
    ran = [i for i in range(number) if i not in errors]
    start = {i: f"{i}/outputs/" for i in ran}
    return Results(
        error=None,
        ops=found["ops"].tobytes(),
        load_seconds=float(found["load/seconds"]),
        outputs={
            i: {key.removeprefix(start[i]): array for key, array in found.items() if key.startswith(start[i])}
            for i in ran
        },
        seconds={i: float(found[f"{i}/seconds"]) for i in ran},
        errors=errors,
    )


def _line(text: np.ndarray, most: int = 300) -> str:
    return " ".join(str(text).split())[:most]


def _plain(array: np.ndarray) -> np.ndarray:
    """Bytes objects as fixed-width bytes, which need no pickle."""
    return array.astype("S") if array.dtype.kind == "O" else array
