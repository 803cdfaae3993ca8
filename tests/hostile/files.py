"""Files that strangers could send: models, arrays, tables and records that are damaged, lie or try to do harm."""

import functools
import gzip
import io
import json
import pickle
import struct
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import google_crc32c
import h5py
import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

from hostile.kind import Kind, one_of
from keras_vae import load_model, serving, zoo
from keras_vae.bulk import infer
from keras_vae.data import load
from keras_vae.errors import InvalidInputError

SIZE, ROWS = 6, 40
CANARY = "canary-of-hostile-files"


class Pickled:
    """Leaves a file behind if it is ever unpickled."""

    def __reduce__(self):
        return open, (str(Path(tempfile.gettempdir()) / CANARY), "w")


def damaged(rng: np.random.Generator, sound: bytes) -> bytes:
    """Cut short, with bits flipped, bytes overwritten, or a piece removed or doubled."""
    content = bytearray(sound)
    for _ in range(int(rng.integers(1, 5))):
        at, size = int(rng.integers(len(content) + 1)), int(2 ** rng.integers(0, 9))
        match int(rng.integers(6)):
            case 0:
                del content[at:]
            case 1 if at < len(content):
                content[at] ^= 1 << int(rng.integers(8))
            case 2:
                content[at : at + size] = rng.bytes(size)
            case 3:
                del content[at : at + size]
            case 4:
                content[at:at] = content[at : at + size]
            case _:
                content[at : at + size] = one_of(rng, b"\x00", b"\xff") * size
    return bytes(content)


# What is sound


@functools.cache
def examples() -> np.ndarray:
    """Vectors that the model takes, `(ROWS, SIZE)`."""
    return np.random.default_rng(0).random((ROWS, SIZE), "float32")


@functools.cache
def small():
    """A VAE of vectors."""
    keras.utils.set_random_seed(0)
    return zoo.vae((SIZE,), 2, units=(8,), seed=0)


@functools.cache
def exported() -> Path:
    """An export of the small model."""
    return serving.export(small(), Path(tempfile.mkdtemp()) / "m", check=False)


@functools.cache
def sound_model() -> dict[str, bytes]:
    """The members of a `.keras` file."""
    with tempfile.TemporaryDirectory() as folder:
        small().compile("adam")
        small().save(Path(folder) / "m.keras")
        with zipfile.ZipFile(Path(folder) / "m.keras") as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    return {**members, "metadata.json": b'{"keras_version": "3"}'}  # without the date


@functools.cache
def sound_codes() -> np.ndarray:
    """The means of the examples' codes."""
    return np.asarray(small().encode(examples()).mean())


