"""Reads data sets of the Hugging Face library `datasets`."""

import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.data.columns import texts_in, to_labels
from keras_vae.data.encoded_images import decode, decoders
from keras_vae.data.folder import SAMPLED
from keras_vae.data.folder_layout import SPLITS
from keras_vae.data.hugging_face_images import HuggingFaceImages, content_of, names_in
from keras_vae.data.hugging_face_rows import HuggingFaceRows
from keras_vae.data.image_size import default_size, size_notes
from keras_vae.data.images import MAX_PIXELS, DecodedImage
from keras_vae.data.lazy_array import LARGE, LazyArray, sample
from keras_vae.data.parts import Parts
from keras_vae.data.pixel_array import PixelArray
from keras_vae.data.pixel_notes import check_range, pixel_notes
from keras_vae.data.skipped import count_notes, skip_notes
from keras_vae.data.split_dataset import PARTS, Split
from keras_vae.data.table import rounding_notes
from keras_vae.errors import InvalidInputError, one_line, unknown
from keras_vae.files import expanded
from keras_vae.progress import progress

PREFIX = "hf:"
BATCH = 256
IMAGE_NAMES, LABEL_NAMES = ("image", "img"), ("label", "labels")


def is_hugging_face(source: Any) -> bool:
    """Returns whether a source is `hf:NAME`, a `Dataset` or `DatasetDict`, or a folder in which one was saved."""
    if isinstance(source, str) and source.startswith(PREFIX):
        return True
    if isinstance(source, (str, Path)):
        path = expanded(source)
        saved = (path / "dataset_info.json").is_file() and (path / "state.json").is_file()
        return saved or (path / "dataset_dict.json").is_file()
    return type(source).__module__.split(".")[0] == "datasets"


def read_hugging_face(
    source: Any,
    *,
    image_size: tuple[int, int] | None = None,
    label_column: str | None = None,
    use_columns: Sequence[str] | None = None,
    max_pixels: int = MAX_PIXELS,
    stream: bool | None = None,
) -> tuple[str, Parts]:
    """Reads a data set of the library `datasets`, which the extra `keras_vae[huggingface]` installs.

    Splits: `train`, `validation` (or `val`) and `test`; without `train`, the first split contains the training
    examples.

    Examples: the images in the column `image` or `img`, or else in the first column of images, decoded as in
    `read_folder`. Without images, all columns of numbers and of lists or arrays of a fixed length, as float32; one
    column of lists or arrays keeps its shape, and its dtype if that is uint8.

    Labels: the column `label` or `labels`, or else the first column of `ClassLabel`, with its names.

    Args:
        source: `hf:NAME` or `hf:NAME:CONFIG`, for a data set of the Hugging Face Hub; a folder that `save_to_disk` has
            written; or a `Dataset` or `DatasetDict`.
        image_size: `(H, W)` in pixels. None chooses it as `read_folder` does.
        label_column: a column of class labels, whole numbers or texts.
        use_columns: the column of images, or columns of numbers.
        max_pixels: maximum number of pixels of an image.
        stream: whether to read the rows when they are needed. None does so for more than `LARGE` bytes of examples.

    Returns:
        The name of the data set, and its parts.

    Raises:
        InvalidInputError: if the library is not installed, if the data set cannot be loaded, or if it has no columns
            that can be used.
    """
    name, data = _open(source)
    splits, notes = _splits(name, data)
    features = splits["train"].features
    for column in [*(use_columns or ()), *([] if label_column is None else [label_column])]:
        if column not in features:
            raise InvalidInputError(f"{name}: {unknown(column, features, part='column')}")
    label = label_column or _label_column(features, use_columns or ())
    for part, split in splits.items():
        if absent := [column for column in features if column not in split.features]:
            raise InvalidInputError(
                f"{name}: expected the columns of the split 'train' in {part!r}, got none named {absent[0]!r}; add it, "
                "or remove it from 'train'."
            )
    label_names, labels = _labels(name, splits, label)
    images = [column for column in use_columns or features if _is_image(features[column])]
    if images:
        column = next((known for known in IMAGE_NAMES if known in images), images[0])
        others = [other for other in use_columns or () if other != column]
        if others:
            raise InvalidInputError(
                f"use_columns: expected one column of images, or columns of numbers, got "
                f"{', '.join(use_columns or ())}; leave the others out."
            )
        x, texts, more = _read_images(name, splits, column, labels, image_size, max_pixels, stream)
        return name, _parts(x, labels, label_names, (*notes, *more), texts=texts)
    if image_size is not None:
        raise InvalidInputError(f"image_size: expected images, got {name} with {_described(features)}; leave it out.")
    shapes = {
        column: shape
        for column in use_columns or features
        if column != label
        and (use_columns or not hasattr(features[column], "names"))
        and (shape := _shape(features[column])) is not None
    }
    unusable = [column for column in use_columns or () if column not in shapes]
    if unusable or not shapes:
        raise InvalidInputError(
            f"{name}: expected a column of images, or columns of numbers or of lists of a fixed length, got "
            f"{_described(features)}; name them with use_columns, and the labels with label_column."
        )
    left_out = [column for column in features if column not in shapes and column != label]
    if left_out and use_columns is None:
        notes.append(f"Left out {', '.join(left_out)}: no numbers, or lists whose type has no fixed length.")
    rows: dict[str, Any] = {}
    rounded: set[str] = set()
    uint8 = len(shapes) == 1 and all(shapes.values()) and "uint8" in str(features[next(iter(shapes))])
    for part, split in splits.items():
        if not split.num_rows:
            continue
        lazy = HuggingFaceRows(split, shapes, name=name, dtype=np.uint8 if uint8 else np.float32)
        rows[part] = lazy if (lazy.nbytes > LARGE if stream is None else stream) else np.asarray(lazy)
        sample(rows[part])
        rounded |= lazy.rounded
    if missing := sum(int(np.isnan(sample(x)).sum()) for x in rows.values()):
        where = "in a sample of the rows " if any(isinstance(x, LazyArray) for x in rows.values()) else ""
        notes.append(f"{missing} values {where}are missing (NaN).")
    notes += rounding_notes([column for column in shapes if column in rounded])
    column_names = tuple(shapes) if not any(shapes.values()) else ()
    return name, _parts(rows, labels, label_names, tuple(notes), column_names)


