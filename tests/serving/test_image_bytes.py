"""Files become what training would have made of them."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from keras_vae.data import load
from keras_vae.data.images import read_image
from keras_vae.serving.graph_error import reason_of
from keras_vae.serving.image_bytes import decode_images


def picture(height, width, mode="RGB", seed=0):
    """A smooth picture with some structure."""
    y, x = np.mgrid[0:height, 0:width]
    channels = len(Image.new(mode, (1, 1)).getbands())
    waves = [128 + 100 * np.sin((x * (c + 2) + y * (seed + 1)) / 9) for c in range(channels)]
    pixels = np.stack(waves, axis=-1).astype("uint8")
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def file_of(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **({"quality": 95, **options} if kind == "JPEG" else options))
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


# Every kind of file becomes what training makes of it


@tf.function(input_signature=[tf.TensorSpec((None,), tf.string)], autograph=False)
def decode(files):
    return decode_images(files, (12, 16, 3), max_pixels=2_000_000, max_batch_pixels=5_000_000)


def exif(orientation, order="<", kind=3):
    value = struct.pack(f"{order}{'H2x' if kind == 3 else 'I'}", orientation)
    head = b"II*\0" if order == "<" else b"MM\0*"
    entries = struct.pack(f"{order}HHI4s", 0x010F, 2, 4, b"Cam\0") + struct.pack(f"{order}HHI", 0x0112, kind, 1) + value
    return b"Exif\0\0" + head + struct.pack(f"{order}IH", 8, 2) + entries + b"\0\0\0\0"


def animation(**options):
    frames = [picture(20, 30, seed=seed).quantize(32) for seed in range(3)]
    return file_of(frames[0], "GIF", save_all=True, append_images=frames[1:], **options)


def partial_frame():
    """A GIF file whose only frame covers a part of the canvas; the palette starts with a colour that is not black."""
    content = bytearray(file_of(Image.new("P", (6, 4), 1), "GIF"))
    image = Image.new("P", (6, 4), 1)
    image.putpalette([250, 0, 0, 0, 250, 0])
    content = bytearray(file_of(image, "GIF", optimize=False))
    content[6:10] = struct.pack("<HH", 16, 12)
    frame = content.index(b",\0\0\0\0")
    content[frame + 1 : frame + 5] = struct.pack("<HH", 3, 5)
    return bytes(content)


def palette(colours=7):
    """Of the size wanted, as all that has hard edges is here: Pillow rounds between the two axes when it resizes."""
    return picture(12, 16).quantize(colours)


def transparent(mode):
    image = picture(12, 16, mode)
    image.putalpha(Image.fromarray(np.arange(192, dtype="uint8").reshape(12, 16)))
    return image


FILES = {
    "grey JPEG": lambda: file_of(picture(20, 30, "L"), "JPEG"),
    "progressive JPEG": lambda: file_of(picture(20, 30), "JPEG", progressive=True),
    "CMYK JPEG": lambda: file_of(picture(20, 30).convert("CMYK"), "JPEG"),
    "JPEG at 1/2": lambda: file_of(picture(100, 120), "JPEG"),
    "JPEG at 1/4": lambda: file_of(picture(301, 200), "JPEG"),
    "JPEG at 1/8": lambda: file_of(picture(600, 901), "JPEG"),
    "turned JPEG at 1/4": lambda: file_of(picture(200, 301), "JPEG", exif=exif(6)),
    "large PNG": lambda: file_of(picture(600, 901), "PNG"),
    "turned PNG": lambda: file_of(picture(20, 30), "PNG", exif=exif(8)),
    "palette PNG": lambda: file_of(palette(), "PNG"),
    "transparent palette PNG": lambda: file_of(palette(), "PNG", transparency=3),
    "palette of 200 PNG": lambda: file_of(palette(200), "PNG"),
    "transparent grey PNG": lambda: file_of(picture(12, 16, "L"), "PNG", transparency=227),
    "transparent colour PNG": lambda: file_of(picture(12, 16), "PNG", transparency=(29, 121, 227)),
    "black and white PNG": lambda: file_of(picture(12, 16, "L").convert("1"), "PNG"),
    "grey and alpha PNG": lambda: file_of(transparent("L"), "PNG"),
    "alpha PNG": lambda: file_of(transparent("RGB"), "PNG"),
    "16-bit PNG": lambda: file_of(Image.fromarray(np.arange(0, 60000, 100, np.uint16).reshape(20, 30)), "PNG"),
    "GIF": lambda: file_of(palette(), "GIF"),
    "grey GIF": lambda: file_of(picture(20, 30, "L"), "GIF"),
    "interlaced GIF": lambda: file_of(palette(), "GIF", interlace=1),
    "transparent GIF": lambda: file_of(palette(), "GIF", transparency=2),
    "GIF with a comment": lambda: file_of(palette(), "GIF", comment=b"," * 700),
    "animated GIF": lambda: animation(loop=0),
    "GIF with a part of the canvas": partial_frame,
    "BMP": lambda: file_of(picture(21, 31), "BMP"),
    "grey BMP": lambda: file_of(picture(21, 31, "L"), "BMP"),
    "palette BMP": lambda: file_of(palette(), "BMP"),
    "BMP of 32 bits": lambda: file_of(transparent("RGB"), "BMP"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_becomes_what_training_makes_of_it(name):
    content = FILES[name]()
    trained = read_image(content, (12, 16)).pixels
    trained = np.broadcast_to(trained.reshape(12, 16, -1), (12, 16, 3))
    gap = np.abs(decode(tf.constant([content])).numpy()[0] * 255 - trained)
    assert gap.max() <= 2.01
    assert trained.std() > 0.2


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("order", "<>")
def test_the_orientation_of_exif_is_applied(kind, order):
    image = Image.fromarray(np.add.outer(8 * np.arange(12), 5 * np.arange(16)).astype("uint8")).convert("RGB")
    cases = [(orientation, type_) for orientation in (*range(1, 9), 0, 9) for type_ in (3, 4)]
    files = [file_of(image, kind, exif=exif(orientation, order, type_)) for orientation, type_ in cases]
    served = decode(tf.constant(files)).numpy()
    for (orientation, _), file, pixels in zip(cases, files, served, strict=True):
        with Image.open(io.BytesIO(file)) as opened:
            upright = ImageOps.fit(ImageOps.exif_transpose(opened), (16, 12), Image.Resampling.LANCZOS)
        np.testing.assert_allclose(pixels * 255, np.asarray(upright), atol=2.01, err_msg=str(orientation))
        np.testing.assert_array_equal(read_image(file, (12, 16)).pixels, np.asarray(upright), err_msg=str(orientation))


@pytest.mark.parametrize(
    "block",
    [b"", exif(6)[:-9], b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0no TIFF here"],
)
def test_damaged_exif_says_nothing(block):
    image = picture(12, 16)
    (pixels,) = decode(tf.constant([file_of(image, "PNG", exif=block or b"Exif\0\0")])).numpy()
    np.testing.assert_allclose(pixels * 255, np.asarray(image), atol=1e-3)


# Pixels that are claimed


def claims(kind, width, height):
    """A small file whose header says that it is large."""
    content = bytearray(FILES[kind]() if kind in FILES else file_of(picture(8, 8), kind))
    if "PNG" in kind:
        content[16:24] = struct.pack(">II", width, height)
        content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    elif "JPEG" in kind:
        mark = content.index(b"\xff\xc2" if "progressive" in kind else b"\xff\xc0")
        content[mark + 5 : mark + 9] = struct.pack(">HH", height, width)
    elif "GIF" in kind:
        content[6:10] = struct.pack("<HH", width, height)
    elif "BMP" in kind:
        content[18:26] = struct.pack("<ii", width, -height)
    return bytes(content)


def refusal(*files):
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        decode(tf.constant(files))
    return reason_of(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "progressive JPEG", "GIF", "animated GIF", "BMP"])
def test_a_file_that_claims_too_many_pixels_is_refused_before_it_is_decoded(kind):
    good = file_of(picture(8, 8), "PNG")
    assert refusal(good, claims(kind, 13000, 12000)) == (
        "image_bytes[1]: expected at most 2,000,000 pixels, got a header with 13000 x 12000; send a smaller image."
    )


@pytest.mark.parametrize("width, height", [(2**32 - 1, 2**32 - 1), (2**31, 2**32 - 2), (0, 8), (2**31, 0)])
def test_claims_that_overflow_and_empty_ones_are_refused(width, height):
    expected = "one pixel or more" if 0 in (width, height) else "at most 2,000,000 pixels"
    told = refusal(claims("PNG", width, height))
    assert expected in told and f"got a header with {width} x {height}" in told


def test_a_later_frame_of_a_gif_file_may_claim_what_it_likes():
    content = bytearray(animation(loop=0))
    frame = content.rindex(b",\0\0\0\0")
    content[frame + 5 : frame + 9] = struct.pack("<HH", 65535, 65535)
    np.testing.assert_array_equal(decode(tf.constant([bytes(content)])), decode(tf.constant([animation(loop=0)])))


def test_the_pixels_of_a_batch_are_limited():
    content = file_of(Image.new("L", (1400, 1400)), "PNG")
    assert decode(tf.constant([content] * 2)).shape == (2, 12, 16, 3)
    assert refusal(*[content] * 3) == (
        "image_bytes: expected at most 5,000,000 pixels in all files together, got 5880000; send fewer files at a time."
    )


def test_scans_without_end_are_refused():
    content = FILES["progressive JPEG"]()
    start = content.rindex(b"\xff\xda")
    scan = content[start:-2]
    assert "at most 100 scans" in refusal(content[:start] + 200 * scan + content[-2:])


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_off_is_refused_or_answered_as_training_reads_it(name):
    content = FILES[name]()
    for length in (0, 3, 12, 30, 60, len(content) // 2, len(content) - 12):
        cut = content[:length]
        try:
            served = decode(tf.constant([cut])).numpy()[0]
        except tf.errors.InvalidArgumentError:
            continue
        trained = read_image(cut, (12, 16)).pixels
        assert np.abs(served * 255 - trained.reshape(12, 16, -1)).max() <= 2.01, length


def test_what_the_graph_does_not_decode_is_refused_in_one_line():
    for content in (b"", b"%!PS-Adobe", file_of(picture(8, 8), "WEBP"), file_of(picture(8, 8), "TIFF")):
        assert refusal(content) == (
            "image_bytes[0]: expected a PNG, JPEG, GIF or BMP file, got another format or no data."
        )
    assert "an uncompressed BMP file" in refusal(file_of(picture(8, 8, "L").convert("1"), "BMP"))


def test_no_files_give_no_images():
    assert decode(tf.constant([], tf.string)).shape == (0, 12, 16, 3)
