import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

import keras_vae as kv
from keras_vae.distributions.masked import Masked
from keras_vae.distributions.table import Table

COLUMNS = ["count", "real", ("categorical", 3), "binary", ("categorical", 5), "real"]
RNG = np.random.default_rng(0)


def rows(n):
    return np.stack(
        [
            RNG.poisson(30, n),
            RNG.normal(1e4, 500, n),
            RNG.choice(3, n, p=[0.2, 0.7, 0.1]),
            RNG.random(n) < 0.3,
            np.minimum(RNG.poisson(1, n), 4),
            RNG.normal(-0.01, 1e-3, n),
        ],
        axis=1,
    ).astype("float32")


X = rows(2000)


@pytest.fixture
def head():
    head = Table((6,), COLUMNS)
    head.build((None, 4))
    return head


def parameters_of(head, n):
    return {name: RNG.normal(size=(n, *shape)).astype("float32") for name, shape in head.parameter_shapes.items()}


def log_densities(head, parameters, x):
    """Of every column, by SciPy."""
    scales = np.log1p(np.exp(head.raw_scales.numpy())) + 1e-3
    real = stats.norm(head.means + head.spreads * parameters["loc"], head.spreads * scales)
    categorical = special.log_softmax(parameters["categorical_logits"][:, 0, :3], axis=-1)
    other = special.log_softmax(parameters["categorical_logits"][:, 1], axis=-1)
    row = np.arange(len(x))
    return np.stack(
        [
            stats.poisson(np.exp(parameters["log_rate"][:, 0])).logpmf(x[:, 0]),
            real.logpdf(x[:, [1, 5]])[:, 0],
            categorical[row, x[:, 2].astype(int)],
            stats.bernoulli(special.expit(parameters["binary_logits"][:, 0])).logpmf(x[:, 3]),
            other[row, x[:, 4].astype(int)],
            real.logpdf(x[:, [1, 5]])[:, 1],
        ],
        axis=1,
    )


def test_the_log_density_is_the_sum_of_scipys_over_the_columns(head):
    head.adapt(X)
    head.raw_scales.assign([0.3, -1.0])
    x, parameters = X[:7], parameters_of(head, 7)
    expected = log_densities(head, parameters, x).sum(1)
    assert np.allclose(head.distribution(parameters).log_prob(x), expected, rtol=1e-4)


def test_a_masked_table_sums_over_the_known_columns(head):
    head.adapt(X)
    parameters, known = parameters_of(head, 7), RNG.random((7, 6)) < 0.6
    expected = np.where(known, log_densities(head, parameters, X[:7]), 0).sum(1)
    masked = Masked((6,), head)
    x = np.where(known, X[:7], np.nan).astype("float32")
    assert np.allclose(masked.distribution(parameters).log_prob(x), expected, rtol=1e-4)
    owners = [1, 5, 3, 0, 2, 2, 2, 4, 4, 4, 4, 4]  # the column that each number of the encoder's view comes from
    seen = np.where(known[:, owners], head.encoder_input(tf.constant(X[:7])), 0)
    assert np.allclose(masked.encoder_input(tf.constant(x)), seen, atol=1e-6)


def test_probabilities_of_a_categorical_column_sum_to_one():
    head = Table((2,), [("categorical", 2), ("categorical", 4)])
    parameters = parameters_of(head, 1)
    total = sum(
        float(tf.exp(head.distribution(parameters).log_prob([[a, b]]))[0])
        for a in (0.0, 1.0)
        for b in (0.0, 1.0, 2.0, 3.0)
    )
    assert total == pytest.approx(1, abs=1e-5)
    assert np.isneginf(head.distribution(parameters).log_prob([[0.0, 4.0]])[0])
    samples = head.distribution(parameters).sample(200, seed=(1, 2)).numpy()
    assert set(np.unique(samples[..., 0])) <= {0, 1} and set(np.unique(samples[..., 1])) <= {0, 1, 2, 3}


@pytest.mark.slow
def test_draws_compile():
    head = Table((3,), [("categorical", 3), "real", "binary"])
    head.build((None, 4))
    parameters = parameters_of(head, 2)
    draw = tf.function(lambda seed: head.distribution(parameters).sample(50, seed=seed), jit_compile=True)
    samples = draw(tf.constant([1, 2])).numpy()
    assert samples.shape == (50, 2, 3)
    assert set(np.unique(samples[..., 0])) <= {0, 1, 2} and set(np.unique(samples[..., 2])) <= {0, 1}
    assert not np.array_equal(samples, draw(tf.constant([1, 3])))


def test_adapt_starts_every_column_at_its_marginal(head):
    head.adapt(X)
    samples = head.distribution(head(tf.zeros((1, 4)))).sample(20_000, seed=(1, 2)).numpy()[:, 0]
    error = 5 * X.std(0) * np.sqrt(1 / 2000 + 1 / 20_000)
    assert (np.abs(samples.mean(0) - X.mean(0, dtype="float64")) < error).all()
    assert np.allclose(samples.std(0), X.std(0, dtype="float64"), rtol=0.1)
    mean = head.distribution(head(tf.zeros((1, 4)))).mean()[0].numpy()
    assert mean[2] == 1 and mean[4] in (0, 1)


