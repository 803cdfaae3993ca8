"""A reader of TFRecord files that detects damaged and truncated files.

TensorFlow's reader accepts a file that ends within the header of a record as complete, and crashes on a length that
exceeds the file.
"""

import gzip
import io
import struct
import zlib
from collections.abc import Iterator

import google_crc32c

HEADER = struct.Struct("<QI")  # length and its checksum
CHECKSUM = struct.Struct("<I")
MOST_BYTES = 2**31 - 1  # maximum of a record, as in Protocol Buffers
CHUNK = 2**20
GZIP = b"\x1f\x8b"


class DamagedFileError(ValueError):
    """The rest of a TFRecord file cannot be read."""


def read_records(path: str) -> Iterator[bytes]:
    """Yields the records of a file, with or without gzip compression, on any file system of TensorFlow.

    Args:
        path: path of the file, which may be remote, such as `gs://bucket/a.tfrecord`.

    Raises:
        DamagedFileError: after the last complete record, if the file contains more bytes, or if a checksum is wrong.
        OSError, tf.errors.OpError: if the file cannot be opened.

    Example:

    >>> with tf.io.TFRecordWriter("a.tfrecord") as writer:
    ...     writer.write(b"one")
    >>> list(read_records("a.tfrecord"))
    [b'one']

    Reference: https://www.tensorflow.org/tutorials/load_data/tfrecord
    """
    import tensorflow as tf

    with tf.io.gfile.GFile(path, "rb") as file:
        start = file.read(HEADER.size)
        file.seek(0)
        compressed = start[:2] == GZIP and not _is_header(start)
        content = gzip.GzipFile(fileobj=file, mode="rb") if compressed else file
        try:
            yield from _records(content)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DamagedFileError(f"its gzip compression is damaged ({error})") from error


def _records(file: io.BufferedIOBase) -> Iterator[bytes]:
    while header := _read(file, HEADER.size):
        if len(header) < HEADER.size:
            raise DamagedFileError(f"it ends within the header of a record, {len(header)} bytes long")
        if not _is_header(header):
            raise DamagedFileError("the checksum of a record's length is wrong")
        length, _ = HEADER.unpack(header)
        if length > MOST_BYTES:
            raise DamagedFileError(f"a record claims {length:,} bytes")
        record, checksum = _read(file, length), _read(file, CHECKSUM.size)
        if len(record) < length or len(checksum) < CHECKSUM.size:
            raise DamagedFileError(f"it ends within a record of {length:,} bytes")
        if _masked_checksum(record) != CHECKSUM.unpack(checksum)[0]:
            raise DamagedFileError("the checksum of a record is wrong")
        yield record


def _read(file: io.BufferedIOBase, size: int) -> bytes:
    """Reads at most `size` bytes, without allocating memory beyond the length of the file."""
    if size <= CHUNK:
        return file.read(size)
    parts = []
    while size and (part := file.read(min(size, CHUNK))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _is_header(header: bytes) -> bool:
    if len(header) < HEADER.size:
        return False
    return _masked_checksum(header[:8]) == HEADER.unpack(header)[1]


def _masked_checksum(content: bytes) -> int:
    """Returns the masked CRC-32C of TFRecord: rotated, plus a constant."""
    value = google_crc32c.value(content)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF
