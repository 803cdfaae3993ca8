"""Writes a page for each family of recipes, from the registry and the docstrings."""


def setup(app):
    return {"parallel_read_safe": True, "parallel_write_safe": True}
