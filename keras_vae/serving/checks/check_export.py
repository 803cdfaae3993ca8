"""Whether TF Serving will run an export, found out before it is shipped."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from keras_vae.errors import InvalidInputError
from keras_vae.serving import recorded, warmup
from keras_vae.serving.checks.graph_rules import coarsest_step, graph_problems, serving_signatures, shape_problems
from keras_vae.serving.checks.requests import sample_inputs
from keras_vae.serving.checks.without_python import Runs, run_without_python
from keras_vae.serving.versions import newest_version
from keras_vae.tfrecord import DamagedFileError

TOLERANCE = 1e-5
ALONE_TOLERANCE = 1e-4
STEPS_OF_16_BITS = 4  # by which answers of floats in 16 bits may differ, for each processor rounds at other places


@dataclass(frozen=True)
class SignatureCheck:
    """What one signature did.

    Attributes:
        batches: the batch sizes that it ran.
        milliseconds: of one run at the largest of them.
        difference: the largest from the model's own answers, relative where they exceed 1; None where there are none.
    """

    batches: tuple[int, ...]
    milliseconds: float
    difference: float | None


@dataclass(frozen=True)
class ExportCheck:
    """What was found.

    Attributes:
        version: the folder that was looked at.
        problems: a line for each thing that would break in TF Serving; none for a sound export.
        notes: what could not be checked.
        signatures: name -> what it did.
        bytes: of the graph and the weights on disk.
        load_seconds: to load it without Python.
        warmup_requests: how many were replayed.
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
        """Whether nothing would break."""
        return not self.problems

    def as_text(self) -> str:
        """A table of the signatures, then what is wrong, or that nothing is."""
        width = max(map(len, self.signatures), default=9)
        lines = [f"{'signature':{width}}  batches     ms  differs from the model by"]
        for name, found in self.signatures.items():
            gap = "-" if found.difference is None else f"{found.difference:.1e}"
            batches = ",".join(map(str, found.batches))
            lines.append(f"{name:{width}}  {batches:7}  {found.milliseconds:5.1f}  {gap}")
        lines += [
            f"{self.bytes / 1e6:.2f} MB, loaded without Python in {self.load_seconds:.2f} s, "
            f"{self.warmup_requests} warm-up requests replayed",
            *(f"Note: {note}" for note in self.notes),
            *(f"PROBLEM {problem}" for problem in self.problems),
        ]
        return "\n".join([*lines, "TF Serving will run it." if self.ok else "Do not serve it."])


