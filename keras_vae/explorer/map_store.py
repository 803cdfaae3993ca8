"""The maps of one set of latents, each made once."""

import threading

from keras_vae.explorer.codes import PointCodes
from keras_vae.explorer.maps import LatentMap, make_map


class MapStore:
    """Makes maps when they are asked for, one at a time.

    Args:
        codes: the latents.
        seed: seed of t-SNE and UMAP.
    """

    def __init__(self, codes: PointCodes, *, seed: int = 0):
        self._codes, self._seed = codes, seed
        self._maps: dict[str, LatentMap] = {}
        self._lock = threading.Lock()

    def __getitem__(self, kind: str) -> LatentMap:
        """Returns a map; see `make_map` for its errors."""
        with self._lock:
            if kind not in self._maps:
                self._maps[kind] = make_map(kind, self._codes.means, self._codes.noise, seed=self._seed)
            return self._maps[kind]
