"""Runs a SavedModel through TensorFlow's C API, the runtime of TensorFlow Serving, without Python in the graph.

    python c_api.py PLAN.json ARRAYS.npz RESULTS.npz

This file runs as a script. It imports neither `tensorflow` nor `keras_vae`; it only locates the libraries of the
installed package. PLAN contains the path of the SavedModel and a list of runs: tensor -> array of ARRAYS, and output
name -> tensor. RESULTS contains the outputs as `RUN/outputs/NAME`, the seconds as `RUN/seconds`, errors as
`RUN/error`, and `ops`, the serialized list of the operations of TensorFlow's core.
"""

import ctypes
import importlib.util
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

Pointer = ctypes.c_void_p
DTYPES = {1: "float32", 2: "float64", 3: "int32", 4: "uint8", 9: "int64", 10: "bool"}
STRING, STRING_SIZE = 7, 24


class Output(ctypes.Structure):
    """TF_Output: an operation and the index of one of its outputs."""

    _fields_ = [("operation", Pointer), ("index", ctypes.c_int)]


class Buffer(ctypes.Structure):
    """TF_Buffer."""

    _fields_ = [("data", Pointer), ("length", ctypes.c_size_t), ("deallocator", Pointer)]


FUNCTIONS = {
    "TF_NewStatus": (Pointer,),
    "TF_GetCode": (ctypes.c_int, Pointer),
    "TF_Message": (ctypes.c_char_p, Pointer),
    "TF_NewGraph": (Pointer,),
    "TF_NewSessionOptions": (Pointer,),
    "TF_NewBuffer": (Pointer,),
    "TF_GetAllOpList": (ctypes.POINTER(Buffer),),
    "TF_LoadSessionFromSavedModel": (
        Pointer, Pointer, Pointer, ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, Pointer, Pointer,
        Pointer,
    ),
    "TF_GraphOperationByName": (Pointer, Pointer, ctypes.c_char_p),
    "TF_AllocateTensor": (Pointer, ctypes.c_int, ctypes.POINTER(ctypes.c_int64), ctypes.c_int, ctypes.c_size_t),
    "TF_TensorData": (Pointer, Pointer),
    "TF_TensorType": (ctypes.c_int, Pointer),
    "TF_TensorByteSize": (ctypes.c_size_t, Pointer),
    "TF_NumDims": (ctypes.c_int, Pointer),
    "TF_Dim": (ctypes.c_int64, Pointer, ctypes.c_int),
    "TF_DeleteTensor": (None, Pointer),
    "TF_StringInit": (None, Pointer),
    "TF_StringCopy": (None, Pointer, ctypes.c_char_p, ctypes.c_size_t),
    "TF_StringDealloc": (None, Pointer),
    "TF_SessionRun": (
        None, Pointer, Pointer, ctypes.POINTER(Output), ctypes.POINTER(Pointer), ctypes.c_int, ctypes.POINTER(Output),
        ctypes.POINTER(Pointer), ctypes.c_int, Pointer, ctypes.c_int, Pointer, Pointer,
    ),
}  # fmt: skip
"""Name -> type of the result and of each argument, from TensorFlow's c_api.h."""


class TensorFlowError(Exception):
    """An error status of the C API."""


