"""The parts of one's own in docs/extending.md: each is short, right, saved, exported and loaded."""

import ast
import importlib
import re
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from own_process import run_file

import keras_vae as kv
from keras_vae.cli.main import main

PAGE = Path(kv.__file__).parents[1] / "docs" / "extending.md"
MODULE_NAME = "# my_models.py\n"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
MODULE = "\n\n".join(block.removeprefix(MODULE_NAME) for block in BLOCKS if block.startswith(MODULE_NAME))
USES = [block for block in BLOCKS if not block.startswith(MODULE_NAME)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("extending")
    (folder / "my_models.py").write_text(MODULE)
    return folder


@pytest.fixture
def my_models(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    return importlib.import_module("my_models")


def test_each_part_is_shorter_than_forty_lines():
    sizes = {node.name: node.end_lineno - node.lineno + 1 for node in ast.parse(MODULE).body if hasattr(node, "name")}
    assert {"BinarySphericalQuantizer", "Multinomial", "LaplacePrior", "CosineDistance", "bsq_vae"} <= set(sizes)
    assert max(sizes.values()) < 40, sizes


def test_each_index_is_one_vector_and_each_vector_becomes_the_nearest(my_models):
    quantizer = my_models.BinarySphericalQuantizer((1, 3))
    indices = np.arange(8)[:, None, None]
    corners = quantizer.embed(tf.constant(indices, tf.int32)).numpy()
    assert np.allclose((corners**2).sum(-1), 1) and len(np.unique(corners, axis=0)) == 8
    assert np.array_equal(quantizer.quantize_vectors(tf.constant(corners))[0], indices)
    vectors = np.random.default_rng(0).uniform(-1, 1, (200, 1, 3)).astype("float32")
    distances = ((vectors[:, None] - corners) ** 2).sum((-1, -2))
    assert np.array_equal(quantizer.quantize_vectors(tf.constant(vectors))[0].numpy()[:, 0, 0], distances.argmin(1))


def test_the_density_of_counts_is_that_of_scipy(my_models):
    rng = np.random.default_rng(0)
    x, logits = rng.poisson(2.0, (5, 4)).astype("float32"), rng.normal(size=(5, 4)).astype("float32")
    likelihood = my_models.Multinomial((4,)).distribution({"logits": tf.constant(logits)})
    shares = scipy.special.softmax(logits.astype("float64"), axis=1)
    expected = [scipy.stats.multinomial(int(row.sum()), p).logpmf(row) for row, p in zip(x, shares, strict=True)]
    assert np.allclose(likelihood.log_prob(x), expected, rtol=1e-5)


@pytest.mark.slow
def test_they_train_save_export_and_load_in_another_process(my_models, folder, capsys):
    exec(compile("\n".join(USES), str(PAGE), "exec"), {"__name__": "extending"})
    printed = capsys.readouterr().out.splitlines()
    assert "(1, 8, 1)" in printed and printed[-1] == "20.0"
    assert not any("plain autoencoder" in line for line in printed)  # a verdict for codes with noise
    for name, signature in (("bsq", "decode_indices"), ("multinomial", "generate")):
        served = tf.saved_model.load(str(folder / "served" / name / "1"))
        assert signature in served.signatures
    numbers = (
        "kv.load_model('bsq.keras').sample(2, seed=0).sum(), kv.load_model('multinomial.keras').elbo([[1.0] * 12])[0]"
    )
    (folder / "program.py").write_text(f"import keras_vae as kv, my_models; print(*({numbers}))")
    printed = run_file(folder / "program.py").splitlines()[-1]
    assert [float(number) for number in printed.split()] == pytest.approx(eval(numbers), rel=1e-5)


@pytest.mark.slow
def test_they_train_and_are_evaluated_on_the_command_line(my_models, folder, monkeypatch, capsys):
    def call(*words):
        monkeypatch.setattr(sys, "argv", ["keras-vae", *words])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code or 0, capsys.readouterr().err

    def forget():
        """As in a new process, the module is not imported, and Keras does not know its classes."""
        sys.modules.pop("my_models", None)
        known = keras.saving.get_custom_objects()
        for name in [name for name, own in known.items() if own.__module__ == "my_models"]:
            del known[name]

    (block,) = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    shorter, changed = re.subn(r"--epochs \d+", "--epochs 1 --limit 200 --no-jit-compile --no-report", block)
    assert changed
    for line in shorter.splitlines():
        forget()
        code, error = call(*line.split()[1:])
        assert code == 0, error
    forget()
    code, error = call("evaluate", "runs/bsq/model.keras", "--data", "digits")
    assert code == 2 and "BinarySphericalQuantizer is not registered" in error
    assert "Traceback" not in error
