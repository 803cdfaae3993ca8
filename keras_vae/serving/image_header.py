"""What the headers of image files claim, read in operations of TensorFlow alone."""

from typing import NamedTuple, TypeVar

import numpy as np
import tensorflow as tf

PNG, JPEG, GIF, BMP = range(4)
STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM")
SHORTEST = (33, 4, 14, 54)
"""Bytes of a file of each kind that has a header."""

MAX_SCANS = 100
"""Scans of a JPEG file, at most: each is a pass over all its pixels. Progressive files have some ten."""

MAX_MARKS = 10_000
"""Places in a JPEG file that look like a scan at first sight, at most."""

MAX_BLOCKS = 100
"""Blocks of a GIF file before its first frame, at most."""

START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
FRAME, EXTENSION = 0x2C, 0x21
ORIENTATION, SHORT, LONG = 0x0112, 3, 4
MAX_TAGS = 128
ANY = b"\x7f"
"""Stands for any byte in a pattern."""

LITTLE, BIG = (np.array(powers, np.int64) for powers in ((1, 2**8, 2**16, 2**24), (2**24, 2**16, 2**8, 1)))

CUT_OFF = "expected a whole image file, it is cut off."

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
    kind = tf.argmax(starts, axis=1, output_type=tf.int32)
    head = tf.cast(tf.io.decode_raw(files, tf.uint8, fixed_length=54), tf.int64)
    size, is_plain = _bmp(head)
    size = tf.where((kind == PNG)[:, None], _png(head), size)
    fault = tf.where((kind != BMP) | is_plain, "", "expected an uncompressed BMP file of 8, 24 or 32 bits per pixel.")
    fault = tf.where(tf.strings.length(files) >= tf.gather(SHORTEST, kind), fault, CUT_OFF)
    is_known = tf.reduce_any(starts, axis=1)
    fault = tf.where(is_known, fault, "expected a PNG, JPEG, GIF or BMP file, got another kind or nothing.")
    files = expect_no(fault, files)

    size, fault = _update((size, fault), files, kind == JPEG, _jpeg)
    files, size, fault, offset = _update((files, size, fault, tf.zeros_like(size)), files, kind == GIF, _gif)
    has_exif = tf.strings.regex_full_match(files, rb"\C*(eXIf|Exif\x00\x00)\C*") & (kind <= JPEG)
    (orientation,) = _update((tf.ones_like(kind, tf.int64),), files, has_exif, _exif)

    fits = tf.reduce_all((size > 0) & (size <= max_pixels), axis=1) & (tf.reduce_prod(size, axis=1) <= max_pixels)
    claim = tf.strings.reduce_join(tf.strings.as_string(tf.reverse(size, [1])), axis=1, separator=" x ")
    empty = tf.strings.join(["expected an image of one pixel or more, its header says ", claim, "."])
    fault = tf.where((fault == "") & tf.reduce_any(size <= 0, axis=1), empty, fault)
    expected = f"expected at most {max_pixels:,} pixels, its header says "
    too_large = tf.strings.join([expected, claim, "; send a smaller image."])
    fault = tf.where((fault != "") | fits, fault, too_large)
    headers = Headers(files, kind, size, tf.cast(orientation, tf.int32), tf.cast(offset, tf.int32))
    return expect_no(fault, headers)


def bmp_palette(file: tf.Tensor) -> tf.Tensor:
    """The colours of a BMP file of 8 bits, uint8 `(256, 3)`; those that the file does not tell are 0."""
    content = _Content(file)
    colours = tf.reshape(content.some(14 + _number(content.some(14, 4), LITTLE), 1024), (256, 4))
    return tf.cast(tf.reverse(colours[:, :3], [1]), tf.uint8)


def expect_no(fault: tf.Tensor, values: T) -> T:
    """`values`, if there is no fault; else the graph fails and names the first file at fault.

    Args:
        fault: a sentence for each file, string `(B,)`; empty where there is nothing to say.
        values: tensors.
    """
    first = tf.argmax(tf.concat([fault != "", [True]], axis=0))
    sentence = tf.concat([fault, [""]], axis=0)[first]
    return expect(sentence == "", values, "image_bytes[", tf.strings.as_string(first), "]: ", sentence)


