"""Image files that lie about their size, are damaged, or cost more than they should."""

import base64
import functools
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from hostile import json_bodies
from hostile.kind import PROCESS, SERVER, Kind, Target, one_of
from keras_vae.data.folder import read_folder
from keras_vae.serving.image_bytes import decode_images
from keras_vae.serving.png import is_beyond_tensorflow

SIDES = (0, 1, 2, 100, 8193, 13_000, 65_535, 2**16, 2**20, 2**31 - 1, 2**31, 2**32 - 1)
SUFFIXES = {b"\x89P": "png", b"\xff\xd8": "jpg", b"GI": "gif", b"BM": "bmp", b"RI": "webp", b"II": "tif", b"MM": "tif"}


def picture(rng: np.random.Generator) -> Image.Image:
    """A small picture of any mode."""
    height, width = (int(n) for n in rng.integers(1, 40, 2))
    pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels).convert(one_of(rng, "RGB", "L", "1", "P", "LA", "RGBA", "CMYK"))


def sound(rng: np.random.Generator) -> bytes:
    """A file of any format that is as it should be."""
    kind = one_of(rng, "PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
    image = picture(rng)
    modes = {"JPEG": ("RGB", "L", "CMYK"), "GIF": ("L", "P"), "BMP": ("1", "L", "P", "RGB"), "WEBP": ("RGB", "RGBA")}
    if image.mode not in modes.get(kind, ("RGB", "L", "1", "P", "LA", "RGBA")):
        image = image.convert("L" if kind != "WEBP" else "RGB")
    options: dict[str, Any] = {}
    if kind == "JPEG":
        options = {"progressive": one_of(rng, True, False), "exif": exif(rng)}
    elif kind == "PNG":
        options = {"exif": exif(rng)}
    elif kind == "GIF":
        options = {"save_all": True, "append_images": [image] * int(rng.integers(0, 4)), "comment": rng.bytes(300)}
    elif kind == "TIFF":
        options = {"compression": one_of(rng, None, "tiff_lzw", "tiff_adobe_deflate", "packbits")}
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def exif(rng: np.random.Generator) -> bytes:
    """EXIF with numbers and offsets of any size."""
    order, head = one_of(rng, ("<", b"II*\0"), (">", b"MM\0*"))
    tags = int(rng.integers(0, 5))
    entries = b"".join(
        struct.pack(
            f"{order}HHII",
            one_of(rng, 0x0112, 0x8769, 0x010F, int(rng.integers(2**16))),
            int(rng.integers(0, 16)),
            one_of(rng, 0, 1, 2, 2**31, 2**32 - 1),
            one_of(rng, *range(10), 6 << 16, 2**32 - 1),
        )
        for _ in range(tags)
    )
    start = one_of(rng, 8, 8, 8, 0, 7, 2**31, 2**32 - 1)
    count = one_of(rng, tags, tags, 65_535)
    return b"Exif\0\0" + head + struct.pack(f"{order}IH", start, count) + entries


def damaged(rng: np.random.Generator) -> bytes:
    """A file with bytes that are changed, doubled, left out or cut off."""
    content = bytearray(sound(rng))
    for _ in range(int(rng.integers(1, 8))):
        at, size = int(rng.integers(len(content))), int(rng.integers(1, 16))
        change = int(rng.integers(5))
        if change <= 1:
            content[at : at + size] = rng.bytes(size)
        elif change == 2:
            content[at:at] = content[at : at + size]
        elif change == 3:
            del content[at : at + size]
        else:
            del content[max(at, 2) :]
        if not content:
            return b"\x89PNG"
    return bytes(content)


def claiming(rng: np.random.Generator) -> bytes:
    """A file of some hundred bytes whose header claims any size."""
    width, height = one_of(rng, *SIDES), one_of(rng, *SIDES)
    kind = one_of(rng, "PNG", "JPEG", "progressive", "GIF", "frame", "BMP", "WEBP", "TIFF", "tile")
    small, file = Image.new("RGB", (8, 8), (9, 99, 200)), io.BytesIO()
    formats = {"progressive": "JPEG", "frame": "GIF", "tile": "TIFF"}
    small.save(file, formats.get(kind, kind), **({"progressive": True} if kind == "progressive" else {}))
    content = bytearray(file.getvalue())
    if kind == "PNG":
        content[16:24] = struct.pack(">II", width, height)
        content[24:26] = bytes([one_of(rng, 8, 16), one_of(rng, 2, 6)])
        content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    elif kind in ("JPEG", "progressive"):
        mark = content.index(b"\xff\xc2" if kind == "progressive" else b"\xff\xc0")
        frame = bytearray(content[mark : mark + 19])
        frame[5:9] = struct.pack(">HH", height % 2**16, width % 2**16)
        content[mark : mark + 19] = frame * one_of(rng, 1, 1, 2)
    elif kind == "GIF":
        content[6:10] = struct.pack("<HH", width % 2**16, height % 2**16)
    elif kind == "frame":
        mark = content.index(b",\0\0\0\0")
        content[mark + 1 : mark + 9] = struct.pack("<HHHH", *(one_of(rng, *SIDES) % 2**16 for _ in range(4)))
    elif kind == "BMP":
        content[18:26] = struct.pack("<II", width, height)
    elif kind == "WEBP":
        content[26:30] = struct.pack("<HH", width % 2**14, height % 2**14)
    else:
        return tiff(rng, width, height)
    return bytes(content)


def tiff(rng: np.random.Generator, width: int, height: int) -> bytes:
    """A TIFF file of tags with numbers of any size."""
    tags = {256: width, 257: height, 258: one_of(rng, 1, 8, 12, 16, 32), 259: one_of(rng, 1, 5, 7, 8, 32773), 262: 1}
    tags |= {273: 200, 277: one_of(rng, 1, 1, 3, 65_535), 278: height, 279: one_of(rng, 64, 2**31, 2**32 - 1)}
    if one_of(rng, True, False):
        tags |= {322: one_of(rng, *SIDES), 323: one_of(rng, *SIDES), 324: 200, 325: 64}
    count = one_of(rng, 1, 1, 1, 2**30)
    entries = b"".join(struct.pack("<HHII", tag, 4, count, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + rng.bytes(200)


def bomb(rng: np.random.Generator) -> bytes:
    """A sound file that is much larger when it is decoded, or takes many passes."""
    side = one_of(rng, 1000, 3000, 9000)
    kind = one_of(rng, "PNG", "GIF", "scans", "frames", "blocks", "palette")
    file = io.BytesIO()
    if kind == "scans":
        Image.new("RGB", (64, 64), (1, 2, 3)).save(file, "JPEG", progressive=True)
        content = file.getvalue()
        start = content.rindex(b"\xff\xda")
        return content[:start] + content[start:-2] * one_of(rng, 5, 99, 2000) + content[-2:]
    if kind == "blocks":
        Image.new("L", (8, 8)).save(file, "GIF")
        content = file.getvalue()
        mark = content.index(b",\0\0\0\0")
        return content[:mark] + b"!\xfe\x01x\0" * one_of(rng, 10, 1000, 20_000) + content[mark:]
    if kind == "frames":
        Image.new("P", (500, 500)).save(
            file, "GIF", save_all=True, append_images=[Image.new("P", (500, 500), i) for i in range(1, 20)]
        )
    elif kind == "palette":
        Image.new("1", (side, side)).save(file, "PNG", bits=1)
    else:
        Image.new("L", (side, side)).save(file, kind)
    return file.getvalue()


GENERATORS = {"sound": sound, "damaged": damaged, "claiming": claiming, "bomb": bomb}


def ask_folder(content: bytes, folder: Path) -> str:
    """A folder with the file and a sound one, which must come out as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    Image.fromarray(pixels).save(folder / "0.png")
    (folder / f"1.{SUFFIXES.get(content[:2], 'png')}").write_bytes(content)
    with _quiet():
        x = read_folder(folder, image_size=(8, 8)).train.x
    assert np.array_equal(x[0, ..., 0], pixels), "the sound file has changed"
    assert x.shape[1:3] == (8, 8) and 1 <= len(x) <= 2
    return "read" if len(x) == 2 else "skipped"


@functools.cache
def _graph():
    return tf.function(
        lambda files: decode_images(files, (8, 8, 3)),
        input_signature=[tf.TensorSpec((None,), tf.string)],
        autograph=False,
    )


def ask_graph(content: bytes, folder: Path | None = None) -> str:
    """The graph of an export: images from 0 to 1, or `InvalidArgumentError`."""
    try:
        x = _graph()(tf.constant([content])).numpy()
    except tf.errors.InvalidArgumentError:
        black_or_white = content[:2] == b"BM" and content[28:30] == b"\1\0"
        return "other format" if black_or_white or is_beyond_tensorflow(content) else "refused"
    assert x.shape == (1, 8, 8, 3) and x.min() >= 0 and x.max() <= 1, "no image"
    return "answered"


def ask_server(content: bytes, target: Target) -> str:
    """The status of the answer of a server, over REST."""
    body = {"signature_name": "encode_bytes", "instances": [{"b64": base64.b64encode(content).decode()}]}
    return json_bodies.ask(json.dumps(body), target)


def _quiet():
    import warnings

    return warnings.catch_warnings(action="ignore")


def ordinary(where: Path | Target) -> None:
    """A file of the greatest size that is read."""
    file = io.BytesIO()
    Image.new("RGB", (8192, 8192)).save(file, "PNG")
    if isinstance(where, Target):
        ask_server(file.getvalue(), where)
    else:
        ask_graph(file.getvalue())
        ask_folder(file.getvalue(), where / "ordinary")


KINDS = [
    Kind(f"image-{name}-{place}", generate, ask, where, ordinary)
    for name, generate in GENERATORS.items()
    for place, ask, where in (
        ("folder", ask_folder, PROCESS),
        ("graph", ask_graph, PROCESS),
        ("server", ask_server, SERVER),
    )
]
