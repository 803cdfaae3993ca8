"""Reads the headers of image files, using only TensorFlow operations."""

from typing import NamedTuple, TypeVar

import numpy as np
import tensorflow as tf

PNG, JPEG, GIF, BMP = range(4)
MAGIC_BYTES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM")
MIN_LENGTHS = (33, 4, 14, 54)
"""The minimum length in bytes of a file of each kind."""

MAX_SCANS = 100
"""The maximum number of scans of a JPEG file. Each scan is a pass over all pixels; progressive files have about ten."""

MAX_MARKERS = 10_000
"""The maximum number of byte pairs in a JPEG file that may be the marker of a scan."""

MAX_BLOCKS = 100
"""The maximum number of blocks before the first frame of a GIF file."""

START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
FRAME, EXTENSION = 0x2C, 0x21
ORIENTATION, SHORT, LONG = 0x0112, 3, 4
MAX_TAGS = 128
ANY_BYTE = b"\x7f"
"""A wildcard for one byte in a pattern."""

LITTLE, BIG = (np.array(powers, np.int64) for powers in ((1, 2**8, 2**16, 2**24), (2**24, 2**16, 2**8, 1)))

TRUNCATED = "expected a complete image file, got a truncated file."

T = TypeVar("T")


class Headers(NamedTuple):
    """Image files and the contents of their headers, one row per file.

    Attributes:
        file: bytes to decode, string `(B,)`.
        kind: `PNG`, `JPEG`, `GIF` or `BMP`, int32 `(B,)`.
        size: `(height, width)` in pixels, int64 `(B, 2)`.
        orientation: EXIF orientation, 1 to 8, int32 `(B,)`.
        offset: offset of the first frame of an animation, `(down, right)` in pixels, int32 `(B, 2)`.
    """

    file: tf.Tensor
    kind: tf.Tensor
    size: tf.Tensor
    orientation: tf.Tensor
    offset: tf.Tensor


def read_headers(files: tf.Tensor, max_pixels: int) -> Headers:
    """Reads the headers of files, string `(B,)`.

    Raises:
        tf.errors.InvalidArgumentError: when the graph runs, if a file is of another kind, is truncated, or claims more
            than `max_pixels` pixels.

    Example:

    >>> files = tf.stack([tf.io.encode_png(np.zeros((5, 7, 3), "uint8"))])
    >>> read_headers(files, max_pixels=100).size.numpy().tolist()
    [[5, 7]]
    """
    is_of_kind = tf.stack([tf.strings.substr(files, 0, len(start)) == start for start in MAGIC_BYTES], axis=1)
    kind = tf.argmax(is_of_kind, axis=1, output_type=tf.int32)
    header = tf.cast(tf.io.decode_raw(files, tf.uint8, fixed_length=54), tf.int64)
    size, is_plain = _bmp(header)
    size = tf.where((kind == PNG)[:, None], _png(header), size)
    fault = tf.where((kind != BMP) | is_plain, "", "expected an uncompressed BMP file of 8, 24 or 32 bits per pixel.")
    fault = tf.where(tf.strings.length(files) >= tf.gather(MIN_LENGTHS, kind), fault, TRUNCATED)
    is_known = tf.reduce_any(is_of_kind, axis=1)
    fault = tf.where(is_known, fault, "expected a PNG, JPEG, GIF or BMP file, got another format or no data.")
    files = expect_no(fault, files)

    size, fault = _update((size, fault), files, kind == JPEG, _jpeg)
    files, size, fault, offset = _update((files, size, fault, tf.zeros_like(size)), files, kind == GIF, _gif)
    has_exif = tf.strings.regex_full_match(files, rb"\C*(eXIf|Exif\x00\x00)\C*") & (kind <= JPEG)
    (orientation,) = _update((tf.ones_like(kind, tf.int64),), files, has_exif, _exif)

    fits = tf.reduce_all((size > 0) & (size <= max_pixels), axis=1) & (tf.reduce_prod(size, axis=1) <= max_pixels)
    claim = tf.strings.reduce_join(tf.strings.as_string(tf.reverse(size, [1])), axis=1, separator=" x ")
    empty = tf.strings.join(["expected an image of one pixel or more, got a header with ", claim, "."])
    fault = tf.where((fault == "") & tf.reduce_any(size <= 0, axis=1), empty, fault)
    expected = f"expected at most {max_pixels:,} pixels, got a header with "
    too_large = tf.strings.join([expected, claim, "; send a smaller image."])
    fault = tf.where((fault != "") | fits, fault, too_large)
    headers = Headers(files, kind, size, tf.cast(orientation, tf.int32), tf.cast(offset, tf.int32))
    return expect_no(fault, headers)


