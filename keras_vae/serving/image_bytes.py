"""Image files as inputs of a graph."""

import tensorflow as tf


def decode_images(image_bytes: tf.Tensor, event_shape: tuple[int, int, int]) -> tf.Tensor:
    """Image files as a model takes them, in ops of TensorFlow alone.

    It does what `keras_vae.data` does to a folder of images: resized (Lanczos) so that the image covers the size,
    cropped at its centre, transparent pixels laid over black, 8 bits, divided by 255. Colours become grey for a
    model of grey images, and grey is repeated for one of colours. EXIF orientation is not applied.

    Args:
        image_bytes: PNG, JPEG, BMP or GIF (its first frame) files, string `(B,)`.
        event_shape: `(H, W, C)`, C one of 1, 3 and 4.

    Returns:
        float32 in [0, 1], `(B, H, W, C)`.

    Raises:
        tf.errors.InvalidArgumentError: when the graph runs, if a file is no such image.

    Example:

    >>> white = tf.io.encode_png(tf.fill((40, 20, 3), tf.constant(255, tf.uint8)))
    >>> images = decode_images(tf.stack([white, white]), (28, 28, 1))
    >>> images.shape, float(tf.reduce_min(images))
    (TensorShape([2, 28, 28, 1]), 1.0)
    """
    return tf.map_fn(
        lambda file: _fit(_decode(file, event_shape[-1]), event_shape),
        image_bytes,
        fn_output_signature=tf.TensorSpec(event_shape, tf.float32),
        parallel_iterations=16,
    )


def _decode(file: tf.Tensor, channels: int) -> tf.Tensor:
    """One file, float32 `(h, w, channels)` from 0 to 255."""

    def jpeg():
        return _in_channels(tf.io.decode_jpeg(file, channels=3, dct_method="INTEGER_ACCURATE"), channels)

    def png():
        pixels = tf.cast(tf.io.decode_png(file, channels=4), tf.float32)
        return pixels if channels == 4 else _in_channels(tf.round(pixels[..., :3] * pixels[..., 3:] / 255.0), channels)

    def other():
        return _in_channels(tf.io.decode_image(file, channels=3, expand_animations=False), channels)

    is_png = tf.equal(tf.strings.substr(file, 0, 4), b"\x89PNG")
    pixels = tf.cond(tf.io.is_jpeg(file), jpeg, lambda: tf.cond(is_png, png, other))
    return tf.ensure_shape(pixels, (None, None, channels))


def _in_channels(pixels: tf.Tensor, channels: int) -> tf.Tensor:
    pixels = tf.cast(pixels, tf.float32)
    if channels == 1:
        return tf.round(tf.reduce_sum(pixels * [0.299, 0.587, 0.114], axis=-1, keepdims=True))
    if channels == 4:
        return tf.concat([pixels, tf.fill(tf.concat([tf.shape(pixels)[:2], [1]], axis=0), 255.0)], axis=-1)
    return pixels


def _fit(pixels: tf.Tensor, event_shape: tuple[int, int, int]) -> tf.Tensor:
    """Resized to cover and cropped at the centre in one step, rounded to 8 bits, divided by 255."""
    size = tf.constant(event_shape[:2], tf.float32)
    found = tf.cast(tf.shape(pixels)[:2], tf.float32)
    scale = tf.reduce_max(size / found)
    fitted = tf.raw_ops.ScaleAndTranslate(
        images=pixels[None],
        size=tf.constant(event_shape[:2], tf.int32),
        scale=tf.stack([scale, scale]),
        translation=(size - found * scale) / 2.0,
        kernel_type="lanczos3",
        antialias=True,
    )[0]
    return tf.ensure_shape(tf.clip_by_value(tf.round(fitted), 0.0, 255.0) / 255.0, event_shape)
