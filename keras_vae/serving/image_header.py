"""What the headers of image files claim, read in operations of TensorFlow alone."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import tensorflow as tf

KINDS = PNG, JPEG, GIF, BMP = range(4)
STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM")
SHORTEST = (33, 4, 14, 54)
"""Bytes of a file of each kind that has a header."""

MAX_SCANS = 100
"""Scans of a JPEG file, at most: each is a pass over all its pixels. Progressive files have some ten."""

MAX_BLOCKS = 100
"""Blocks of a GIF file before its first frame, at most."""

START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
FRAME, EXTENSION = 0x2C, 0x21
ORIENTATION = 0x0112
TYPES_OF_2_BYTES, TYPES_OF_4_BYTES = (3, 8), (4, 9)

T = TypeVar("T")


class Headers(NamedTuple):
    """Image files, and what their headers say, a row for each.

    Attributes:
        file: what there is to decode, string `(B,)`.
        kind: `PNG`, `JPEG`, `GIF` or `BMP`, int32 `(B,)`.
        size: `(height, width)` in pixels, int64 `(B, 2)`.
        orientation: of EXIF, 1 to 8, int32 `(B,)`.
        offset: of the first frame of an animation, `(down, right)` in pixels, int32 `(B, 2)`.
    """

    file: tf.Tensor
    kind: tf.Tensor
    size: tf.Tensor
    orientation: tf.Tensor
    offset: tf.Tensor


def read_headers(files: tf.Tensor, max_pixels: int) -> Headers:
    """The headers of files, string `(B,)`.

    Raises:
        tf.errors.InvalidArgumentError: when the graph runs, if a file is of another kind, cut off, or claims more than
            `max_pixels` pixels.

    Example:

    >>> files = tf.stack([tf.io.encode_png(np.zeros((5, 7, 3), "uint8"))])
    >>> read_headers(files, max_pixels=100).size.numpy().tolist()
    [[5, 7]]
    """
    starts = tf.stack([tf.strings.substr(files, 0, len(start)) == start for start in STARTS], axis=1)
    known = tf.reduce_any(starts, axis=1)
    files = expect(known, files, "expected a PNG, JPEG, GIF or BMP file, got another kind or nothing.")
    kind = tf.argmax(starts, axis=1, output_type=tf.int32)
    whole = tf.strings.length(files) >= tf.gather(SHORTEST, kind)
    files = expect(whole, files, "expected a whole image file, it is cut off.")

    bmp_size, plain = _bmp(files)
    files = expect((kind != BMP) | plain, files, "expected an uncompressed BMP file of 8, 24 or 32 bits per pixel.")
    size = tf.where((kind == PNG)[:, None], _png_size(files), bmp_size)
    headers = Headers(files, kind, size, tf.ones_like(kind), tf.zeros_like(size, tf.int32))
    headers = _of_some(_jpeg, kind == JPEG, headers)
    headers = _of_some(_gif, kind == GIF, headers)
    headers = _of_some(_exif, tf.strings.regex_full_match(files, rb"\C*(eXIf|Exif\x00\x00)\C*"), headers)

    size = headers.size
    fits = tf.reduce_all((size > 0) & (size <= max_pixels), axis=1) & (tf.reduce_prod(size, axis=1) <= max_pixels)
    claims = tf.strings.reduce_join(tf.strings.as_string(tf.reverse(size, [1])), axis=1, separator=" x ")
    message = f"expected at most {max_pixels:,} pixels, its header says ", claims, "; send a smaller image."
    return expect(fits, headers, *message)


def expect(holds: tf.Tensor, values: T, *message: str | tf.Tensor) -> T:
    """`values`, once what is expected of each file holds; else the graph fails and names the first where it does not.

    Args:
        holds: `(B,)`, or a scalar for all files.
        values: tensors.
        message: pieces of text, `(B,)` or scalars.
    """
    if holds.shape.rank:
        first = tf.argmin(tf.concat([holds, [False]], axis=0))  # there may be no file at all
        pieces = [piece if isinstance(piece, str) else tf.concat([piece, [""]], axis=0)[first] for piece in message]
        message = "image_bytes[", tf.strings.as_string(first), "]: ", *pieces
    with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(holds), [tf.strings.join(message)])]):
        return tf.nest.map_structure(tf.identity, values)


def _of_some(read, chosen: tf.Tensor, headers: Headers) -> Headers:
    """The headers with those chosen read one by one; `read` takes a header, and the place of its file as text."""
    rows = tf.where(chosen)
    signature = tf.nest.map_structure(lambda values: tf.TensorSpec(values.shape[1:], values.dtype), headers)
    found = tf.map_fn(
        lambda row: read(row[0], tf.strings.join(["image_bytes[", tf.strings.as_string(row[1]), "]: "])),
        (tf.nest.map_structure(lambda values: tf.gather_nd(values, rows), headers), rows[:, 0]),
        fn_output_signature=signature,
    )
    return tf.nest.map_structure(lambda old, new: tf.tensor_scatter_nd_update(old, rows, new), headers, found)


def _png_size(files):
    head = tf.cast(tf.io.decode_raw(files, tf.uint8, fixed_length=24), tf.int64)
    return tf.stack([_number(head[:, start : start + 4], 256 ** np.arange(3, -1, -1)) for start in (20, 16)], axis=1)


def _bmp(files):
    """The size, and whether TensorFlow decodes such a file rightly."""
    head = tf.cast(tf.io.decode_raw(files, tf.uint8, fixed_length=54), tf.int64)
    header, width, height, bits, compression = (
        _number(head[:, start : start + n], 256 ** np.arange(n))
        for start, n in ((14, 4), (18, 4), (22, 4), (28, 2), (30, 4))
    )
    height = tf.where(height >= 2**31, 2**32 - height, height)  # negative: from the top
    known = tf.reduce_any(bits[:, None] == tf.constant([8, 24, 32], tf.int64), axis=1)
    return tf.stack([height, width], axis=1), (header >= 40) & (compression == 0) & known


def bmp_palette(file: tf.Tensor) -> tf.Tensor:
    """The colours of a BMP file of 8 bits, uint8 `(256, 3)`; those that the file does not tell are 0."""
    content = _Content(file)
    colours = tf.reshape(content.some(14 + content.little_endian(14, 4), 1024), (256, 4))
    return tf.cast(tf.reverse(colours[:, :3], [1]), tf.uint8)


def _number(digits, powers):
    return tf.reduce_sum(digits * powers, axis=1)


def _jpeg(header: Headers, place) -> Headers:
    """libjpeg, which decodes the file later, tells the size; it decodes nothing for that."""
    content = _Content(header.file)
    starts = content.places([0xFF, START_OF_SCAN, 0, None, None])
    components = tf.gather(content.bytes, starts + 4)
    lengths = tf.gather(content.bytes, starts + 3)
    starts = tf.boolean_mask(starts, (components >= 1) & (components <= 4) & (lengths == 6 + 2 * components))
    ends = content.places([0xFF, END_OF_IMAGE])
    whole = (tf.size(starts) > 0) & (tf.reduce_max(ends) > tf.reduce_max(starts))
    file = expect(whole, header.file, place, "expected a whole JPEG file, it is cut off.")
    few = tf.size(starts) <= MAX_SCANS
    file = expect(few, file, place, f"expected a JPEG file of at most {MAX_SCANS} scans, it has more.")
    size = tf.cast(tf.io.extract_jpeg_shape(file)[:2], tf.int64)
    return header._replace(file=file, size=size)


def _gif(header: Headers, place) -> Headers:
    """The file is cut off behind its first frame, since TensorFlow decodes all frames whatever one asks of it."""
    file = header.file
    content = _Content(file)
    ends = content.ends_of_blocks()

    def end_of_blocks(i):
        return tf.cast(tf.gather(ends, tf.minimum(i, content.length)), tf.int64)

    def searches(i, frame, blocks):
        return (frame < 0) & (i < content.length) & (blocks < MAX_BLOCKS)

    def search(i, frame, blocks):
        mark = content.at(i)
        behind = tf.where(mark == EXTENSION, end_of_blocks(i + 2) + 1, content.length)
        return behind, tf.where(mark == FRAME, i, frame), blocks + 1

    start = 13 + _palette_size(content.at(10))
    _, frame, _ = tf.while_loop(searches, search, (start, tf.constant(-1, tf.int64), tf.constant(0)))
    end = end_of_blocks(frame + 11 + _palette_size(content.at(frame + 9)))
    whole = (frame >= 0) & (end < content.length)
    frame, end = expect(whole, (frame, end), place, "expected a GIF file with a whole frame near its start.")
    left, top, width, height = (content.little_endian(frame + i, 2) for i in (1, 3, 5, 7))
    canvas_width, canvas_height = (content.little_endian(i, 2) for i in (6, 8))
    single = tf.strings.join(
        [
            tf.strings.substr(file, tf.zeros_like(frame), frame + 1),
            b"\0\0\0\0",  # at the upper left; it is moved after decoding
            tf.strings.substr(file, frame + 5, end - frame - 4),
            b";",
        ]
    )
    size = tf.stack([tf.maximum(canvas_height, top + height), tf.maximum(canvas_width, left + width)])
    return header._replace(file=single, size=size, offset=tf.cast(tf.stack([top, left]), tf.int32))


def _exif(header: Headers, place) -> Headers:
    """EXIF stands in a chunk of a PNG file, in a segment of a JPEG file, and not at all in others."""
    content = _Content(header.file)
    chunk = content.first(b"eXIf")
    segment = content.first([0xFF, 0xE1, None, None, *b"Exif\0\0"])
    in_png = tf.stack([chunk + 4, chunk + 4 + content.big_endian(chunk - 4, 4)])
    in_jpeg = tf.stack([segment + 10, segment + 2 + content.big_endian(segment + 2, 2)])
    start, end = tf.unstack(tf.where(header.kind == PNG, in_png, tf.where(header.kind == JPEG, in_jpeg, 0)))
    return header._replace(orientation=_orientation(content[start:end]))


def _palette_size(flags):
    """Bytes of the palette that follows a byte of flags in a GIF file."""
    return tf.where(flags >= 128, 3 * tf.bitwise.left_shift(tf.constant(2, tf.int64), flags % 8), 0)


def _orientation(exif: "_Content") -> tf.Tensor:
    """1 to 8, as the block of EXIF says; 1 if there is none or it cannot be understood."""
    is_big = exif.starts_with(b"MM\0*")
    known = is_big | exif.starts_with(b"II*\0")

    def number(places, size):
        return tf.where(is_big, exif.big_endian(places, size), exif.little_endian(places, size))

    start = number(tf.constant(4, tf.int64), 4)
    count = tf.where(known & (start < exif.length), number(start, 2), 0)
    entries = start + 2 + 12 * tf.range(count)
    entries = tf.boolean_mask(entries, entries + 12 <= exif.length)
    kinds = number(entries + 2, 2)
    is_short, is_long = (tf.reduce_any(kinds[:, None] == of, axis=1) for of in (TYPES_OF_2_BYTES, TYPES_OF_4_BYTES))
    values = tf.where(is_short, number(entries + 8, 2), number(entries + 8, 4))
    is_it = (number(entries, 2) == ORIENTATION) & (number(entries + 4, 4) == 1) & (is_short | is_long)
    last = tf.concat([tf.ones(1, tf.int64), tf.boolean_mask(values, is_it)], axis=0)[-1]
    return tf.cast(tf.where((last >= 1) & (last <= 8), last, 1), tf.int32)


class _Content:
    """Bytes; those behind the end are 0.

    Args:
        content: a string, or uint8 `(n,)`.
    """

    def __init__(self, content: tf.Tensor):
        if content.dtype == tf.string:
            content = tf.io.decode_raw(content, tf.uint8)
        self.bytes = content
        self.length = tf.size(content, out_type=tf.int64)
        self._padded = tf.concat([content, [0]], axis=0)

    def __getitem__(self, places: slice) -> "_Content":
        return _Content(self.bytes[places])

    def at(self, places):
        """Bytes at places of any shape, int64."""
        places = tf.convert_to_tensor(places, tf.int64)
        inside = (places >= 0) & (places < self.length)
        return tf.cast(tf.gather(self._padded, tf.where(inside, places, self.length)), tf.int64)

    def some(self, place, n):
        """The `n` bytes from a place on, int64."""
        return self.at(place + tf.range(n, dtype=tf.int64))

    def big_endian(self, places, size):
        """Unsigned numbers of `size` bytes, int64."""
        return sum(self.at(places + i) * 256 ** (size - 1 - i) for i in range(size))

    def little_endian(self, places, size):
        return sum(self.at(places + i) * 256**i for i in range(size))

    def starts_with(self, start: bytes):
        return tf.reduce_all(self.some(0, len(start)) == list(start))

    def places(self, pattern: Sequence[int | None]):
        """Where the bytes are those of the pattern, int64 `(k,)`; None stands for any byte."""
        last = tf.maximum(self.length - len(pattern) + 1, 0)
        found = tf.where(self.bytes[:last] == pattern[0])[:, 0]
        for i, byte in enumerate(pattern):
            if i and byte is not None:
                found = tf.boolean_mask(found, tf.gather(self.bytes, found + i) == byte)
        return found

    def first(self, pattern: Sequence[int | None]):
        """The first of `places`, or where the bytes end."""
        return tf.concat([self.places(pattern), [self.length]], axis=0)[0]

    def ends_of_blocks(self):
        """For each place, where the chain of data blocks of a GIF file ends that starts there, int32 `(n + 1,)`.

        A block is a byte with its length and its bytes; one of length 0 ends the chain. A chain that the file cuts off
        ends at n. Found by following all chains at once, two steps, four steps, eight steps, ...
        """
        last = tf.cast(self.length, tf.int32)
        places, lengths = tf.range(last + 1), tf.cast(self._padded, tf.int32)
        following = tf.minimum(tf.where(lengths > 0, places + 1 + lengths, places), last)
        steps = tf.cast(tf.math.ceil(tf.math.log(tf.cast(last + 2, tf.float32)) / tf.math.log(2.0)), tf.int32)
        _, following = tf.while_loop(
            lambda i, _: i < steps, lambda i, following: (i + 1, tf.gather(following, following)), (0, following)
        )
        return following
