"""Converts tables to files of numbers, which training reads row by row."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.data.prepare_folder import check_room, clear, unfinished
from keras_vae.data.prepared import INDEX
from keras_vae.data.split_dataset import PARTS
from keras_vae.data.table_files import TableFiles
from keras_vae.data.table_folder import table_layout
from keras_vae.digest import digest_of
from keras_vae.errors import InvalidInputError
from keras_vae.files import read_json, version_of, write_json, write_whole
from keras_vae.progress import progress

STATE = "table.shard.json"
"""What an interrupted call has done; see `prepare`."""


def prepare_table(
    source: Path,
    out: Path,
    *,
    label_column: str | None = None,
    use_columns: Sequence[str] | None = None,
    shard_bytes: int,
    verbose: int = 1,
) -> None:
    """Converts a table, or a folder of tables, to `.npy` files; arguments and errors as for `prepare`.

    The first pass finds the texts of the columns and the types of a CSV file, the second writes the rows. The memory
    does not depend on the number of rows.
    """
    splits, notes = table_layout(source)
    files = [file for part in PARTS for file in splits.get(part, [])]
    work = _Work(splits, TableFiles(files, label_column=label_column, use_columns=use_columns), out, shard_bytes)
    with unfinished(out):
        work.scan(source.name, verbose)
        check_room(out, work.bytes, "use fewer columns (use_columns)")
        for _ in progress(work.write(), work.table.ticks, f"Preparing {source.name} (MiB)", verbose=verbose):
            pass
        shards = work.state["shards"]
        if not any(shard["part"] == "train" for shard in shards):
            raise InvalidInputError(f"{source}: expected rows for training, got none; check the train files.")
        table = work.table
        content = {
            "shape": [len(table.names)],
            "column_names": table.names,
            "categories": list(table.texts_of_examples.values()),
            "label_column": label_column,
            "label_names": table.texts[label_column] if label_column is not None else [],
            "notes": notes,
            "left_out": table.left_out,
            "rounded": sorted(table.rounded),
            "missing": np.sum([shard["missing"] for shard in shards], axis=0).tolist(),
            "splits": {
                part: [
                    {name: shard[name] for name in ("file", "examples", "labels")}
                    for shard in shards
                    if shard["part"] == part
                ]
                for part in PARTS
            },
        }
        write_json(out / INDEX, content)


class _Work:
    """The conversion of tables; `state` is what has been done, also by an earlier call for the same files."""

    def __init__(self, splits: dict[str, list[Path]], table: TableFiles, out: Path, shard_bytes: int):
        self.splits, self.table, self.out = splits, table, out
        self.shard_rows = max(1, shard_bytes // (4 * len(table.names)))
        versions = [(part, str(file), version_of(file)) for part, files in splits.items() for file in files]
        described = repr((self.shard_rows, table.columns, table.label_column, versions))
        self.state: dict[str, Any] = {
            "key": digest_of([np.frombuffer(described.encode(errors="surrogateescape"), np.uint8)]),
            "found": None,
            "rounded": [],
            "shards": [],
        }

    def scan(self, name: str, verbose: int) -> None:
        """Scans the tables, unless an earlier call has done it."""
        earlier = read_json(self.out / STATE) if (self.out / STATE).exists() else None
        if isinstance(earlier, dict) and earlier.get("key") == self.state["key"]:
            self.state = earlier
            self.table.found = earlier["found"]
            self.table.rounded |= {*earlier.get("rounded", ())}
            if not all(map(self._is_whole, earlier["shards"])):
                self.state["shards"] = []
            return
        clear(self.out)
        for _ in progress(self.table.scan(), self.table.ticks, f"Scanning {name} (MiB)", verbose=verbose):
            pass
        self.state["found"] = self.table.found
        write_json(self.out / STATE, self.state)

    def _is_whole(self, shard: dict[str, Any]) -> bool:
        """Returns whether the files of a shard are there, as they were written."""
        files = [name for name in (shard["file"], shard["labels"]) if name is not None]
        if not all((self.out / name).is_file() for name in files):
            return False
        return all(len(np.load(self.out / name, mmap_mode="r")) == shard["examples"] for name in files)

    @property
    def bytes(self) -> int:
        """The number of bytes of all shards."""
        rows = sum(count or 0 for count in self.table.rows)
        return rows * (4 * len(self.table.names) + 8 * (self.table.label_column is not None))

    def write(self) -> Iterator[int]:
        """Writes the shards that are not there, and yields once for each tick."""
        number = 0
        for part in PARTS:
            done = sum(shard["examples"] for shard in self.state["shards"] if shard["part"] == part)
            x = np.empty((self.shard_rows, len(self.table.names)), np.float32)
            y = None if self.table.label_column is None else np.empty(self.shard_rows, np.int64)
            filled = 0
            for _ in self.splits.get(part, []):
                rows = self.table.rows[number] or 0
                skipped = min(done, rows)
                done -= skipped
                for chunk in self.table.chunks(number, skipped) if skipped < rows else ():
                    start = 0
                    while start < len(chunk.x):
                        count = min(self.shard_rows - filled, len(chunk.x) - start)
                        x[filled : filled + count] = chunk.x[start : start + count]
                        if y is not None and chunk.y is not None:
                            y[filled : filled + count] = chunk.y[start : start + count]
                        filled, start = filled + count, start + count
                        if filled == self.shard_rows:
                            self._save(part, x, y)
                            filled = 0
                    yield from range(chunk.ticks)
                number += 1
            if filled:
                self._save(part, x[:filled], None if y is None else y[:filled])

    def _save(self, part: str, x: np.ndarray, y: np.ndarray | None) -> None:
        number = sum(shard["part"] == part for shard in self.state["shards"])
        name, labels = f"{part}-{number:05}.npy", None if y is None else f"{part}-{number:05}.labels.npy"
        write_whole(self.out / name, lambda path: np.save(path, x))
        if labels is not None and y is not None:
            write_whole(self.out / labels, lambda path, y=y: np.save(path, y))
        missing = np.isnan(x).sum(axis=0).tolist()
        self.state["rounded"] = sorted(self.table.rounded)
        self.state["shards"].append(
            {"part": part, "file": name, "labels": labels, "examples": len(x), "missing": missing}
        )
        write_json(self.out / STATE, self.state)