def _parts(
    x: Mapping[str, Any],
    labels: Mapping[str, np.ndarray | None],
    label_names: tuple[str, ...],
    notes: tuple[str, ...],
    column_names: tuple[str, ...] = (),
    texts: Mapping[str, np.ndarray] | None = None,
) -> Parts:
    names = texts or {}
    splits = {part: Split(x[part], labels[part], names=names.get(part)) for part in x if len(x[part])}
    return Parts(
        splits["train"], splits.get("validation"), splits.get("test"), label_names=label_names, notes=notes,
        column_names=column_names, categories=tuple(() for _ in column_names),
    )  # fmt: skip


def _open(source: Any) -> tuple[str, Any]:
    """Returns the name and the data set."""
    if not isinstance(source, (str, Path)):
        return "dataset", source
    try:
        import datasets
    except ModuleNotFoundError as error:
        raise InvalidInputError(
            f"{error.name}: expected this package, but it is not installed; run: pip install 'keras_vae[huggingface]'"
        ) from error
    if not str(source).startswith(PREFIX):
        path = expanded(source)
        try:
            return path.resolve().name, datasets.load_from_disk(str(path))
        except Exception as error:  # a damaged file raises errors of many classes
            raise InvalidInputError(
                f"{path}: expected a data set written by save_to_disk, got: {one_line(error)}; write it again."
            ) from error
    name, _, config = str(source).removeprefix(PREFIX).partition(":")
    if not name or ":" in config:
        raise InvalidInputError(f"{source}: expected hf:NAME or hf:NAME:CONFIG; correct the name.")
    try:
        return name, datasets.load_dataset(name, config or None)
    except Exception as error:  # of the network, the Hub and the builder
        raise InvalidInputError(
            f"{source}: expected hf:NAME or hf:NAME:CONFIG, a data set of the Hugging Face Hub, got: "
            f"{one_line(error)}; check the name and the network."
        ) from error


