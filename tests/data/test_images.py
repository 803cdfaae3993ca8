"""One file of any format: its pixels, its orientation, and what it claims."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from keras_vae.data.images import read_image, to_png
from keras_vae.errors import InvalidInputError


def file_of(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def gradient(dtype="uint8", white=255):
    return (np.add.outer(np.arange(12), np.arange(16)) / 26 * white).astype(dtype)


LOSSLESS = {"WEBP": {"lossless": True}, "TIFF": {"compression": "tiff_lzw"}, "PNG": {}, "BMP": {}}


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_file_without_loss_keeps_its_pixels(kind, mode):
    image = Image.fromarray(gradient()).convert(mode)
    read = read_image(file_of(image, kind, **LOSSLESS[kind])).pixels
    expected = np.asarray(image.convert("RGB") if kind == "WEBP" else image)
    np.testing.assert_array_equal(read, expected)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_tiff_files(compression):
    pixels = gradient("uint16", 65535)
    read = read_image(file_of(Image.fromarray(pixels), "TIFF", compression=compression))
    np.testing.assert_array_equal(read.pixels, np.rint(pixels / 257))
    assert read.brightest == 65535
    inverted = read_image(file_of(Image.fromarray(pixels), "TIFF", tiffinfo={262: 0}))
    np.testing.assert_array_equal(inverted.pixels, np.rint((65535 - pixels) / 257))
    pages = [Image.fromarray(gradient()), Image.new("L", (30, 30))]
    read = read_image(file_of(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert read.more_frames and read.brightest is None
    np.testing.assert_array_equal(read.pixels, gradient())


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_samples_of_more_than_16_bits_are_refused(dtype):
    with pytest.raises(InvalidInputError, match="expected unsigned samples of at most 16 bits, got 32 bits"):
        read_image(file_of(Image.fromarray(gradient(dtype)), "TIFF"))


def test_the_first_frame_of_a_gif_file_is_read():
    frames = [Image.fromarray(gradient()), Image.fromarray(255 - gradient())]
    read = read_image(file_of(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert read.more_frames and read.pixels.ndim == 2, "a grey palette is grey"
    np.testing.assert_array_equal(read.pixels, gradient())
    assert not read_image(file_of(frames[0], "GIF")).more_frames
    colours = read_image(file_of(frames[0].convert("RGB").quantize(8), "GIF", transparency=0)).pixels
    assert colours.shape == (12, 16) or colours.shape == (12, 16, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(kind, orientation):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    content = file_of(Image.fromarray(gradient()).convert("RGB"), kind, exif=exif)
    with Image.open(io.BytesIO(content)) as opened:
        expected = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    read = read_image(content).pixels
    np.testing.assert_array_equal(read.reshape(*read.shape[:2], -1), expected[..., : 1 if read.ndim == 2 else 3])
    assert read.shape[:2] == ((16, 12) if orientation >= 5 else (12, 16))


# What is claimed


def webp_claims(width, height):
    content = bytearray(
        file_of(Image.new("RGBA", (8, 8), (1, 2, 3, 4)), "WEBP", lossless=True, exif=Image.Exif().tobytes())
    )
    assert content[12:16] == b"VP8X"
    content[24:30] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(content)


def tiff_with(tags):
    """A TIFF file of nothing but long tags."""
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4 + 64)


def png_claims(width, height):
    content = bytearray(file_of(Image.new("L", (8, 8)), "PNG"))
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_too_many_pixels_are_refused_by_the_header(kind):
    content = file_of(Image.new("L", (40, 30)), kind)
    assert read_image(content, max_pixels=1200).pixels.shape[:2] == (30, 40)
    with pytest.raises(
        InvalidInputError, match="at most 1,199 pixels, got a header with 40 x 30, 1,200; make it smaller"
    ):
        read_image(content, max_pixels=1199)


def test_claims_beyond_the_limit_of_pillow_are_told_alike():
    message = "expected at most 67,108,864 pixels, got a header with 20000 x 30000, 600,000,000; make it smaller"
    with pytest.raises(InvalidInputError, match=message.replace("20000 x 30000, ", "")):
        read_image(png_claims(20000, 30000))


def test_a_webp_file_is_not_opened_before_its_claim_is_known(monkeypatch):
    """Pillow asks for the memory of the canvas, and twice, when it opens one."""
    assert read_image(webp_claims(8, 8)).pixels.shape == (8, 8, 3)
    monkeypatch.setattr(Image, "open", None)
    with pytest.raises(InvalidInputError, match="got a header with 16000 x 16383"):
        read_image(webp_claims(16000, 16383))
    for options in ({"lossless": True}, {"quality": 50}):
        with pytest.raises(InvalidInputError, match="got a header with 70 x 50"):
            read_image(file_of(Image.new("RGB", (70, 50)), "WEBP", **options), max_pixels=99)


def test_a_large_tile_of_a_small_tiff_file_is_refused():
    content = tiff_with(
        {256: 8, 257: 8, 258: 8, 259: 5, 262: 1, 277: 1, 322: 65536, 323: 65536, 324: 150, 325: 40, 339: 1}
    )
    with pytest.raises(InvalidInputError, match="got a header with 65536 x 65536"):
        read_image(content)


@pytest.mark.parametrize(
    "content", [b"", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"P5 1 1 255 x", b"\0" * 99]
)
def test_other_formats_are_never_opened(content):
    with pytest.raises(Exception, match="cannot identify image file"):
        read_image(content)


def test_a_png_file_for_graphs_that_do_not_know_the_format():
    pixels = gradient()
    content = to_png(file_of(Image.fromarray(pixels), "TIFF"))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(content), formats=["PNG"])), pixels)
