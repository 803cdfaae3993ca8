"""The front page of the server for browsers."""

from importlib.resources import files

import jinja2

from keras_vae.serving.server.repository import Repository, State


def front_page(repository: Repository, url: str) -> str:
    """Returns an HTML page with the models, their versions and signatures, and example commands."""
    newest = {
        name: status.model_version
        for name, versions in repository.models.items()
        for _, status in sorted(versions.items())
        if status.state == State.AVAILABLE
    }
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["none_as_b"] = lambda size: "B" if size is None else str(size)
    models = {name: dict(sorted(versions.items(), reverse=True)) for name, versions in repository.models.items()}
    page = files("keras_vae.serving.server").joinpath("front_page.html").read_text(encoding="utf-8")
    template = environment.from_string(page)
    return template.render(models=models, newest=newest, url=url)