def load_library() -> ctypes.CDLL:
    """Loads the C API of the installed package."""
    package = importlib.util.find_spec("tensorflow")
    if package is None or package.origin is None:
        raise TensorFlowError("tensorflow is not installed")
    folder = Path(package.origin).parent
    name = "libtensorflow_{}.2.dylib" if sys.platform == "darwin" else "libtensorflow_{}.so.2"
    parts = [ctypes.CDLL(str(folder / name.format(part)), mode=ctypes.RTLD_GLOBAL) for part in ("framework", "cc")]
    library = parts[-1]
    for name, (result, *arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Session:
    """A loaded SavedModel.

    Args:
        library: the library, see `load_library`.
        path: folder of the SavedModel.

    Raises:
        TensorFlowError: if it cannot be loaded.
    """

    def __init__(self, library: ctypes.CDLL, path: str):
        self.tf, self.graph = library, library.TF_NewGraph()
        tags = (ctypes.c_char_p * 1)(b"serve")
        status = library.TF_NewStatus()
        self.session = library.TF_LoadSessionFromSavedModel(
            library.TF_NewSessionOptions(), None, path.encode(), tags, 1, self.graph, library.TF_NewBuffer(), status
        )
        self._check(status)

    def run(self, inputs: dict[str, np.ndarray], outputs: dict[str, str]) -> dict[str, np.ndarray]:
        """Runs the graph on inputs, tensor -> array; returns the outputs, name -> array."""
        input_tensors = [self._tensor(array) for array in inputs.values()]
        output_tensors = (Pointer * len(outputs))()
        status = self.tf.TF_NewStatus()
        self.tf.TF_SessionRun(
            self.session, None,
            self._endpoints(inputs), (Pointer * len(inputs))(*input_tensors), len(inputs),
            self._endpoints(outputs.values()), output_tensors, len(outputs), None, 0, None, status,
        )  # fmt: skip
        for tensor, array in zip(input_tensors, inputs.values(), strict=True):
            self._delete(tensor, array)
        self._check(status)
        return {name: self._array(tensor) for name, tensor in zip(outputs, output_tensors, strict=True)}

    def _endpoints(self, tensors):
        endpoints = []
        for tensor in tensors:
            name, _, index = tensor.partition(":")
            operation = self.tf.TF_GraphOperationByName(self.graph, name.encode())
            if not operation:
                raise TensorFlowError(f"the graph has no operation {name!r}")
            endpoints.append(Output(operation, int(index or 0)))
        return (Output * len(endpoints))(*endpoints)

    def _tensor(self, array):
        dims = (ctypes.c_int64 * array.ndim)(*array.shape)
        if array.dtype.kind == "S":
            tensor = self.tf.TF_AllocateTensor(STRING, dims, array.ndim, STRING_SIZE * array.size)
            for place, text in zip(self._strings(tensor, array.size), array.ravel().tolist(), strict=True):
                self.tf.TF_StringInit(place)
                self.tf.TF_StringCopy(place, text, len(text))
            return tensor
        code = next(code for code, name in DTYPES.items() if name == array.dtype.name)
        tensor = self.tf.TF_AllocateTensor(code, dims, array.ndim, array.nbytes)
        ctypes.memmove(self.tf.TF_TensorData(tensor), np.ascontiguousarray(array).ctypes.data, array.nbytes)
        return tensor

    def _strings(self, tensor, size):
        start = self.tf.TF_TensorData(tensor)
        return range(start, start + STRING_SIZE * size, STRING_SIZE)

    def _delete(self, tensor, array):
        if array.dtype.kind == "S":
            for place in self._strings(tensor, array.size):
                self.tf.TF_StringDealloc(place)
        self.tf.TF_DeleteTensor(tensor)

    def _array(self, tensor):
        shape = [self.tf.TF_Dim(tensor, i) for i in range(self.tf.TF_NumDims(tensor))]
        code = self.tf.TF_TensorType(tensor)
        if code not in DTYPES:
            raise TensorFlowError(f"an output has dtype number {code}; expected one of {', '.join(DTYPES.values())}")
        data = ctypes.string_at(self.tf.TF_TensorData(tensor), self.tf.TF_TensorByteSize(tensor))
        self.tf.TF_DeleteTensor(tensor)
        return np.frombuffer(data, DTYPES[code]).reshape(shape)

    def _check(self, status):
        if self.tf.TF_GetCode(status):
            raise TensorFlowError(self.tf.TF_Message(status).decode(errors="replace"))


def main(plan: str, arrays: str, results: str) -> None:
    """Loads the SavedModel, runs the plan, and writes the results."""
    task = json.loads(Path(plan).read_text())
    arrays_by_key = np.load(arrays, allow_pickle=False)
    library = load_library()
    ops = library.TF_GetAllOpList().contents
    results_by_key: dict[str, Any] = {"ops": np.frombuffer(ctypes.string_at(ops.data, ops.length), "uint8")}
    started = time.perf_counter()
    try:
        session = Session(library, task["saved_model"])
        results_by_key["load/seconds"] = time.perf_counter() - started
        for number, run in enumerate(task["runs"]):
            results_by_key |= {
                f"{number}/{name}": value for name, value in _result(session, run, arrays_by_key).items()
            }
    except TensorFlowError as error:
        results_by_key["load/error"] = str(error)
    if "tensorflow" in sys.modules:
        raise RuntimeError("tensorflow was imported; this check must not import it")
    np.savez(results, allow_pickle=False, **results_by_key)


def _result(session, run, arrays_by_key):
    inputs = {tensor: arrays_by_key[key] for tensor, key in run["inputs"].items()}
    started = time.perf_counter()
    try:
        outputs = session.run(inputs, run["outputs"])
    except TensorFlowError as error:
        return {"error": str(error)}
    return {**{f"outputs/{name}": array for name, array in outputs.items()}, "seconds": time.perf_counter() - started}


if __name__ == "__main__":
    main(*sys.argv[1:])
