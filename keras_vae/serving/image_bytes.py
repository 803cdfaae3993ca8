"""Decodes image files in the graph of an export. The headers are checked before any file is decoded.

`keras_vae.data.images` decodes files in the same way, outside a graph.
"""

import tensorflow as tf

from keras_vae.data.images import DRAFT_SIZE, MAX_PIXELS
from keras_vae.serving import image_header

LUMA = (0.299, 0.587, 0.114)


def decode_images(
    image_bytes: tf.Tensor,
    event_shape: tuple[int, int, int],
    *,
    max_pixels: int = MAX_PIXELS,
    max_batch_pixels: int = 4 * MAX_PIXELS,
) -> tf.Tensor:
    """Decodes image files into examples of a model, using only TensorFlow operations.

    The result is the same as for a folder of images in `keras_vae.data`: the EXIF orientation of JPEG and PNG files is
    applied, the image is resized (Lanczos) to cover the size and cropped at its centre, transparent pixels are
    composited over black, and 8-bit values are divided by 255. Colours are converted to grey for a model of grey
    images, and grey is repeated for a model of colour images. The size of a file is read from its header before the
    file is decoded.

    Args:
        image_bytes: PNG, JPEG, GIF (first frame) or BMP (uncompressed, 8, 24 or 32 bits) files, string `(B,)`.
        event_shape: `(H, W, C)`, where C is 1, 3 or 4.
        max_pixels: maximum number of pixels of a file.
        max_batch_pixels: maximum number of pixels of all files together.

    Returns:
        float32 in [0, 1], `(B, H, W, C)`.

    Raises:
        tf.errors.InvalidArgumentError: when the graph runs, if a file is not an image of these formats, is damaged, or
            claims too many pixels. Errors in a header state the index of the file in the batch.

    Example:

    >>> white = tf.io.encode_png(tf.fill((40, 20, 3), tf.constant(255, tf.uint8)))
    >>> images = decode_images(tf.stack([white, white]), (28, 28, 1))
    >>> images.shape, float(tf.reduce_min(images))
    (TensorShape([2, 28, 28, 1]), 1.0)
    """
    headers = image_header.read_headers(image_bytes, max_pixels)
    total = tf.reduce_sum(tf.reduce_prod(headers.size, axis=1))
    headers = image_header.expect(
        total <= max_batch_pixels,
        headers,
        f"image_bytes: expected at most {max_batch_pixels:,} pixels in all files together, got ",
        tf.strings.as_string(total),
        "; send fewer files at a time.",
    )
    return tf.map_fn(
        lambda header: _decode(header, event_shape),
        headers,
        fn_output_signature=tf.TensorSpec(event_shape, tf.float32),
        parallel_iterations=4,
    )


def _decode(header: image_header.Headers, event_shape: tuple[int, int, int]) -> tf.Tensor:
    """Decodes one file to float32 `(H, W, C)` in [0, 1]."""
    height, width, channels = event_shape
    is_transposed = header.orientation >= 5
    size = tf.where(is_transposed, (width, height), (height, width))

    decoders = {
        kind: lambda decode=decode: decode(header, size, channels)
        for kind, decode in (
            (image_header.PNG, _png),
            (image_header.JPEG, _jpeg),
            (image_header.GIF, _gif),
            (image_header.BMP, _bmp),
        )
    }
    pixels = _in_channels(_in_size(tf.switch_case(header.kind, decoders), size), channels)
    return tf.ensure_shape(_upright(pixels, header.orientation) / 255.0, event_shape)


