"""One image file as one array.

What it does to a file, `keras_vae.serving.image_bytes` does in the graph of an export.
"""

import io
import re
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from keras_vae.errors import InvalidInputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff")
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF")
"""What Pillow may try. Its other formats can run programs (EPS runs Ghostscript) or are seldom used."""

MAX_PIXELS = 2**26
"""Pixels of a file, at most: 8192 x 8192, some 67 million. Files that claim more are refused by their header."""

DRAFT_SIZE = 3
"""A JPEG file may be decoded at 1/2, 1/4 or 1/8 of its size if that is still so many times the size wanted."""

ORIENTATION, BITS, PHOTOMETRIC, SAMPLE_FORMAT, TILE_WIDTH, TILE_HEIGHT = 0x0112, 258, 262, 339, 322, 323
WHITE_IS_ZERO = 0


class DecodedImage(NamedTuple):
    """An image as the library works with it.

    Attributes:
        pixels: uint8, grey `(H, W)` or RGB `(H, W, 3)`.
        brightest: of a file of more than 8 bits, its greatest sample on a scale of 0 to 65535; else None.
        more_frames: whether the file is animated or has more pages, which are left out.
    """

    pixels: np.ndarray
    brightest: int | None
    more_frames: bool


def read_image(
    file: str | Path | bytes,
    size: tuple[int, int] | None = None,
    *,
    max_pixels: int = MAX_PIXELS,
) -> DecodedImage:
    """Decodes an image file: upright, 8 bits, grey or RGB without alpha, in the size wanted.

    The first frame of an animation and the first page of a TIFF file is taken. The orientation in EXIF is applied.
    Transparent pixels are laid over black. Files of 1, 8 or 16 bits in grey (with or without alpha) are grey, and so
    are GIF files with a grey palette; all others are RGB. Samples of 16 bits mean 0 to 65535; TIFF files of 9 to 15
    bits, which say so, mean their own range.

    With `size` the image is resized (Lanczos) so that it covers it, and the rest is cropped evenly; large JPEG files
    are decoded in a fraction of their size.

    Args:
        file: a PNG, JPEG, BMP, WebP, GIF or TIFF file, its path or its bytes.
        size: `(H, W)` in pixels; None keeps the size of the file.
        max_pixels: that the header of the file may claim; Pillow refuses more than 178,956,970 in any case.

    Raises:
        InvalidInputError: if the file claims too many pixels, or its samples have more than 16 bits.
        Exception: whatever Pillow raises on a file that it cannot decode; there are many kinds.

    Example:

    >>> from keras_vae.serving.png import png
    >>> read_image(png(np.ones((8, 6, 3))), (4, 4)).pixels.shape
    (4, 4, 3)
    """
    with _opened(file, max_pixels) as image:
        bits, covered = _bits(image), image.tile[0][1] if image.tile else None  # known until the pixels are decoded
        orientation = _orientation(image)
        if size and image.format in ("JPEG", "MPO"):
            height, width = size[::-1] if orientation >= 5 else size
            image.draft(None, (width * DRAFT_SIZE, height * DRAFT_SIZE))
        more_frames = _has_more_frames(image)
        image.load()
        plain, brightest = _in_8_bits(image, bits)
        if image.format == "GIF" and covered:
            plain = _over_black(plain, covered)
        plain = _upright(plain, orientation)
        return DecodedImage(np.asarray(plain) if size is None else fit(plain, size), brightest, more_frames)


