import warnings

import numpy as np
import pytest

from keras_vae.data import load
from keras_vae.training.few_examples import warn_of_few_examples


def test_fewer_than_ten_examples_are_a_warning():
    x = np.zeros((12, 2))
    with pytest.warns(UserWarning, match="array: expected 10 .*, got 1, beside 1 for validation and 1 for test"):
        warn_of_few_examples(load(x[:3]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_few_examples(load(x))
