"""The options of an export."""

from dataclasses import dataclass, field

from keras_vae.checks import check_integer, check_number
from keras_vae.errors import InvalidInputError, unknown

PRECISIONS = {
    "float32": "weights and arithmetic as in training",
    "bfloat16": "networks in bfloat16, half the size; fast on processors with bfloat16 (AMX, TPU)",
    "float16": "networks in float16, half the size; fast on GPUs",
    "int8": "kernels in 8 bits with a scale per output channel, a quarter of the size; arithmetic in float32",
}


@dataclass(frozen=True)
class ExportOptions:
    """The options of an export; the defaults suit most services.

    The first sentence of each entry is also the help of an option of the command line.

    Attributes:
        samples: number of samples of z per example in `score`.
        precision: `"float32"`, `"bfloat16"`, `"float16"` or `"int8"`. Inputs and outputs are always float32.
        signature: a single signature to export as `serving_default`, with its weights as constants of the graph; by
            default all signatures are exported.
        binarize: binarization mode of the training (`"dynamic"`, `"static"` or `"threshold"`), which the export applies
            to its inputs. None does not binarize.
        images: whether to add signatures for image files (`*_bytes`); by default for models of images with values from
            0 to 1.
        max_pixels: maximum number of pixels of an image file, according to its header; by default 67,108,864, that is
            8192 x 8192.
        max_batch_pixels: maximum number of pixels of all image files in a batch, in which a server may join several
            requests; by default 4 times that of one file.
        flagged: fraction of usual examples that `anomaly` flags, in (0, 1).
        batch_sizes: batch sizes to which a server pads its batches, each with a warm-up request; the last is the
            maximum.

    Raises:
        InvalidInputError: if a value is out of range.

    Example:

    >>> ExportOptions(precision="int8").batch_sizes
    (1, 2, 4, 8, 16, 32)
    """

    samples: int = 8
    precision: str = "float32"
    signature: str | None = None
    binarize: str | None = field(default=None, metadata={"hint": "By default that of the run."})
    images: bool | None = None
    max_pixels: int | None = None
    max_batch_pixels: int | None = None
    flagged: float = 0.01
    batch_sizes: tuple[int, ...] = (1, 2, 4, 8, 16, 32)

    def __post_init__(self):
        from keras_vae.data import binarize as binarization  # here, as the command line starts without TensorFlow
        from keras_vae.data.images import MAX_PIXELS

        check_integer("samples", self.samples)
        max_pixels = check_integer("max_pixels", MAX_PIXELS if self.max_pixels is None else self.max_pixels)
        max_batch_pixels = 4 * max_pixels if self.max_batch_pixels is None else self.max_batch_pixels
        object.__setattr__(self, "max_pixels", max_pixels)
        object.__setattr__(
            self, "max_batch_pixels", check_integer("max_batch_pixels", max_batch_pixels, least=max_pixels)
        )
        for name, choices, part in (("precision", PRECISIONS, "precision"), ("binarize", binarization.MODES, "mode")):
            value = getattr(self, name)
            if value not in choices and not (name == "binarize" and value is None):
                raise InvalidInputError(unknown(value, choices, part=part))
        check_number("flagged", self.flagged, above=0, below=1)
        sizes = [check_integer("batch_sizes", size) for size in self.batch_sizes]
        if not sizes or sizes != sorted(set(sizes)):
            raise InvalidInputError(
                f"batch_sizes must be ascending integers, such as (1, 8, 32); got {self.batch_sizes}."
            )
