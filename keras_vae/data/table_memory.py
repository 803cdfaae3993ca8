"""Refuses tables that do not fit in memory."""

from pathlib import Path

import psutil

from keras_vae.data.arrow_tables import DELIMITERS
from keras_vae.errors import InvalidInputError
from keras_vae.text import readable_bytes

BYTES_OF_VALUE = 12
"""The number of bytes of a value in float64 and float32, which are there beside the table of Arrow."""


def check_table_fits(path: Path) -> None:
    """Refuses a table that does not fit in memory; the columns need more room than the file of a Parquet table."""
    try:
        needed, rows, columns = _memory_of(path)
    except Exception:  # a damaged file; reading it reports the details
        return
    check_memory(path, needed, rows, columns)


def check_memory(path: Path, needed: float, rows: float, columns: int) -> None:
    """Raises `InvalidInputError` if a table of about `needed` bytes does not fit in memory."""
    available = psutil.virtual_memory().available
    if needed > available:
        raise InvalidInputError(
            f"{path}: expected a table that fits in {readable_bytes(available)} of free memory, got about {rows:,.0f} "
            f"rows of {columns} columns, which need {readable_bytes(needed)}; run `keras-vae prepare {path} --out "
            "DIR`, and use DIR."
        )


def _memory_of(path: Path) -> tuple[float, float, int]:
    """Returns the number of bytes that reading a table takes, and about how many rows and columns it has."""
    from pyarrow import parquet

    if path.suffix.lower() == ".parquet":
        file = parquet.read_metadata(path)
        stored = sum(file.row_group(group).total_byte_size for group in range(file.num_row_groups))
        values = file.num_rows * file.num_columns
        return max(stored, 8 * values) + BYTES_OF_VALUE * values, file.num_rows, file.num_columns
    size = path.stat().st_size
    if size < 2**20:
        return 0, 0, 0
    with path.open("rb") as file:
        start = file.read(2**20)
    lines, values = start.count(b"\n") + 1, 1 + max(start.count(delimiter.encode()) for delimiter in DELIMITERS)
    rows, columns = size * lines / len(start), max(1, round(values / lines) + 1)
    return 2 * size + BYTES_OF_VALUE * rows * columns, rows, columns  # the text, and the values of Arrow
