import keras
import numpy as np
import pytest
import recipes

from keras_vae import zoo
from keras_vae.data.digits import read_digits
from keras_vae.distributions import Table
from keras_vae.evaluation.features import (
    ClassifierFeatures,
    ColumnComponents,
    EncoderFeatures,
    InceptionFeatures,
    Pixels,
    PrincipalComponents,
    get_features,
)

RNG = np.random.default_rng(0)
DIGITS = read_digits().train
IMAGES = RNG.random((30, 8, 8, 1), "float32")


@pytest.fixture(scope="module")
def classifier():
    return ClassifierFeatures.fit(DIGITS.x, DIGITS.y, epochs=8)


def test_pixels_are_the_values_themselves():
    assert Pixels().name == "pixels"
    np.testing.assert_array_equal(Pixels()(IMAGES), IMAGES.reshape(30, 64))
    np.testing.assert_array_equal(Pixels()(np.array([[0, 51, 255]], "uint8")), np.array([[0, 0.2, 1]], "float32"))
    np.testing.assert_array_equal(Pixels()(np.array([[0, 51, 255]])), [[0, 51, 255]])


def test_principal_components_are_uncorrelated_and_sorted_by_variance():
    x = RNG.normal(size=(400, 6)) @ RNG.normal(size=(6, 6)) + 3
    features = PrincipalComponents.fit(x, components=4)
    codes = features(x)
    covariance = np.cov(codes, rowvar=False)
    largest = np.linalg.eigvalsh(np.cov(x, rowvar=False))[::-1][:4]
    assert features.name == "4 principal components of the values"
    np.testing.assert_allclose(covariance, np.diag(largest), atol=1e-3 * largest[0])
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=1e-4)


def test_all_principal_components_keep_distances():
    x = RNG.normal(size=(50, 2, 3))
    codes = PrincipalComponents.fit(x)(x)
    assert codes.shape == (50, 6)
    np.testing.assert_allclose(np.linalg.norm(codes[0] - codes[1]), np.linalg.norm(x[0] - x[1]), rtol=1e-5)


@pytest.mark.parametrize(("rows", "directions", "expected"), [(5, 9, 4), (50, 2, 2), (2, 9, 1)])
def test_there_are_no_more_principal_components_than_the_data_span(rows, directions, expected):
    x = RNG.normal(size=(rows, directions)) @ np.linalg.qr(RNG.normal(size=(9, 9)))[0][:directions]
    features = PrincipalComponents.fit(x)
    assert features.name == f"{expected} principal components of the values"
    assert features(x).shape == (rows, expected)


def test_the_unit_of_a_column_does_not_change_its_components():
    x = np.stack([RNG.normal(size=60), RNG.normal(size=60), RNG.integers(0, 3, 60)], axis=1)

    def distances(x):
        table = Table((3,), ["real", "real", ("categorical", 3)])
        table(np.zeros((1, 4)))
        table.adapt(x)
        codes = ColumnComponents(table, x)(x)
        return np.linalg.norm(codes[:-1] - codes[1:], axis=1)

    np.testing.assert_allclose(distances(x * [1e5, 1e-6, 1] + [3e5, 0, 0]), distances(x), rtol=1e-3)


@pytest.mark.parametrize("name", ["vae", "conditional_vae", "ladder_vae", "vq_vae"])
def test_the_encoder_gives_posterior_means(name):
    model, x = recipes.create(name), recipes.examples(name)
    condition = None if model.condition is None else np.arange(len(x)) % model.condition.size
    features = EncoderFeatures(model)
    codes = features(x, condition=condition)
    assert features.name == f"posterior means of {model.name}"
    expected = model.encode(x, condition=condition).mean().numpy().reshape(len(x), -1)
    np.testing.assert_allclose(codes, expected, atol=1e-5)


def test_a_conditional_encoder_needs_as_many_conditions_as_examples(refused):
    features = EncoderFeatures(recipes.create("conditional_vae"))
    with refused("a condition for each of 30 examples"):
        features(IMAGES, condition=np.arange(31) % 2)
    with refused("this model is conditional"):
        features(IMAGES)


@pytest.mark.slow
def test_the_classifier_learns_digits_it_has_not_seen(classifier):
    assert classifier.accuracy > 0.93
    assert classifier.name == f"128 features of a classifier of the data, accuracy {classifier.accuracy:.1%}"


def test_the_features_of_the_classifier_tell_classes_apart(classifier):
    """The nearest class mean, in the features and in pixels."""

    def accuracy(features):
        codes = features(DIGITS.x)
        means = np.stack([codes[DIGITS.y == label].mean(axis=0) for label in range(10)])
        return (np.linalg.norm(codes[:, None] - means, axis=-1).argmin(axis=1) == DIGITS.y).mean()

    assert classifier(DIGITS.x[:3]).shape == (3, 128)
    assert accuracy(classifier) > accuracy(Pixels()) + 0.03


@pytest.mark.slow
def test_labels_that_say_nothing_are_not_learned():
    x, y = RNG.normal(size=(600, 5)), RNG.integers(0, 4, 600)
    assert ClassifierFeatures.fit(x, y, epochs=5).accuracy < 0.45  # one in four, by chance


