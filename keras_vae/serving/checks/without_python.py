"""Runs an export in a process without TensorFlow's Python, and reads the results."""

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


class RunPlan:
    """A list of runs of signatures, for one process.

    Args:
        signatures: name -> `SignatureDef`.
    """

    def __init__(self, signatures: Mapping):
        self.signatures = signatures
        self.runs: list[dict] = []
        self.arrays: dict[str, np.ndarray] = {}

    def add(self, name: str, inputs: Mapping[str, np.ndarray]) -> int:
        """Adds a run of a signature with inputs, name -> array; returns the number of the run."""
        signature, number = self.signatures[name], len(self.runs)
        self.runs.append(
            {
                "inputs": {signature.inputs[key].name: f"{number}/{key}" for key in inputs},
                "outputs": {key: info.name for key, info in signature.outputs.items()},
            }
        )
        self.arrays |= {f"{number}/{key}": _plain(array) for key, array in inputs.items()}
        return number


@dataclass(frozen=True)
class Results:
    """The results of all runs.

    Attributes:
        error: the error of loading the export; None if it was loaded.
        ops: the serialized list of the operations of TensorFlow's core.
        load_seconds: seconds to load the export.
        outputs: number of the run -> name -> array.
        seconds: number of the run -> seconds.
        errors: number of the run -> error.
    """

    error: str | None
    ops: bytes = b""
    load_seconds: float = 0.0
    outputs: Mapping[int, Mapping[str, np.ndarray]] = field(default_factory=dict)
    seconds: Mapping[int, float] = field(default_factory=dict)
    errors: Mapping[int, str] = field(default_factory=dict)


def run_without_python(version: Path, plan: RunPlan) -> Results:
    """Runs a plan on the export in the folder `version`."""
    with tempfile.TemporaryDirectory() as folder:
        plan_file, arrays, results = (Path(folder) / name for name in ("plan.json", "arrays.npz", "results.npz"))
        plan_file.write_text(json.dumps({"saved_model": str(version), "runs": plan.runs}))
        np.savez(arrays, allow_pickle=False, **plan.arrays)
        process = subprocess.run(
            [sys.executable, str(C_API), str(plan_file), str(arrays), str(results)],
            capture_output=True, text=True, timeout=TIME_LIMIT, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )  # fmt: skip
        if process.returncode:
            last = (process.stderr.strip().splitlines() or ["no error message"])[-1]
            return Results(error=f"the process exited with code {process.returncode}: {last}")
        with np.load(results, allow_pickle=False) as file:
            return _read(dict(file), len(plan.runs))


def _read(results_by_key: Mapping[str, np.ndarray], number: int) -> Results:
    if "load/error" in results_by_key:
        return Results(error=_line(results_by_key["load/error"]))
    errors = {i: _line(results_by_key[f"{i}/error"]) for i in range(number) if f"{i}/error" in results_by_key}
    successful = [i for i in range(number) if i not in errors]
    prefixes = {i: f"{i}/outputs/" for i in successful}
    return Results(
        error=None,
        ops=results_by_key["ops"].tobytes(),
        load_seconds=float(results_by_key["load/seconds"]),
        outputs={
            i: {
                key.removeprefix(prefixes[i]): array
                for key, array in results_by_key.items()
                if key.startswith(prefixes[i])
            }
            for i in successful
        },
        seconds={i: float(results_by_key[f"{i}/seconds"]) for i in successful},
        errors=errors,
    )


def _line(text: np.ndarray, max_length: int = 300) -> str:
    return " ".join(str(text).split())[:max_length]


def _plain(array: np.ndarray) -> np.ndarray:
    """Converts bytes objects to fixed-width bytes, which need no pickle."""
    return array.astype("S") if array.dtype.kind == "O" else array