def bmp_palette(file: tf.Tensor) -> tf.Tensor:
    """Returns the palette of an 8-bit BMP file, uint8 `(256, 3)`; missing entries are 0."""
    content = _Content(file)
    colours = tf.reshape(content.read(14 + _number(content.read(14, 4), LITTLE), 1024), (256, 4))
    return tf.cast(tf.reverse(colours[:, :3], [1]), tf.uint8)


def expect_no(fault: tf.Tensor, values: T) -> T:
    """Returns `values` if no file has a fault; otherwise the graph fails with the index and fault of the first file.

    Args:
        fault: a sentence for each file, string `(B,)`; empty for a file without fault.
        values: the tensors to return.
    """
    first = tf.argmax(tf.concat([fault != "", [True]], axis=0))
    sentence = tf.concat([fault, [""]], axis=0)[first]
    return expect(sentence == "", values, "image_bytes[", tf.strings.as_string(first), "]: ", sentence)


def expect(condition: tf.Tensor, values: T, *message: str | tf.Tensor) -> T:
    """Returns `values` if the condition is true; otherwise the graph fails with the message, joined from its parts."""
    with tf.control_dependencies([tf.debugging.Assert(condition, [tf.strings.join(message)])]):
        return tf.nest.map_structure(tf.identity, values)


def _update(values, files, is_selected, read):
    """Replaces the rows of the selected files in `values` by the results of `read` for each file."""
    rows = tf.where(is_selected)
    signature = tuple(tf.TensorSpec(value.shape[1:], value.dtype) for value in values)
    results = tf.map_fn(read, tf.gather_nd(files, rows), fn_output_signature=signature)
    return tuple(tf.tensor_scatter_nd_update(old, rows, new) for old, new in zip(values, results, strict=True))


def _number(digits, weights):
    return tf.reduce_sum(digits * weights, axis=-1)


def _png(header):
    return tf.stack([_number(header[:, start : start + 4], BIG) for start in (20, 16)], axis=1)


def _bmp(header):
    """Returns the size, and whether TensorFlow decodes such a file correctly."""
    header_size, width, height, compression = (_number(header[:, i : i + 4], LITTLE) for i in (14, 18, 22, 30))
    height = tf.where(height >= 2**31, 2**32 - height, height)  # a negative height means that the rows start at the top
    bits = header[:, 28] + 256 * header[:, 29]
    is_known = (bits == 8) | (bits == 24) | (bits == 32)
    return tf.stack([height, width], axis=1), (header_size >= 40) & (compression == 0) & is_known


def _jpeg(file):
    """Returns size and fault. libjpeg, which later decodes the file, reads the size without decoding."""
    content = _Content(file)
    markers = content.pairs(0xFF, START_OF_SCAN)
    next_bytes = content.read(markers[:MAX_MARKERS, None] + 2, 3)
    length, components = _number(next_bytes[:, :2], BIG[2:]), next_bytes[:, 2]
    is_scan = (components >= 1) & (components <= 4) & (length == 6 + 2 * components)
    scans = tf.boolean_mask(markers[:MAX_MARKERS], is_scan)
    ends = content.pairs(0xFF, END_OF_IMAGE)
    is_whole = (tf.size(scans) > 0) & (tf.reduce_max(ends) > tf.reduce_max(scans))
    are_few = (tf.size(scans) <= MAX_SCANS) & (tf.size(markers) <= MAX_MARKERS)
    fault = tf.where(are_few, "", f"expected a JPEG file with at most {MAX_SCANS} scans, got more.")
    return tf.cast(tf.io.extract_jpeg_shape(file)[:2], tf.int64), tf.where(is_whole, fault, TRUNCATED)


