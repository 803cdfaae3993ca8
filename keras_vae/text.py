"""Text of users: the encoding of files, and lists separated by commas; and numbers of things in messages."""

import codecs
import csv
from collections.abc import Iterable
from pathlib import Path

from keras_vae.errors import InvalidInputError

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark is a prefix of this one
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
CHUNK = 2**20


def encoding_of(path: Path) -> str:
    """Reads a text file to its end, and returns its encoding: UTF-8, or that of its byte order mark.

    Raises:
        InvalidInputError: if the file is in another encoding; the message names the first invalid byte.
        OSError: if the file cannot be read.

    Example:

    >>> _ = Path("t.txt").write_text("größe", encoding="utf-16")
    >>> encoding_of(Path("t.txt"))
    'utf-16'
    """
    encoding = marked_encoding(path)
    with path.open("rb") as file:
        start = file.read(4)
        decoder = codecs.getincrementaldecoder(encoding)()
        line, end, chunk = 1, 0, start
        file.seek(0)
        while chunk:
            chunk = file.read(CHUNK)
            end += len(chunk)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                before = error.object[: error.start]
                offset, byte = end - len(error.object) + error.start, f"the byte 0x{error.object[error.start]:02X}"
                line += before.decode(error.encoding, "ignore").count("\n")
                raise _wrong_encoding(path, byte, offset, line) from error
            if (place := text.find("\0")) >= 0:
                raise _wrong_encoding(path, "the character NUL", None, line + text.count("\n", 0, place))
            line += text.count("\n")
    return encoding


def marked_encoding(path: Path) -> str:
    """Returns the encoding that the byte order mark of a text file says; UTF-8 without a mark."""
    with path.open("rb") as file:
        start = file.read(4)
    return next((name for mark, name in BYTE_ORDER_MARKS.items() if start.startswith(mark)), "utf-8")


def read_text(path: Path) -> str:
    """Returns the content of a text file. For the errors, see `encoding_of`."""
    return path.read_text(encoding_of(path))


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Returns a number and the noun in the singular or plural.

    Args:
        number: how many.
        noun: the singular.
        plural: the plural; by default the singular with an s.

    Example:

    >>> counted(1, "file"), counted(2000, "file"), counted(0, "batch", "batches")
    ('1 file', '2,000 files', '0 batches')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def readable_bytes(number: float) -> str:
    """Returns a number of bytes in the unit that suits it, with a power of 1024.

    Example:

    >>> readable_bytes(3 * 2**29), readable_bytes(300 * 2**10), readable_bytes(0)
    ('1.5 GiB', '300.0 KiB', '0 bytes')
    """
    for unit, power in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if number >= 2**power:
            return f"{number / 2**power:.1f} {unit}"
    return f"{number:.0f} bytes"


def join_names(names: Iterable[str]) -> str:
    """Returns names as a list divided by commas, which `split_names` splits again.

    Example:

    >>> print(join_names(["cat", "dog, big"]))
    cat, "dog, big"
    """
    return ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}"' if "," in name else name for name in names)


def split_names(part: str, text: str) -> list[str]:
    """Splits a list at its commas, like a line of a CSV file. A name with a comma is in double quotes.

    Args:
        part: name of the option, for the message.
        text: the list.

    Raises:
        InvalidInputError: if a quote is not closed, or not followed by a comma.

    Example:

    >>> split_names("--label-names", 'cat, "dog, big"')
    ['cat', 'dog, big']
    """
    try:
        rows = list(csv.reader([text], skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise InvalidInputError(
            f"{part}: expected names divided by commas, those with a comma in double quotes, such as 'cat,\"dog, "
            f"big\"'; got {text!r} ({error})."
        ) from error
    return [name.strip() for name in rows[0]] if rows and rows[0] else [""]


def _wrong_encoding(path: Path, got: str, offset: int | None, line: int) -> InvalidInputError:
    where = f"in line {line}" if offset is None else f"at offset {offset} (line {line})"
    return InvalidInputError(f"{path}: expected text in UTF-8, got {got} {where}; save the file as UTF-8.")
