"""All scores at once, their notes, and input that none of them can use."""

import math

import numpy as np
import pytest

from keras_vae.evaluation import disentanglement
from keras_vae.evaluation.disentanglement import disentanglement_scores

RNG = np.random.default_rng(0)
FACTORS = np.insert(RNG.integers(2, size=(400, 3)), 1, 5, axis=1)
NAMES = ["shape", "background", "size", "colour"]
EACH = ("beta_vae_score", "factor_vae_score", "mig", "dci", "sap", "modularity", "explicitness", "irs")


@pytest.fixture(scope="module")
def found():
    codes = np.concatenate([FACTORS[:, [3, 0, 2]] * 3.0, 0.01 * RNG.normal(size=(400, 1))], axis=1)
    return disentanglement_scores(codes, FACTORS, factor_names=NAMES)


@pytest.mark.slow
def test_a_perfect_code_with_a_dead_dimension_has_the_highest_scores(found):
    assert list(found.scores) == [
        "beta_vae", "factor_vae", "mig", "sap", "modularity", "explicitness", "irs",
        "dci_disentanglement", "dci_completeness", "dci_informativeness",
    ]  # fmt: skip
    highest = {"sap": 0.5}
    for name, score in found.scores.items():
        if name == "modularity":
            assert 0.7 < score <= 1, "the dead dimension counts as anything from 0 to 1"
        else:
            assert score == pytest.approx(highest.get(name, 1), abs=0.1), name


def test_the_matrices_have_a_row_a_dimension_and_a_column_a_factor(found):
    assert found.factor_names == tuple(NAMES)
    assert found.importance.shape == found.mutual_information.shape == (4, 4)
    assert found.importance.argmax(axis=0)[[0, 2, 3]].tolist() == [1, 2, 0]
    assert found.mutual_information[[1, 2, 0], [0, 2, 3]] == pytest.approx(math.log(2), abs=0.01)
    assert not found.importance[:, 1].any() and not found.mutual_information[:, 1].any()


def test_the_notes_tell_what_was_left_out(found):
    constant, dead, few = found.notes
    assert constant == "Factors with a single value were left out: background."
    assert dead.startswith("The variance is below 0.05 in the dimensions 3 of 0 to 3.")
    assert few.startswith("There are 400 rows instead of the 15000 of the protocol")


def test_a_collapsed_code_is_told_and_has_no_nan(capsys):
    found = disentanglement_scores(np.zeros((60, 2)), FACTORS[:60, :1], verbose=1)
    assert all(math.isfinite(score) for score in found.scores.values())
    assert found.factor_names == ("factor_0",)
    assert any("The latents have collapsed" in note for note in found.notes)
    assert any("a single factor" in note for note in found.notes)
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_the_scores_are_those_of_the_single_functions_and_of_the_seed():
    codes, factors = RNG.normal(size=(200, 2)), RNG.integers(3, size=(200, 2))
    found = disentanglement_scores(codes, factors, seed=3)
    assert found.scores["sap"] == disentanglement.sap(codes, factors, seed=3)
    assert found.scores["beta_vae"] == disentanglement.beta_vae_score(codes, factors, seed=3)
    assert found.scores == disentanglement_scores(codes, factors, seed=3).scores


CODES = RNG.normal(size=(400, 2))
BAD = {
    "one code a row": (CODES[:, 0], FACTORS, "expected codes"),
    "no dimensions": (CODES[:, :0], FACTORS, "expected codes"),
    "one row": (CODES[:1], FACTORS[:1], "expected codes"),
    "text": (CODES.astype(str), FACTORS, "expected codes"),
    "nan": (np.where(CODES > 2, np.nan, CODES), FACTORS, "expected finite codes"),
    "infinity": (np.where(CODES > 2, np.inf, CODES), FACTORS, "expected finite codes"),
    "float factors": (CODES, FACTORS.astype(float), "expected factors .* integers"),
    "one factor a row": (CODES, FACTORS[:, 0], "expected factors"),
    "other lengths": (CODES, FACTORS[:-1], "as many rows"),
    "constant factors": (CODES, FACTORS[:, [1, 1]], "two or more values"),
}


@pytest.mark.parametrize("name", [*EACH, "disentanglement_scores"])
@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_refused(name, case, refused):
    codes, factors, match = BAD[case]
    with refused(f"{name}.*{match}"):
        getattr(disentanglement, name)(codes, factors)


@pytest.mark.parametrize("name", ["dci", "sap", "explicitness", "disentanglement_scores"])
def test_nine_rows_are_too_few_to_split(name, refused):
    with refused("N >= 10"):
        getattr(disentanglement, name)(CODES[:9], FACTORS[:9])


@pytest.mark.parametrize("name", EACH)
def test_other_seeds_are_refused(name, refused):
    with refused("seed must be an integer"):
        getattr(disentanglement, name)(CODES, FACTORS, seed=-1)


def test_other_names_and_verbosities_are_refused(refused):
    for options, match in [
        ({"factor_names": NAMES[:2]}, "4 different factor_names"),
        ({"factor_names": ["a"] * 4}, "4 different factor_names"),
        ({"factor_names": "abcd"}, "4 different factor_names"),
        ({"verbose": 2}, "verbose must be 0 or 1"),
    ]:
        with refused(match):
            disentanglement_scores(CODES, FACTORS, **options)
