"""What an export is to hold."""

from dataclasses import dataclass

from keras_vae.checks import check_integer, check_number
from keras_vae.errors import InvalidInputError, unknown

PRECISIONS = {
    "float32": "weights and arithmetic as in training",
    "bfloat16": "networks in bfloat16, half the size; fast where the processor has it (AMX, TPU)",
    "float16": "networks in float16, half the size; fast on GPUs",
    "int8": "kernels stored in 8 bits, a scale per output channel; a quarter of the size, arithmetic in float32",
}


@dataclass(frozen=True)
class ExportOptions:
    """The choices of an export; the defaults suit most services.

    The first sentence of each entry is also the help of an option of the command line.

    Attributes:
        samples: draws of z per example in `score` and `anomaly`.
        precision: of the weights: `"float32"`, `"bfloat16"`, `"float16"` or `"int8"`; inputs and outputs are float32.
        signature: export this signature only, with the weights in its graph; by default all. It becomes
            `serving_default`.
        binarize: how training made pixels black or white: `"dynamic"`, `"static"` or `"threshold"`; by default not at
            all. The export does the same to what it is sent.
        images: take image files (`*_bytes`) or not; by default for models of images with values from 0 to 1.
        max_pixels: pixels of an image file that is sent, at most; by default 67 million. That is what its header
            claims, and the default `keras_vae.data.images.MAX_PIXELS`.
        max_batch_pixels: pixels of all image files of a batch, at most; by default four times those of a file. A server
            that batches joins requests.
        flagged: share of the training examples that `anomaly` calls anomalous, between 0 and 1.
        batch_sizes: sizes that a server pads batches to, each warmed up; the last is the greatest allowed.

    Raises:
        InvalidInputError: for a value out of its range.
    """

    samples: int = 8
    precision: str = "float32"
    signature: str | None = None
    binarize: str | None = None
    images: bool | None = None
    max_pixels: int | None = None
    max_batch_pixels: int | None = None
    flagged: float = 0.01
    batch_sizes: tuple[int, ...] = (1, 2, 4, 8, 16, 32)

    def __post_init__(self):
        from keras_vae.data import binarize as binarization  # here, as the command line starts without TensorFlow
        from keras_vae.data.images import MAX_PIXELS

        check_integer("samples", self.samples)
        if self.max_pixels is None:
            object.__setattr__(self, "max_pixels", MAX_PIXELS)
        check_integer("max_pixels", self.max_pixels)
        if self.max_batch_pixels is None:
            object.__setattr__(self, "max_batch_pixels", 4 * self.max_pixels)
        check_integer("max_batch_pixels", self.max_batch_pixels, least=self.max_pixels)
        for name, choices, part in (("precision", PRECISIONS, "precision"), ("binarize", binarization.MODES, "mode")):
            value = getattr(self, name)
            if value not in choices and not (name == "binarize" and value is None):
                raise InvalidInputError(unknown(value, choices, part=part))
        check_number("flagged", self.flagged, above=0, below=1)
        sizes = [check_integer("batch_sizes", size) for size in self.batch_sizes]
        if not sizes or sizes != sorted(set(sizes)):
            raise InvalidInputError(f"batch_sizes must be rising integers, such as (1, 8, 32); got {self.batch_sizes}.")
