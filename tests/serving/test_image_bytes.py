"""Files become what training would have made of them."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_vae.data import load
from keras_vae.serving.image_bytes import decode_images


def picture(height, width, mode="RGB", seed=0):
    """A smooth picture with some structure."""
    y, x = np.mgrid[0:height, 0:width]
    channels = len(Image.new(mode, (1, 1)).getbands())
    waves = [128 + 100 * np.sin((x * (c + 2) + y * (seed + 1)) / 9) for c in range(channels)]
    pixels = np.stack(waves, axis=-1).astype("uint8")
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def file_of(image, kind):
    file = io.BytesIO()
    image.save(file, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return file.getvalue()


def decoded(image, kind, event_shape):
    return decode_images(tf.constant([file_of(image, kind)]), event_shape).numpy()[0]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP"])
@pytest.mark.parametrize(
    ("size", "event_shape"), [((40, 60), (16, 16, 3)), ((33, 20), (24, 16, 3)), ((9, 9), (28, 20, 3))]
)
def test_resized_and_cropped_as_a_folder_of_images_is(tmp_path, kind, size, event_shape):
    for i in range(12):
        (tmp_path / f"{i:02}.{kind.lower()}").write_bytes(file_of(picture(*size, seed=i), kind))
    data = load(tmp_path, image_size=event_shape[:2], validation=1 / 12, test=1 / 12)
    trained = np.concatenate([data.train.x, data.validation.x, data.test.x]).astype("float32") / 255
    files = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    served = decode_images(tf.constant(files), event_shape).numpy()
    assert served.shape == trained.shape and served.min() >= 0 and served.max() <= 1
    gaps = np.abs(served[:, None] - trained[None]).max(axis=(2, 3, 4))
    assert (gaps.min(axis=1) <= 2.01 / 255).all()
    np.testing.assert_allclose(served * 255, np.rint(served * 255), atol=1e-3)


def test_a_file_of_the_right_size_passes_unchanged():
    image = picture(16, 12)
    np.testing.assert_allclose(decoded(image, "PNG", (16, 12, 3)), np.asarray(image) / 255, atol=1e-6)


def test_grey_and_colour_become_each_other():
    colour, grey = picture(16, 16), picture(16, 16, "L")
    np.testing.assert_allclose(
        decoded(colour, "PNG", (16, 16, 1))[..., 0], np.asarray(colour.convert("L")) / 255, atol=1.01 / 255
    )
    repeated = decoded(grey, "PNG", (16, 16, 3))
    np.testing.assert_allclose(repeated, np.repeat(np.asarray(grey)[..., None] / 255, 3, axis=-1), atol=1e-6)


def test_transparency_is_laid_over_black_or_kept():
    pixels = np.full((8, 8, 4), 200, "uint8")
    pixels[..., 3] = np.arange(64).reshape(8, 8) * 4
    image = Image.fromarray(pixels)
    np.testing.assert_allclose(
        decoded(image, "PNG", (8, 8, 3)), np.rint(200.0 * pixels[..., 3:] / 255).repeat(3, axis=-1) / 255, atol=1e-6
    )
    np.testing.assert_allclose(decoded(image, "PNG", (8, 8, 4)), pixels / 255, atol=1e-6)


def test_sixteen_bits_become_eight():
    pixels = np.linspace(0, 65535, 64).reshape(8, 8).astype("uint16")
    expected = np.rint(pixels / 257) / 255
    np.testing.assert_allclose(decoded(Image.fromarray(pixels), "PNG", (8, 8, 1))[..., 0], expected, atol=1.01 / 255)


@pytest.mark.parametrize("junk", [b"", b"no image", b"\x89PNG\r\n\x1a\n broken", b"\xff\xd8\xff broken"])
def test_what_is_no_image_is_an_error(junk):
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode_images(tf.constant([junk]), (8, 8, 1))
