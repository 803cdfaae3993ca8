"""A job that can be stopped and continued."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from keras_vae.bulk.job import Job
from keras_vae.bulk.local import NOTHING, Done
from keras_vae.bulk.summary import Summary
from keras_vae.errors import InvalidInputError
from keras_vae.files import read_json, version_of, write_json
from keras_vae.locks import LOCK, locked

FILE = "progress.json"


class Unfinished:
    """The folder of a job that can be stopped and continued, beside its output folder.

    Args:
        target: the output folder.
        job: the job.
    """

    def __init__(self, target: Path, job: Job):
        self.folder = target.parent / f".{target.name}.unfinished"
        self.digest = _digest(job)

    @contextlib.contextmanager
    def open(self) -> Iterator[Done]:
        """Creates and locks the folder, and yields the finished parts.

        Raises:
            InvalidInputError: if the folder is that of another job, or if another process works on it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder):
            content = read_json(self.folder / FILE) if (self.folder / FILE).exists() else None
            if content is not None and content["job"] != self.digest:
                raise InvalidInputError(
                    f"{self.folder}: expected unfinished work of the same job; the export, the data or an option has "
                    "changed; remove this folder to start again."
                )
            yield NOTHING if content is None else Done(content["parts"], Summary(**content["summary"]))

    def save(self, done: Done) -> None:
        """Writes down the finished parts."""
        summary = {name: getattr(done.summary, name) for name in ("read", "answered", "rejected")}
        write_json(self.folder / FILE, {"job": self.digest, "parts": done.parts, "summary": summary})

    def become(self, target: Path) -> None:
        """Renames the finished folder to `target`, in one step, so that neither a kill nor an error loses it."""
        self.folder.rename(target)
        for name in (FILE, LOCK):
            (target / name).unlink(missing_ok=True)


def _digest(job: Job) -> str:
    """Returns a digest of the export, the data and the options, which a job that continues must share."""
    digest = hashlib.sha256(repr((job.about, job.model.state, job.file_format, job.batch_size)).encode())
    path = Path(job.source.name)
    digest.update(repr(version_of(path) if path.is_file() else None).encode())
    for unit in job.source.units:
        digest.update(repr(unit).encode())
    return digest.hexdigest()
