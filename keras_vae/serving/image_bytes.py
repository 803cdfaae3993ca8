"""Image files as inputs of a graph: what they claim is checked before anything is decoded.

What `keras_vae.data.images` does to a file, this does in operations of TensorFlow alone.
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
    """Image files as a model takes them, in operations of TensorFlow alone.

    It does what `keras_vae.data` does to a folder of images: brought upright by the EXIF orientation of JPEG and PNG
    files, resized (Lanczos) so that the image covers the size, cropped at its centre, transparent pixels laid over
    black, 8 bits, divided by 255. Colours become grey for a model of grey images, and grey is repeated for one of
    colours. The size of a file is read from its header before the file is decoded.

    Args:
        image_bytes: PNG, JPEG, GIF (the first frame) or BMP (uncompressed, of 8, 24 or 32 bits) files, string `(B,)`.
        event_shape: `(H, W, C)`, C one of 1, 3 and 4.
        max_pixels: pixels of a file, at most.
        max_batch_pixels: pixels of all files together, at most.

    Returns:
        float32 in [0, 1], `(B, H, W, C)`.

    Raises:
        tf.errors.InvalidArgumentError: when the graph runs, if a file is no such image, is damaged, or claims too many
            pixels; what the header shows is named by its place in the batch.

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
    """One file, float32 `(H, W, C)` from 0 to 1."""
    height, width, channels = event_shape
    turned = header.orientation >= 5
    size = tf.where(turned, (width, height), (height, width))

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
    """uint8 `(h, w, 3)`, or `(h, w, 4)` for a model of images with alpha."""
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
    """Whether nothing shows through a PNG file; to one of 1, 2 or 4 bits without alpha TensorFlow adds 1, 3 or 15."""
    least, greatest = tf.reduce_min(alpha), tf.reduce_max(alpha)
    bits = tf.io.decode_raw(tf.strings.substr(file, 24, 1), tf.uint8)[0]
    added = tf.bitwise.left_shift(tf.constant(1, tf.uint8), bits) - 1
    return (least == 255) | ((bits < 8) & (least == greatest) & (greatest == added))


def _jpeg(header, size, channels):
    """uint8 `(h, w, 3)`: decoded in a fraction of its size where that is still well above the size wanted."""

    def of_ratio(ratio):
        return lambda: tf.io.decode_jpeg(header.file, channels=3, ratio=ratio, dct_method="INTEGER_ACCURATE")

    reserve = tf.reduce_min(header.size // (DRAFT_SIZE * tf.cast(size, tf.int64)))
    fitting = tf.reduce_sum(tf.cast(reserve >= [2, 4, 8], tf.int32))
    return tf.switch_case(fitting, [of_ratio(ratio) for ratio in (1, 2, 4, 8)])


def _gif(header, size, channels):
    """uint8 `(h, w, 3)`, black where the first frame does not cover it."""
    frame = tf.io.decode_gif(header.file)[0]
    missing = tf.cast(header.size, tf.int32) - header.offset - tf.shape(frame)[:2]
    paddings = tf.stack([header.offset, missing], axis=1)
    return tf.pad(frame, tf.concat([paddings, [[0, 0]]], axis=0))


def _bmp(header, size, channels):
    """uint8 `(h, w, 3)`: a file of 8 bits has a palette, of which TensorFlow does not know."""
    pixels = tf.io.decode_bmp(header.file)

    def coloured():
        palette = image_header.bmp_palette(header.file)
        return tf.gather(palette, tf.cast(pixels[..., 0], tf.int32))

    return tf.cond(tf.shape(pixels)[-1] == 1, coloured, lambda: pixels[..., :3])


def _in_size(pixels: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Resized to cover and cropped at the centre in one step, rounded to 8 bits; float32 from 0 to 255."""
    found = tf.cast(tf.shape(pixels)[:2], tf.float32)
    wanted = tf.cast(size, tf.float32)
    scale = tf.reduce_max(wanted / found)
    fitted = tf.raw_ops.ScaleAndTranslate(
        images=pixels[None],
        size=size,
        scale=tf.stack([scale, scale]),
        translation=(wanted - found * scale) / 2.0,
        kernel_type="lanczos3",
        antialias=True,
    )[0]
    return tf.clip_by_value(tf.round(fitted), 0.0, 255.0)


def _in_channels(pixels: tf.Tensor, channels: int) -> tf.Tensor:
    """`(H, W, 3 or 4)` from 0 to 255 in the channels of the model."""
    if channels == 1:
        return tf.round(tf.reduce_sum(pixels[..., :3] * LUMA, axis=-1, keepdims=True))
    if channels == 4:
        opaque = tf.fill(tf.concat([tf.shape(pixels)[:2], [4 - tf.shape(pixels)[-1]]], axis=0), 255.0)
        return tf.concat([pixels, opaque], axis=-1)
    return pixels


def _upright(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """The image `(H, W, C)` as an EXIF orientation from 1 to 8 wants it seen."""

    def is_one_of(*orientations):
        return tf.reduce_any(orientation == orientations)

    pixels = tf.cond(orientation >= 5, lambda: tf.transpose(pixels, (1, 0, 2)), lambda: pixels)
    pixels = tf.cond(is_one_of(2, 3, 6, 7), lambda: tf.reverse(pixels, [1]), lambda: pixels)
    return tf.cond(is_one_of(3, 4, 7, 8), lambda: tf.reverse(pixels, [0]), lambda: pixels)
