"""Models made under a mixed policy train, answer every question, save, load and are exported, with float32 answers."""

import keras
import numpy as np
import pytest
import recipes

import keras_vae as kv
from keras_vae.serving import ExportOptions, check_export, export

EVERY_STRUCTURE = recipes.every(slow_beyond=recipes.CORE, among=recipes.STRUCTURES)


@pytest.fixture
def policy(request):
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy("float32")


def made(name):
    model = recipes.create(name)
    model.adapt(recipes.examples(name))
    return model, recipes.examples(name, 8), recipes.labels(name, 8), recipes.conditions(name, 8)


@pytest.mark.parametrize("policy", ["mixed_bfloat16"], indirect=True)
@pytest.mark.parametrize("name", EVERY_STRUCTURE)
def test_training_and_questions(name, policy, tmp_path):
    check(name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_float16"], indirect=True)
@pytest.mark.parametrize("name", ["vae", "vq_vae"])
def test_training_and_questions_in_float16(name, policy, tmp_path):
    check(name, tmp_path)


def check(name, tmp_path):
    model, x, y, condition = made(name)
    model.compile("adam", run_eagerly=True)
    before = [weight.numpy() for weight in model.trainable_weights]
    history = model.fit(x, y, validation_data=(x, y), verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    after = model.trainable_weights
    assert any(not np.array_equal(own, others) for own, others in zip(before, after, strict=True))
    pairs = x if condition is None else [x, condition]
    for answer in (model(pairs), model.predict(pairs, verbose=0), model.reconstruct(x, condition=condition)):
        assert answer.dtype == "float32" and answer.shape == x.shape and np.isfinite(answer).all()
    codes = model.encode(x, condition=condition).mean()
    assert codes.dtype == "float32" and np.isfinite(codes).all()
    if model.prior is not None:
        assert np.isfinite(model.sample(8, seed=0, condition=condition)).all()
    model.save(tmp_path / "model.keras")
    keras.config.set_dtype_policy("float32")  # a model keeps its own
    loaded = kv.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.encode(x, condition=condition).mean(), codes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "policy"),
    [("vae", "mixed_bfloat16"), ("vae", "mixed_float16"), ("vq_vae", "mixed_bfloat16")],
    indirect=["policy"],
)
def test_an_export_passes_its_check(name, policy, tmp_path):
    model, *_ = made(name)
    options = ExportOptions(batch_sizes=(1, 4), images=False)
    assert check_export(export(model, tmp_path / "export", options=options, check=False)).problems == ()