def to_png(content: bytes, size: tuple[int, int] | None = None, *, max_pixels: int = MAX_PIXELS) -> bytes:
    """A PNG file of what `read_image` makes of a file; arguments and errors: see there."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(read_image(content, size, max_pixels=max_pixels).pixels).save(file, "PNG")
    return file.getvalue()


def fit(image, size: tuple[int, int]) -> np.ndarray:
    """Resizes (Lanczos) so that the image covers `size`, and crops the rest evenly.

    Args:
        image: a `PIL.Image.Image`.
        size: `(H, W)` in pixels.

    Returns:
        uint8 `(H, W)` or `(H, W, C)`.
    """
    from PIL import Image, ImageOps

    return np.asarray(ImageOps.fit(image, size[::-1], Image.Resampling.LANCZOS))


@contextmanager
def _opened(file: str | Path | bytes, max_pixels: int):
    """The image by its header, with nothing decoded."""
    from PIL import Image, UnidentifiedImageError

    with io.BytesIO(file) if isinstance(file, bytes) else Path(file).open("rb") as content:
        _check_claim(_webp_size(content), max_pixels)
        try:
            image = Image.open(content, formats=FORMATS)
        except Image.DecompressionBombError as error:  # far too many; Pillow does not tell width and height
            pixels = re.search(r"\d+", str(error))[0]
            raise _too_large(f"{int(pixels):,}", min(max_pixels, 2 * Image.MAX_IMAGE_PIXELS)) from None
        except UnidentifiedImageError:
            known = ", ".join(FORMATS[:-1])
            raise UnidentifiedImageError(f"cannot identify image file as {known} or {FORMATS[-1]}") from None
        with image:
            _check_claim(image.size, max_pixels)
            if image.format == "TIFF":
                tags = image.tag_v2
                _check_claim((_number(tags.get(TILE_WIDTH, 1)), _number(tags.get(TILE_HEIGHT, 1))), max_pixels)
            yield image


def _check_claim(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise _too_large(f"{width} x {height}, {width * height:,}", max_pixels)


def _too_large(claim: str, max_pixels: int) -> InvalidInputError:
    return InvalidInputError(f"expected at most {max_pixels:,} pixels, its header says {claim}; make it smaller")


def _webp_size(content: BinaryIO) -> tuple[int, int]:
    """Width and height of the canvas of a WebP file, for which Pillow asks memory when it opens one; else 0, 0."""
    head = content.read(30)
    content.seek(0)
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        return 0, 0
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L":
        packed = int.from_bytes(head[21:25], "little")
        return 1 + packed % 2**14, 1 + (packed >> 14) % 2**14
    return int.from_bytes(head[26:28], "little") % 2**14, int.from_bytes(head[28:30], "little") % 2**14


def _orientation(image) -> int:
    """1 to 8, as EXIF has it; 1 where nothing is said. What XMP says is left to others, as browsers do."""
    from PIL import Image

    if image.format == "TIFF":
        image.load()  # brings it upright and takes the tag away, unless Pillow is old
        found = image.getexif().get(ORIENTATION)
    else:
        if image.format == "PNG" and "exif" not in image.info:
            image.load()  # the chunk may stand behind the pixels
        exif = Image.Exif()
        try:
            exif.load(image.info.get("exif", b""))
        except Exception:  # damaged EXIF says nothing, and the pixels may be sound
            return 1
        found = exif.get(ORIENTATION)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _upright(image, orientation: int):
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _bits(image) -> int:
    """Bits of a sample; of a file that has more than 8 the header tells them."""
    if image.format == "TIFF":
        bits, formats = (np.ravel(image.tag_v2.get(tag, 1)) for tag in (BITS, SAMPLE_FORMAT))
        if max(bits) > 16 or set(formats) != {1}:
            raise InvalidInputError(
                f"expected unsigned samples of at most 16 bits, got {max(bits)} bits, sample format {max(formats)}; "
                "convert it, or give arrays in a .npy file"
            )
        return int(max(bits))
    rawmode = image.tile[0][3] if image.tile else ""
    return 16 if "16" in str(rawmode) else 8


def _in_8_bits(image, bits: int):
    """The image in mode L or RGB, and its greatest sample on a scale of 0 to 65535 if it has more than 8 bits."""
    from PIL import Image

    grey = image.mode in ("1", "L", "LA") or image.mode.startswith("I") or _has_grey_palette(image)
    brightest = None
    if image.mode.startswith("I"):
        white = 2**bits - 1 if bits > 8 else 65535
        samples = np.asarray(image).astype(np.uint16)
        if image.format == "TIFF" and image.tag_v2.get(PHOTOMETRIC) == WHITE_IS_ZERO:
            samples = white - samples
        brightest = int(samples.max()) * 65535 // white
        image = Image.fromarray(np.rint(samples * np.float32(255 / white)).clip(0, 255).astype(np.uint8))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    mode = "L" if grey else "RGB"
    image = image if image.mode == mode else image.convert(mode)  # it would copy
    if bits > 8 and brightest is None:  # Pillow keeps the upper 8 bits of colours; if they are 0, the others may not be
        brightest = max(257 * int(np.max(image.getextrema())), 255)
    return image, brightest


def _has_more_frames(image) -> bool:
    try:
        return getattr(image, "is_animated", False)
    except Exception:  # something follows the first frame, and it is damaged
        return True


def _over_black(image, box: tuple[int, int, int, int]):
    """The image, black outside of a box: what the first frame of an animation does not cover."""
    from PIL import Image

    if tuple(box) == (0, 0, *image.size):
        return image
    canvas = Image.new(image.mode, image.size)
    canvas.paste(image.crop(box), box)
    return canvas


def _has_grey_palette(image) -> bool:
    """Whether a GIF file is grey; the format has no other way to say so."""
    if image.format != "GIF" or image.mode != "P":
        return False
    colours = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())


def _number(value) -> int:
    return int(np.max(value)) if np.size(value) else 0
