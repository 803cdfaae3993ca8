"""Options that are the fields of a configuration."""

import dataclasses
import sys

import pytest
import typer
from typer.testing import CliRunner

from keras_vae.cli.settings import first_sentences, settings_of
from keras_vae.errors import InvalidInputError
from keras_vae.serving import ExportOptions
from keras_vae.serving.server import ServerOptions
from keras_vae.training import TrainingConfig


@dataclasses.dataclass
class Oven:
    """How to bake.

    Attributes:
        degrees: of the oven, in Celsius; `"auto"` is none of them. More of it
            is not said in the help.
        share: part (or number) of the loaves.
        size: side of a loaf, or height and width.
        seeds: what is put on top, such as `"poppy"`.
        fan: with fan or not.
        own: names of one's own.
        rest: nothing that an option can be.
    """

    degrees: int = 220
    share: int | float = 0.5
    size: int | tuple[int, int] | None = None
    seeds: tuple[int, ...] = (1, 2)
    fan: bool | str = "auto"
    own: list[str] = dataclasses.field(default_factory=list, metadata={"option": "--mine", "hint": "Or more."})
    rest: dict[str, int] | None = None


def asked(*arguments, names=()):
    """What a command is given for these arguments, and what it prints."""
    given = []
    app = typer.Typer(add_completion=False)

    @app.command()
    @settings_of(Oven, *names)
    def bake(*, before: int = 1, settings: dict, after: str = "x"):
        """Bake."""
        given.append((before, settings, after))

    result = CliRunner().invoke(app, [str(each) for each in arguments], env={"COLUMNS": "200"}, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return given[0] if given else result.output


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        ("", {}),
        ("--degrees 180 --share 0.25 --fan", {"degrees": 180, "share": 0.25, "fan": True}),
        ("--share 20 --size 8 --no-fan", {"share": 20, "size": 8, "fan": False}),
        ("--size 8,16 --seeds 1,2,3", {"size": (8, 16), "seeds": (1, 2, 3)}),
        ("--seeds 4", {"seeds": (4,)}),
        ("--degrees 220", {"degrees": 220}),
        ("--mine a,b --mine c", {"own": ["a", "b", "c"]}),
        ('--mine "a,b",c', {"own": ["a,b", "c"]}),
    ],
)
def test_only_what_is_set_is_handed_over_in_the_types_of_the_fields(arguments, settings):
    before, found, after = asked("--before", 3, *arguments.split(), "--after", "y")
    assert (before, after) == (3, "y")
    assert found == settings
    assert all(type(found[name]) is type(value) for name, value in settings.items())


def test_the_help_is_the_docstring_in_the_place_of_the_settings():
    lines = [line.strip("│ ") for line in asked("--help").splitlines() if "--" in line]
    assert [line.split()[0] for line in lines[:-1]] == [
        "--before", "--degrees", "--share", "--size", "--seeds", "--fan", "--mine", "--after",
    ]  # fmt: skip
    assert lines[1].endswith("Of the oven, in Celsius; auto is none of them. [default: 220]")
    assert lines[4].endswith("What is put on top, such as poppy. [default: 1,2]")
    assert lines[6].endswith("Names of one's own. Or more.")
    assert lines[3].endswith("height and width.") and "With fan or not. By default auto." in lines[5]
    assert "--share" in asked("--help", names=["share"]) and "--seeds" not in asked("--help", names=["share"])


def test_numbers_that_are_none_are_refused_by_the_name_of_the_option():
    with pytest.raises(InvalidInputError, match="--seeds: expected integers, such as 8,16; got '1,two'"):
        asked("--seeds", "1,two")
    with pytest.raises(InvalidInputError, match="--mine: expected names divided by commas"):
        asked("--mine", '"a,b')


@pytest.mark.skipif(sys.flags.optimize == 2, reason="docstrings are left out")
@pytest.mark.parametrize("configuration", [TrainingConfig, ExportOptions, ServerOptions])
def test_every_setting_is_described(configuration):
    names = {field.name for field in dataclasses.fields(configuration)}
    assert set(first_sentences(configuration)) == names
