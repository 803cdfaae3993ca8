"""What the page is given if there is no server."""

import os
import warnings
from collections.abc import Mapping
from typing import Any

from keras_vae.errors import InvalidInputError
from keras_vae.explorer.codes import PointCodes
from keras_vae.explorer.library import library
from keras_vae.explorer.maps import LatentMap
from keras_vae.explorer.onnx_decoder import onnx_decoder
from keras_vae.explorer.prior_draws import PriorDraws
from keras_vae.models import Autoencoder


def without_server(
    described: Mapping[str, Any],
    model: Autoencoder,
    codes: PointCodes,
    latent_map: LatentMap,
    *,
    live: bool | None = None,
    onnxruntime: str | os.PathLike | None = None,
) -> dict[str, Any]:
    """Returns what the page is given, with the `decoder` (see `onnx_decoder`) or a `library`, and with `draws`.

    Args:
        described: what the page is given with a server, see `explorer_data`.
        model: the model.
        codes: the latents of the points.
        latent_map: the map that is shown first, the only one without a server.
        live: see `Explorer.save`.
        onnxruntime: see `Explorer.save`.

    Raises:
        InvalidInputError: if `live` is True and the page cannot contain the decoder.
    """
    shown = {name: title for name, title in described["mapNames"].items() if name in described["maps"]}
    drawn, draws = (None, None) if model.prior is None else PriorDraws(model).beforehand()
    data = {**described, "signatures": None, "predict": None, "mapNames": shown, "draws": draws}
    if live is not False:
        try:
            return {**data, "decoder": onnx_decoder(model, onnxruntime=onnxruntime)}
        except InvalidInputError as error:
            if live:
                raise
            warnings.warn(f"The page shows latents that are decoded beforehand. {error}", stacklevel=4)
    limits = described["limits"][0], described["limits"][1]
    return {**data, "library": library(model, codes, latent_map, described["dimensions"], drawn, limits)}
