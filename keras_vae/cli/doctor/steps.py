"""The steps that import TensorFlow and try a small model. `probe` runs this file in a process of its own.

The process prints a line of JSON after each step. It stops after a step that fails, except for those that nothing else
needs. It imports keras_vae only in its step, since keras_vae imports the other libraries along with Keras.
"""

import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

IMPORTS, TENSORFLOW, SELF_TEST = "Imports", "TensorFlow", "Self-test"
MARK = "keras-vae doctor: "
"""How a line with the result of a step begins. Libraries may print other lines."""
MODULES = ("tensorflow", "keras", "tf_keras", "tensorflow_probability", "keras_vae.models")
DRIVER = Path("/proc/driver/nvidia/version")


class Step(NamedTuple):
    """A step of the probe.

    Attributes:
        section: section of the report.
        name: what it tries.
        run: returns what was found, or raises any error.
        needed: whether the next steps, and keras_vae, need it.
    """

    section: str
    name: str
    run: Callable[[], str]
    needed: bool = True


def steps(folder: Path) -> Iterator[Step]:
    """The steps. Those of the self-test write to `folder`."""
    for name in MODULES:
        yield Step(IMPORTS, name, lambda name=name: _imported(name))
    yield Step(TENSORFLOW, "KERAS_BACKEND", _backend)
    yield Step(TENSORFLOW, "GPU", _gpus, needed=False)
    yield Step(TENSORFLOW, "dtype policy", _dtype_policy, needed=False)
    yield Step(TENSORFLOW, "XLA", _xla, needed=False)
    small = SmallModel(folder)
    yield Step(SELF_TEST, "training step", small.train)
    yield Step(SELF_TEST, "prediction", small.predict)
    yield Step(SELF_TEST, "save and load", small.save_and_load)


def _imported(name: str) -> str:
    importlib.import_module(name)
    return "imported"


def _backend() -> str:
    import keras

    given, backend = os.environ.get("KERAS_BACKEND"), keras.backend.backend()
    source = f"KERAS_BACKEND={given}" if given else "~/.keras/keras.json"
    if backend != "tensorflow":
        raise RuntimeError(f"expected tensorflow, got {backend} by {source}; set KERAS_BACKEND=tensorflow")
    return f"{backend}{'' if given else ', as it is not set'}"


def _gpus() -> str:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(each) for each in gpus]
        return ", ".join(
            f"{each.get('device_name', 'GPU')}, compute capability {_dotted(each.get('compute_capability'))}"
            for each in details
        )
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if DRIVER.exists():
        hint = (
            "pip install 'tensorflow[and-cuda]' installs the CUDA libraries"
            if hidden is None
            else f"CUDA_VISIBLE_DEVICES is {hidden!r}"
        )
        raise RuntimeError(f"expected a GPU, since there is an NVIDIA driver, got none; {hint}")
    return "none"


def _dotted(capability: tuple[int, int] | None) -> str:
    return ".".join(map(str, capability)) if capability else "unknown"


def _dtype_policy() -> str:
    from keras_vae.training.dtype_policy import policy_of_devices

    return f"{policy_of_devices()} for --dtype-policy auto"


def _xla() -> str:
    import tensorflow as tf

    doubled = tf.function(lambda x: x + x, jit_compile=True)(tf.ones(2))
    return f"compiles on {doubled.device.rpartition('/device:')[2]}"


class SmallModel:
    """A small VAE that is trained for a step, asked and saved.

    Args:
        folder: where it is saved.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.model: Any = None
        self.x: Any = None

    def train(self) -> str:
        """Trains for one step."""
        import numpy as np

        from keras_vae import zoo

        self.x = np.random.default_rng(0).random((8, 8, 8, 1), "float32")
        self.model = zoo.vae((8, 8, 1), 2, units=(4,))
        self.model.compile()
        loss = self.model.fit(self.x, batch_size=len(self.x), verbose=0).history["loss"][0]
        if not np.isfinite(loss):
            raise RuntimeError(f"expected a finite loss, got {loss}")
        return "finite loss"

    def predict(self) -> str:
        """Reconstructs the examples."""
        import numpy as np

        reconstructed = self.model.reconstruct(self.x)
        if reconstructed.shape != self.x.shape or not np.all(np.isfinite(reconstructed)):
            raise RuntimeError(f"expected finite values of shape {self.x.shape}, got shape {reconstructed.shape}")
        return "finite reconstructions"

    def save_and_load(self) -> str:
        """Saves the model, loads it, and compares the reconstructions of both."""
        import numpy as np

        from keras_vae.models import load_model

        self.model.save(self.folder / "model.keras")
        loaded = load_model(self.folder / "model.keras")
        np.testing.assert_allclose(loaded.reconstruct(self.x), self.model.reconstruct(self.x), rtol=1e-4, atol=1e-4)
        return "same reconstructions"


def main() -> None:
    """Runs the steps, and prints a line after each; with the argument `quick` without the self-test."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for step in steps(Path(folder)):
            if step.section == SELF_TEST and "quick" in sys.argv:
                break
            start, failed = time.perf_counter(), False
            try:
                text = step.run()
            except Exception as error:  # whatever is broken raises
                failed = True
                name = "" if isinstance(error, RuntimeError) else f"{type(error).__name__}: "
                text = f"{name}{' '.join(str(error).split())}"[:500]
            seconds = round(time.perf_counter() - start, 2)
            state = "ok" if not failed else "broken" if step.needed else "note"
            result = {"section": step.section, "name": step.name, "text": text, "seconds": seconds, "state": state}
            print(f"\n{MARK}{json.dumps(result)}", flush=True)
            if state == "broken":
                break


if __name__ == "__main__":
    main()
