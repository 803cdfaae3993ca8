"""Files appear whole or not at all, whatever ends the process, and nobody else's files go."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from keras_vae.files import check_writable, new_parents, partial_folder, remove_abandoned, write_json, write_whole
from keras_vae.locks import LOCK, locked

HOLD = """
import sys, time
from pathlib import Path
from keras_vae.files import partial_folder
from keras_vae.locks import locked
folder = Path(sys.argv[1])
with locked(folder), partial_folder(folder / "big") as new:
    (new / "half").write_bytes(b"half")
    print("ready", flush=True)
    time.sleep(600)
"""


def names(folder):
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def holder(tmp_path):
    """Another process, which holds the folder and has half a file in it."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def test_a_held_folder_is_refused_with_its_owner_and_free_when_that_is_killed(tmp_path, holder, refused):
    with refused(rf"process {holder.pid} on \S+ \(since 20.*\) is working in it; wait"), locked(tmp_path):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with locked(tmp_path):
        assert LOCK in names(tmp_path)
    assert LOCK not in names(tmp_path)


def test_a_folder_is_held_once_in_one_process_too(tmp_path, refused):
    with locked(tmp_path):
        with refused(f"process {os.getpid()} on"), locked(tmp_path):
            pass
        with refused(f"process {os.getpid()} on"), locked(tmp_path):
            pass
    with locked(tmp_path):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_the_file_system_has_no_locks_work_goes_on_and_nobodys_partial_folder_goes(
    tmp_path, holder, monkeypatch, number
):
    def no_locks(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("keras_vae.locks.lock_descriptor", no_locks)
    before = names(tmp_path)
    with pytest.warns(UserWarning, match="has no locks: run one keras_vae process at a time"):
        write_json(tmp_path / "a.json", 1)
    assert names(tmp_path) == {*before, "a.json"}


def test_partial_folders_go_when_their_process_is_dead_and_not_before(tmp_path, holder):
    mine = tmp_path / ".photos.partial-mine"
    mine.mkdir()
    (mine / LOCK).write_text("mine")
    (tmp_path / ".empty.partial-1").mkdir()
    (partial,) = (name for name in names(tmp_path) if name.startswith(".big.partial-"))
    write_json(tmp_path / "a.json", 1)
    assert partial in names(tmp_path)
    holder.kill()
    holder.wait()
    write_json(tmp_path / "a.json", 2)
    assert names(tmp_path) == {"a.json", LOCK, mine.name, ".empty.partial-1"}
    assert (mine / LOCK).read_text() == "mine"


def test_a_link_to_a_partial_folder_is_not_followed(tmp_path, holder):
    holder.kill()
    holder.wait()
    (partial,) = tmp_path.glob(".big.partial-*")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ".x.partial-link").symlink_to(partial)
    remove_abandoned(tmp_path / "elsewhere")
    assert (partial / "content" / "half").exists()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "..."),
        RuntimeError("a.cc:12: x; No space left on device"),
        OSError("[errno 27] File too large"),
    ],
    ids=["number", "text", "Arrow"],
)
def test_a_full_disk_is_an_os_error_that_names_the_target(tmp_path, error):
    (tmp_path / "a.txt").write_text("old")

    def write(path):
        path.write_text("half")
        raise error

    with pytest.raises(OSError) as caught:
        write_whole(tmp_path / "a.txt", write)
    assert caught.value.filename == str(tmp_path / "a.txt")
    assert caught.value.errno in (errno.ENOSPC, errno.EFBIG) and os.strerror(caught.value.errno) in str(caught.value)
    assert names(tmp_path) == {"a.txt"} and (tmp_path / "a.txt").read_text() == "old"


@pytest.mark.parametrize(
    "error", [ValueError("no"), FileNotFoundError(errno.ENOENT, "No such file", "x.npy"), KeyboardInterrupt()]
)
def test_other_errors_stay_what_they_are(tmp_path, error):
    with pytest.raises(type(error)) as caught, partial_folder(tmp_path / "a"):
        raise error
    assert caught.value is error
    assert names(tmp_path) == set()


def test_what_cannot_be_written_is_found_without_a_trace(tmp_path):
    (tmp_path / "file").write_text("mine")
    check_writable(tmp_path / "new" / "run")
    check_writable(tmp_path)
    check_writable(tmp_path / "file")
    for name in ("file/run", "file/deep/run"):
        with pytest.raises(OSError, match="Not a directory"):
            check_writable(tmp_path / name)
    assert names(tmp_path) == {"file"}


def test_parents_stay_only_if_something_is_put_there(tmp_path):
    with new_parents(tmp_path / "a" / "b" / "c"):
        assert (tmp_path / "a" / "b").is_dir()
    assert names(tmp_path) == set()
    with new_parents(tmp_path / "a" / "b" / "c"):
        (tmp_path / "a" / "b" / "c").write_text("")
    assert (tmp_path / "a" / "b" / "c").exists()


def test_a_link_stays_a_link_to_what_is_written(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link, file = tmp_path / "a.json", tmp_path / "elsewhere" / "b.json"
    link.symlink_to(file)
    for content in (1, 2):  # of a link to nothing, and to a file
        write_json(link, content)
        assert link.is_symlink() and file.read_text() == f"{content}\n"
    assert names(tmp_path) == {"a.json", "elsewhere"} and names(file.parent) == {"b.json"}


@pytest.mark.parametrize("name", ["x" * 255, "ü" * 127])
def test_a_file_may_have_the_longest_name(tmp_path, name):
    check_writable(tmp_path / name / "file")
    write_json(tmp_path / name, 1)
    assert names(tmp_path) == {name}