def _splits(name: str, data: Any) -> tuple[dict[str, Any], list[str]]:
    """Returns part -> data set, and the notes."""
    named: dict[str, Any] = {"train": data}
    if isinstance(data, dict):
        exact = {str(split).lower() for split in data}
        named = {}
        for split, dataset in data.items():
            part = SPLITS.get(str(split).lower(), str(split))
            # Of `val` and `validation`, the second is the split.
            named[str(split) if part != str(split).lower() and part in exact else part] = dataset
    if not named or not all(hasattr(dataset, "num_rows") for dataset in named.values()):
        kinds = ", ".join(sorted({type(dataset).__name__ for dataset in named.values()})) or "no splits"
        raise InvalidInputError(
            f"{name}: expected a Dataset or a DatasetDict, whose rows are random access, got {kinds}; load it without "
            "streaming."
        )
    if "train" not in named:
        first = next(iter(named))
        named = {"train": named.pop(first), **named}
    splits = {part: named.pop(part) for part in PARTS if part in named}
    if not splits["train"].num_rows:
        raise InvalidInputError(f"{name}: expected rows for training, got none; choose another split.")
    return splits, [f"Left out the splits {', '.join(named)}."] if named else []


def _label_column(features: Mapping[str, Any], used: Sequence[str]) -> str | None:
    """Returns the column of class labels, if there is one that is not used for the examples."""
    classes = [name for name, feature in features.items() if hasattr(feature, "names") and name not in used]
    named = [name for name in LABEL_NAMES if name in features and name not in used]
    is_label = [name for name in named if name in classes or _is_label(features[name])]
    return next(iter([*is_label, *classes]), None)


def _is_label(feature: Any) -> bool:
    return str(getattr(feature, "dtype", "")).startswith(("int", "uint", "string", "large_string"))


def _labels(
    name: str, splits: Mapping[str, Any], label: str | None
) -> tuple[tuple[str, ...], dict[str, np.ndarray | None]]:
    """Returns the names of the labels, and part -> labels; -1 for a missing class label."""
    if label is None:
        return (), dict.fromkeys(splits)
    columns = {part: split.select_columns([label]).with_format("arrow")[:][label] for part, split in splits.items()}
    where, feature = f"{name}, column {label!r}", splits["train"].features[label]
    kinds = {part: getattr(split.features[label], "dtype", "") for part, split in splits.items()}
    if len({"string" in kind for kind in kinds.values()}) > 1:
        raise InvalidInputError(f"{where}: expected labels of one type in all splits, got {kinds}; convert them.")
    if hasattr(feature, "names"):
        names = list(feature.names)
        labels: dict[str, np.ndarray | None] = {}
        for part, column in columns.items():
            own = list(getattr(splits[part].features[label], "names", names))
            names += [text for text in own if text not in names]
            values = to_labels(column.fill_null(-1), where, ()).values
            # The splits may number their names differently.
            labels[part] = np.where(values < 0, values, np.array([names.index(text) for text in own])[values])
        return tuple(names), labels
    texts: tuple[str, ...] = ()
    if getattr(feature, "dtype", "") in ("string", "large_string"):
        texts = tuple(sorted(set().union(*map(texts_in, columns.values()))))
    return texts, {part: to_labels(column, where, texts).values for part, column in columns.items()}


