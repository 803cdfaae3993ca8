"""A model whose fault is known, without training."""

import numpy as np
from sklearn.decomposition import PCA

import keras_vae as kv


def copies_of(data: kv.data.SplitDataset, latent_dim: int) -> kv.Autoencoder:
    """A model whose decoder returns the training image with the nearest whitened principal components."""
    images = np.asarray(data.train.x)
    x = images.reshape(len(images), -1) / np.float32(255)
    pca = PCA(latent_dim, whiten=True, svd_solver="full").fit(x)
    scores = pca.transform(x)
    model = kv.Autoencoder(
        kv.MLPEncoder(data.event_shape, ()),
        kv.MLPDecoder((latent_dim,), (len(x),), activation="softmax"),
        likelihood=kv.Normal(data.event_shape, scale=0.1),
        objective=kv.NLL() + kv.KL(),
        seed=0,
    )
    to_scores = (pca.components_ / np.sqrt(pca.explained_variance_)[:, None]).T
    kernel, bias = model.posterior.weights
    kernel.assign(np.concatenate([to_scores, np.zeros_like(to_scores)], axis=1))
    bias.assign(np.concatenate([-pca.mean_ @ to_scores, np.full(latent_dim, -2.0)]))
    kernel, bias = model.decoder.weights  # the softmax of minus 50 times the squared distance
    kernel.assign(100 * scores.T)
    bias.assign(-50 * np.sum(scores**2, axis=1))
    kernel, bias = model.likelihood.weights
    kernel.assign(x)
    bias.assign(np.zeros(x.shape[1]))
    model.compile()
    return model
