"""The docstring of each public class and function: an example that runs, and exactly its parameters."""

import doctest
import inspect
import re
import typing
from functools import cache
from pathlib import Path

import pytest
import tensorflow_probability as tfp
from public import MODULES, PUBLIC_CLASSES

import keras_vae

WITHOUT_EXAMPLE = {
    "keras_vae.Explorer": "the example of `explore` starts one",
    "keras_vae.upload_preset": "it needs an account of the Hugging Face Hub",
    "keras_vae.evaluation.InceptionFeatures": "it downloads weights",
    "keras_vae.serving.server.serve": "it ends at a signal",
    "keras_vae.serving.server.set_up_logs": "it changes the logs of the whole process",
    "keras_vae.training.fit_epochs": "it trains a model, as the example of `train` does",
    "keras_vae.training.write_quick_report": "it evaluates a model, as the example of `evaluate` does",
    "keras_vae.tuning.tune": "it trains several models",
}
"""The public names without an example that runs, with the reason."""

SECTION = re.compile(r"^(\w[\w ]*):$")
ENTRY = re.compile(r"^    \*{0,2}(\w+): ")
NAME = re.compile(r"(?<!`)`([A-Za-z]\w*)`")


@cache
def public():
    """Each public class and function, by its shortest name."""
    found = {}
    for module in MODULES:
        for name in module.__all__:
            if callable(value := getattr(module, name)):
                found.setdefault(value, f"{module.__name__}.{name}")
    return {name: value for value, name in found.items()}


def documented(value, *sections):
    """The names in some sections of a docstring."""
    names, section = set(), None
    for line in inspect.cleandoc(vars(value).get("__doc__") or value.__doc__ or "").splitlines():
        if heading := SECTION.match(line):
            section = heading[1]
        elif section in sections and (entry := ENTRY.match(line)):
            names.add(entry[1])
    return names


def own_bases(cls):
    return [base for base in cls.__mro__ if base.__module__.startswith("keras_vae")]


def constructors(cls):
    """The constructors of a class and of its bases, the nearest first."""
    fields = [vars(base)["__new__"] for base in cls.__mro__ if hasattr(base, "_fields") and "__new__" in vars(base)]
    return [vars(base)["__init__"] for base in own_bases(cls) if "__init__" in vars(base)] + fields


def parameters(function):
    """The parameters without `self`, each with whether it is `*args` or `**kwargs`."""
    function = inspect.unwrap(function)
    found = list(inspect.signature(function).parameters.values())
    if "." in function.__qualname__ and found and found[0].name in ("self", "cls", "_cls"):
        found = found[1:]
    return {one.name: one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in found}


def named(function):
    return {name for name, is_variable in parameters(function).items() if not is_variable}


def undocumented(value):
    if not inspect.isclass(value):
        return named(value) - documented(value, "Args")
    told = [documented(base, "Args", "Attributes") for base in own_bases(value)]
    return set().union(*map(named, constructors(value)[:1])) - set().union(*told)


def unknown(value):
    """The names under "Args" that are not parameters."""
    if not inspect.isclass(value):
        return documented(value, "Args") - {*parameters(value)}
    return documented(value, "Args") - set().union(*map(parameters, constructors(value)))


def methods(cls):
    """The public methods of a class, without those of its bases."""
    values = (getattr(value, "__func__", value) for name, value in vars(cls).items() if not name.startswith("_"))
    return [value for value in values if inspect.isfunction(value)]


def has_example(value):
    examples = doctest.DocTestParser().get_examples(value.__doc__ or "")
    return any(doctest.SKIP not in example.options for example in examples)


def test_public_names_have_examples_that_run():
    without = {name for name, value in public().items() if not has_example(value)}
    assert without == {*WITHOUT_EXAMPLE}


def test_docstrings_describe_all_parameters():
    missing = {name: names for name, value in public().items() if (names := undocumented(value))}
    assert not missing


def test_docstrings_describe_no_other_parameters():
    values = [*public().values(), *(method for cls in public().values() for method in methods(cls))]
    wrong = {value.__qualname__: names for value in values if (names := unknown(value))}
    assert not wrong


def results(function):
    """The classes of the package that a function returns, without distributions, which TFP describes."""
    types, found = [inspect.signature(inspect.unwrap(function)).return_annotation], []
    for kind in types:
        types += typing.get_args(kind)
        if inspect.isclass(kind) and kind.__module__.startswith("keras_vae"):
            found.append(kind)
    return {kind for kind in found if not issubclass(kind, tfp.distributions.Distribution) and kind.__name__[0] != "_"}


def test_what_public_functions_return_is_public():
    functions = [value for value in public().values() if not inspect.isclass(value)]
    functions += [method for value in public().values() if inspect.isclass(value) for method in methods(value)]
    hidden = {function.__qualname__: kinds for function in functions if (kinds := results(function) - PUBLIC_CLASSES)}
    assert not hidden


def defined():
    """The names of the classes and functions of the package, without single words, which mean other things, too."""
    texts = (path.read_text() for path in Path(keras_vae.__file__).parent.rglob("*.py"))
    names = {name for text in texts for name in re.findall(r"^(?:class|def) (\w+)", text, re.MULTILINE)}
    return {name for name in names if name[0].isupper() or "_" in name}


def test_docstrings_name_no_class_or_function_that_the_reference_lacks():
    values = [*public().values(), *(method for cls in public().values() for method in methods(cls))]
    known = {name for module in MODULES for name in module.__all__}
    known |= {name for cls in PUBLIC_CLASSES for name in dir(cls)}
    known |= {name for value in values if not inspect.isclass(value) for name in parameters(value)}
    hidden = defined() - known
    wrong = {value.__qualname__: names for value in values if (names := {*NAME.findall(value.__doc__ or "")} & hidden)}
    assert not wrong


@pytest.mark.parametrize(
    ("check", "expected"), [(undocumented, {"second"}), (unknown, {"third"})], ids=["undocumented", "unknown"]
)
def test_the_checks_find_mistakes(check, expected):
    def wrong(first, second):
        """A function with a mistake.

        Args:
            first: a parameter.
            third: no parameter.
        """

    class Wrong:
        __doc__ = wrong.__doc__
        __module__ = "keras_vae"

        def __init__(self, first, second):
            pass

    assert check(wrong) == check(Wrong) == expected
