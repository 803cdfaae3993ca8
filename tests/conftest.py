"""What several test modules share."""

import contextlib
import gc
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

TINY = ["--latent-dim", "2", "--limit", "128", "--set", "units=[16]", "--no-jit-compile", "--epochs", "2"]


def pytest_configure(config):
    """Gives the tests two CPU devices, for two replicas; possible only before TensorFlow has started.

    XLA compiles in two thirds of the time if it does not optimise, and the same operations.
    """
    gc.set_threshold(20_000, 20, 10)  # graphs are many objects; looking through them takes a twelfth of the time
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
    import tensorflow as tf

    device = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)


LONG_TO_MAKE = ("finished_run", "exported", "export", "light")
NOTHING_SHARED = ("test_docs", "test_grid", "test_scripts", "test_site", "test_workers")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items):
    """Says which tests share what is made once, so that `--dist loadgroup` gives them to one worker.

    Those are the tests of a fixture that takes long to make, else those of a recipe, else those of a module.
    """
    import recipes

    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        shared = [name for name in LONG_TO_MAKE if name in item.fixturenames]
        names = [parameters[key] for key in ("name", "served") if isinstance(parameters.get(key), str)]
        recipe = [f"{item.path.stem} {name}" for name in names if name in recipes.ALL]
        module = [] if item.path.stem in NOTHING_SHARED else [item.path.stem]
        if group := [*shared, *recipe, *module]:
            item.add_marker(pytest.mark.xdist_group(group[0]))


@pytest.fixture(autouse=True, scope="session")
def xla_only_on_request():
    """Compiling a step with XLA takes four times as long as tracing it: tests do so with `jit_compile=True` only."""
    from keras_vae.models import xla

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xla, "is_faster", lambda model: False)
        yield


@pytest.fixture(scope="session")
def command():
    """The command `keras-vae`, as one would start it."""
    return str(Path(sys.executable).with_name("keras-vae"))


@pytest.fixture(scope="session")
def finished_run(command, tmp_path_factory):
    """A tiny run, trained by the command in a process of its own; not to be changed."""
    folder = tmp_path_factory.mktemp("finished") / "tiny"
    arguments = [*TINY, "--likelihood-samples", "5", "--out", str(folder)]
    done = subprocess.run([command, "train", *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def short_reports():
    """A context in which evaluations answer one question, with an empty picture: a whole report takes ten seconds."""
    from keras_vae import plots
    from keras_vae.evaluation import QUESTIONS

    @contextlib.contextmanager
    def short_reports():
        every = dict(QUESTIONS)  # to be restored in its order
        for name in set(every) - {"likelihood"}:
            del QUESTIONS[name]
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(plots, "plot_history", lambda history: plots.canvas.new_figure(1, 1, title=""))
                yield
        finally:
            QUESTIONS.clear()
            QUESTIONS.update(every)

    return short_reports


@pytest.fixture
def tiny(short_reports):
    """Makes configurations of runs that take two seconds; their reports are short."""
    from keras_vae.training import TrainingConfig

    config = TrainingConfig(
        latent_dim=2, epochs=2, limit=128, options={"units": [16]}, jit_compile=False, likelihood_samples=0
    )
    with short_reports():
        yield config.replace


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Calls the command in this process, which has imported TensorFlow, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    from keras_vae.cli.main import main

    def call(line, *further):
        program, *arguments = shlex.split(line, comments=True)
        assert program == "keras-vae"
        monkeypatch.setattr(sys, "argv", [program, *arguments, *further])
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code, line

    return call


@pytest.fixture
def full_disk(monkeypatch):
    """A context in which no file can grow beyond so many bytes, as on a disk that is full."""
    resource = pytest.importorskip("resource", reason="the limits of a process are POSIX's")
    # Python would leave a part of each module that it compiles meanwhile, and every later process would stumble on it.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    @contextlib.contextmanager
    def full_disk(size):
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    return full_disk


@pytest.fixture(scope="session")
def two_replicas():
    """A strategy of two CPUs; one device adds up, since collectives of one process mix up their keys."""
    import tensorflow as tf

    devices = [device.name for device in tf.config.list_logical_devices("CPU")[:2]]
    return tf.distribute.MirroredStrategy(devices, cross_device_ops=tf.distribute.ReductionToOneDevice())


@pytest.fixture(scope="session")
def refused():
    """A context in which `InvalidInputError` is raised, with a message of one line that matches."""
    from keras_vae import InvalidInputError

    @contextlib.contextmanager
    def refused(match: str = "."):
        with pytest.raises(InvalidInputError, match=match) as caught:
            yield
        assert len(str(caught.value).splitlines()) == 1

    return refused


@pytest.fixture(scope="session")
def assert_same_weights():
    """Compares the weights of two models, or of the models of two runs."""

    def assert_same_weights(one, other, atol: float = 0.0):
        one, other = (getattr(owner, "model", lambda owner=owner: owner)() for owner in (one, other))
        for own, others in zip(one.trainable_variables, other.trainable_variables, strict=True):
            np.testing.assert_allclose(own.numpy(), others.numpy(), rtol=0, atol=atol, err_msg=own.path)

    return assert_same_weights
