"""onnxruntime-web, which runs ONNX in browsers: the files that a page needs."""

import hashlib
import os
import re
import tarfile
import threading
import time
import urllib.request
from concurrent.futures import Future
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from keras_vae.digest import sha256_of
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.files import expanded, write_whole
from keras_vae.progress import step

VERSION = "1.30.0"
FILE = f"onnxruntime-web-{VERSION}.tgz"
URL = f"https://registry.npmjs.org/onnxruntime-web/-/{FILE}"
SHA256 = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"
FOLDER = "keras_vae"
"""The folder of downloads within that of Keras, `~/.keras` or `KERAS_HOME`."""
STALL, LONGEST = 20.0, 900.0
"""The maximum number of seconds of a download without an answer, and in all."""
BLOCK = 2**16
SCRIPT, WASM = "package/dist/ort.wasm.bundle.min.mjs", "package/dist/ort-wasm-simd-threaded.wasm"
EXPORTS = re.compile(r"export\{([^}]*)\};\s*(?://# sourceMappingURL=\S*\s*)?\Z")
EXPORTED = re.compile(r"(\w+) as (\w+)")


class OnnxRuntimeWeb(NamedTuple):
    """The files for one thread on the CPU. Their licence is MIT; the script begins with it.

    Attributes:
        script: JavaScript, which sets `globalThis.ort`.
        wasm: WebAssembly.
    """

    script: str
    wasm: bytes


def onnxruntime_web(path: str | os.PathLike | None = None) -> OnnxRuntimeWeb:
    """Returns the files out of the npm package `onnxruntime-web`, whose SHA-256 is checked.

    Args:
        path: the package, as `npm pack onnxruntime-web@VERSION` writes it. None takes it from the cache of Keras, and
            downloads it first (33 MB) if it is not there.

    Raises:
        InvalidInputError: if the package cannot be downloaded, or is another one.

    Reference: https://onnxruntime.ai/docs/tutorials/web
    """
    package = _download() if path is None else check_package(path)
    with tarfile.open(package) as archive:
        script, wasm = (_member(archive, name) for name in (SCRIPT, WASM))
    return OnnxRuntimeWeb(_as_global(script.decode("utf-8")), wasm)


def _download() -> Path:
    """Returns the package in the cache, after a download if it is missing there or damaged."""
    package = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / FOLDER / FILE
    try:
        if not package.is_file() or sha256_of(package) != SHA256:
            package.parent.mkdir(parents=True, exist_ok=True)
            with step(f"Downloading onnxruntime-web {VERSION}"):
                content = _fetch()
                write_whole(package, lambda path: path.write_bytes(content))
    except (OSError, HTTPException, RuntimeError) as error:  # of the system, of the connection, or without a home
        raise InvalidInputError(
            f"onnxruntime-web {VERSION}: it cannot be downloaded ({one_line(error)}); check the connection, or give "
            f"a local copy of {FILE} (onnxruntime)."
        ) from error
    return package


def _fetch() -> bytes:
    """Returns the package."""
    end = time.monotonic() + LONGEST
    content = bytearray()
    with _opened(URL) as answer:
        length = int(answer.headers.get("Content-Length") or 0) or None
        with tqdm(desc=FILE, total=length, unit="B", unit_scale=True, leave=False, delay=2, disable=None) as bar:
            while block := answer.read1(BLOCK):
                if time.monotonic() > end:
                    raise TimeoutError(f"it takes more than {LONGEST:.0f} seconds")
                content += block
                bar.update(len(block))
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise OSError("expected another content")
    return bytes(content)


def _opened(url: str) -> Any:
    """Opens a URL within `STALL` seconds. The timeout of a connection counts for each of the addresses of a host."""
    opened: Future[Any] = Future()

    def connect() -> None:
        try:
            opened.set_result(urllib.request.urlopen(url, timeout=STALL))
        except BaseException as error:  # it belongs to the caller
            opened.set_exception(error)

    threading.Thread(target=connect, daemon=True).start()
    try:
        return opened.result(STALL)
    except TimeoutError as error:
        raise TimeoutError(f"no answer within {STALL:.0f} seconds") from error


def check_package(path: str | os.PathLike) -> Path:
    """Returns the path of a package of `VERSION`; raises `InvalidInputError` for another file."""
    package = expanded(path, part="onnxruntime")
    if not package.is_file():
        raise InvalidInputError(f"{package}: no such file; expected {FILE}.")
    if (found := sha256_of(package)) != SHA256:
        raise InvalidInputError(
            f"{package}: expected {FILE} with the SHA-256 {SHA256[:12]}..., got {found[:12]}...; get it with "
            f"npm pack onnxruntime-web@{VERSION}."
        )
    return package


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None  # the checksum tells the content
    return file.read()


def _as_global(module: str) -> str:
    """Returns a module as a script that sets `globalThis.ort`, as no other script can import an inline module.

    Example:

    >>> _as_global("let a = 1;export{a as env};")
    'let a = 1;globalThis.ort={env:a};'
    """
    found = EXPORTS.search(module)
    assert found is not None  # as above
    exports = ",".join(f"{name}:{local}" for local, name in EXPORTED.findall(found[1]))
    return f"{module[: found.start()]}globalThis.ort={{{exports}}};"