def _read_images(
    name: str,
    splits: Mapping[str, Any],
    column: str,
    labels: dict[str, np.ndarray | None],
    image_size: tuple[int, int] | None,
    max_pixels: int,
    stream: bool | None,
) -> tuple[dict[str, Any], dict[str, np.ndarray], list[str]]:
    """Returns part -> images, part -> names, and the notes; removes the labels of images that are skipped."""
    total = sum(split.num_rows for split in splits.values())
    first = (decode(content, None, max_pixels) for split in splits.values() for content in _contents(split, column))
    image = next((image for image in first if isinstance(image, DecodedImage)), None)
    if image is None:
        raise InvalidInputError(f"{name}, column {column!r}: expected readable images, got {total}, none readable.")
    size = image_size
    if size is None:
        table = splits["train"].select_columns([column]).with_format("arrow")
        where = f"{name}, column {column!r}"
        size = default_size(image, len(table), lambda row: content_of(table[row][column][0].as_py()), where, max_pixels)
    height, width = size
    lazy = 3 * total * height * width > LARGE if stream is None else stream
    if lazy:
        rows = {part: np.unique(np.linspace(0, s.num_rows - 1, SAMPLED).astype(int)) for part, s in splits.items()}
        chosen = {part: split.select(rows[part]) for part, split in splits.items() if split.num_rows}
    else:
        chosen = dict(splits)
    pixels = {part: PixelArray(name, split.num_rows, size) for part, split in chosen.items()}
    images, failures = {}, []
    for part, split in chosen.items():
        results = progress(_decode(split, column, size, max_pixels), split.num_rows, f"Reading images of {name} {part}")
        for row, result in enumerate(results):
            if isinstance(result, DecodedImage):
                images[part, row] = pixels[part].add(result)
            else:
                failures.append(f"Skipped {part}/{row}: {one_line(result)}.")
    check_range(Path(name), [image.brightest for image in images.values()])
    grey = all(array.grey for array in pixels.values())
    notes = size_notes((image.file_size for image in images.values()), size, chosen=image_size is None)
    notes += pixel_notes(images, lambda key: f"{key[0]}/{key[1]}", len(images) + len(failures))
    if lazy:
        x = {
            part: HuggingFaceImages(
                split, column, size, name=name, part=part, grey=grey, labels=labels[part], max_pixels=max_pixels
            )
            for part, split in splits.items()
        }
        return x, {}, notes
    if failures:
        warned = " ".join(skip_notes(failures))
        warnings.warn(f"{name}: {len(failures)} of {total} images cannot be read. {warned}", stacklevel=2)
        notes += count_notes(failures, f"{total} images")
    x, names = {}, {}
    for part, array in pixels.items():
        rows = [row for of, row in images if of == part]
        if rows:
            x[part] = array.array if array.grey == grey else np.repeat(array.array, 3, axis=-1)
            names[part] = np.array(names_in(splits[part], column, part), object)[rows]
        if (part_labels := labels[part]) is not None:
            labels[part] = part_labels[rows]
    if "train" not in x:
        raise InvalidInputError(
            f"{name}: expected readable images for training, got none; check the column {column!r}."
        )
    return x, names, notes


def _decode(split: Any, column: str, size: tuple[int, int], max_pixels: int) -> Iterator[DecodedImage | Exception]:
    """Decodes all images, some of them at a time, as each of their files may be larger than its pixels here."""
    contents = _contents(split, column)
    while some := list(itertools.islice(contents, SAMPLED)):
        yield from decoders().map(lambda content: decode(content, size, max_pixels), some)


def _contents(split: Any, column: str) -> Iterator[Path | bytes | None]:
    """Yields the path or the bytes of each image."""
    rows = split.select_columns([column]).with_format("arrow")
    for start in range(0, split.num_rows, BATCH):
        for value in rows[start : start + BATCH][column].to_pylist():
            yield content_of(value)


def _is_image(feature: Any) -> bool:
    return type(feature).__name__ == "Image"


def _shape(feature: Any) -> tuple[int, ...] | None:
    """Returns the shape of the values of a column; None if they are no numbers, or vary in shape."""
    shape = getattr(feature, "shape", None)  # of Array2D to Array5D
    if shape is not None:
        return tuple(shape) if None not in shape else None
    inner = getattr(feature, "feature", None)  # of lists
    if inner is not None:
        length, shape = getattr(feature, "length", -1), _shape(inner)
        return None if shape is None or length < 1 else (length, *shape)
    dtype = str(getattr(feature, "dtype", ""))
    return () if dtype.startswith(("int", "uint", "float", "bool", "decimal")) else None


def _described(features: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} ({getattr(feature, 'dtype', type(feature).__name__)})" for name, feature in features.items()
    )
