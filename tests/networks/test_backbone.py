import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.networks import backbone as module
from keras_vae.networks.backbone import BackboneEncoder

X = np.random.default_rng(0).random((4, 32, 32, 3), "float32")
SMALL = "MobileNetV2"


@pytest.fixture(scope="module")
def shared():
    return BackboneEncoder((32, 32, 3), SMALL)


@pytest.mark.parametrize(
    ("name", "family"),
    [
        (SMALL, keras.applications.mobilenet_v2),
        ("ResNet50", keras.applications.resnet),
        ("DenseNet121", keras.applications.densenet),
        ("EfficientNetB0", keras.applications.efficientnet),
    ],
)
def test_images_are_scaled_as_the_family_documents_for_pixels_up_to_255(name, family, monkeypatch):
    monkeypatch.setattr(BackboneEncoder, "_architecture", lambda *_: keras.layers.Flatten())
    encoder = BackboneEncoder((32, 32, 3), name)
    expected = family.preprocess_input(255.0 * X.astype("float64"))
    assert np.allclose(encoder(X), expected.reshape(4, -1), atol=1e-3)


def test_there_is_every_architecture_of_keras():
    known = module.backbones()
    assert {SMALL, "MobileNetV3Small", "ResNet50", "ResNet50V2", "ConvNeXtTiny", "EfficientNetV2S", "VGG16"} <= set(
        known
    )
    assert all(hasattr(family, "preprocess_input") for family in known.values())


@pytest.mark.slow
def test_grey_images_are_taken_as_grey_colours(shared):
    grey = BackboneEncoder((32, 32, 1), SMALL)
    grey.set_weights(shared.get_weights())
    assert np.allclose(grey(X[..., :1]), shared(np.repeat(X[..., :1], 3, axis=-1)), atol=1e-5)


@pytest.mark.slow
def test_it_learns_and_its_moving_statistics_are_saved(shared, tmp_path):
    before = [weight.numpy() for weight in shared.non_trainable_weights]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(shared(X, training=True) ** 2)
    gradients = tape.gradient(loss, [weight.value for weight in shared.trainable_weights])
    assert all(gradient is not None and np.abs(gradient).max() > 0 for gradient in gradients)
    changed = [np.any(old != new.numpy()) for old, new in zip(before, shared.non_trainable_weights, strict=True)]
    assert all(changed)
    shared.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    for one, other in zip(shared.weights, loaded.weights, strict=True):
        assert np.array_equal(one, other)
    assert np.allclose(loaded(X), shared(X), atol=1e-6)
    assert loaded.get_config() == shared.get_config()


@pytest.mark.slow
def test_a_frozen_one_stays_as_it_is():
    frozen = BackboneEncoder((32, 32, 3), SMALL, trainable=False, pooling=None)
    assert frozen(X).shape == (4, 1, 1, 1280)
    before = frozen.get_weights()
    assert np.allclose(frozen(X, training=True), frozen(X), atol=1e-5)
    assert not frozen.trainable_weights
    assert all(np.array_equal(old, new) for old, new in zip(before, frozen.get_weights(), strict=True))
    assert frozen.get_config()["trainable"] is False


@pytest.mark.slow
def test_it_computes_in_its_own_dtype_policy_and_leaves_the_global_one():
    network = BackboneEncoder((32, 32, 1), SMALL, dtype="mixed_bfloat16")
    assert network(X[..., :1]).dtype == tf.bfloat16
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.slow
def test_weights_of_imagenet_are_those_that_keras_downloads(shared, tmp_path, monkeypatch):
    path = tmp_path / "downloaded.weights.h5"
    shared.body.save_weights(path)
    asked = []
    monkeypatch.setattr(shared.family.file_utils, "get_file", lambda *names, **_: asked.append(names) or str(path))
    with pytest.warns(UserWarning, match="will be loaded as the default"):
        network = BackboneEncoder((32, 32, 3), SMALL, weights="imagenet")
    assert "no_top" in asked[0][0]
    for one, other in zip(shared.weights, network.weights, strict=True):
        assert np.array_equal(one, other)
    assert network.get_config()["weights"] is None


def test_weights_that_cannot_be_downloaded_are_a_clear_error(shared, monkeypatch, refused):
    def fail(*_, **__):
        raise Exception("URL fetch failure on https://example.org: None -- no route to host")

    monkeypatch.setattr(shared.family.file_utils, "get_file", fail)
    with pytest.warns(UserWarning), refused("'imagenet' of MobileNetV2 could not be downloaded .*use weights=None"):
        BackboneEncoder((32, 32, 3), SMALL, weights="imagenet")


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((32, 32, 3), {"backbone": "MobileNetV4"}, "Unknown backbone 'MobileNetV4': did you mean 'MobileNet"),
        ((70, 80, 3), {"backbone": "Xception"}, r"Xception cannot take images of \(70, 80, 3\).*at least 71x71"),
        ((32, 32, 2), {}, "expected images .* with 1 or 3 channels"),
        ((32, 32), {}, "expected images"),
        ((32, 32, 3), {"pooling": "mean"}, "pooling must be one of .*'avg'.* got 'mean'"),
        ((32, 32, 3), {"weights": "cifar"}, "weights must be one of .*'imagenet'.* got 'cifar'"),
    ],
)
def test_bad_input_is_refused(shape, options, message, refused):
    with refused(message):
        BackboneEncoder(shape, **options)