def expect(holds: tf.Tensor, values: T, *message: str | tf.Tensor) -> T:
    """`values`, if the condition holds; else the graph fails with the message, whose pieces are joined."""
    with tf.control_dependencies([tf.debugging.Assert(holds, [tf.strings.join(message)])]):
        return tf.nest.map_structure(tf.identity, values)


def _update(values, files, chosen, read):
    """`values`, of which the rows of chosen files are what `read` makes of each."""
    rows = tf.where(chosen)
    signature = tuple(tf.TensorSpec(value.shape[1:], value.dtype) for value in values)
    found = tf.map_fn(read, tf.gather_nd(files, rows), fn_output_signature=signature)
    return tuple(tf.tensor_scatter_nd_update(old, rows, new) for old, new in zip(values, found, strict=True))


def _number(digits, weights):
    return tf.reduce_sum(digits * weights, axis=-1)


def _png(head):
    return tf.stack([_number(head[:, start : start + 4], BIG) for start in (20, 16)], axis=1)


def _bmp(head):
    """The size, and whether TensorFlow decodes such a file rightly."""
    header, width, height, compression = (_number(head[:, i : i + 4], LITTLE) for i in (14, 18, 22, 30))
    height = tf.where(height >= 2**31, 2**32 - height, height)  # negative: from the top
    bits = head[:, 28] + 256 * head[:, 29]
    is_known = (bits == 8) | (bits == 24) | (bits == 32)
    return tf.stack([height, width], axis=1), (header >= 40) & (compression == 0) & is_known


def _jpeg(file):
    """Size and fault. libjpeg, which decodes the file later, tells the size; it decodes nothing for that."""
    content = _Content(file)
    marks = content.pairs(0xFF, START_OF_SCAN)
    following = content.some(marks[:MAX_MARKS, None] + 2, 3)
    length, components = _number(following[:, :2], BIG[2:]), following[:, 2]
    is_scan = (components >= 1) & (components <= 4) & (length == 6 + 2 * components)
    scans = tf.boolean_mask(marks[:MAX_MARKS], is_scan)
    ends = content.pairs(0xFF, END_OF_IMAGE)
    is_whole = (tf.size(scans) > 0) & (tf.reduce_max(ends) > tf.reduce_max(scans))
    are_few = (tf.size(scans) <= MAX_SCANS) & (tf.size(marks) <= MAX_MARKS)
    fault = tf.where(are_few, "", f"expected a JPEG file of at most {MAX_SCANS} scans, it has more.")
    return tf.cast(tf.io.extract_jpeg_shape(file)[:2], tf.int64), tf.where(is_whole, fault, CUT_OFF)


def _gif(file):
    """The file cut off behind its first frame, its size, fault, and the offset of that frame.

    TensorFlow decodes all frames, whatever one asks of it.
    """
    content = _Content(file)
    ends = content.ends_of_chains()

    def end_of_chain(i):
        return tf.cast(tf.gather(ends, tf.minimum(i, content.length)), tf.int64)

    def searches(i, frame, blocks):
        return (frame < 0) & (i < content.length) & (blocks < MAX_BLOCKS)

    def search(i, frame, blocks):
        mark = content.at(i)
        behind = tf.where(mark == EXTENSION, end_of_chain(i + 2) + 1, content.length)
        return behind, tf.where(mark == FRAME, i, frame), blocks + 1

    start = 13 + _palette_size(content.at(10))
    _, frame, _ = tf.while_loop(searches, search, (start, tf.constant(-1, tf.int64), tf.constant(0)))
    end = end_of_chain(frame + 11 + _palette_size(content.at(frame + 9)))
    is_whole = (frame >= 0) & (end < content.length)
    frame, end = tf.where(is_whole, frame, 0), tf.where(is_whole, end, 5)

    canvas, offset, size = (_number(content.some([[i + 2], [i]], 2), LITTLE[:2]) for i in (6, frame + 1, frame + 5))
    single = tf.strings.join(
        [
            tf.strings.substr(file, tf.zeros_like(frame), frame + 1),
            b"\0\0\0\0",  # at the upper left; it is moved after decoding
            tf.strings.substr(file, frame + 5, end - frame - 4),
            b";",
        ]
    )
    fault = tf.where(is_whole, "", "expected a GIF file with a whole frame near its start.")
    return single, tf.maximum(canvas, offset + size), fault, offset


