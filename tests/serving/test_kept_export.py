"""The export in the repository is sound, small, and worth looking at."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.data import load
from keras_vae.serving import check_export

FOLDER = Path(__file__).parents[2] / "saved_models" / "digits"


@pytest.mark.slow
def test_it_is_under_a_megabyte_and_tf_serving_will_run_it():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 1e6
    found = check_export(FOLDER)
    assert found.ok and not found.notes, found.problems
    assert {"encode", "generate", "anomaly", "encode_bytes"} <= set(found.signatures)


def test_it_knows_digits_from_other_things():
    signatures = tf.saved_model.load(str(FOLDER / "1")).signatures
    x = load("digits").test.x / np.float32(255)
    reconstructed = signatures["serving_default"](x=tf.constant(x))["reconstruction"]
    assert np.mean((reconstructed - x) ** 2) < 0.02
    flagged = [np.mean(signatures["anomaly"](x=tf.constant(other))["is_anomaly"]) for other in (x, 1 - x)]
    assert flagged[0] < 0.1 and flagged[1] > 0.99
    noise = np.random.default_rng(0).random(x.shape, "float32")
    p_values = signatures["anomaly"](x=tf.constant(noise))["p_value"]
    assert np.max(p_values) == pytest.approx(1 / 181)  # of 180 calibration examples
