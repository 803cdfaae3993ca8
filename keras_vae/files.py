"""Files that are written as a whole or not at all."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_whole(target: Path, write: Callable[[Path], Any]) -> None:
    """Lets `write` make a new file beside `target`, and puts it in place when it is whole and on disk.

    What was at `target` stays until then, and stays if `write` fails.
    """
    temporary = target.with_name(f".{target.stem}.partial{target.suffix}")
    try:
        write(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(target: Path, content: Any) -> None:
    """Writes `content` as JSON."""
    write_whole(target, lambda path: path.write_text(json.dumps(content, indent=2) + "\n"))
