import numpy as np
import pytest

from keras_vae.evaluation import AttributeDirections


@pytest.fixture(scope="module")
def drawn():
    """Latents whose first dimension tells one label, and nothing another one."""
    random = np.random.default_rng(0)
    labels = np.array(["a", "b", "c"] * 200)
    codes = random.normal(size=(600, 4))
    codes[labels == "b", 0] += 3
    return codes, labels


def test_a_direction_is_the_difference_of_means_and_its_auroc_that_of_the_overlap(drawn):
    codes, labels = drawn
    found = AttributeDirections(codes, labels)
    assert found.names == ("a", "b", "c") and found.counts.tolist() == [200] * 3
    np.testing.assert_allclose(
        found.directions[1], codes[labels == "b"].mean(axis=0) - codes[labels != "b"].mean(axis=0)
    )
    assert found.auroc[1] == pytest.approx(0.983, abs=0.02)  # P(N(3, 1) > N(0, 1))
    assert found.probe_auroc[1] == pytest.approx(0.983, abs=0.02)
    assert found.auroc[0] == pytest.approx(0.74, abs=0.1)  # only "b" is apart
    moved = found.move(codes[labels == "a"], "b", 1.0)
    np.testing.assert_allclose(moved.mean(axis=0)[0], 3, atol=0.3)


def test_held_out_examples_show_that_noise_has_no_direction():
    random = np.random.default_rng(1)
    found = AttributeDirections(random.normal(size=(100, 80)), np.arange(100) % 2)
    assert abs(found.auroc - 0.5).max() < 0.3 and found.names == ("0", "1")


@pytest.mark.parametrize(
    ("codes", "labels", "message"),
    [
        (np.zeros((4, 2, 2)), np.zeros(4), r"codes: expected finite numbers of shape \(N, D\)"),
        (np.full((20, 2), np.nan), np.arange(20) % 2, "codes: expected finite numbers"),
        (np.zeros((20, 2)), np.zeros(19), "labels: expected one per code, 20"),
        (np.zeros((20, 2)), np.zeros(20), "expected two or more different labels"),
        (np.zeros((20, 2)), ["a"] * 17 + ["b"] * 3, "at least 5 examples with and without each label, got 17 with 'a'"),
    ],
)
def test_what_has_no_direction_is_refused(codes, labels, message, refused):
    with refused(message):
        AttributeDirections(codes, labels)


def test_an_unknown_name_is_refused(drawn, refused):
    with refused("name: expected one of a, b, c, got 'd'"):
        AttributeDirections(*drawn).move(drawn[0], "d")
