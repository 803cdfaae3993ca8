"""Checks before deployment that TensorFlow Serving can run an export."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from keras_vae.errors import InvalidInputError
from keras_vae.serving import recorded_answers, warmup
from keras_vae.serving.checks.graph_rules import coarsest_step, graph_problems, serving_signatures, shape_problems
from keras_vae.serving.checks.requests import sample_inputs
from keras_vae.serving.checks.without_python import RunPlan, run_without_python
from keras_vae.serving.versions import newest_version
from keras_vae.text import counted
from keras_vae.tfrecord import DamagedFileError

TOLERANCE = 1e-5
BATCH_TOLERANCE = 1e-4
STEPS_OF_16_BITS = 4  # the tolerance for 16-bit floats, as processors round at different operations


@dataclass(frozen=True)
class SignatureCheck:
    """The check of one signature.

    Attributes:
        batches: the batch sizes of the successful runs.
        milliseconds: milliseconds of one run at the largest batch size.
        difference: largest difference from the recorded answers, relative for values above 1; None without recorded
            answers.

    Example:

    >>> SignatureCheck(batches=(1, 2, 5), milliseconds=0.4, difference=None).batches
    (1, 2, 5)
    """

    batches: tuple[int, ...]
    milliseconds: float
    difference: float | None


@dataclass(frozen=True)
class ExportCheck:
    """The report on an export.

    Attributes:
        version: folder of the version.
        problems: a line for each problem in TensorFlow Serving; empty for a valid export.
        notes: a line for each check that was skipped.
        signatures: name -> check of the signature.
        bytes: size of the graph and the weights on disk.
        load_seconds: seconds to load the export without Python.
        warmup_requests: number of warm-up requests that were replayed.

    Example:

    >>> check = ExportCheck(Path("saved_models/digits/1"), problems=("encode: the batch size is fixed.",))
    >>> check.ok, check.as_text().splitlines()[-1]
    (False, 'Do not serve it.')
    """

    version: Path
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    signatures: Mapping[str, SignatureCheck] = field(default_factory=dict)
    bytes: int = 0
    load_seconds: float = 0.0
    warmup_requests: int = 0

    @property
    def ok(self) -> bool:
        """Whether the export has no problems."""
        return not self.problems

    def as_text(self) -> str:
        """Returns a table of the signatures, the notes, the problems and a conclusion as text."""
        width = max(map(len, self.signatures), default=9)
        lines = [f"{'signature':{width}}  batches     ms  differs from the model by"]
        for name, check in self.signatures.items():
            gap = "-" if check.difference is None else f"{check.difference:.1e}"
            batches = ",".join(map(str, check.batches))
            lines.append(f"{name:{width}}  {batches:7}  {check.milliseconds:5.1f}  {gap}")
        lines += [
            f"{self.bytes / 1e6:.2f} MB, loaded without Python in {self.load_seconds:.2f} s, "
            f"{counted(self.warmup_requests, 'warm-up request')} replayed",
            *(f"Note: {note}" for note in self.notes),
            *(f"PROBLEM {problem}" for problem in self.problems),
        ]
        return "\n".join([*lines, "TensorFlow Serving can run it." if self.ok else "Do not serve it."])


def check_export(path: str | os.PathLike) -> ExportCheck:
    """Loads an export like TensorFlow Serving, through TensorFlow's C API in a process without TensorFlow's Python.

    Every signature runs with batch sizes 1, 3 and the maximum, and its outputs are compared with the recorded answers
    of the Keras model. The check also replays the warm-up requests. It reports these problems:

    - Python, unknown operations, and clusters that XLA must compile;
    - scalars, fixed batch sizes, and outputs with a different batch size;
    - stateful random numbers, and signatures that write variables;
    - outputs that depend on the other rows of the batch.

    Args:
        path: a version, such as `saved_models/digits/1`, or a folder of versions; the newest version is used.

    Raises:
        InvalidInputError: if there is no export at `path`.

    Example:

    >>> version = serving.export(vae((8,), 2, units=(4,)), "saved_models/example", check=False)
    >>> check_export(version).ok
    True
    """
    version = Path(newest_version(path))
    try:
        meta_graphs = SavedModel.FromString((version / "saved_model.pb").read_bytes()).meta_graphs
    except DecodeError:
        return ExportCheck(version, ("saved_model.pb is damaged; export the model again.",))
    graph = next((graph for graph in meta_graphs if "serve" in graph.meta_info_def.tags), None)
    if graph is None:
        return ExportCheck(version, ("no graph has the tag 'serve'; export the model again.",))
    if not serving_signatures(graph):
        return ExportCheck(version, ("no signature for clients; export the model with signatures.",))
    return _ExportTest(version, graph).result()


class _ExportTest:
    """The runs of one version and their evaluation."""

    def __init__(self, version: Path, graph: MetaGraphDef):
        self.version, self.graph = version, graph
        self.signatures = serving_signatures(graph)
        self.plan = RunPlan(self.signatures)
        rounding = STEPS_OF_16_BITS * coarsest_step(graph)
        self.tolerance, self.batch_tolerance = max(TOLERANCE, rounding), max(BATCH_TOLERANCE, rounding)
        self.notes, self.problems = [], []
        self.warmup = self._read_warmup()
        self.recorded_answers = self._read_recorded_answers()

    def _read_recorded_answers(self) -> dict[str, recorded_answers.RecordedAnswer]:
        path = self.version / "assets.extra" / recorded_answers.FILE
        if not path.exists():
            self.notes.append(f"{recorded_answers.FILE} is missing: outputs were not compared with the model.")
            return {}
        return recorded_answers.read_recorded_answers(path)

    def _read_warmup(self) -> list[tuple[str, dict]]:
        path = self.version / "assets.extra" / warmup.FILE
        if not path.exists():
            self.notes.append(
                f"{warmup.FILE} is missing: the first requests of a new version will be slow; run pip install "
                "'keras_vae[serving]' and export the model again."
            )
            return []
        try:
            return list(warmup.read_warmup(path))
        except InvalidInputError as error:
            self.notes.append(f"warm-up requests were not replayed: {error}")
        except (DamagedFileError, DecodeError) as error:
            self.problems.append(f"{warmup.FILE} is damaged: {error}; export the model again.")
        return []

    def result(self) -> ExportCheck:
        largest = max((len(next(iter(inputs.values()))) for _, inputs in self.warmup), default=32)
        batches = tuple(sorted({1, 3, largest}))
        problems = self.problems + shape_problems(self.graph)
        runs_of_signatures = {name: self._add_runs(name, batches) for name in self.signatures}
        warmup_runs = []
        for name, inputs in self.warmup:
            if name in self.signatures:
                warmup_runs.append(self.plan.add(name, inputs))
            else:
                problems.append(f"a warm-up request has the signature {name!r}, which does not exist.")
        results = run_without_python(self.version, self.plan)
        if results.error is not None:
            return ExportCheck(self.version, (*problems, f"loading fails: {results.error}"), tuple(self.notes))
        problems = graph_problems(self.graph, results.ops) + problems
        checks = {name: self._judge(name, runs, results, problems) for name, runs in runs_of_signatures.items()}
        problems += [
            f"warm-up request {number} fails: {results.errors[run]}"
            for number, run in enumerate(warmup_runs)
            if run in results.errors
        ]
        files = [self.version / "saved_model.pb", *(self.version / "variables").glob("*")]
        return ExportCheck(
            version=self.version,
            problems=tuple(problems),
            notes=tuple(self.notes),
            signatures=checks,
            bytes=sum(file.stat().st_size for file in files),
            load_seconds=results.load_seconds,
            warmup_requests=len(warmup_runs),
        )

    def _add_runs(self, name, batches):
        """Adds runs of each batch size and of the single rows of the batch of 3; returns the numbers of the runs."""
        example_inputs = self.recorded_answers[name].inputs if name in self.recorded_answers else None
        inputs = {size: sample_inputs(self.signatures[name], size, example_inputs) for size in batches}
        rows = [{key: array[i : i + 1] for key, array in inputs[3].items()} for i in range(3)]
        by_size = {size: self.plan.add(name, arrays) for size, arrays in inputs.items()}
        return by_size, [self.plan.add(name, arrays) for arrays in rows]

    def _judge(self, name, runs, results, problems):
        by_size, single_row_runs = runs
        failures = {size: results.errors[run] for size, run in by_size.items() if run in results.errors}
        if failures:
            size, reason = next(iter(failures.items()))
            problems.append(f"{name}: a batch of {size} fails: {reason}")
            return SignatureCheck(tuple(set(by_size) - set(failures)), float("nan"), None)
        outputs = {size: results.outputs[run] for size, run in by_size.items()}
        row_errors = {
            f"{key!r} has {array.shape[0] if array.ndim else 'no'} rows for a batch of {size}"
            for size, answer in outputs.items()
            for key, array in answer.items()
            if array.ndim == 0 or len(array) != size
        }
        problems += [
            f"{name}: output {line}; every output must have a row for each input." for line in sorted(row_errors)
        ]
        difference = None
        if name in self.recorded_answers:
            difference = max(recorded_answers.differences(self.recorded_answers[name].outputs, outputs[3]))
            if not difference <= self.tolerance:
                problems.append(
                    f"{name}: differs from the model by {difference:.1e}, more than {self.tolerance:g}; "
                    "export it again."
                )
        if not row_errors and all(run in results.outputs for run in single_row_runs):
            joined_outputs = {
                key: np.concatenate([results.outputs[run][key] for run in single_row_runs]) for key in outputs[3]
            }
            gap = max(recorded_answers.differences(outputs[3], joined_outputs))
            if not gap <= self.batch_tolerance:
                problems.append(f"{name}: outputs depend on the other rows of the batch (by {gap:.1e}).")
        largest = max(by_size)
        return SignatureCheck(tuple(by_size), 1000 * results.seconds[by_size[largest]], difference)
