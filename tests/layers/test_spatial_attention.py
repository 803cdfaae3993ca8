import numpy as np
from scipy.special import softmax

from keras_vae.layers import SpatialAttention

X = np.random.default_rng(0).normal(size=(2, 3, 4, 6)).astype("float32")


def test_it_starts_as_the_identity():
    assert np.array_equal(SpatialAttention()(X), X)


def test_it_is_the_formula():
    layer = SpatialAttention(groups=1)
    layer.build((None, *X.shape[1:]))
    rng = np.random.default_rng(1)
    for dense in (layer.projections, layer.output_projection):
        dense.kernel.assign(rng.normal(size=dense.kernel.shape))
    flat = layer.norm(X).numpy().reshape(2, 12, 6)
    query, key, value = np.split(flat @ layer.projections.kernel.numpy(), 3, axis=-1)
    mixed = softmax(query @ key.swapaxes(1, 2) / np.sqrt(6), axis=-1) @ value
    expected = X + (mixed @ layer.output_projection.kernel.numpy()).reshape(X.shape)
    assert np.allclose(layer(X), expected, atol=1e-4)
