import warnings

import numpy as np
import pytest

from keras_vae.data import load
from keras_vae.data.lazy_array import sample
from keras_vae.training.few_examples import warn_of_empty_columns, warn_of_few_examples


def test_fewer_than_ten_examples_are_a_warning():
    x = np.zeros((12, 2))
    with pytest.warns(UserWarning, match="array: expected 10 .*, got 1, beside 1 for validation and 1 for test"):
        warn_of_few_examples(load(x[:3]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_few_examples(load(x))


def test_a_column_without_values_is_a_warning(tmp_path):
    rows = ["a,b,c", *(f"{'' if i % 2 else i},1," for i in range(20))]
    (tmp_path / "t.csv").write_text("\n".join(rows) + "\n")
    with pytest.warns(UserWarning, match=r"got none for training in c; .* Leave it out with ignore_columns"):
        warn_of_empty_columns(load(tmp_path / "t.csv"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_empty_columns(load(tmp_path / "t.csv", ignore_columns=["c"]))


def test_a_column_of_rows_that_are_not_in_memory_is_read_to_its_end(tmp_path):
    x = np.full((40_000, 64), np.nan, "float32")
    x[:, 0], x[12_345, 1] = 1.0, 1.0  # not in a sample of rows
    np.save(tmp_path / "x.npy", x)
    data = load(tmp_path / "x.npy", stream=True)
    assert np.isnan(sample(data.train.x)[:, 1]).all(), "the sample should miss the value"
    with pytest.warns(UserWarning, match="got none for training in 2, 3,"):
        warn_of_empty_columns(data)