def archived(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, member in members.items():
            archive.writestr(zipfile.ZipInfo(name), member, compression)  # of 1980, whenever it is made
    return content.getvalue()


# Models


def hostile_model(rng: np.random.Generator) -> bytes:
    """A `.keras` file: damaged, a bomb, with paths that lead out, other classes, or other weights."""
    members = dict(sound_model())
    match int(rng.integers(9)):
        case 0 | 1:
            return damaged(rng, archived(members, one_of(rng, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
        case 2:
            name = one_of(rng, *members)
            members[name] = damaged(rng, members[name])
        case 3:
            members[one_of(rng, "config.json", "metadata.json", "assets/a", "model.weights.h5")] = bytes(2**27)
            return archived(members, zipfile.ZIP_DEFLATED)
        case 4:
            outside = (f"../{CANARY}", f"/tmp/{CANARY}", f"assets/../../{CANARY}", f"..\\{CANARY}")
            name = one_of(rng, *outside, "a" * 60_000)
            members[name] = b"canary"
        case 5:
            members["config.json"] = json.dumps(_other_config(rng, json.loads(members["config.json"]))).encode()
        case 6:
            depth = int(one_of(rng, 50, 1000, 100_000))
            nested = b'{"config":' * depth + b"1" + b"}" * depth
            members["config.json"] = one_of(rng, b"[" * depth, nested, b'"' * depth)
        case 7:
            members["model.weights.h5"] = _other_weights(rng, members["model.weights.h5"])
        case _:
            inner = archived(members)
            members[one_of(rng, "model.weights.h5", "config.json", "assets/inner.keras")] = inner
    return archived(members)


VALUES = (None, -1, 0, 10**12, 1e400, "", "no such thing", [], {}, True, [[10**9]], [10**6, 10**6], "os", "system")
OBJECTS = tuple(
    {"class_name": name, "config": config, "module": module, "registered_name": registered}
    for name, config, module, registered in (
        ("Lambda", {"function": "x"}, "keras.layers", None),
        ("__lambda__", {"value": "4wAAAA=="}, None, None),
        ("system", {"command": f"touch /tmp/{CANARY}"}, "os", "system"),
        ("function", "system", "os", "system"),
        ("function", "enable_unsafe_deserialization", "keras.config", None),
        ("__tensor__", {"value": [0.0], "dtype": "float32"}, None, None),
        ("__numpy__", {"value": [[1]], "dtype": "object"}, None, None),
    )
)
"""What a configuration should not hold."""


def _other_config(rng, config):
    """A configuration with one of its values exchanged."""
    places = []

    def walk(one):
        for key in one if isinstance(one, dict) else range(len(one)):
            places.append((one, key))
            if isinstance(one[key], (dict, list)):
                walk(one[key])

    walk(config)
    for _ in range(int(rng.integers(1, 4))):
        owner, key = places[int(rng.integers(len(places)))]
        owner[key] = one_of(rng, *VALUES, *OBJECTS)
    return config


def _other_weights(rng, weights: bytes) -> bytes:
    """A file of weights of which one has another shape or type, claims to be huge, or is a link to elsewhere."""
    content = io.BytesIO(weights)
    with h5py.File(content, "a") as file:
        names = []
        file.visititems(lambda name, one: names.append(name) if isinstance(one, h5py.Dataset) else None)
        name = one_of(rng, *names)
        shape = file[name].shape
        del file[name]
        match int(rng.integers(7)):
            case 0:
                file[name] = rng.random((3, *shape[1:]))
            case 1:
                file[name] = np.full(shape, one_of(rng, np.nan, np.inf))
            case 2:
                file.create_dataset(name, shape=(int(one_of(rng, 2**31, 2**40)),), dtype="float32")
            case 3:
                file.create_dataset(
                    name, shape=(2**26,), dtype="float32", chunks=(2**20,), compression="gzip", fillvalue=1.0
                )
            case 4:
                file.create_dataset(
                    name, shape=shape, dtype="uint8", external=[("/etc/passwd", 0, int(np.prod(shape)))]
                )
            case 5:
                file[name] = h5py.ExternalLink("/etc/passwd", "/a")
            case _:
                file[name] = np.full(shape, b"text") if shape else b"text"
    return content.getvalue()


def ask_model(content: bytes, folder: Path) -> str:
    """Loads it, and sees that a model that loads answers."""
    inner = folder / "inner"
    inner.mkdir()
    (inner / "m.keras").write_bytes(content)
    try:
        model = load_model(inner / "m.keras")
        codes = np.asarray(model.encode(np.zeros((2, *model.event_shape), "float32")).mean())
        assert codes.shape[0] == 2
        return "loaded"
    finally:
        assert {path.name for path in folder.iterdir()} == {"inner"}, "it wrote elsewhere"
        _check_no_canary()


def _check_no_canary() -> None:
    canary = Path(tempfile.gettempdir()) / CANARY
    if canary.exists():
        canary.unlink()
        raise AssertionError("its code was run")


# Arrays


def hostile_array(rng: np.random.Generator) -> bytes:
    """A `.npy` file: damaged, with pickles, other types, or a header that lies."""
    x = examples()
    match int(rng.integers(5)):
        case 0:
            return damaged(rng, _saved(x))
        case 1:
            objects = np.empty(3, object)
            objects[:] = [Pickled()] * 3
            return one_of(rng, _saved(objects, allow_pickle=True), pickle.dumps(Pickled()), pickle.dumps(Pickled(), 0))
        case 2:
            kinds = ("U4", "S3", "M8[s]", "c8", "V8", "?", "i8", "u2", ">f4", "f2", "f8", [("a", "f4"), ("b", "i4")])
            return _saved(np.zeros((4, SIZE), one_of(rng, *kinds)))
        case 3:
            shapes = ((), (0, SIZE), (3,), (3, 0), (3, 2, SIZE), (3, SIZE + 1), (1, 1, 1, 1, 1, 1, SIZE))
            values = one_of(rng, 0.0, np.nan, np.inf, -np.inf, 1e300)
            return _saved(np.full(one_of(rng, *shapes), values))
    sizes = (10**12, 2**31, 2**63, 2**64, -1, -(10**12), "6", None, 1.5, True)
    one, two, three, four = (one_of(rng, *sizes) for _ in range(4))
    shape = one_of(rng, [one, SIZE], [ROWS, two], [three] * 3, four)
    header = {"descr": one_of(rng, "<f4", "|O", "|V1000000000", "<U1000000000", "no", 3), "fortran_order": False}
    header["shape"] = tuple(shape) if isinstance(shape, list) else shape
    text = one_of(
        rng, repr(header), repr(header)[:20], "(" * 5000, "__import__('os')", "{" + "'a':1," * 9999 + "}"
    ).encode()
    length = one_of(rng, len(text), 2**32 - 1, 0, len(text) - 3)
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", length % 2**32) + text + x.tobytes()


def _saved(array: np.ndarray, **options: Any) -> bytes:
    content = io.BytesIO()
    np.save(content, array, **options)
    return content.getvalue()


def hostile_arrays(rng: np.random.Generator) -> bytes:
    """A `.npz` file: with such arrays, with pickles, a bomb, without the keys, or damaged."""
    x = examples()
    members = {"x.npy": _saved(x), "y.npy": _saved(np.arange(ROWS) % 3)}
    match int(rng.integers(6)):
        case 0:
            return damaged(rng, archived(members, one_of(rng, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
        case 1 | 2:
            members[one_of(rng, *members, "x_test.npy", "factors.npy")] = hostile_array(rng)
        case 3:
            header = _saved(np.zeros((2, SIZE)))[:128].replace(b"(2, 6)", b"(33554432, 6)").replace(b"      \n", b"\n")
            members[one_of(rng, "x.npy", "y.npy", "other.npy")] = header + bytes(2**27)
            return archived(members, zipfile.ZIP_DEFLATED)
        case 4:
            del members["x.npy"]
            members[one_of(rng, "../x.npy", "/x.npy", "X.npy", "x.txt", "x", "x.npy/", "x_train.npy")] = _saved(x)
        case _:
            members["x.npy"] = one_of(rng, b"", b"text", archived(members), members["x.npy"][:50])
    return archived(members)


def _ask_array(suffix: str, content: bytes, folder: Path) -> str:
    path = folder / f"x{suffix}"
    path.write_bytes(content)
    try:
        outcome = "loaded"
        try:
            data = load(path, validation=0.2, test=0.2)
            assert np.isfinite(np.nan_to_num(data.train.x)).all()
        except InvalidInputError:
            outcome = "refused"
        return f"{outcome}, {_bulk(path, folder)}"
    finally:
        _check_no_canary()


# Tables


NUMBERS = (None, [1.0], "1", float("nan"), 2**62, 1e300)


def hostile_table(rng: np.random.Generator) -> bytes:
    """A Parquet file: damaged, of other types, or with a row that is huge."""
    x = list(examples())
    compression = one_of(rng, "none", "snappy", "gzip", "zstd", "lz4", "brotli")
    column = pa.array(x, pa.list_(pa.float32()))
    match int(rng.integers(4)):
        case 0 | 1:
            return damaged(rng, _written(column, compression))
        case 2:
            row = one_of(rng, "a", b"a", None, [], True, 3, {"a": 1}, *([one] * SIZE for one in NUMBERS))
            values = one_of(rng, [row] * ROWS, [*x[:5], None, [], [1.0]])
            return _written(pa.array(values), compression)
    many = int(one_of(rng, 2**20, 2**24))
    dictionary = pa.DictionaryArray.from_arrays(pa.array(np.zeros(many, "int32")), pa.array(np.zeros(1, "float32")))
    flat = one_of(rng, pa.array(np.zeros(many, "float32")), dictionary)
    return _written(pa.ListArray.from_arrays([0, many], flat), compression)


def _written(column: pa.Array, compression: str) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table({"x": column}), content, row_group_size=15, compression=compression)
    return content.getvalue()


# Records


def hostile_records(rng: np.random.Generator) -> bytes:
    """A TFRecord file: damaged, with lengths that lie, or with records of other content."""
    records = [_example(row) for row in examples()]
    match int(rng.integers(5)):
        case 0 | 1:
            content = b"".join(map(framed, records))
            return damaged(rng, gzip.compress(content, mtime=0) if rng.integers(4) == 0 else content)
        case 2:
            length = int(one_of(rng, 10**9, 10**12, 2**31, 2**63, 2**64 - 1, 2**64 - 16, 0))
            start = b"".join(map(framed, records[: int(rng.integers(ROWS))]))
            head = struct.pack("<Q", length)
            content = start + head + struct.pack("<I", masked(head)) + rng.bytes(int(rng.integers(200)))
            return content if rng.integers(2) else gzip.compress(content, mtime=0)
        case 3:
            return one_of(rng, *bombs())
    at = int(rng.integers(ROWS))
    records[at] = one_of(
        rng, b"", b"\xff" * 20, damaged(rng, records[at]), b"\x0a" * 5000, _example([]), _example([1.0] * 10**6),
        tf.train.Example().SerializeToString(), _example(b"text"), _example([2**62]),
    )  # fmt: skip
    return b"".join(map(framed, records))


def _example(value: Any) -> bytes:
    if isinstance(value, bytes):
        feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    elif any(isinstance(one, int) for one in value):
        feature = tf.train.Feature(int64_list=tf.train.Int64List(value=value))
    else:
        feature = tf.train.Feature(float_list=tf.train.FloatList(value=value))
    return tf.train.Example(features=tf.train.Features(feature={"x": feature})).SerializeToString()


def framed(record: bytes) -> bytes:
    """A record as it stands in a TFRecord file."""
    head = struct.pack("<Q", len(record))
    return head + struct.pack("<I", masked(head)) + record + struct.pack("<I", masked(record))


def masked(content: bytes) -> int:
    """The checksum of TFRecord."""
    value = google_crc32c.value(content)
    return ((value >> 15 | value << 17) + 0xA282EAD8) % 2**32


@functools.cache
def bombs() -> tuple[bytes, ...]:
    """A compressed record of 128 MiB, and as many bytes that are none."""
    return tuple(gzip.compress(content, mtime=0) for content in (framed(bytes(2**27)), bytes(2**27)))


# Bulk work


def _ask_bulk(suffix: str, content: bytes, folder: Path) -> str:
    path = folder / f"in{suffix}"
    path.write_bytes(content)
    return _bulk(path, folder, compare=suffix == ".tfrecord")


def _bulk(path: Path, folder: Path, *, compare: bool = False) -> str:
    """Encodes the file; answers of unchanged records must be the model's own."""
    try:
        summary = infer("encode", exported(), path, folder / "out")
    except InvalidInputError as error:
        assert len(str(error).splitlines()) == 1
        assert {one.name for one in folder.iterdir()} == {path.name}, "a refusal leaves nothing"
        return "refused in bulk"
    assert summary.balanced
    answers = pq.read_table(folder / "out" / "answers").to_pylist()
    assert len(answers) == summary.answered
    if compare:  # checksums: what is answered is what was written, or a whole record of other content
        right = sum(np.abs(sound_codes() - row["mean"]).max(-1).min() < 1e-4 for row in answers)
        assert right >= len(answers) - 1
    return f"{'some' if summary.rejected else 'all'} answered" if summary.answered else "none answered"


def _ordinary(kind: str, folder: Path) -> None:
    x = np.tile(examples(), (1000, 1))
    np.save(folder / "x.npy", x)
    if kind == "keras":
        (folder / "m").mkdir()
        ask_model(archived(sound_model()), folder / "m")
    infer("encode", exported(), folder / "x.npy", folder / "codes")


KINDS = [
    Kind("keras", hostile_model, ask_model, ordinary=functools.partial(_ordinary, "keras")),
    *(
        Kind(name, make, functools.partial(ask, f".{name}"), ordinary=functools.partial(_ordinary, name))
        for name, make, ask in (
            ("npy", hostile_array, _ask_array),
            ("npz", hostile_arrays, _ask_array),
            ("parquet", hostile_table, _ask_bulk),
            ("tfrecord", hostile_records, _ask_bulk),
        )
    ),
]
