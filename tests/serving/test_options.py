"""Options out of their range are refused in one line, and so are missing extras."""

import numpy as np
import pytest
import tensorflow as tf

from keras_vae import zoo
from keras_vae.serving import ExportOptions
from keras_vae.serving.extra import need
from keras_vae.serving.png import png
from keras_vae.serving.signatures import export_signatures


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 0}, "samples must be an integer >= 1; got 0"),
        ({"precision": "int4"}, "Unknown precision 'int4': did you mean 'int8'"),
        ({"binarize": "dynmic"}, "Unknown mode 'dynmic': did you mean 'dynamic'"),
        ({"flagged": 1.0}, "flagged must be a number > 0 and < 1; got 1.0"),
        ({"flagged": True}, "flagged must be a number"),
        ({"max_pixels": 0}, "max_pixels must be an integer >= 1; got 0"),
        ({"max_pixels": 9, "max_batch_pixels": 8}, "max_batch_pixels must be an integer >= 9; got 8"),
        ({"batch_sizes": ()}, "batch_sizes must be ascending integers"),
        ({"batch_sizes": (8, 1)}, "batch_sizes must be ascending integers"),
        ({"batch_sizes": (0, 1)}, "batch_sizes must be an integer >= 1"),
    ],
)
def test_an_option_out_of_its_range_is_refused(refused, options, message):
    with refused(message):
        ExportOptions(**options)


@pytest.mark.slow
def test_the_limits_of_pixels_reach_the_graph():
    options = ExportOptions(max_pixels=70)
    assert options.max_batch_pixels == 280
    signature = export_signatures(zoo.vae((8, 8, 1), 2, units=(4,)), options)["encode_bytes"]
    assert signature.function(tf.constant([png(np.zeros((8, 8, 1)))] * 4))["mean"].shape == (4, 2)
    for files, message in (
        ([(9, 8)], "at most 70 pixels, got a header with 8 x 9"),
        ([(8, 8)] * 5, "at most 280 pixels"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            signature.function(tf.constant([png(np.zeros((*size, 1))) for size in files]))


def test_a_missing_extra_says_how_to_get_it(refused):
    with refused(
        r"no_such_module: expected this package, but it is not installed; run: pip install 'keras_vae\[serving\]'"
    ):
        need("no_such_module")
