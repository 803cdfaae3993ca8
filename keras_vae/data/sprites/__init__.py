"""Sprites: white shapes on black with five known factors of variation, drawn on demand.

Layout:
    drawing     factors -> images
    array       all 737,280 images by their index, drawn on demand
    read        a random subset in memory, with three splits
    sprites_dataset_builder
                the same images for TensorFlow Datasets: `tfds build` in this folder
"""

from keras_vae.data.sprites.array import Sprites
from keras_vae.data.sprites.drawing import FACTORS, SHAPES, render

__all__ = ["FACTORS", "SHAPES", "Sprites", "render"]
