"""A reader of TFRecord files that detects damaged and truncated files.

TensorFlow's reader accepts a file that ends within the header of a record as complete, and crashes on a length that
exceeds the file.
"""

import gzip
import io
import os
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


class CompressedFileError(ValueError):
    """A TFRecord file is compressed, so that its records cannot be read in any order."""


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
        compressed = _is_compressed(file)
        content = gzip.GzipFile(fileobj=file, mode="rb") if compressed else file
        try:
            yield from _records(content)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DamagedFileError(f"its gzip compression is damaged ({error})") from error


def record_ends(path: str | os.PathLike) -> Iterator[int]:
    """Yields the position in bytes after each record of a local file without compression; the first starts at 0.

    Only the headers of the records are read, and their checksums are checked.

    Raises:
        CompressedFileError: if the file is compressed.
        DamagedFileError: after the last complete record, if the file contains more bytes, or if a checksum is wrong.
        OSError: if the file cannot be read.

    Example:

    >>> with tf.io.TFRecordWriter("a.tfrecord") as writer:
    ...     writer.write(b"one")
    >>> list(record_ends("a.tfrecord"))
    [19]
    """
    with open(path, "rb") as file:
        if _is_compressed(file):
            raise CompressedFileError("it is compressed with gzip")
        size, end = os.fstat(file.fileno()).st_size, 0
        while header := file.read(HEADER.size):
            length = _length(header)
            end += HEADER.size + length + CHECKSUM.size
            if end > size:
                raise _cut_error(length)
            file.seek(end)
            yield end


def record_at(file: io.BufferedIOBase | io.RawIOBase, start: int, end: int) -> bytes:
    """Reads one record of an open file without compression.

    Args:
        file: the file.
        start: position in bytes before the record, see `record_ends`.
        end: position after it.

    Raises:
        DamagedFileError: if there is no complete record, or if a checksum is wrong.
        OSError: if the file cannot be read.
    """
    file.seek(start)
    content = _read(file, end - start)
    length = _length(content[: HEADER.size])
    if len(content) < HEADER.size + length + CHECKSUM.size:
        raise _cut_error(length)
    return _checked(content[HEADER.size : HEADER.size + length], content[HEADER.size + length :][: CHECKSUM.size])


def _is_compressed(file: io.BufferedIOBase) -> bool:
    start = file.read(HEADER.size)
    file.seek(0)
    return start[:2] == GZIP and not _is_header(start)


def _records(file: io.BufferedIOBase) -> Iterator[bytes]:
    while header := _read(file, HEADER.size):
        length = _length(header)
        record, checksum = _read(file, length), _read(file, CHECKSUM.size)
        if len(record) < length or len(checksum) < CHECKSUM.size:
            raise _cut_error(length)
        yield _checked(record, checksum)


def _length(header: bytes) -> int:
    """Returns the number of bytes of a record."""
    if len(header) < HEADER.size:
        raise DamagedFileError(f"it ends within the header of a record, {len(header)} bytes long")
    if not _is_header(header):
        raise DamagedFileError("the checksum of a record's length is wrong")
    length, _ = HEADER.unpack(header)
    if length > MOST_BYTES:
        raise DamagedFileError(f"a record claims {length:,} bytes")
    return length


def _checked(record: bytes, checksum: bytes) -> bytes:
    if _masked_checksum(record) != CHECKSUM.unpack(checksum)[0]:
        raise DamagedFileError("the checksum of a record is wrong")
    return record


def _cut_error(length: int) -> DamagedFileError:
    return DamagedFileError(f"it ends within a record of {length:,} bytes")


def _read(file: io.BufferedIOBase | io.RawIOBase, size: int) -> bytes:
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
