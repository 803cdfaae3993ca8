import numpy as np
import pytest

from keras_vae.evaluation.prdc import prdc

RNG = np.random.default_rng(0)
CLUSTER = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])


def naive(real, fake, k):
    """The definitions, point by point."""

    def distance(a, b):
        return np.linalg.norm(a - b)

    def radii(points):
        return [sorted(distance(a, b) for b in points)[k] for a in points]

    in_real = np.array([[distance(x, y) <= radius for y in fake] for x, radius in zip(real, radii(real), strict=True)])
    in_fake = np.array([[distance(x, y) <= radius for y, radius in zip(fake, radii(fake), strict=True)] for x in real])
    return in_real.any(0).mean(), in_fake.any(1).mean(), in_real.sum() / (k * len(fake)), in_real.any(1).mean()


@pytest.mark.parametrize("k", [1, 3, 5])
def test_it_is_what_the_definitions_say(k):
    real, fake = RNG.normal(size=(40, 3)), RNG.normal(0.8, 0.7, size=(31, 3))
    found = prdc(real, fake, neighbours=k)
    assert found == pytest.approx(naive(real, fake, k))
    assert found._fields == ("precision", "recall", "density", "coverage")


def test_disjoint_clusters_have_nothing_in_common():
    assert prdc(CLUSTER, CLUSTER + 100, neighbours=2) == (0, 0, 0, 0)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_set_against_itself_is_perfect_and_a_point_is_in_its_own_ball(scale):
    points = scale * RNG.normal(7, 1, size=(50, 20))
    assert prdc(points, points, neighbours=4) == (1, 1, (4 + 1) / 4, 1)


def test_half_the_modes_missing_halve_the_diversity_and_keep_the_fidelity():
    real = np.concatenate([CLUSTER, CLUSTER + 100])
    fake = np.concatenate([CLUSTER, CLUSTER + 0.1])
    found = prdc(real, fake, neighbours=2)
    assert (found.precision, found.recall, found.coverage) == (1, 0.5, 0.5)


def test_an_outlier_in_the_data_spoils_precision_but_hardly_density():
    line = np.arange(10.0)[:, None]
    real = np.concatenate([line, [[1000.0]]])
    fake = np.linspace(100, 900, 10)[:, None]
    found = prdc(real, fake, neighbours=1)
    assert found.precision == 1  # the outlier's ball reaches to 9
    assert found.density == pytest.approx(10 / 10)
    assert found.coverage == pytest.approx(1 / 11)
    assert prdc(line, fake, neighbours=1)[:1] + prdc(line, fake, neighbours=1)[2:] == (0, 0, 0)


@pytest.mark.parametrize("distance", [1e6, 1e9])
def test_an_outlier_changes_no_ball_of_the_others_however_far_it_is(distance):
    real, fake = np.random.default_rng(1).normal(size=(2, 200, 2))
    expected = prdc(np.concatenate([real, [[1e3, 1e3]]]), fake)
    assert prdc(np.concatenate([real, [[distance, distance]]]), fake) == expected
    assert expected.density < 1.1


def test_an_outlier_among_the_samples_spoils_recall_but_not_coverage():
    real = np.linspace(100, 900, 10)[:, None]
    fake = np.concatenate([np.arange(10.0)[:, None], [[1000.0]]])
    found = prdc(real, fake, neighbours=1)
    assert found.recall == 1 and found.coverage == 0 and found.precision == 0


def test_density_of_equal_laws_is_one_on_average():
    values = [prdc(*RNG.normal(size=(2, 60, 2)), neighbours=3).density for _ in range(100)]
    assert np.mean(values) == pytest.approx(1, abs=4 * np.std(values) / 10)


def test_points_that_coincide_hold_each_other_and_nothing_else():
    assert prdc(np.zeros((4, 2)), np.zeros((6, 2)), neighbours=2) == (1, 1, 4 / 2, 1)
    assert prdc(np.zeros((4, 2)), np.full((6, 2), 1e-3), neighbours=2) == (0, 0, 0, 0)


def test_moves_rotations_and_pieces_change_nothing(monkeypatch):
    real, fake = RNG.normal(size=(50, 4)), RNG.normal(0.5, 1, size=(40, 4))
    found = prdc(real, fake)
    rotation = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
    assert prdc(3 * real @ rotation + 9, 3 * fake @ rotation + 9) == found
    monkeypatch.setitem(prdc.__globals__, "DISTANCES", 130)
    assert prdc(real, fake) == found


@pytest.mark.parametrize(
    ("real", "fake", "neighbours", "match"),
    [
        (np.zeros((5, 2)), np.zeros((9, 2)), 5, "prdc: expected .* N, M >= 6"),
        (np.zeros((9, 2)), np.zeros((9, 3)), 2, "prdc: expected"),
        (np.zeros(9), np.zeros(9), 2, "prdc: expected"),
        (np.zeros((9, 2)), np.full((9, 2), np.inf), 2, "expected finite numbers"),
        (np.zeros((9, 2)), np.zeros((9, 2)), 0, "neighbours must be an integer >= 1"),
    ],
)
def test_what_cannot_be_used_is_refused(real, fake, neighbours, match, refused):
    with refused(match):
        prdc(real, fake, neighbours=neighbours)
