"""The names of strategies, and what makes them."""

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
    "auto": "multi-worker if TF_CONFIG names workers, tpu if TPU_NAME is set, mirrored for several GPUs, else one",
    "one": "one device, the first GPU if there is one",
    "mirrored": "several devices of this machine",
    "multi-worker": "several machines, or processes, which TF_CONFIG names",
    "tpu": "the TPU that TPU_NAME names, or the local one",
}
PACKAGES = ("tensorflow", "keras", "tensorflow-probability")


def make_strategy(
    name: str = "auto",
    *,
    replicas: int | None = None,
    alike: Mapping[str, str] | None = None,
    timeout: float = 120.0,
) -> tf.distribute.Strategy:
    """The strategy of that name; call it before anything else of TensorFlow has run.

    The global batch is the same whatever the number of replicas: each is given its part.

    Args:
        name: see `STRATEGIES`.
        replicas: of `"mirrored"`: how many GPUs; without a GPU, how many parts to make of the CPU, for a trial.
        alike: for several workers: what must be the same on all, by name, beside the code.
        timeout: seconds to wait for other workers.

    Raises:
        InvalidInputError: for an unknown name, devices that are not there, a malformed `TF_CONFIG`, a worker that
            does not come in time or has other code.

    Example:

    >>> make_strategy("one").num_replicas_in_sync
    1
    """
    if name not in STRATEGIES:
        raise InvalidInputError(unknown(name, STRATEGIES, part="strategy"))
    if replicas is not None:
        check_integer("replicas", replicas)
    chosen = _chosen(name, replicas)
    if replicas is not None and chosen != "mirrored":
        raise InvalidInputError(f"replicas: expected the strategy 'mirrored' beside it, got {chosen!r}; drop one.")
    if chosen == "mirrored":
        return _mirrored(replicas)
    if chosen == "multi-worker":
        return _multi_worker(alike or {}, timeout)
    grow_memory()
    return _tpu() if chosen == "tpu" else tf.distribute.get_strategy()


def _chosen(name: str, replicas: int | None) -> str:
    if name != "auto":
        return name
    cluster = Cluster.from_environment()
    if cluster is not None and len(cluster.workers) > 1:
        return "multi-worker"
    if os.environ.get("TPU_NAME"):
        return "tpu"
    return "mirrored" if replicas is not None or len(tf.config.list_physical_devices("GPU")) > 1 else "one"


def grow_memory() -> None:
    """Lets TensorFlow take the memory of GPUs as it needs it, instead of all at once."""
    for device in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):  # TensorFlow has started: the user has chosen
            tf.config.experimental.set_memory_growth(device, True)


def _mirrored(replicas: int | None) -> tf.distribute.Strategy:
    grow_memory()
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        if (replicas or 2) > len(gpus):
            raise InvalidInputError(f"mirrored: expected {replicas or 2} GPUs, found {len(gpus)}; use --strategy one.")
        return tf.distribute.MirroredStrategy([f"GPU:{i}" for i in range(replicas or len(gpus))])
    if replicas is None:
        raise InvalidInputError(
            "mirrored: expected several GPUs, found none; use --strategy one, or --replicas 2 to try it on the CPU."
        )
    cpu = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * replicas)
    except RuntimeError:  # TensorFlow has started
        parts = len(tf.config.list_logical_devices("CPU"))
        if parts < replicas:
            raise InvalidInputError(
                f"mirrored: the CPU has been parted into {parts} already; make the strategy before anything else."
            ) from None
    devices = [f"CPU:{i}" for i in range(replicas)]
    # Collectives within one process mix up their keys on a CPU.
    return tf.distribute.MirroredStrategy(devices, cross_device_ops=tf.distribute.ReductionToOneDevice())


def _multi_worker(alike: Mapping[str, str], timeout: float) -> tf.distribute.Strategy:
    cluster = Cluster.from_environment()
    if cluster is None:
        raise InvalidInputError("multi-worker: expected TF_CONFIG in the environment; see docs/scaling.md.")
    meet(cluster, {**_code(), **alike}, timeout)
    grow_memory()
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise InvalidInputError(
            f"multi-worker: make the strategy before anything else of TensorFlow ({error})."
        ) from error


def _tpu() -> tf.distribute.Strategy:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(os.environ.get("TPU_NAME", ""))
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, OSError, tf.errors.OpError) as error:
        raise InvalidInputError(f"tpu: no TPU was found ({str(error).splitlines()[0]}); use --strategy one.") from error
    return tf.distribute.TPUStrategy(resolver)


def _code() -> dict[str, str]:
    """What tells one state of the code from another."""
    digest = hashlib.sha256()
    for path in sorted(Path(keras_vae.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return {package: version(package) for package in PACKAGES} | {"keras_vae": digest.hexdigest()[:16]}