def test_adapt_looks_past_gaps(head):
    gaps = np.where(RNG.random(X.shape) < 0.3, np.nan, X).astype("float32")
    Masked((6,), head).adapt(gaps)
    assert np.allclose(head.means, np.nanmean(gaps.astype("float64"), 0)[[1, 5]], rtol=1e-5)
    assert np.allclose(head.spreads, np.nanstd(gaps.astype("float64"), 0)[[1, 5]], rtol=1e-4)
    parameters = head(tf.zeros((1, 4)))
    assert np.allclose(np.exp(parameters["log_rate"]), np.nanmean(gaps, 0)[0], rtol=1e-3)
    known = gaps[~np.isnan(gaps[:, 2]), 2]
    frequencies = tf.nn.softmax(parameters["categorical_logits"][0, 0, :3])
    assert np.allclose(frequencies, [(known == k).mean() for k in range(3)], atol=1e-3)


def test_the_encoder_sees_standardised_numbers_and_one_hot_categories(head):
    head.adapt(X)
    seen = head.encoder_input(tf.constant(X)).numpy()
    assert head.encoder_input_shape == (12,) and seen.shape == (2000, 12)
    assert np.allclose(seen[:, :2].mean(0), 0, atol=1e-2) and np.allclose(seen[:, :2].std(0), 1, atol=1e-2)
    assert np.array_equal(seen[:, 2], X[:, 3])
    assert np.allclose(seen[:, 3], np.log1p(X[:, 0]))
    assert np.array_equal(seen[:, 4:7].argmax(1), X[:, 2]) and np.array_equal(seen[:, 7:].argmax(1), X[:, 4])
    assert (seen[:, 4:7].sum(1) == 1).all() and (seen[:, 7:].sum(1) == 1).all()


def test_the_density_is_per_unit_of_the_data():
    head = Table((1,), ["real"])
    head.build((None, 2))
    x = np.linspace(-1, 1, 50, dtype="float32")[:, None]
    totals = []
    for unit in (1.0, 1000.0):
        head.adapt(unit * x)
        totals.append(float(tf.reduce_mean(head.distribution({"loc": tf.zeros((50, 1))}).log_prob(unit * x))))
    assert totals[0] - totals[1] == pytest.approx(np.log(1000), abs=1e-3)


def test_a_constant_column_is_not_divided_by_zero():
    head = Table((1,), ["real"])
    head.build((None, 2))
    head.adapt(np.full((5, 1), 3.0, "float32"))
    assert np.array_equal(head.encoder_input(tf.fill((2, 1), 3.0)), np.zeros((2, 1)))


@pytest.mark.parametrize(
    ("column", "value", "match"),
    [
        (0, -1, r"column 0 is count and expected whole numbers >= 0, got -1 in row 3"),
        (0, 1.5, "column 0 is count"),
        (2, 3, "column 2 is categorical and expected whole numbers from 0 to 2, got 3"),
        (3, 0.5, "column 3 is binary and expected 0 or 1, got 0.5"),
        (3, 2, "column 3 is binary"),
        (4, -1, "column 4 is categorical"),
    ],
)
def test_a_value_that_its_column_cannot_hold_is_refused(column, value, match, refused):
    head, x = Table((6,), COLUMNS), X[:10].copy()
    head.check_events(x)
    x[5, 0] = np.nan
    head.check_events(x)
    x[3, column] = value
    with refused(match):
        head.check_events(x)


def test_bytes_are_refused(refused):
    with refused("uint8"):
        Table((1,), ["count"]).check_events(np.ones((2, 1), "uint8"))


def test_kinds_are_guessed_from_the_values(refused):
    assert Table.infer_columns(X) == tuple(COLUMNS)
    gaps = X.copy()
    gaps[::3] = np.nan
    assert Table.infer_columns(gaps) == tuple(COLUMNS)
    assert Table.infer_columns(X, max_categories=4)[4] == "count"
    assert Table.infer_columns(np.array([[-1, 0.0, np.nan], [2, 0.0, np.nan]])) == ("real", "binary", "real")
    years, visits = np.arange(2015, 2025), np.array([0, 90, 1, 3, 50, 2, 7, 30, 8, 4])
    assert Table.infer_columns(np.stack([years, visits], axis=1)) == ("real", "count"), "Poisson: 2020 +- 45"
    with refused("expected rows"):
        Table.infer_columns(np.zeros(3))


@pytest.mark.parametrize("column", ["real", "binary", "count", ("categorical", 3)])
def test_a_table_of_one_kind_has_only_its_parameters(column):
    head = Table((2,), [column, column])
    distribution = head.distribution(head(tf.ones((3, 4))))
    assert len(head.parameters) == 1
    assert distribution.log_prob(np.ones((3, 2), "float32")).shape == (3,)
    assert head.encoder_input(tf.ones((3, 2))).shape == (3, *head.encoder_input_shape)


@pytest.mark.slow
def test_a_model_of_a_table_with_gaps_trains_saves_and_loads(tmp_path):
    x = np.where(RNG.random((128, 6)) < 0.2, np.nan, X[:128]).astype("float32")
    head = Masked((6,), Table((6,), COLUMNS))
    model = kv.Autoencoder(
        kv.MLPEncoder(head.encoder_input_shape, (8,)),
        kv.MLPDecoder((2,), (8,)),
        likelihood=head,
        objective=kv.NLL() + kv.KL(),
        seed=0,
    )
    model.adapt(x)
    model.compile("adam", jit_compile=False)
    assert np.isfinite(model.fit(x, epochs=2, verbose=0).history["loss"]).all()
    model.save(tmp_path / "table.keras")
    loaded = kv.load_model(tmp_path / "table.keras")
    assert loaded.likelihood.base.columns == tuple(COLUMNS)
    assert np.allclose(loaded.reconstruct(x), model.reconstruct(x), rtol=1e-5)
