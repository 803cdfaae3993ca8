"""What would break in TF Serving is found here."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.serving import check_export
from keras_vae.serving.checks import without_python
from keras_vae.serving.recorded_answers import RecordedAnswer, write_recorded_answers


@pytest.mark.slow
def test_a_sound_export_passes_and_is_measured(exported):
    found = check_export(exported)
    assert found.ok and not found.notes
    assert set(found.signatures) == set(tf.saved_model.load(str(exported)).signatures)
    assert {signature.batches for signature in found.signatures.values()} == {(1, 3, 4)}
    assert max(signature.difference for signature in found.signatures.values()) <= 1e-5
    assert found.warmup_requests == 2 * len(found.signatures)
    assert found.bytes > 100_000 and found.load_seconds > 0
    assert found.as_text().endswith("TensorFlow Serving can run it.")


@pytest.mark.slow
def test_the_newest_version_is_taken(tmp_path):
    sound = saved(tmp_path, lambda _, x: {"y": x}, X)
    for number in ("2", "10"):
        shutil.copytree(sound, tmp_path / "model" / number)
    assert check_export(tmp_path / "model").version.name == "10"


def test_the_process_that_runs_it_never_imports_tensorflow(exported):
    code = f"import runpy, sys; runpy.run_path({str(without_python.C_API)!r}); print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("path", ["nothing", "empty", "file"])
def test_where_there_is_no_export_one_line_says_so(tmp_path, refused, path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("mine")
    with refused("expected an export"):
        check_export(tmp_path / path)


def saved(folder, function, specs, **attributes):
    """A SavedModel with one signature."""
    module = tf.Module()
    for name, value in attributes.items():
        setattr(module, name, value)
    module.function = tf.function(lambda **inputs: function(module, **inputs), autograph=False)
    concrete = module.function.get_concrete_function(**specs)
    tf.saved_model.save(module, str(folder / "1"), signatures={"serving_default": concrete})
    return folder / "1"


X = {"x": tf.TensorSpec((None, 2), tf.float32, name="x")}
BROKEN = {
    "python": (
        lambda _, x: {"y": tf.ensure_shape(tf.numpy_function(np.negative, [x], tf.float32), (None, 2))},
        X,
        "Python in the graph (PyFunc)",
    ),
    "stateful noise": (lambda _, x: {"y": x + tf.random.normal(tf.shape(x))}, X, "stateful random numbers"),
    "a generator": (
        lambda module, x: {"y": x + module.generator.normal(tf.shape(x))},
        X,
        "stateful random numbers (RngReadAndSkip)",
    ),
    "a counter": (
        lambda module, x: {"y": x + module.counter.assign_add(1.0)},
        X,
        "a signature writes variables (AssignAddVariableOp)",
    ),
    "compulsory XLA": (
        lambda _, x: {"y": tf.function(lambda x: x * 2.0, jit_compile=True, autograph=False)(x)},
        X,
        "clusters that XLA must compile",
    ),
    "a scalar": (
        lambda _, x, scale: {"y": x * scale},
        {**X, "scale": tf.TensorSpec((), tf.float32, name="scale")},
        "input 'scale' is a scalar",
    ),
    "a fixed batch": (
        lambda _, x: {"y": x},
        {"x": tf.TensorSpec((4, 2), tf.float32, name="x")},
        "has the fixed dimension 0 of 4",
    ),
    "a mean over the batch": (
        lambda _, x: {"y": x, "mean": tf.reduce_mean(x, axis=0)},
        X,
        "output 'mean' has the fixed dimension 0 of 2",
    ),
    "rows of another number": (lambda _, x: {"y": tf.tile(x, (2, 1))}, X, "'y' has 6 rows for a batch of 3"),
    "a batch norm of the batch": (
        lambda _, x: {"y": x - tf.reduce_mean(x, axis=0)},
        X,
        "outputs depend on the other rows of the batch",
    ),
    "a failure": (
        lambda _, x: {"y": tf.debugging.check_numerics(x / 0.0, "broken")},
        X,
        "serving_default: a batch of 1 fails: broken",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BROKEN)
def test_what_would_break_is_named(tmp_path, name):
    function, specs, problem = BROKEN[name]
    generator, counter = tf.random.Generator.from_seed(0), tf.Variable(0.0)
    found = check_export(saved(tmp_path, function, specs, generator=generator, counter=counter))
    assert not found.ok
    assert any(problem in line for line in found.problems), found.problems
    assert found.as_text().endswith("Do not serve it.")


@pytest.mark.slow
def test_a_plain_graph_has_no_problem(tmp_path):
    found = check_export(saved(tmp_path, lambda _, x: {"y": tf.random.stateless_uniform((2,), (1, 2)) + x}, X))
    assert found.ok
    assert [note.split()[0] for note in found.notes] == ["tf_serving_warmup_requests", "recorded_answers.npz"]


@pytest.fixture
def copy(exported, tmp_path):
    """A copy of a sound export, to be broken."""
    return shutil.copytree(exported, tmp_path / "1")


@pytest.mark.slow
def test_damage_is_named(copy):
    graph = (copy / "saved_model.pb").read_bytes()
    weights = next(copy.glob("variables/*.data*"))
    content = weights.read_bytes()
    weights.write_bytes(content[: len(content) // 2])
    assert "loading fails" in check_export(copy).problems[0]
    weights.unlink()
    assert "loading fails" in check_export(copy).problems[0]
    (copy / "saved_model.pb").write_bytes(graph[: len(graph) // 2])
    assert not check_export(copy).ok
    (copy / "saved_model.pb").write_bytes(b"no graph")
    assert not check_export(copy).ok


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dtype", "gap", "sound"),
    [("float32", 1e-4, False), ("float16", 1e-3, True), ("float16", 1e-2, False), ("bfloat16", 1e-2, True)],
)
def test_answers_may_differ_as_their_precision_rounds(tmp_path, dtype, gap, sound):
    export = saved(tmp_path, lambda module, x: {"y": tf.cast(tf.cast(x, dtype), tf.float32)}, X)
    x = np.ones((3, 2), "float32")
    extra = export / "assets.extra"
    extra.mkdir()
    write_recorded_answers(
        extra / "recorded_answers.npz", {"serving_default": RecordedAnswer({"x": x}, {"y": x + np.float32(gap)})}
    )
    problems = check_export(export).problems
    assert [problem.partition(" by ")[0] for problem in problems] == (
        [] if sound else ["serving_default: differs from the model"]
    )


@pytest.mark.slow
def test_a_warm_up_request_that_fails_is_named(tmp_path):
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

    log = PredictionLog()
    log.predict_log.request.model_spec.signature_name = "serving_default"
    log.predict_log.request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.zeros((2, 5), "float32")))
    other = PredictionLog()
    other.predict_log.request.model_spec.signature_name = "nothing"
    other.predict_log.request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.zeros((2, 5), "float32")))
    export = saved(tmp_path, lambda _, x: {"y": x * (1.0, 2.0)}, X)
    (export / "assets.extra").mkdir()
    with tf.io.TFRecordWriter(str(export / "assets.extra" / "tf_serving_warmup_requests")) as writer:
        writer.write(log.SerializeToString())
        writer.write(other.SerializeToString())
    problems = check_export(export).problems
    assert "a warm-up request has the signature 'nothing', which does not exist." in problems
    assert any(problem.startswith("warm-up request 0 fails") for problem in problems)
