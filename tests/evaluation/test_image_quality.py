import numpy as np
import pytest
from scipy import ndimage

from keras_vae.evaluation.image_quality import mse, psnr, ssim

RNG = np.random.default_rng(0)
IMAGES = RNG.random((4, 20, 17, 3), "float32")
NOISY = np.clip(IMAGES + RNG.normal(0, 0.2, IMAGES.shape), 0, 1).astype("float32")


def ssim_of_channel(x, y):
    """Wang et al.'s formula, with SciPy's Gaussian of radius 5, away from the borders."""

    def mean(image):
        return ndimage.gaussian_filter(image.astype("float64"), 1.5, truncate=5 / 1.5)[5:-5, 5:-5]

    mx, my = mean(x), mean(y)
    vx, vy, c = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    return np.mean((2 * mx * my + 1e-4) * (2 * c + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4)))


def test_the_squared_error_is_per_example():
    expected = [np.mean((x - y) ** 2) for x, y in zip(IMAGES, NOISY, strict=True)]
    assert mse(IMAGES, NOISY) == pytest.approx(expected, rel=1e-5)
    assert mse([[0.0, 2.0]], [[1.0, 4.0]]) == pytest.approx([2.5])


def test_bytes_are_divided_by_255_and_floats_are_not():
    assert mse(np.full((1, 2), 255, "uint8"), np.zeros((1, 2), "uint8")) == pytest.approx([1])
    assert mse(np.full((1, 2), 255.0), np.zeros((1, 2), "uint8")) == pytest.approx([255**2])
    assert psnr(np.full((1, 2), 51, "uint8"), np.zeros((1, 2))) == pytest.approx([20 * np.log10(5)])


def test_elements_that_are_not_known_do_not_count():
    x = np.array([[0.0, np.nan, 1.0], [np.nan, np.nan, 3.0]])
    assert mse(x, np.array([[2.0, 9.0, 1.0], [7.0, 7.0, 3.0]])).tolist() == [2.0, 0.0]


def test_decibels_by_hand():
    x = np.zeros((3, 4))
    assert psnr(x, np.full((3, 4), [[0.1], [0.01], [1.0]])) == pytest.approx([20, 40, 0], abs=1e-5)
    assert psnr(x, np.full((3, 4), 0.1), peak=10) == pytest.approx([40] * 3)


def test_two_byte_arrays_have_a_peak_of_255_in_their_own_units(refused):
    x, y = np.full((2, 4), 100, "uint8"), np.full((2, 4), [[110], [61]], "uint8")
    expected = 20 * np.log10(255 / np.array([10, 39]))
    for peak in (1, 255):
        assert psnr(x, y, peak=peak) == pytest.approx(expected)
    assert psnr(x.astype("float32"), y.astype("float32"), peak=255) == pytest.approx(expected)
    for pair, peak in (((x, y), 100), ((x, y / 255), 255)):
        with refused(f"psnr: expected a peak of 1, or of 255 if both are uint8, .*; got {peak}"):
            psnr(*pair, peak=peak)


@pytest.mark.parametrize("error", [1e-3, 1e15, 1e30])
def test_decibels_of_any_error_are_finite(error):
    assert psnr(np.zeros((1, 4)), np.full((1, 4), error)) == pytest.approx([-20 * np.log10(error)], rel=1e-5)


def test_equal_images_have_a_hundred_decibels_and_rounding_is_not_seen():
    assert psnr(IMAGES, IMAGES).tolist() == [100] * 4
    assert psnr(IMAGES, IMAGES * np.float32(1 + 1e-6)).tolist() == [100] * 4


def test_structural_similarity_is_one_for_equal_images_and_symmetric():
    assert ssim(IMAGES, IMAGES) == pytest.approx(1, abs=1e-5)
    assert ssim(IMAGES, NOISY) == pytest.approx(ssim(NOISY, IMAGES), abs=1e-5)
    assert (ssim(IMAGES, NOISY) < 0.95).all()


def test_structural_similarity_is_that_of_wang_et_al():
    expected = [
        np.mean([ssim_of_channel(x[..., c], y[..., c]) for c in range(3)])
        for x, y in zip(IMAGES.astype("float64"), NOISY.astype("float64"), strict=True)
    ]
    assert ssim(IMAGES, NOISY) == pytest.approx(expected, abs=1e-5)


def test_of_constant_images_only_the_luminance_counts():
    x, y = np.full((1, 12, 12, 1), 0.2), np.full((1, 12, 12, 1), 0.6)
    assert ssim(x, y) == pytest.approx([(2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)], abs=1e-4)


def test_bytes_are_images_and_batches_change_nothing(monkeypatch):
    bytes_of = [np.rint(255 * part).astype("uint8") for part in (IMAGES, NOISY)]
    whole = [measure(*bytes_of) for measure in (mse, psnr, ssim)]
    assert whole[2] == pytest.approx(ssim(*(part / 255 for part in bytes_of)), abs=1e-5)
    monkeypatch.setattr("keras_vae.evaluation.arrays.NUMBERS", 3 * IMAGES[0].size)
    for measure, expected in zip((mse, psnr, ssim), whole, strict=True):
        assert measure(*bytes_of) == pytest.approx(expected, abs=1e-5)


def test_small_images_are_compared_too():
    assert ssim(IMAGES[:, :2, :3], IMAGES[:, :2, :3]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("measure", "x", "y", "match"),
    [
        (mse, np.zeros((2, 3)), np.zeros((3, 3)), "mse: expected two arrays of the same shape"),
        (mse, np.zeros(3), np.zeros(3), "mse: expected one or more examples"),
        (mse, np.zeros((0, 3)), np.zeros((0, 3)), "mse: expected one or more examples"),
        (mse, [["a"]], [["b"]], "mse: expected an array of real numbers"),
        (mse, [[np.nan], [1.0]], [[1.0], [1.0]], "known element in every example, got 1"),
        (mse, [[np.inf]], [[1.0]], "got infinity"),
        (psnr, [[1.0]], [[np.nan]], "expected finite numbers"),
        (ssim, np.zeros((2, 9, 9)), np.zeros((2, 9, 9)), "ssim: expected images"),
        (ssim, np.zeros((2, 9, 9, 1)), np.full((2, 9, 9, 1), 1.01), r"values from 1.01 to 1.01; rescale"),
        (ssim, np.full((2, 9, 9, 1), np.nan), np.zeros((2, 9, 9, 1)), "ssim: expected finite"),
    ],
)
def test_what_cannot_be_used_is_refused(measure, x, y, match, refused):
    with refused(match):
        measure(x, y)


@pytest.mark.parametrize("peak", [0, -1.0, np.nan, np.inf, "1", True])
def test_a_peak_that_is_no_positive_number_is_refused(peak, refused):
    with refused("peak must be a positive number"):
        psnr([[1.0]], [[1.0]], peak=peak)
