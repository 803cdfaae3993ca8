"""What a page shows of a model and its data, with or without a server."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keras_vae.errors import InvalidInputError
from keras_vae.explorer.codes import PointCodes, encode_points
from keras_vae.explorer.explorer_data import explorer_data
from keras_vae.explorer.map_store import MapStore
from keras_vae.explorer.maps import MAPS
from keras_vae.explorer.points import Points, choose_points
from keras_vae.explorer.scores import Signatures, scores_of
from keras_vae.explorer.without_server import without_server
from keras_vae.models import Autoencoder
from keras_vae.progress import step


@dataclass(frozen=True, eq=False)
class Prepared:
    """The examples of a page with their latents and their map.

    Attributes:
        model: the model.
        points: the examples.
        codes: their latents.
        maps: their maps.
        kind: the kind of the map that is shown first.
        title: title of the page.
    """

    model: Autoencoder
    points: Points
    codes: PointCodes
    maps: MapStore
    kind: str
    title: str

    def describe(self, signatures: Signatures, on_step: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
        """Returns what the page is given with a server, see `explorer_data`.

        Args:
            signatures: the signatures that score the examples.
            on_step: called with the name of each step.
        """
        on_step("Computing the scores of the examples")
        x = self.model.prepare(self.points.x).numpy()
        scores = scores_of(signatures, x, self.codes.condition, verbose=1)
        describing = "Finding the dimensions and directions, and drawing the thumbnails"
        on_step(describing)
        with step(describing):
            return explorer_data(
                self.model, self.points, self.codes, self.maps[self.kind], scores,
                title=self.title, kind=self.kind, signatures=signatures.inputs,
            )  # fmt: skip

    def without_server(
        self, described: dict[str, Any], *, live: bool | None = None, onnxruntime: str | os.PathLike | None = None
    ) -> dict[str, Any]:
        """Returns what the page is given without a server, see the function of this name."""
        with step("Writing the page"):
            return without_server(
                described, self.model, self.codes, self.maps[self.kind], live=live, onnxruntime=onnxruntime
            )


def check_model(model: Any) -> None:
    """Raises `InvalidInputError` for anything but a model."""
    if not isinstance(model, Autoencoder):
        raise InvalidInputError(f"model: expected an Autoencoder, got {type(model).__name__}; see load_model.")


def prepare(model: Autoencoder, data: Any, *, title: str | None, points: int, map_kind: str, seed: int) -> Prepared:
    """Chooses the examples, encodes them and makes their first map; see `explore` for the arguments and errors."""
    chosen = choose_points(model, data, points)
    codes = encode_points(model, chosen)
    maps = MapStore(codes, seed=seed)
    with step(f"Making the map ({MAPS.get(map_kind, map_kind)})"):
        _ = maps[map_kind]
    return Prepared(model, chosen, codes, maps, map_kind, title or model.name)
