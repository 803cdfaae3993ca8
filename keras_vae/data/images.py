"""Decodes an image file into an array.

`keras_vae.serving.image_bytes` decodes images in the same way, in the graph of an export.
"""

import io
import re
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from keras_vae.errors import InvalidInputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff")
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF")
"""The formats that Pillow may decode. Its other formats can run programs (EPS runs Ghostscript) or are rare."""

MAX_PIXELS = 2**26
"""The maximum number of pixels of a file, 8192 x 8192. The size in the header of a file is checked first."""

DRAFT_SIZE = 3
"""A JPEG file is decoded at 1/2, 1/4 or 1/8 of its size if the result is at least this many times the target size."""

ORIENTATION, BITS, PHOTOMETRIC, SAMPLE_FORMAT, TILE_WIDTH, TILE_HEIGHT = 0x0112, 258, 262, 339, 322, 323
WHITE_IS_ZERO = 0

OF_PILLOW = r"PIL\."
"""The modules whose warnings are suppressed."""


class DecodedImage(NamedTuple):
    """A decoded image.

    Attributes:
        pixels: uint8, grey `(H, W)` or RGB `(H, W, 3)`.
        brightest: maximum sample of a file with more than 8 bits, on a scale of 0 to 65535; None for other files.
        more_frames: whether the file has more frames or pages, which are not decoded.
        file_size: `(H, W)` of the upright image before it is resized.
        transparent: whether some pixels are transparent; they are composited over black.
    """

    pixels: np.ndarray
    brightest: int | None
    more_frames: bool
    file_size: tuple[int, int]
    transparent: bool = False


def read_image(
    file: str | Path | bytes,
    size: tuple[int, int] | None = None,
    *,
    max_pixels: int = MAX_PIXELS,
) -> DecodedImage:
    """Decodes an image file to 8 bits, grey or RGB without alpha, in upright orientation and a given size.

    Only the first frame of an animation or the first page of a TIFF file is decoded. The orientation in EXIF is
    applied. Transparent pixels are composited over black. Grey files of 1, 8 or 16 bits (with or without alpha) and
    GIF files with a grey palette are decoded as grey, all other files as RGB. The range of 16-bit samples is 0 to
    65535; the range of TIFF files with 9 to 15 bits is that of their number of bits.

    With `size`, the image is resized (Lanczos) to cover the size, and the rest is cropped evenly. Large JPEG files
    are decoded at a fraction of their size.

    Args:
        file: path or bytes of a PNG, JPEG, BMP, WebP, GIF or TIFF file.
        size: `(H, W)` in pixels. None keeps the size of the file.
        max_pixels: maximum number of pixels according to the header of the file. Pillow refuses more than 178,956,970
            in any case.

    Raises:
        InvalidInputError: if the header claims too many pixels, or if the samples have more than 16 bits.
        Exception: the errors of Pillow, of many classes, for a file that it cannot decode.

    Example:

    >>> from keras_vae.serving.png import png
    >>> read_image(png(np.ones((8, 6, 3))), (4, 4)).pixels.shape
    (4, 4, 3)
    """
    with _open_image(file, max_pixels) as image:
        bits, frame_box = _bits(image), image.tile[0][1] if image.tile else None  # decoding removes the tile
        orientation = _orientation(image)
        file_size = _upright_size(image, orientation)
        if size and image.format in ("JPEG", "MPO"):
            height, width = size[::-1] if orientation >= 5 else size
            image.draft(None, (width * DRAFT_SIZE, height * DRAFT_SIZE))
        more_frames = _has_more_frames(image)
        image.load()
        pixels, brightest, transparent = _in_8_bits(image, bits)
        if image.format == "GIF" and frame_box:
            pixels = _over_black(pixels, frame_box)
        pixels = _upright(pixels, orientation)
        pixels = np.asarray(pixels) if size is None else fit(pixels, size)
        return DecodedImage(pixels, brightest, more_frames, file_size, transparent)


def size_in_header(file: str | Path | bytes, *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Returns the size `(H, W)` of the upright image according to the header of a file; decodes no pixels.

    Arguments and errors as for `read_image`.

    Example:

    >>> from keras_vae.serving.png import png
    >>> size_in_header(png(np.ones((8, 6, 3))))
    (8, 6)
    """
    with _open_image(file, max_pixels) as image:
        return _upright_size(image, _orientation(image, decode=False))


def to_png(content: bytes, size: tuple[int, int] | None = None, *, max_pixels: int = MAX_PIXELS) -> bytes:
    """Converts an image file to a PNG file with the pixels of `read_image`, which lists the arguments and errors."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(read_image(content, size, max_pixels=max_pixels).pixels).save(file, "PNG")
    return file.getvalue()


def fit(image: Any, size: tuple[int, int]) -> np.ndarray:
    """Resizes an image (Lanczos) to cover `size`, and crops the rest evenly.

    Args:
        image: a `PIL.Image.Image`.
        size: `(H, W)` in pixels.

    Returns:
        uint8 `(H, W)` or `(H, W, C)`.
    """
    from PIL import Image, ImageOps

    height, width = size
    return np.asarray(ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS))


@contextmanager
def _open_image(file: str | Path | bytes, max_pixels: int):
    """Opens an image and checks its header, without decoding pixels."""
    from PIL import Image, TiffImagePlugin, UnidentifiedImageError

    _silence_pillow()
    with io.BytesIO(file) if isinstance(file, bytes) else Path(file).open("rb") as content:
        _check_claim(_webp_size(content), max_pixels)
        try:
            image = Image.open(content, formats=FORMATS)
        except Image.DecompressionBombError as error:  # Pillow reports the number of pixels only
            pixels = re.findall(r"\d+", str(error))[0]
            raise _too_large(f"{int(pixels):,}", min(max_pixels, 2 * (Image.MAX_IMAGE_PIXELS or max_pixels))) from None
        except UnidentifiedImageError:
            formats = ", ".join(FORMATS[:-1])
            raise UnidentifiedImageError(f"cannot identify image file as {formats} or {FORMATS[-1]}") from None
        with image:
            _check_claim(image.size, max_pixels)
            if isinstance(image, TiffImagePlugin.TiffImageFile):
                tags = image.tag_v2
                _check_claim((_number(tags.get(TILE_WIDTH, 1)), _number(tags.get(TILE_HEIGHT, 1))), max_pixels)
            yield image


