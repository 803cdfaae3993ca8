"""`--set PART.OPTION=VALUE`: options of one part belong together, and contradictions are refused."""

import pytest

from keras_vae.cli.overrides import check_given_once, merged, parse_settings


@pytest.mark.parametrize(
    "pairs",
    [
        ["prior.name=mixture", "prior.components=20"],
        ["prior=mixture", "prior.components=20"],
        ["prior.components=20", "prior=mixture"],
        ['prior={"name": "mixture"}', "prior.components=20", "prior.components=20"],
    ],
)
def test_the_options_of_a_part_are_one_mapping(pairs):
    assert parse_settings(pairs) == {"prior": {"name": "mixture", "components": 20}}


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["beta=2", "beta=3"], "--set beta: expected one value, got 2 and 3; drop one"),
        (["units=[3]", "network.units=[4]"], r"--set units: .* got \[3\] and \[4\]"),
        (["prior=mixture", "prior.name=vamp"], '--set prior.name: .* got "mixture" and "vamp"'),
        (["critic=conv", "critic.units=[4]"], '--set critic: .* got "conv" and'),
    ],
)
def test_two_values_of_one_option_are_refused(refused, pairs, message):
    with refused(message):
        parse_settings(pairs)


def test_an_option_of_its_own_and_a_set_of_it_are_refused(refused):
    check_given_once({"beta": 2}, {"target_rate": "3"})
    with refused("--free-bits and --set free_bits: expected one of the two"):
        check_given_once({"free_bits": 2}, {"free_bits": 2})


def test_options_of_a_part_keep_the_name_that_a_configuration_gives_it():
    assert merged({"prior": "mixture"}, {"prior": {"components": 3}})["prior"] == {"name": "mixture", "components": 3}