@pytest.mark.slow
def test_a_classifier_is_a_function_of_its_seed_alone():
    x, y = RNG.normal(size=(60, 5)) * [1, 100, 1, 1, 0], np.arange(60) % 3 * 7

    def features(seed):
        keras.utils.set_random_seed(int(RNG.integers(1000)))
        return ClassifierFeatures.fit(x, y, epochs=2, units=4, seed=seed)(x)

    one = features(1)
    assert one.shape == (60, 4)
    np.testing.assert_allclose(features(1), one, atol=1e-5)
    assert np.abs(features(2) - one).max() > 0.1


@pytest.mark.slow
def test_examples_without_a_label_do_not_train_the_classifier():
    x, y = RNG.normal(size=(60, 5)), np.arange(60) % 3
    known = ClassifierFeatures.fit(x, y, epochs=2).accuracy
    assert 0 <= known <= 1
    broken, unlabelled = np.concatenate([x, np.full((9, 5), 1e6)]), np.concatenate([y, np.full(9, -1)])
    with_unlabelled = ClassifierFeatures.fit(broken, unlabelled, epochs=2)
    assert np.abs(with_unlabelled.model.layers[0].mean).max() < 10


@pytest.mark.slow
def test_inception_takes_grey_and_coloured_images_of_any_size(refused):
    features = InceptionFeatures(weights=None)
    assert features.name == "2048 features of InceptionV3, random weights"
    grey = features(IMAGES[:2])
    assert grey.shape == (2, 2048) and np.isfinite(grey).all()
    np.testing.assert_allclose(features(np.repeat(IMAGES[:2], 3, axis=-1)), grey, atol=1e-4)
    with refused("1 or 3 channels, got 2"):
        features(np.zeros((1, 9, 9, 2)))
    with refused(r"expected images .* in \[0, 1\]"):
        features(np.full((1, 9, 9, 1), 255.0))


@pytest.mark.slow
def test_inception_without_its_weights_says_what_to_do(monkeypatch, refused):
    def no_network(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr("keras.src.applications.inception_v3.file_utils.get_file", no_network)
    with refused("no network; connect to the network once, or use the features 'classifier' or 'pca'"):
        get_features("inception")


@pytest.mark.slow
def test_features_are_resolved_by_name(refused):
    model = zoo.vae((8, 8, 1), 2, units=(8,), seed=0)
    x, y = IMAGES, np.arange(30) % 2
    assert isinstance(get_features("pixels"), Pixels)
    assert get_features("pca", x).name == "29 principal components of the pixels"
    assert isinstance(get_features("encoder", model=model), EncoderFeatures)
    assert isinstance(get_features("classifier", x, y), ClassifierFeatures)
    own = Pixels()
    assert get_features(own) is own
    with refused("Unknown features 'pixel': did you mean 'pixels'"):
        get_features("pixel")
    with refused("features 'classifier': expected y, got None"):
        get_features("classifier", x)
    with refused("features 'encoder': expected model, got None"):
        get_features("encoder", x, y)


def test_batches_change_nothing(monkeypatch, classifier):
    model = zoo.vae((8, 8, 1), 2, units=(8,), seed=0)
    every = [Pixels(), PrincipalComponents.fit(IMAGES, 5), EncoderFeatures(model), classifier]
    whole = [features(IMAGES) for features in every]
    monkeypatch.setattr("keras_vae.evaluation.arrays.NUMBERS", 7 * 64)
    monkeypatch.setattr(ClassifierFeatures, "batch_size", 11)
    for features, expected in zip(every, whole, strict=True):
        assert expected.dtype == np.float32
        np.testing.assert_allclose(features(IMAGES), expected, atol=1e-5)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(broken, classifier, refused):
    x = np.where(np.arange(30).reshape(-1, 1, 1, 1) == 3, broken, IMAGES)
    for features in (Pixels(), PrincipalComponents.fit(IMAGES), classifier):
        with refused(f"{features.name}: expected finite numbers, got NaN or infinity in 1 of 30 examples"):
            features(x)
    with refused("principal components: expected finite"):
        PrincipalComponents.fit(x)
    with refused("classifier features: expected finite"):
        ClassifierFeatures.fit(x, np.arange(30) % 2)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Pixels()(np.zeros(3)), "pixels: expected one or more examples"),
        (lambda: Pixels()([["a"]]), "pixels: expected an array of real numbers"),
        (lambda: PrincipalComponents.fit(IMAGES)(np.zeros((2, 9, 9, 1))), r"expected examples of shape \(8, 8, 1\)"),
        (lambda: PrincipalComponents.fit(IMAGES[:1]), "two or more different examples"),
        (lambda: PrincipalComponents.fit(np.ones((9, 3))), "two or more different examples, got 9 equal"),
        (lambda: PrincipalComponents.fit(IMAGES, components=0), "components must be"),
        (lambda: PrincipalComponents.fit(IMAGES, seed=-1), "seed must be"),
        (lambda: EncoderFeatures(None), "expected a keras_vae model, got NoneType"),
        (lambda: ClassifierFeatures.fit(IMAGES, np.zeros(30, int)), "2 or more classes, got 30 of 1"),
        (lambda: ClassifierFeatures.fit(IMAGES[:9], np.arange(9)), "10 or more labelled examples"),
        (lambda: ClassifierFeatures.fit(IMAGES, np.arange(29)), "one label for each of 30"),
        (lambda: ClassifierFeatures.fit(IMAGES, IMAGES[:, 0, 0, 0]), "integer labels"),
        (lambda: ClassifierFeatures.fit(IMAGES, np.arange(30) % 2, epochs=0), "epochs must be"),
    ],
)
def test_what_cannot_be_used_is_refused(make, match, refused):
    with refused(match):
        make()