def _png(header, size, channels):
    """Decodes a PNG file to uint8 `(h, w, 3)`, or `(h, w, 4)` for a model of images with alpha."""
    pixels = tf.io.decode_png(header.file, channels=4)
    colours, alpha = pixels[..., :3], pixels[..., 3:]
    if channels == 4:
        return tf.concat(
            [colours, tf.where(_is_opaque(header.file, alpha), tf.constant(255, tf.uint8), alpha)], axis=-1
        )

    def over_black():
        premultiplied = tf.cast(colours, tf.uint16) * tf.cast(alpha, tf.uint16)
        return tf.cast((premultiplied + 127) // 255, tf.uint8)

    return tf.cond(_is_opaque(header.file, alpha), lambda: colours, over_black)


def _is_opaque(file, alpha):
    """Returns whether a PNG file is opaque. TensorFlow sets the alpha of opaque 1, 2 or 4-bit files to 1, 3 or 15."""
    lowest, highest = tf.reduce_min(alpha), tf.reduce_max(alpha)
    bits = tf.io.decode_raw(tf.strings.substr(file, 24, 1), tf.uint8)[0]
    opaque_value = tf.bitwise.left_shift(tf.constant(1, tf.uint8), bits) - 1
    return (lowest == 255) | ((bits < 8) & (lowest == highest) & (highest == opaque_value))


def _jpeg(header, size, channels):
    """Decodes a JPEG file to uint8 `(h, w, 3)`, at a fraction of its size if the target size is much smaller."""

    def of_ratio(ratio):
        return lambda: tf.io.decode_jpeg(header.file, channels=3, ratio=ratio, dct_method="INTEGER_ACCURATE")

    reductions = tf.reduce_min(header.size // (DRAFT_SIZE * tf.cast(size, tf.int64)))
    scale_index = tf.reduce_sum(tf.cast(reductions >= [2, 4, 8], tf.int32))
    return tf.switch_case(scale_index, [of_ratio(ratio) for ratio in (1, 2, 4, 8)])


def _gif(header, size, channels):
    """Decodes the first frame of a GIF file to uint8 `(h, w, 3)`, with black outside the frame."""
    frame = tf.io.decode_gif(header.file)[0]
    bottom_right = tf.cast(header.size, tf.int32) - header.offset - tf.shape(frame)[:2]
    paddings = tf.stack([header.offset, bottom_right], axis=1)
    return tf.pad(frame, tf.concat([paddings, [[0, 0]]], axis=0))


def _bmp(header, size, channels):
    """Decodes a BMP file to uint8 `(h, w, 3)`. TensorFlow ignores the palette of an 8-bit file, so it is read here."""
    pixels = tf.io.decode_bmp(header.file)

    def from_palette():
        palette = image_header.bmp_palette(header.file)
        return tf.gather(palette, tf.cast(pixels[..., 0], tf.int32))

    return tf.cond(tf.shape(pixels)[-1] == 1, from_palette, lambda: pixels[..., :3])


def _in_size(pixels: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Resizes to cover the size and crops at the centre in one step, rounded to 8 bits; float32 from 0 to 255."""
    current_size = tf.cast(tf.shape(pixels)[:2], tf.float32)
    target_size = tf.cast(size, tf.float32)
    scale = tf.reduce_max(target_size / current_size)
    resized_image = tf.raw_ops.ScaleAndTranslate(
        images=pixels[None],
        size=size,
        scale=tf.stack([scale, scale]),
        translation=(target_size - current_size * scale) / 2.0,
        kernel_type="lanczos3",
        antialias=True,
    )[0]
    return tf.clip_by_value(tf.round(resized_image), 0.0, 255.0)


def _in_channels(pixels: tf.Tensor, channels: int) -> tf.Tensor:
    """Converts pixels `(H, W, 3 or 4)`, 0 to 255, to the channels of the model."""
    if channels == 1:
        return tf.round(tf.reduce_sum(pixels[..., :3] * LUMA, axis=-1, keepdims=True))
    if channels == 4:
        opaque = tf.fill(tf.concat([tf.shape(pixels)[:2], [4 - tf.shape(pixels)[-1]]], axis=0), 255.0)
        return tf.concat([pixels, opaque], axis=-1)
    return pixels


def _upright(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Applies an EXIF orientation, 1 to 8, to an image `(H, W, C)`."""

    def is_one_of(*orientations):
        return tf.reduce_any(orientation == orientations)

    pixels = tf.cond(orientation >= 5, lambda: tf.transpose(pixels, (1, 0, 2)), lambda: pixels)
    pixels = tf.cond(is_one_of(2, 3, 6, 7), lambda: tf.reverse(pixels, [1]), lambda: pixels)
    return tf.cond(is_one_of(3, 4, 7, 8), lambda: tf.reverse(pixels, [0]), lambda: pixels)
