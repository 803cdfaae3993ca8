"""Plots for variational autoencoders, from NumPy arrays.

Every function `plot_...` returns a `matplotlib.figure.Figure`, which notebooks show, and leaves the global state of
matplotlib unchanged. `to_png`, `to_data_uri` and `save` convert or save a figure.
"""

from keras_vae.plots.anomalies import plot_anomalies
from keras_vae.plots.canvas import save, to_data_uri, to_png
from keras_vae.plots.comparison import plot_comparison
from keras_vae.plots.directions import plot_directions
from keras_vae.plots.events import draw_event
from keras_vae.plots.factor_matrix import plot_factor_matrix
from keras_vae.plots.history import plot_history
from keras_vae.plots.interpolation import plot_interpolation
from keras_vae.plots.kl_per_dimension import plot_kl_per_dimension
from keras_vae.plots.latent_map import plot_latent_map
from keras_vae.plots.neighbours import plot_neighbours
from keras_vae.plots.overlap import plot_overlap
from keras_vae.plots.path_lengths import plot_path_lengths
from keras_vae.plots.rate_distortion import knee, plot_rate_distortion
from keras_vae.plots.reconstructions import plot_reconstructions
from keras_vae.plots.samples import plot_samples
from keras_vae.plots.scores import plot_scores
from keras_vae.plots.search import plot_search
from keras_vae.plots.traversals import plot_traversals

__all__ = [
    "draw_event",
    "knee",
    "plot_anomalies",
    "plot_comparison",
    "plot_directions",
    "plot_factor_matrix",
    "plot_history",
    "plot_interpolation",
    "plot_kl_per_dimension",
    "plot_latent_map",
    "plot_neighbours",
    "plot_overlap",
    "plot_path_lengths",
    "plot_rate_distortion",
    "plot_reconstructions",
    "plot_samples",
    "plot_scores",
    "plot_search",
    "plot_traversals",
    "save",
    "to_data_uri",
    "to_png",
]
