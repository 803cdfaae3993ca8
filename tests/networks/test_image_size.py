import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.networks import make_networks
from keras_vae.networks.image_size import SIZES, sized_options


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("side", [8, 64, 99, 256])
def test_a_larger_image_has_no_more_positions_at_the_lowest_resolution_than_7x7_or_32x32(size, side):
    vector = sized_options("resnet", (side, side, 3), size=size)
    assert side / (vector["patch_size"] * 2 ** len(vector["filters"])) <= 7
    spatial = sized_options("spatial", (side, side, 3), size=size)
    assert side / (spatial["patch_size"] * 2 ** len(spatial["filters"])) <= 32


def test_explicit_options_replace_those_of_the_size():
    given = {"filters": (5, 6), "blocks": 3, "units": 7, "attention": True, "patch_size": 1, "upsampling": "nearest"}
    assert sized_options("resnet", (64, 64, 3), size="tiny", **given) == given


@pytest.mark.parametrize("downsampling", [2, 4, 8, 16])
def test_downsampling_is_the_ratio_of_image_and_map(downsampling):
    for size in (None, *SIZES):
        options = sized_options("spatial", (64, 96, 3), size=size, downsampling=downsampling)
        assert options.get("patch_size", 1) * 2 ** len(options["filters"]) == downsampling


def test_the_latents_are_a_map_of_the_image_downsampled():
    encoder, decoder = make_networks("spatial", (32, 48, 3), 4, size="tiny", downsampling=4)
    assert encoder.map_shape[:2] == (8, 12)
    assert decoder.input_shape == (None, 8, 12, 4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "options", "dtype"),
    [("vae", {}, "float32"), ("vq_vae", {"patch_size": 4, "attention": True}, "mixed_bfloat16")],
)
def test_a_model_of_an_odd_size_trains_and_is_saved(recipe, options, dtype, tmp_path):
    options = {"size": "tiny", **options}
    x = np.random.default_rng(0).random((4, 33, 20, 3), "float32")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        network = "resnet" if recipe == "vae" else "spatial"
        model = kv.zoo.create(recipe, x.shape[1:], 3, network=network, likelihood="normal", seed=0, **options)
        model.compile(optimizer="adam")
        assert np.isfinite(model.fit(x, batch_size=2, verbose=0).history["loss"][0])
        model.save(tmp_path / "model.keras")
        assert np.array_equal(keras.saving.load_model(tmp_path / "model.keras").reconstruct(x), model.reconstruct(x))
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("patch_size", [1, 2, 4])
def test_a_constant_code_becomes_an_image_without_a_chequerboard(patch_size):
    options = {"filters": (8,), "upsampling": "subpixel", "patch_size": patch_size, "kernel_size": 1}
    _, decoder = make_networks("spatial", (16, 16, 3), 4, **options)
    image = decoder(tf.ones((1, *decoder.input_shape[1:]))).numpy()
    assert np.ptp(image, axis=(1, 2)).max() < 1e-6
    assert np.ptp(image) > 0.01


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("resnet", {"size": "huge"}, "Unknown size 'huge'"),
        ("resnet", {"downsampling": 4}, "network 'resnet' takes no option 'downsampling': spatial takes it"),
        ("resnet", {"upsampling": "bilinear"}, "Unknown upsampling 'bilinear'"),
        ("resnet", {"patch_size": 3}, "ResNetEncoder: expected a patch_size of 1, 2 or 4, got 3"),
        ("resnet", {"size": "tiny", "patch_size": 3}, "resnet: expected a patch_size of 1, 2 or 4, got 3"),
        ("resnet", {"size": "tiny", "filters": 5}, "resnet: filters must be a sequence"),
        ("resnet", {"attention": "yes"}, "ResNetEncoder: attention: expected True or False, got 'yes'"),
        ("spatial", {"downsampling": 3}, "spatial: expected a downsampling of 2, 4, 8 or 16, got 3"),
        ("spatial", {"downsampling": 4, "filters": (8,)}, "spatial: expected downsampling or filters"),
        ("spatial", {"downsampling": 16}, "spatial: expected a downsampling of at most 8"),
        ("spatial", {"downsampling": 4, "patch_size": 4}, "spatial: expected a patch_size of at most half"),
    ],
)
def test_bad_options_are_refused(kind, options, message, refused):
    with refused(message):
        make_networks(kind, (8, 12, 3), 2, **options)