def _palette_size(flags):
    """Bytes of the palette that follows a byte of flags in a GIF file."""
    return tf.where(flags >= 128, 3 * tf.bitwise.left_shift(tf.constant(2, tf.int64), flags % 8), 0)


def _exif(file):
    """The orientation, 1 to 8, as EXIF says; 1 if it says nothing.

    A PNG file has a chunk of it, its length (4 bytes) before its name, and a JPEG file a segment, whose mark and length
    (2 bytes each) stand there.
    """
    content = _Content(file)
    is_png = content.at(0) == STARTS[PNG][0]
    pattern = tf.where(is_png, _pattern(ANY * 4 + b"eXIf" + ANY * 2), _pattern(b"\xff\xe1" + ANY * 2 + b"Exif\0\0"))
    places = content.pairs(tf.cast(pattern[4], tf.uint8), tf.cast(pattern[5], tf.uint8))[:MAX_MARKS] - 4
    found = content.some(places[:, None], 10)
    is_it = tf.reduce_all((found == pattern) | (pattern == ANY[0]), axis=1)
    place = tf.concat([tf.boolean_mask(places, is_it), [content.length]], axis=0)[0]
    start = place + tf.where(is_png, np.int64(8), np.int64(10))
    size = _number(content.some(place, 4), tf.where(is_png, BIG, np.array([0, 0, *BIG[2:]])))
    end = tf.where(is_png, start + size, place + 2 + size)
    return (_orientation(_Content(content.bytes[start : tf.maximum(start, end)])),)


def _pattern(text: bytes) -> tf.Tensor:
    return tf.constant(list(text), tf.int64)


def _orientation(exif):
    """Of a block of EXIF, which is laid out as a TIFF file is: a table with 12 bytes for each tag."""
    head = exif.some(0, 8)
    is_big, is_little = (tf.reduce_all(head[:4] == list(start)) for start in (b"MM\0*", b"II*\0"))
    table = tf.reduce_sum(head[4:] * tf.where(is_big, BIG, LITTLE))
    count = tf.reduce_sum(exif.some(table, 2) * tf.where(is_big, BIG[2:], LITTLE[:2]))
    places = table + 2 + 12 * np.arange(MAX_TAGS)
    entries = exif.some(places[:, None], 12)
    fields = tf.matmul(entries, tf.where(is_big, _fields(BIG), _fields(LITTLE)))
    tag, kind, size, short, long = tf.unstack(fields, axis=1)
    is_it = (tag == ORIENTATION) & (size == 1) & ((kind == SHORT) | (kind == LONG)) & (is_big | is_little)
    is_it &= (np.arange(MAX_TAGS) < count) & (places + 12 <= exif.length)
    values = tf.boolean_mask(tf.where(kind == SHORT, short, long), is_it)
    last = tf.concat([tf.ones(1, tf.int64), values], axis=0)[-1]
    return tf.where((last >= 1) & (last <= 8), last, 1)


def _fields(weights) -> np.ndarray:
    """A matrix that makes the fields of a tag of its 12 bytes: tag, type, count, and the value in 2 or 4 bytes."""
    matrix = np.zeros((12, 5), np.int64)
    two, four = (weights[2:] if weights is BIG else weights[:2]), weights
    for field, (start, digits) in enumerate(((0, two), (2, two), (4, four), (8, two), (8, four))):
        matrix[start : start + len(digits), field] = digits
    return matrix


class _Content:
    """Bytes; those behind the end are 0.

    Args:
        content: a string, or uint8 `(n,)`.
    """

    def __init__(self, content: tf.Tensor):
        self.bytes = tf.io.decode_raw(content, tf.uint8) if content.dtype == tf.string else content
        self.length = tf.size(self.bytes, out_type=tf.int64)
        self._padded = tf.concat([self.bytes, [0]], axis=0)

    def at(self, places):
        """Bytes at places of any shape, int64."""
        return tf.cast(tf.gather(self._padded, tf.minimum(tf.cast(places, tf.int64), self.length)), tf.int64)

    def some(self, places, n):
        """The `n` bytes from each place on, along the last axis, int64."""
        return self.at(tf.cast(places, tf.int64) + tf.range(n, dtype=tf.int64))

    def pairs(self, first, second):
        """Where two such bytes stand, int64 `(k,)`."""
        return tf.where((self._padded[:-1] == first) & (self._padded[1:] == second))[:, 0]

    def ends_of_chains(self):
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
