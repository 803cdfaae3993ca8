import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import multivariate_normal

import keras_vae as kv
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation import decoder_lipschitz
from keras_vae.objectives.jacobian import forward_squared_norm

SMALL = {"network": "conv", "filters": (4,), "units": 8, "features": 3, "linear_skip": True, "seed": 0}
PCA = {"network": "pca", "filters": (4,), "units": 8, "features": 6, "blocks": 1, "seed": 0}


@pytest.fixture(scope="module")
def x():
    """Images 8x8x2 with correlated pixels."""
    random = np.random.default_rng(0)
    basis = random.normal(size=(4, 128)) * np.array([2.0, 1.0, 0.5, 0.3])[:, None]
    values = random.normal(size=(300, 4)) @ basis + 0.2 * random.normal(size=(300, 128)) + random.normal(size=128)
    return values.reshape(300, 8, 8, 2).astype("float32")


def error(model, x, **options):
    return np.mean((model.reconstruct(x, **options) - x) ** 2)


def pca_error(x, components):
    values = x.reshape(len(x), -1) - x.reshape(len(x), -1).mean(axis=0)
    return np.sum(np.linalg.svd(values, compute_uv=False)[components:] ** 2) / values.size


@pytest.mark.slow
@pytest.mark.parametrize(("likelihood", "networks"), [("normal", SMALL), ("normal_optimal", SMALL), ("normal", PCA)])
def test_an_adapted_vae_is_probabilistic_pca(x, likelihood, networks):
    model = kv.zoo.vae((8, 8, 2), 3, likelihood=likelihood, **networks)
    model.adapt(x)
    values = x.reshape(300, -1)
    variances, vectors = np.linalg.eigh(np.cov(values.T))
    noise = variances[:-3].mean()
    weights = vectors[:, -3:] * np.sqrt(variances[-3:] - noise)
    exact = multivariate_normal(values.mean(axis=0), weights @ weights.T + noise * np.eye(128))
    model.compile()
    found = model.log_likelihood(x[:20], samples=5, seed=0)
    np.testing.assert_allclose(found, exact.logpdf(values[:20]), rtol=1e-3)  # each sample has the same weight


@pytest.mark.slow
def test_a_plain_autoencoder_starts_with_the_error_of_pca_and_training_reduces_it():
    random = np.random.default_rng(0)
    t = random.uniform(-1, 1, size=(300, 1))
    curve = np.concatenate([3 * t, t**2], axis=1) @ random.normal(size=(2, 128))  # one latent, but not linear
    x = curve.reshape(300, 8, 8, 2).astype("float32")
    model = kv.zoo.ae((8, 8, 2), 1, likelihood="normal_fixed", **SMALL)
    model.adapt(x)
    start = error(model, x)
    assert start == pytest.approx(pca_error(x, 1), rel=0.02)
    linear = [layer.get_weights() for layer in (model.encoder.linear, model.decoder.linear)]
    for network in (model.encoder, model.decoder):
        network.trainable = False
        network.trainable = True
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit(x, epochs=10, batch_size=20, verbose=0)
    assert error(model, x) < 0.8 * start
    for layer, before in zip((model.encoder.linear, model.decoder.linear), linear, strict=True):
        keras.tree.map_structure(np.testing.assert_array_equal, layer.get_weights(), before)


@pytest.mark.parametrize("scale", ["shared", 0.5])
def test_a_posterior_with_one_scale_starts_with_the_error_of_pca_too(x, scale):
    model = kv.zoo.vae(
        (8, 8, 2), 3, likelihood="normal_elementwise", posterior={"name": "normal", "scale": scale}, **SMALL
    )
    model.adapt(x)
    assert error(model, x) == pytest.approx(pca_error(x, 3), rel=0.05)


