"""One image file as one array."""

from pathlib import Path

import numpy as np

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


def open_image(path: str | Path):
    """Decodes an image file and brings it upright, to 8 bits, and to grey (mode L) or RGB without alpha.

    EXIF orientation is applied, 16 bits are scaled to 8, and transparent pixels are laid over black. Modes 1, L, LA,
    I and I;16 are grey, all others RGB.

    Returns:
        A `PIL.Image.Image` of mode L or RGB.

    Raises:
        Exception: whatever Pillow raises on a file that it cannot decode; there are many kinds.
    """
    from PIL import Image, ImageOps

    with Image.open(path) as file:
        image = ImageOps.exif_transpose(file)
        image.load()
    grey = image.mode in ("1", "L", "LA") or image.mode.startswith("I")
    if image.mode.startswith("I"):
        image = Image.fromarray(np.rint(np.clip(np.asarray(image) / 257.0, 0, 255)).astype(np.uint8))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    return image.convert("L" if grey else "RGB")


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