def _silence_pillow() -> None:
    """Suppresses Pillow's warnings: `max_pixels` limits the size, and damage outside the pixels does not matter."""
    # Only if it is not the first filter, since each change makes Python repeat the warnings that it has shown.
    *_, module, _ = warnings.filters[0] if warnings.filters else (None, None)
    if getattr(module, "pattern", None) != OF_PILLOW:
        warnings.filterwarnings("ignore", module=OF_PILLOW)


def _check_claim(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise _too_large(f"{width} x {height}, {width * height:,}", max_pixels)


def _too_large(claim: str, max_pixels: int) -> InvalidInputError:
    return InvalidInputError(f"expected at most {max_pixels:,} pixels, got a header with {claim}; make it smaller")


def _webp_size(content: BinaryIO) -> tuple[int, int]:
    """Returns width and height of the canvas of a WebP file, which Pillow allocates when it opens one; else 0, 0."""
    header = content.read(30)
    content.seek(0)
    if header[:4] != b"RIFF" or header[8:12] != b"WEBP" or len(header) < 30:
        return 0, 0
    kind = header[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(header[24:27], "little"), 1 + int.from_bytes(header[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(header[21:25], "little")
        return 1 + bits % 2**14, 1 + (bits >> 14) % 2**14
    return int.from_bytes(header[26:28], "little") % 2**14, int.from_bytes(header[28:30], "little") % 2**14


def _upright_size(image, orientation: int) -> tuple[int, int]:
    width, height = image.size
    return (width, height) if orientation >= 5 else (height, width)


def _orientation(image, *, decode: bool = True) -> int:
    """Returns the orientation in EXIF, 1 to 8; 1 if there is none. XMP is ignored, as browsers do.

    Without `decode`, EXIF data after the pixels of a PNG file are not read.
    """
    from PIL import Image

    if image.format == "TIFF":
        if decode:
            image.load()  # recent versions of Pillow rotate the image and remove the tag
        orientation = image.getexif().get(ORIENTATION)
    else:
        if decode and image.format == "PNG" and "exif" not in image.info:
            image.load()  # the chunk may follow the pixels
        exif = Image.Exif()
        try:
            exif.load(image.info.get("exif", b""))
        except Exception:  # the pixels may be valid although the EXIF data are damaged
            return 1
        orientation = exif.get(ORIENTATION)
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _upright(image, orientation: int):
    from PIL.Image import Transpose

    transposes = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(transposes[orientation]) if orientation in transposes else image


def _bits(image) -> int:
    """Returns the number of bits of a sample, according to the header; 8 if there are fewer."""
    if image.format == "TIFF":
        bits, formats = (np.ravel(image.tag_v2.get(tag, 1)) for tag in (BITS, SAMPLE_FORMAT))
        if max(bits) > 16 or set(formats) != {1}:
            raise InvalidInputError(
                f"expected unsigned samples of at most 16 bits, got {max(bits)} bits, sample format {max(formats)}; "
                "convert the file, or use arrays in a .npy file"
            )
        return int(max(bits))
    rawmode = image.tile[0][3] if image.tile else ""
    return 16 if "16" in str(rawmode) else 8


def _in_8_bits(image, bits: int):
    """Returns the image in mode L or RGB, and its maximum sample (0 to 65535) if it has more than 8 bits.

    Also returns whether it has transparent pixels.
    """
    from PIL import Image

    grey = image.mode in ("1", "L", "LA") or image.mode.startswith("I") or _has_grey_palette(image)
    brightest, transparent = None, False
    if image.mode.startswith("I"):
        white = 2**bits - 1 if bits > 8 else 65535
        samples = np.asarray(image).astype(np.uint16)
        if image.format == "TIFF" and image.tag_v2.get(PHOTOMETRIC) == WHITE_IS_ZERO:
            samples = white - samples
        brightest = int(samples.max()) * 65535 // white
        image = Image.fromarray(np.rint(samples * np.float32(255 / white)).clip(0, 255).astype(np.uint8))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        transparent = image.getchannel("A").getextrema()[0] < 255
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    mode = "L" if grey else "RGB"
    image = image if image.mode == mode else image.convert(mode)  # convert always copies
    if bits > 8 and brightest is None:  # Pillow keeps the upper 8 bits of colours; the lower 8 may still not be 0
        brightest = max(257 * int(np.max(image.getextrema())), 255)
    return image, brightest, transparent


def _has_more_frames(image) -> bool:
    try:
        return getattr(image, "is_animated", False)
    except Exception:  # the data after the first frame are damaged
        return True


def _over_black(image, box: tuple[int, int, int, int]):
    """Paints the image black outside a box, which the first frame of an animation covers."""
    from PIL import Image

    if tuple(box) == (0, 0, *image.size):
        return image
    canvas = Image.new(image.mode, image.size)
    canvas.paste(image.crop(box), box)
    return canvas


def _has_grey_palette(image) -> bool:
    """Returns whether a GIF file has a grey palette; the format has no other mark for grey images."""
    if image.format != "GIF" or image.mode != "P":
        return False
    colours = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())


def _number(value) -> int:
    return int(np.max(value)) if np.size(value) else 0
