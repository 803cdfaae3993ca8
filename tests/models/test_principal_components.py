"""The principal components with which a model starts."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from keras_vae.models.principal_components import fit_pca


def test_those_of_the_same_images_are_computed_once(monkeypatch):
    images = np.random.default_rng(0).random((30, 8, 8, 1), "float32")
    first = fit_pca(images.copy(), 2, 4)
    assert first.mean.shape == (4, 4, 1) and first.vectors.shape == (4, 16) and first.lost > 0

    def fit(self, x):
        raise AssertionError

    monkeypatch.setattr(PCA, "fit", fit)
    assert fit_pca(images.copy(), 2, 4) is first
    for others in ((images, 2, 3), (images, 1, 4), (images + 1, 2, 4)):
        with pytest.raises(AssertionError):
            fit_pca(*others)