def check_export(path: str | os.PathLike) -> ExportCheck:
    """Loads an export as TF Serving does, through TensorFlow's C API in a process without TensorFlow's Python.

    Every signature runs at batch 1, at batch 3 and at the largest allowed, and is compared with what the Keras model
    said when it was exported. Refused are Python and unknown operations in the graph, clusters that XLA must compile,
    scalars and fixed batch sizes, answers of another batch size, random numbers with a state, written variables, and
    answers that depend on what else is in the batch. The warm-up requests are replayed.

    Args:
        path: a version, such as `saved_models/digits/1`, or the folder of versions, of which the newest is taken.

    Raises:
        InvalidInputError: if there is no export there.

    Example:

    >>> version = serving.export(vae((8, 8, 1), 4, units=(32,)), "saved_models/example")
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
        return ExportCheck(version, ("no signature can be asked; export the model with signatures.",))
    return _Examination(version, graph).result()


class _Examination:
    """The runs that are made of one version, and what they show."""

    def __init__(self, version: Path, graph: MetaGraphDef):
        self.version, self.graph = version, graph
        self.signatures = serving_signatures(graph)
        self.runs = Runs(self.signatures)
        rounding = STEPS_OF_16_BITS * coarsest_step(graph)
        self.tolerance, self.alone_tolerance = max(TOLERANCE, rounding), max(ALONE_TOLERANCE, rounding)
        self.notes, self.problems = [], []
        self.warmup = self._read_warmup()
        self.recorded = self._read_recorded()

    def _read_recorded(self) -> dict[str, recorded.Answer]:
        path = self.version / "assets.extra" / recorded.FILE
        if not path.exists():
            self.notes.append(f"{recorded.FILE} is not there: answers were not compared with the model's.")
            return {}
        return recorded.read_recorded(path)

    def _read_warmup(self) -> list[tuple[str, dict]]:
        path = self.version / "assets.extra" / warmup.FILE
        if not path.exists():
            self.notes.append(
                f"{warmup.FILE} is not there: the first requests of a new version will be slow; "
                "pip install 'keras_vae[serving]' and export again."
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
        asked = {name: self._ask(name, batches) for name in self.signatures}
        replayed = []
        for name, inputs in self.warmup:
            if name in self.signatures:
                replayed.append(self.runs.add(name, inputs))
            else:
                problems.append(f"a warm-up request asks {name!r}, which is no signature.")
        results = run_without_python(self.version, self.runs)
        if results.error is not None:
            return ExportCheck(self.version, (*problems, f"it does not load: {results.error}"), tuple(self.notes))
        problems = graph_problems(self.graph, results.ops) + problems
        found = {name: self._judge(name, rows, results, problems) for name, rows in asked.items()}
        problems += [
            f"warm-up request {number} fails: {results.errors[run]}"
            for number, run in enumerate(replayed)
            if run in results.errors
        ]
        files = [self.version / "saved_model.pb", *(self.version / "variables").glob("*")]
        return ExportCheck(
            version=self.version,
            problems=tuple(problems),
            notes=tuple(self.notes),
            signatures=found,
            bytes=sum(file.stat().st_size for file in files),
            load_seconds=results.load_seconds,
            warmup_requests=len(replayed),
        )

    def _ask(self, name, batches):
        """Runs of each batch size, then of each row of the batch of 3 alone: batch or row -> number of the run."""
        known = self.recorded[name].inputs if name in self.recorded else None
        inputs = {size: sample_inputs(self.signatures[name], size, known) for size in batches}
        rows = [{key: array[i : i + 1] for key, array in inputs[3].items()} for i in range(3)]
        asked = {size: self.runs.add(name, arrays) for size, arrays in inputs.items()}
        return asked, [self.runs.add(name, arrays) for arrays in rows]

    def _judge(self, name, asked, results, problems):
        by_size, alone = asked
        failed = {size: results.errors[run] for size, run in by_size.items() if run in results.errors}
        if failed:
            size, reason = next(iter(failed.items()))
            problems.append(f"{name}: a batch of {size} fails: {reason}")
            return SignatureCheck(tuple(set(by_size) - set(failed)), float("nan"), None)
        outputs = {size: results.outputs[run] for size, run in by_size.items()}
        wrong = {
            f"{key!r} has {array.shape[0] if array.ndim else 'no'} rows for a batch of {size}"
            for size, answer in outputs.items()
            for key, array in answer.items()
            if array.ndim == 0 or len(array) != size
        }
        problems += [f"{name}: output {line}; every output needs a row for each input." for line in sorted(wrong)]
        difference = None
        if name in self.recorded:
            difference = max(recorded.differences(self.recorded[name].outputs, outputs[3]))
            if not difference <= self.tolerance:
                problems.append(
                    f"{name}: differs from the model by {difference:.1e}, more than {self.tolerance:g}; "
                    "export it again."
                )
        if not wrong and all(run in results.outputs for run in alone):
            # A rank is left out: it follows from the score, and where many examples score alike it rises steeply.
            together = {key: array for key, array in outputs[3].items() if key != "rank" or "score" not in outputs[3]}
            joined = {key: np.concatenate([results.outputs[run][key] for run in alone]) for key in together}
            gap = max(recorded.differences(together, joined))
            if not gap <= self.alone_tolerance:
                problems.append(f"{name}: answers depend on what else is in the batch (by {gap:.1e}).")
        largest = max(by_size)
        return SignatureCheck(tuple(by_size), 1000 * results.seconds[by_size[largest]], difference)
