import math

import pytest

from keras_vae.training.early_stopping import best_epoch, epochs_without_better


@pytest.mark.parametrize(
    ("metric", "values", "best"),
    [
        ("val_elbo", [-3.0, -1.0, -1.0, -2.0], 1),  # the first of equal epochs, as epochs_without_better counts
        ("val_nll", [3.0, math.nan, 1.0, 2.0], 2),
        ("val_nll", [math.nan, 2.0], 1),
    ],
)
def test_the_best_epoch_is_the_first_with_the_best_value(metric, values, best):
    assert best_epoch(metric, values) == best
    assert epochs_without_better(metric, values) == len(values) - 1 - best