def _gif(file):
    """Returns the file truncated after its first frame, its size, its fault, and the offset of the frame.

    TensorFlow always decodes all frames.
    """
    content = _Content(file)
    ends = content.ends_of_chains()

    def end_of_chain(i):
        return tf.cast(tf.gather(ends, tf.minimum(i, content.length)), tf.int64)

    def searches(i, frame, blocks):
        return (frame < 0) & (i < content.length) & (blocks < MAX_BLOCKS)

    def search(i, frame, blocks):
        marker = content.at(i)
        next_block = tf.where(marker == EXTENSION, end_of_chain(i + 2) + 1, content.length)
        return next_block, tf.where(marker == FRAME, i, frame), blocks + 1

    start = 13 + _palette_size(content.at(10))
    _, frame, _ = tf.while_loop(searches, search, (start, tf.constant(-1, tf.int64), tf.constant(0)))
    end = end_of_chain(frame + 11 + _palette_size(content.at(frame + 9)))
    is_whole = (frame >= 0) & (end < content.length)
    frame, end = tf.where(is_whole, frame, 0), tf.where(is_whole, end, 5)

    canvas, offset, size = (_number(content.read([[i + 2], [i]], 2), LITTLE[:2]) for i in (6, frame + 1, frame + 5))
    single = tf.strings.join(
        [
            tf.strings.substr(file, tf.zeros_like(frame), frame + 1),
            b"\0\0\0\0",  # offset 0; the frame is moved after decoding
            tf.strings.substr(file, frame + 5, end - frame - 4),
            b";",
        ]
    )
    fault = tf.where(is_whole, "", "expected a GIF file with a complete frame near its start.")
    return single, tf.maximum(canvas, offset + size), fault, offset


def _palette_size(flags):
    """Returns the number of bytes of the palette that follows a byte of flags in a GIF file."""
    return tf.where(flags >= 128, 3 * tf.bitwise.left_shift(tf.constant(2, tf.int64), flags % 8), 0)


def _exif(file):
    """Returns the EXIF orientation, 1 to 8; 1 if there is none.

    In a PNG file, EXIF is a chunk, and its length (4 bytes) precedes its name. In a JPEG file, EXIF is a segment, and
    its marker and length (2 bytes each) precede the name.
    """
    content = _Content(file)
    is_png = content.at(0) == MAGIC_BYTES[PNG][0]
    pattern = tf.where(
        is_png, _pattern(ANY_BYTE * 4 + b"eXIf" + ANY_BYTE * 2), _pattern(b"\xff\xe1" + ANY_BYTE * 2 + b"Exif\0\0")
    )
    positions = content.pairs(tf.cast(pattern[4], tf.uint8), tf.cast(pattern[5], tf.uint8))[:MAX_MARKERS] - 4
    results = content.read(positions[:, None], 10)
    is_match = tf.reduce_all((results == pattern) | (pattern == ANY_BYTE[0]), axis=1)
    position = tf.concat([tf.boolean_mask(positions, is_match), [content.length]], axis=0)[0]
    start = position + tf.where(is_png, np.int64(8), np.int64(10))
    size = _number(content.read(position, 4), tf.where(is_png, BIG, np.array([0, 0, *BIG[2:]])))
    end = tf.where(is_png, start + size, position + 2 + size)
    return (_orientation(_Content(content.bytes[start : tf.maximum(start, end)])),)


