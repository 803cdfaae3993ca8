"""Distribution strategies by name."""

import contextlib
import hashlib
import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import tensorflow as tf

import keras_vae
from keras_vae.checks import check_integer
from keras_vae.distribute.cluster import Cluster
from keras_vae.distribute.meeting import meet
from keras_vae.errors import InvalidInputError, unknown

STRATEGIES = {
    "auto": "multi-worker if TF_CONFIG lists workers, tpu if TPU_NAME is set, mirrored for several GPUs, else one",
    "one": "one device, the first GPU if there is one",
    "mirrored": "several devices of this machine",
    "multi-worker": "several machines or processes, listed in TF_CONFIG",
    "tpu": "the TPU named in TPU_NAME, or the local one",
}
"""Name -> description of a strategy that `make_strategy` accepts."""

PACKAGES = ("tensorflow", "keras", "tensorflow-probability")


def make_strategy(
    name: str = "auto",
    *,
    replicas: int | None = None,
    alike: Mapping[str, str] | None = None,
    timeout: float = 120.0,
) -> tf.distribute.Strategy:
    """Creates a strategy by its name. Call this function before any other function of TensorFlow.

    The global batch size does not depend on the number of replicas; each replica processes its share of the batch.

    Args:
        name: one of `STRATEGIES`.
        replicas: number of GPUs for `"mirrored"`. Without a GPU, the number of logical CPU devices, to try a strategy.
        alike: for several workers, name -> value that must be the same on all workers, in addition to the code.
        timeout: seconds to wait for other workers.

    Raises:
        InvalidInputError: for an unknown name, missing devices, a malformed `TF_CONFIG`, or a worker that does not
            connect in time or has different code.

    Example:

    >>> make_strategy("one").num_replicas_in_sync
    1
    """
    if name not in STRATEGIES:
        raise InvalidInputError(unknown(name, STRATEGIES, part="strategy"))
    if replicas is not None:
        check_integer("replicas", replicas)
    kind = _resolve(name, replicas)
    if replicas is not None and kind != "mirrored":
        raise InvalidInputError(f"replicas: expected the strategy 'mirrored', got {kind!r}; leave replicas out.")
    if kind == "mirrored":
        return _mirrored(replicas)
    if kind == "multi-worker":
        return _multi_worker(alike or {}, timeout)
    grow_memory()
    return _tpu() if kind == "tpu" else tf.distribute.get_strategy()


def _resolve(name: str, replicas: int | None) -> str:
    if name != "auto":
        return name
    cluster = Cluster.from_environment()
    if cluster is not None and len(cluster.workers) > 1:
        return "multi-worker"
    if os.environ.get("TPU_NAME"):
        return "tpu"
    return "mirrored" if replicas is not None or len(tf.config.list_physical_devices("GPU")) > 1 else "one"


def grow_memory() -> None:
    """Makes TensorFlow allocate GPU memory as needed, instead of all at once."""
    for device in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):  # TensorFlow has started, with the memory options of the user
            tf.config.experimental.set_memory_growth(device, True)


def _mirrored(replicas: int | None) -> tf.distribute.Strategy:
    grow_memory()
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        if (replicas or 2) > len(gpus):
            raise InvalidInputError(f"mirrored: expected {replicas or 2} GPUs, got {len(gpus)}; use --strategy one.")
        return tf.distribute.MirroredStrategy([f"GPU:{i}" for i in range(replicas or len(gpus))])
    if replicas is None:
        raise InvalidInputError(
            "mirrored: expected several GPUs, got none; use --strategy one, or --replicas 2 to try it on the CPU."
        )
    cpu = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * replicas)
    except RuntimeError:  # TensorFlow has started
        parts = len(tf.config.list_logical_devices("CPU"))
        if parts < replicas:
            raise InvalidInputError(
                f"mirrored: expected {replicas} logical CPU devices, but TensorFlow has started with {parts}; create "
                "the strategy first."
            ) from None
    devices = [f"CPU:{i}" for i in range(replicas)]
    # Collectives within one process mix up their keys on a CPU.
    return tf.distribute.MirroredStrategy(devices, cross_device_ops=tf.distribute.ReductionToOneDevice())


def _multi_worker(alike: Mapping[str, str], timeout: float) -> tf.distribute.Strategy:
    cluster = Cluster.from_environment()
    if cluster is None:
        raise InvalidInputError("multi-worker: expected TF_CONFIG in the environment; set it as in docs/scaling.md.")
    meet(cluster, {**_code(), **alike}, timeout)
    grow_memory()
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise InvalidInputError(
            f"multi-worker: TensorFlow has already started ({error}); create the strategy first."
        ) from error


def _tpu() -> tf.distribute.Strategy:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(os.environ.get("TPU_NAME", ""))
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, OSError, tf.errors.OpError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidInputError(f"tpu: expected a TPU, got none ({reason}); use --strategy one.") from error
    return tf.distribute.TPUStrategy(resolver)


def _code() -> dict[str, str]:
    """Returns the versions of the packages and a digest of the code, to detect workers with different code."""
    digest = hashlib.sha256()
    for path in sorted(Path(keras_vae.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return {package: version(package) for package in PACKAGES} | {"keras_vae": digest.hexdigest()[:16]}
