import keras
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.cluster import KMeans

import keras_vae as kv
from keras_vae.errors import InvalidInputError

MAPS = {"network": "spatial", "filters": (4, 4), "features": 3, "linear_skip": True, "seed": 0}  # patches of 4x4


@pytest.fixture(scope="module")
def x():
    """Smooth images 16x16x2."""
    noise = np.random.default_rng(0).normal(size=(400, 16, 16, 2))
    return (8 * gaussian_filter(noise, (0, 2, 2, 0)) + np.array([3.0, -1.0])).astype("float32")


def error(model, x, **options):
    return np.mean((model.reconstruct(x, **options) - x) ** 2)


def error_of_patches(x, components, size=4):
    """The error of the principal components of patches, each drawn alone."""
    n, height, width, channels = x.shape
    patches = x.reshape(n, height // size, size, width // size, size, channels).swapaxes(2, 3)
    values = patches.reshape(-1, size * size * channels)
    values = values - values.mean(axis=0)
    return np.sum(np.linalg.svd(values, compute_uv=False)[components:] ** 2) / values.size


def test_a_plain_autoencoder_starts_below_the_error_of_separate_patches_and_training_reduces_it(x):
    model = kv.zoo.ae((16, 16, 2), 3, likelihood="normal_fixed", **MAPS)
    model.adapt(x)
    start = error(model, x)
    assert 0.3 * error_of_patches(x, 3) < start < 0.8 * error_of_patches(x, 3)  # neighbours tell more of a patch
    linear = [layer.get_weights() for layer in (model.encoder.linear, model.decoder.linear)]
    model.compile(keras.optimizers.Adam(3e-3))
    model.fit(x, epochs=5, batch_size=20, verbose=0)
    assert error(model, x) < 0.95 * start
    for layer, before in zip((model.encoder.linear, model.decoder.linear), linear, strict=True):
        keras.tree.map_structure(np.testing.assert_array_equal, layer.get_weights(), before)


@pytest.mark.parametrize("likelihood", ["normal", "normal_optimal", "laplace"])
def test_the_scale_of_an_adapted_vae_is_its_error_for_samples_of_the_posterior(x, likelihood):
    model = kv.zoo.spatial_vae((16, 16, 2), 3, likelihood=likelihood, **MAPS)
    model.adapt(x)
    decoded = model.decode(model.encode(x).sample(seed=(0, 1)))
    expected = np.sqrt(np.mean((decoded.mean() - x) ** 2))
    scale = decoded.distribution.scale if likelihood == "laplace" else decoded.stddev()
    np.testing.assert_allclose(np.mean(scale), expected, rtol=0.03)


def test_the_posterior_is_that_of_probabilistic_pca_for_patches(x):
    model = kv.zoo.spatial_vae((16, 16, 2), 3, likelihood="normal", **MAPS)
    model.adapt(x)
    posterior = model.encode(x)
    second_moments = np.mean(posterior.mean() ** 2 + posterior.variance(), axis=(0, 1, 2))
    np.testing.assert_allclose(second_moments, 1, rtol=0.01)  # those of the prior
    np.testing.assert_allclose(np.mean(posterior.mean(), axis=(0, 1, 2)), 0, atol=1e-3)


def test_a_condition_is_no_component(x):
    model = kv.zoo.conditional_vae((16, 16, 2), 3, classes=2, likelihood="normal", **MAPS)
    model.adapt(x)
    condition = np.arange(len(x)) % 2
    assert error(model, x, condition=condition) < error_of_patches(x, 3)
    means = [model.encode(x, condition=each).mean() for each in (condition, 1 - condition)]
    np.testing.assert_allclose(*means, atol=1e-5)


def test_it_survives_a_file_and_a_mixed_policy(x, tmp_path):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = kv.zoo.spatial_vae((16, 16, 2), 3, likelihood="normal", **MAPS)
        model.adapt(x)
        assert error(model, x) < error_of_patches(x, 3)
        model.save(tmp_path / "model.keras")
    finally:
        keras.config.set_dtype_policy(before)
    np.testing.assert_array_equal(kv.load_model(tmp_path / "model.keras").reconstruct(x[:5]), model.reconstruct(x[:5]))


def test_more_channels_than_values_of_a_patch_stay_at_the_prior(x):
    x = x[..., :1]
    model = kv.zoo.spatial_vae((16, 16, 1), 5, likelihood="normal", **{**MAPS, "filters": (4,)})  # patches of 2x2
    model.adapt(x)
    posterior = model.encode(x[:4])
    np.testing.assert_allclose(posterior.mean()[..., 3:], 0, atol=1e-5)
    np.testing.assert_allclose(posterior.stddev()[..., 3:], 1, atol=1e-3)


def test_other_distributions_leave_the_linear_path_at_zero(x):
    model = kv.zoo.spatial_vae((16, 16, 2), 3, likelihood="bernoulli", **MAPS)
    model.adapt((x > 0).astype("float32"))
    assert not np.any(model.encoder.linear.kernel)


@pytest.mark.parametrize(
    ("recipe", "options", "most"),
    [
        ("vq_vae", {"codebook_size": 64}, 1.0),  # below 1, since neighbours tell more of a patch
        ("vq_vae", {"codebook_size": 64, "codebook_update": "gradient"}, 1.0),
        ("residual_vq_vae", {"codebook_size": 8, "levels": 2}, 1.3),
        ("fsq_vae", {"sizes": (4, 4, 4)}, 1.3),
        ("lfq_vae", {"bits": 6}, 1.5),
    ],
)
def test_64_codes_start_near_the_error_of_patches_in_64_clusters(x, recipe, options, most):
    model = getattr(kv.zoo, recipe)((16, 16, 2), 3, likelihood="normal", **options, **MAPS)
    model.adapt(x)
    patches = np.asarray(model.encoder.patches(x)).reshape(-1, 32)
    clusters = KMeans(64, n_init=1, random_state=0).fit(patches)
    assert error(model, x) < most * clusters.inertia_ / patches.size
    used = np.unique(model.encode(x).indices.numpy().reshape(-1, model.posterior.levels), axis=0)
    assert len(used) > 40


def test_training_keeps_the_codebook_that_a_model_starts_with(x):
    model = kv.zoo.vq_vae((16, 16, 2), 3, likelihood="normal", codebook_size=64, **MAPS)
    model.adapt(x)
    start, books = error(model, x), model.posterior.codebooks.numpy()
    model.compile(keras.optimizers.Adam(1e-5))
    history = model.fit(x, epochs=1, batch_size=20, verbose=0).history
    assert history["restarts"] == [0]
    assert np.max(np.linalg.norm(model.posterior.codebooks - books, axis=-1)) < 0.5 * books.std()
    assert error(model, x) < 1.1 * start


def test_fewer_patches_than_codes_are_enough(x):
    model = kv.zoo.vq_vae((16, 16, 2), 3, likelihood="normal", codebook_size=64, **MAPS)
    model.adapt(x[:2])
    assert error(model, x[:2]) < 0.1
    assert np.isfinite(model.posterior.codebooks).all()


def test_images_that_patches_do_not_tile_are_refused():
    with pytest.raises(InvalidInputError, match=r"same multiple .* images of \(18, 16\) and maps of \(5, 4\)"):
        kv.zoo.spatial_vae((18, 16, 1), 3, **MAPS)
