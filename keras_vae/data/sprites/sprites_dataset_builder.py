"""The sprites for TensorFlow Datasets: `tfds build` in this folder, or `load("tfds:sprites/small")`.

This module is imported only on demand, as TensorFlow Datasets loads slowly. The command `tfds` requires the extra
`keras_vae[tfds]`; `load` does not.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds

from keras_vae.data.sprites import FACTORS, SHAPES, Sprites
from keras_vae.data.sprites.drawing import SIDE

CHUNK = 1024


@dataclasses.dataclass
class SpritesConfig(tfds.core.BuilderConfig):
    """A configuration with a given number of sprites.

    Args:
        count: size of the random subset, which is always the same. None uses all sprites.
    """

    count: int | None = None


class Builder(tfds.core.GeneratorBasedBuilder):
    """Images, uint8 0 or 255, with each factor as an integer label `label_FACTOR`, in one split `train`.

    The configurations are `full`, with all 737,280 sprites, and `small`, with 10,000 sprites. There is no download.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}  # noqa: RUF012, the name and type that TensorFlow Datasets reads
    BUILDER_CONFIGS = [  # noqa: RUF012
        SpritesConfig(name="full", description="All sprites."),
        SpritesConfig(name="small", description="A random 10,000 sprites.", count=10_000),
    ]

    def _info(self) -> tfds.core.DatasetInfo:
        labels = {
            f"label_{name}": tfds.features.ClassLabel(**({"names": SHAPES} if name == "shape" else {"num_classes": n}))
            for name, n in FACTORS.items()
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description="White shapes on black with five known factors of variation.",
            features=tfds.features.FeaturesDict({"image": tfds.features.Image(shape=(SIDE, SIDE, 1)), **labels}),
            supervised_keys=("image", "label_shape"),
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict]]:
        sprites, count = Sprites(), self.builder_config.count
        indices = np.arange(len(sprites)) if count is None else sprites.sample(count, seed=0)
        for start in range(0, len(indices), CHUNK):
            chunk = indices[start : start + CHUNK]
            examples = zip(chunk.tolist(), sprites.images(chunk), sprites.factors_of(chunk).tolist(), strict=True)
            for index, image, factors in examples:
                yield index, {"image": image, **{f"label_{k}": f for k, f in zip(FACTORS, factors, strict=True)}}