def _pattern(text: bytes) -> tf.Tensor:
    return tf.constant(list(text), tf.int64)


def _orientation(exif):
    """Returns the orientation in a block of EXIF, which has the layout of a TIFF file: a table of 12 bytes per tag."""
    header = exif.read(0, 8)
    is_big, is_little = (tf.reduce_all(header[:4] == list(start)) for start in (b"MM\0*", b"II*\0"))
    table = tf.reduce_sum(header[4:] * tf.where(is_big, BIG, LITTLE))
    count = tf.reduce_sum(exif.read(table, 2) * tf.where(is_big, BIG[2:], LITTLE[:2]))
    positions = table + 2 + 12 * np.arange(MAX_TAGS)
    entries = exif.read(positions[:, None], 12)
    fields = tf.matmul(entries, tf.where(is_big, _fields(BIG), _fields(LITTLE)))
    tag, kind, size, short, long = tf.unstack(fields, axis=1)
    is_match = (tag == ORIENTATION) & (size == 1) & ((kind == SHORT) | (kind == LONG)) & (is_big | is_little)
    is_match &= (np.arange(MAX_TAGS) < count) & (positions + 12 <= exif.length)
    values = tf.boolean_mask(tf.where(kind == SHORT, short, long), is_match)
    last = tf.concat([tf.ones(1, tf.int64), values], axis=0)[-1]
    return tf.where((last >= 1) & (last <= 8), last, 1)


def _fields(weights) -> np.ndarray:
    """Returns a matrix that maps the 12 bytes of a tag to its fields: tag, type, count, and the 2 and 4-byte value."""
    matrix = np.zeros((12, 5), np.int64)
    two, four = (weights[2:] if weights is BIG else weights[:2]), weights
    for field, (start, digits) in enumerate(((0, two), (2, two), (4, four), (8, two), (8, four))):
        matrix[start : start + len(digits), field] = digits
    return matrix


class _Content:
    """Bytes of a file; all bytes after the end are 0.

    Args:
        content: a string, or uint8 `(n,)`.
    """

    def __init__(self, content: tf.Tensor):
        self.bytes = tf.io.decode_raw(content, tf.uint8) if content.dtype == tf.string else content
        self.length = tf.size(self.bytes, out_type=tf.int64)
        self._padded = tf.concat([self.bytes, [0]], axis=0)

    def at(self, positions):
        """Returns the bytes at positions of any shape, int64."""
        return tf.cast(tf.gather(self._padded, tf.minimum(tf.cast(positions, tf.int64), self.length)), tf.int64)

    def read(self, positions, n):
        """Returns `n` bytes from each position on, along the last axis, int64."""
        return self.at(tf.cast(positions, tf.int64) + tf.range(n, dtype=tf.int64))

    def pairs(self, first, second):
        """Returns the positions of a pair of adjacent bytes, int64 `(k,)`."""
        return tf.where((self._padded[:-1] == first) & (self._padded[1:] == second))[:, 0]

    def ends_of_chains(self):
        """Returns, for each position, the end of the chain of GIF data blocks that starts there, int32 `(n + 1,)`.

        A block consists of one byte with its length, and its content. A block of length 0 ends the chain, and a
        truncated chain ends at n. The algorithm follows all chains in parallel, by 1, 2, 4, 8, ... blocks.
        """
        last = tf.cast(self.length, tf.int32)
        positions, lengths = tf.range(last + 1), tf.cast(self._padded, tf.int32)
        next_bytes = tf.minimum(tf.where(lengths > 0, positions + 1 + lengths, positions), last)
        steps = tf.cast(tf.math.ceil(tf.math.log(tf.cast(last + 2, tf.float32)) / tf.math.log(2.0)), tf.int32)
        _, next_bytes = tf.while_loop(
            lambda i, _: i < steps, lambda i, next_bytes: (i + 1, tf.gather(next_bytes, next_bytes)), (0, next_bytes)
        )
        return next_bytes
