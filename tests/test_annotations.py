"""Every public function says what it takes and returns; a type checker then holds it to that."""

import ast
from pathlib import Path

import keras_vae

PACKAGE = Path(keras_vae.__file__).parent

OF_KERAS = {"get_config", "from_config"}  # always of dictionaries


def is_public(name):
    return not name.startswith("_") or name.endswith("__")


def public_functions(node, in_class=False):
    """The functions of a module and its classes, each with whether its first argument is the object."""
    for child in node.body:
        if isinstance(child, ast.ClassDef) and is_public(child.name):
            yield from public_functions(child, in_class=True)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and is_public(child.name):
            yield child, in_class and "staticmethod" not in map(ast.unparse, child.decorator_list)


def lacking(function, is_method):
    """What a function has no annotation for."""
    of = function.args
    arguments = [*of.posonlyargs, *of.args, *of.kwonlyargs, *filter(None, (of.vararg, of.kwarg))][is_method:]
    names = [argument.arg for argument in arguments if argument.annotation is None]
    returns = function.returns is None and function.name not in ("__init__", "__post_init__")
    return names + ["return"] * returns


def test_public_functions_are_annotated():
    missing = [
        f"{path.relative_to(PACKAGE)}:{function.lineno} {function.name}: {', '.join(names)}"
        for path in PACKAGE.rglob("*.py")
        for function, is_method in public_functions(ast.parse(path.read_text()))
        if function.name not in OF_KERAS and (names := lacking(function, is_method))
    ]
    assert not missing, "\n".join(missing)
