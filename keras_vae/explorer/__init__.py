"""The latent explorer: a page in the browser to move through the latent space of a model.

Layout:
    explore     model and data -> a running explorer
    save_page   model and data -> one file, without a server at any time
    prepared    what both do first
    model_export, scores
                the export that decodes, and the scores of the examples by it
    explorer_data
                everything that the page is given
    points, codes, maps, colourings, dimensions, thumbnails, columns
                its parts: the examples, their latents, their places on the map, their colours, ...
    routes      the pages beside the API of the server
    prior_draws, map_store, remote
                what the routes answer with
    static_page one file without a server
    page/       the page: HTML, CSS and JavaScript modules
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