def test_the_linear_path_is_float32_under_a_mixed_policy(x):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = kv.zoo.ae((8, 8, 2), 3, likelihood="normal", **SMALL)
    finally:
        keras.config.set_dtype_policy(before)
    model.adapt(x)
    single = kv.zoo.ae((8, 8, 2), 3, likelihood="normal", **SMALL)
    single.adapt(x)
    np.testing.assert_allclose(model.reconstruct(x[:9]), single.reconstruct(x[:9]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("networks", [SMALL, PCA])
def test_a_condition_is_no_component(x, networks):
    model = kv.zoo.conditional_vae((8, 8, 2), 3, classes=2, likelihood="normal", **networks)
    model.adapt(x)
    condition = np.arange(300) % 2
    assert error(model, x, condition=condition) == pytest.approx(pca_error(x, 3), rel=0.05)
    np.testing.assert_allclose(
        model.encode(x, condition=condition).mean(), model.encode(x, condition=1 - condition).mean(), atol=1e-5
    )


@pytest.mark.slow
def test_large_images_are_reduced_and_enlarged_again(x):
    image = np.kron(x[:40], np.ones((1, 9, 16, 1), "float32"))  # 72x128, in blocks of one value
    model = kv.zoo.ae((72, 128, 2), 39, likelihood="normal", **SMALL)
    model.adapt(image)
    assert model.encoder.linear.kernel.shape == (36 * 64 * 2, 39)
    assert error(model, image) < 0.1 * image.var(axis=0).mean()  # only the edges of the blocks are smoothed


def test_few_examples_leave_the_other_latents_at_the_prior(x):
    model = kv.zoo.vae((8, 8, 2), 6, likelihood="normal", **SMALL)
    model.adapt(x[:4])
    posterior = model.encode(x[:4])
    np.testing.assert_allclose(posterior.mean()[:, 3:], 0, atol=1e-6)
    np.testing.assert_allclose(posterior.stddev()[:, 3:], 1, atol=1e-3)


def test_other_distributions_leave_the_linear_path_at_zero(x):
    for options in ({"likelihood": "laplace"}, {"posterior": "laplace", "likelihood": "normal"}):
        model = kv.zoo.wae_mmd((8, 8, 2), 3, **options, **SMALL)
        model.adapt(x)
        assert not np.any(model.encoder.linear.kernel)


@pytest.mark.slow
def test_the_decoder_of_corrected_components_learns_what_depends_on_a_condition():
    condition = np.arange(200) % 2
    x = np.where(condition[:, None, None, None] == 1, 1.0, -1.0) * np.ones((1, 8, 8, 1)) + np.zeros((200, 8, 8, 1))
    x = (x + 0.1 * np.random.default_rng(0).normal(size=x.shape)).astype("float32")
    model = kv.zoo.conditional_vae((8, 8, 1), 1, classes=2, likelihood="normal", **PCA)  # without `adapt`
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit(x, condition, epochs=20, batch_size=20, verbose=0)
    z = np.zeros((2, 1), "float32")
    assert np.ptp(model.decode(z, condition=np.array([0, 1])).mean().numpy().mean(axis=(1, 2, 3))) > 0.5


@pytest.mark.slow
def test_a_model_with_linear_paths_survives_its_file(x, tmp_path):
    model = kv.zoo.vae((8, 8, 2), 3, likelihood="normal", **SMALL)
    model.adapt(x)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(kv.load_model(tmp_path / "model.keras").reconstruct(x[:5]), model.reconstruct(x[:5]))
    model.save_weights(tmp_path / "model.weights.h5")
    with h5py.File(tmp_path / "model.weights.h5") as file:
        names = []
        file.visit(names.append)
    assert any("_fixed_linear/" in name for name in names)  # as in the files of earlier models


def test_what_cannot_have_a_linear_path_is_refused():
    with pytest.raises(InvalidInputError, match="multiple of 2"):
        kv.zoo.vae((65, 128, 1), 3, **SMALL)
    with pytest.raises(InvalidInputError, match=r"pca: expected images .* of at least 8x8, got \(12,\)"):
        kv.zoo.vae((12,), 3, network="pca")
    with pytest.raises(InvalidInputError, match="PCADecoder: filters must be an integer"):
        kv.zoo.vae((8, 8, 1), 3, network="pca", features=0)
    with pytest.raises(InvalidInputError, match="expected a decoder"):
        kv.LinearSkipDecoder(kv.MLPDecoder((3,), (8,)), (8, 8, 1))


@pytest.mark.parametrize("networks", [SMALL, PCA])
def test_a_decoder_of_large_images_has_a_jacobian(networks):
    """The linear path of an image with a side above 64 pixels is enlarged."""
    model = kv.zoo.vae((66, 16, 2), 2, likelihood="normal", **networks)
    model.adapt(np.random.default_rng(0).random((20, 66, 16, 2), "float32"))
    z = np.array([[0.3, -0.4]], "float32")
    moved = [
        model.decode(z + step * axis).mean().numpy() for axis in np.eye(2, dtype="float32") for step in (-0.1, 0.1)
    ]
    jacobian = np.stack([(moved[1] - moved[0]).ravel(), (moved[3] - moved[2]).ravel()], axis=1) / 0.2
    (stretch,) = decoder_lipschitz(model, z, iterations=100)
    assert stretch == pytest.approx(np.linalg.norm(jacobian, 2), rel=0.02) and stretch > 0.01

    def mean_of(z):  # (N, B, 2)
        return tf.reshape(model.likelihood_of(tf.reshape(z, (-1, 2))).mean(), (*z.shape[:2], -1))

    (norm,) = tf.function(forward_squared_norm, autograph=False)(mean_of, tf.constant(z))
    assert float(norm) == pytest.approx(np.sum(jacobian**2), rel=0.02)


def test_the_linear_path_is_enlarged_bilinearly():
    image = np.random.default_rng(0).normal(size=(1, 33, 5, 2)).astype("float32")
    decoder = kv.networks.PCADecoder((image.size,), (66, 10, 2), filters=4)
    decoder.linear.kernel.assign(np.eye(image.size))
    expected = keras.layers.UpSampling2D(2, interpolation="bilinear")(image)
    np.testing.assert_allclose(decoder.image_of(image.reshape(1, -1)), expected, atol=1e-6)
