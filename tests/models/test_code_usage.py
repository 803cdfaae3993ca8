"""What `fit` and `evaluate` report of the codes: figures of all codes of an epoch, not means over batches."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from recipes import create, every, examples
from scipy.stats import entropy

QUANTIZERS = ("vq_vae", "residual_vq_vae", "fsq_vae", "lfq_vae")


def expected(model, x, weights=None):
    """Perplexity and codes in use, in NumPy, from the indices that `encode` gives."""
    indices = np.asarray(model.encode(x).indices)
    weights = np.broadcast_to(1.0 if weights is None else weights[:, None], indices.shape[:2])
    size = model.posterior.codebook_size
    counts = [np.bincount(level.ravel(), weights.ravel(), minlength=size) for level in np.moveaxis(indices, -1, 0)]
    return np.mean([np.exp(entropy(each)) for each in counts]), np.mean([(each > 0).sum() for each in counts])


@pytest.mark.parametrize("name", every(slow_beyond=QUANTIZERS[:1], among=QUANTIZERS))
def test_an_evaluation_reports_the_codes_of_all_batches(name):
    model, x = create(name), examples(name)
    model.compile(run_eagerly=True)
    figures = model.evaluate(x, batch_size=7, return_dict=True, verbose=0)
    assert np.allclose((figures["perplexity"], figures["codes_in_use"]), expected(model, x), rtol=1e-5)
    assert "restarts" not in figures
    weights = np.repeat([0.0, 1.0, 2.0], 16).astype("float32")
    figures = model.evaluate(x, x, sample_weight=weights, batch_size=7, return_dict=True, verbose=0)
    assert np.allclose((figures["perplexity"], figures["codes_in_use"]), expected(model, x, weights), rtol=1e-5)


def figures_of(history):
    return {name: values for name, values in history.items() if name.removeprefix("val_") in NAMES}


NAMES = ("perplexity", "codes_in_use", "restarts")


def trained(model, x, epochs=2, **options):
    model.compile(keras.optimizers.SGD(0.0), jit_compile=False, **options)
    return figures_of(model.fit(x, epochs=epochs, shuffle=False, verbose=0).history)


@pytest.mark.slow
def test_several_steps_per_execution_and_two_replicas_report_what_one_does(two_replicas):
    x = tf.data.Dataset.from_tensor_slices(examples("vq_vae")).batch(12)
    once = trained(create("vq_vae"), x)
    assert set(once) == set(NAMES) and once["codes_in_use"][1] > 1
    several = trained(create("vq_vae"), x, steps_per_execution=2)
    assert all(np.allclose(several[name], values) for name, values in once.items())
    with two_replicas.scope():
        model = create("lfq_vae")
    alone = trained(create("lfq_vae"), x)
    assert all(np.allclose(alone[name], values) for name, values in trained(model, x).items())


def test_unused_entries_restart_and_are_counted():
    x = examples("vq_vae")[:4]
    quantizer = {"name": "vector_quantizer", "codebook_size": 64, "decay": 0.0}
    for revive_below in (0.5, 0.0):
        options = {
            "embedding_dim": None,
            "codebook_size": None,
            "posterior": {**quantizer, "revive_below": revive_below},
        }
        figures = trained(create("vq_vae", **options), x, epochs=2, run_eagerly=True)
        assert figures["restarts"][0] == 0  # the first step places all entries
        assert figures["restarts"][1] == (64 - figures["codes_in_use"][1] if revive_below else 0)


@pytest.mark.slow
def test_the_counts_go_with_the_state_of_a_checkpoint():
    model, x = create("residual_vq_vae"), examples("residual_vq_vae")
    model.compile(run_eagerly=True)
    model.evaluate(x, verbose=0)
    state, figures = model.means, model.report.codes.result()
    model.means = {}
    assert float(model.report.codes.result()["codes_in_use"]) == 0
    model.means = state
    assert {name: float(value) for name, value in model.report.codes.result().items()} == {
        name: float(value) for name, value in figures.items()
    }


@pytest.mark.slow
def test_callbacks_know_that_more_codes_are_better():
    model, x = create("fsq_vae"), examples("fsq_vae")
    model.compile(run_eagerly=True)
    callback = keras.callbacks.EarlyStopping("val_perplexity", patience=1)
    model.fit(x, validation_data=x, epochs=1, callbacks=[callback], verbose=0)
    assert callback.monitor_op is keras.ops.greater
