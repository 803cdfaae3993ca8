import json
from dataclasses import replace
from importlib import import_module

import keras
import numpy as np
import pytest
import recipes
from sklearn.decomposition import PCA

import keras_vae as kv
from keras_vae.data import Split, SplitDataset
from keras_vae.evaluation import (
    QUESTIONS,
    Budget,
    Examples,
    Measurement,
    Result,
    Subject,
    as_json,
    as_text,
    compare_results,
    evaluate,
    evaluation_page,
    mmd_to_prior,
)
from keras_vae.evaluation.prior_gap import BLOCK
from keras_vae.plots.comparison import DASH

TINY = Budget(examples=48, samples=3, annealed=2, annealed_steps=3, pairs=4, draws=60, codes=4)


@pytest.fixture(scope="module")
def data():
    return kv.data.load("digits")


@pytest.fixture(scope="module")
def trained(data):
    """A VAE of digits after some training."""
    keras.utils.set_random_seed(0)
    model = kv.zoo.vae(data.event_shape, 4, units=(64,), likelihood="normal", seed=0)
    model.adapt(data.train.x)
    model.compile(jit_compile=False)
    model.fit(data.train.x, epochs=15, batch_size=32, verbose=0)
    return model


@pytest.fixture
def ask(trained, data):
    """Evaluates the trained model on digits, with a tiny budget."""

    def ask(*questions, model=trained, data=data, budget=TINY, **options):
        return evaluate(model, data, questions, budget=budget, **options)

    return ask


def test_a_likelihood_of_some_examples_is_compared_with_their_elbo(trained, data):
    budget = replace(TINY, samples=3, annealed=0, weighted=7)
    subject = Subject(trained, Examples(data.test.x), budget=budget)
    found = {name: one.value for name, one in QUESTIONS["likelihood"](subject).measurements.items()}
    x = subject.weighted_examples.x
    assert (len(x), found["log_likelihood_examples"], found["examples"]) == (7, 7, TINY.examples)
    log_likelihood = trained.log_likelihood(x, samples=3).mean()
    assert found["log_likelihood"] == pytest.approx(log_likelihood, rel=1e-5)
    elbo = trained.evaluate(x, verbose=0, return_dict=True)["elbo"]
    assert found["importance_weighted_gain"] == pytest.approx(log_likelihood - elbo, rel=1e-3)
    assert abs(elbo - found["elbo"]) > 0.1


@pytest.mark.parametrize("name", recipes.every(slow_beyond=recipes.CORE, among=recipes.EVALUATED))
def test_every_kind_of_recipe_is_asked_every_question(name):
    model = recipes.create(name)
    model.compile(run_eagerly=True)
    labels = np.arange(48) % 10 if model.condition is not None else None
    train, test = (Split(recipes.examples(name, seed=seed), labels) for seed in (1, 0))
    results = evaluate(model, SplitDataset("noise", train, test, test), budget=TINY)
    assert list(results) == list(QUESTIONS)
    measurements = {key: value for result in results.values() for key, value in result.measurements.items()}
    assert all(np.isfinite(measurement.value) for measurement in measurements.values()), measurements
    assert all(measurement.error is None or measurement.error >= 0 for measurement in measurements.values())
    assert ("log_likelihood" in measurements) == model.has_density
    assert ("annealed_log_likelihood" in measurements) == (
        model.has_density and model.posterior.support == "real" and name != "semi_supervised_vae"
    )
    assert ("codes_in_use" in measurements) == (model.posterior.support == "codes")
    for result in results.values():
        assert result.measurements or result.notes
        assert all(sentence[-1] == "." for sentence in (*result.verdict, *result.notes)), result
    pictures = [name for result in results.values() for name in result.pictures]
    assert len(set(pictures)) == len(pictures) and {"reconstructions", "interpolation", "latent_map"} <= set(pictures)
    assert ("samples" in pictures) == (model.prior is not None)
    json.dumps(as_json(results), allow_nan=False)
    assert all(result.question in as_text(results) for result in results.values())


@pytest.mark.slow
def test_the_measurements_are_those_of_their_estimators(ask, trained, data):
    results = ask("likelihood", "samples", data=data.test[:48])
    x = data.test.x[:48]
    bound = trained.log_likelihood(x, samples=3)
    measurement = results["likelihood"].measurements["log_likelihood"]
    assert measurement.value == pytest.approx(bound.mean(), rel=1e-5)
    assert measurement.error == pytest.approx(bound.std() / np.sqrt(48), rel=1e-4)
    bits = results["likelihood"].measurements["bits_per_dimension"].value
    assert bits == pytest.approx(-measurement.value / 64 / np.log(2), rel=1e-6)
    error = np.mean((x / 255 - trained.reconstruct(x)) ** 2)
    assert results["samples"].measurements["reconstruction_mse"].value == pytest.approx(error, rel=1e-4)


def test_the_error_of_pca_with_as_many_components_is_beside_that_of_the_model(trained, data):
    flat = [split.x.reshape(len(split), -1) / 255 for split in (data.train, data.test)]
    pca = PCA(trained.latent_shape[0], svd_solver="full").fit(flat[0])
    expected = np.mean((flat[1] - pca.inverse_transform(pca.transform(flat[1]))) ** 2)
    result = Subject(trained, Examples(data.test.x), Examples(data.train.x), budget=TINY).pca_quality["mse"].mean()
    assert result == pytest.approx(expected, rel=0.1)  # on 48 test examples


@pytest.mark.slow
def test_the_same_seed_gives_the_same_results(ask):
    one, two, other = (as_json(ask("information", "completeness", seed=seed)) for seed in (3, 3, 4))
    assert one == two
    assert one != other


@pytest.mark.parametrize("form", ["split", "array", "float array", "no channel axis", "pair", "dataset", "pairs"])
def test_test_data_alone_may_be_given_in_any_form(ask, trained, data, form):
    x, y = data.test.x[:40], data.test.y[:40]
    given = {
        "split": data.test[:40],
        "array": x,
        "float array": x / np.float32(255),
        "no channel axis": x[..., 0],
        "pair": (x, y),
        "dataset": kv.data.Split(x).batches(16),
        "pairs": kv.data.Split(x, y).batches(16, labels=True),
    }[form]
    result = ask("likelihood", data=given, budget=replace(TINY, samples=0, annealed=0))["likelihood"]
    expected = trained.evaluate(x, batch_size=256, return_dict=True, verbose=0)["elbo"]
    assert result.measurements["elbo"].value == pytest.approx(expected, rel=1e-5)
    assert "generalization_gap" not in result.measurements
    assert any("no training examples" in note for note in result.notes)


def test_without_training_examples_the_rest_is_answered(ask, data):
    results = ask("continuity", "samples", data=data.test.x)
    assert "mid_point_error" in results["continuity"].measurements
    assert "mid_point_density" not in results["continuity"].measurements
    assert "frechet_distance" in results["samples"].measurements
    assert all(any("training examples" in note for note in result.notes) for result in results.values())
    notes = ask("samples", data=data.test, features="classifier")["samples"].notes
    assert any("expected training examples, got none" in note for note in notes)


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 3])
def test_a_handful_of_examples_is_answered_as_far_as_possible(ask, data, n):
    results = ask(data=data.test.x[:n])
    assert "elbo" in results["likelihood"].measurements and "precision" not in results["samples"].measurements
    assert any("10 or more test examples" in note for note in results["samples"].notes)
    json.dumps(as_json(results), allow_nan=False)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda x: x[0], r"data: expected shape \(N, 8, 8, 1\), got \(8, 8, 1\) .*batch axis"),
        (lambda x: x.reshape(len(x), 64), r"data: expected shape \(N, 8, 8, 1\), got \(\d+, 64\)"),
        (lambda x: x[:0], "data: expected at least one example"),
        (lambda x: np.where(np.arange(len(x)) == 3, np.nan, x[:, 0, 0, 0])[:, None, None, None] + 0 * x, "got NaN"),
        (lambda x: (x, np.arange(3)), "data, labels y: expected one label for each of"),
        (lambda x: (x, None, None), r"data: expected a pair \(x, y\), got a tuple of 3"),
        (lambda x: {"test": x}, "data: expected an array .*; got dict"),
        (lambda x: None, "data: expected an array .*; got NoneType"),
        (lambda x: [x, np.arange(len(x))], "data: expected an array .*; got list"),
        (lambda x: (batch for batch in [x]), "data: expected an array .*; got generator"),
        (lambda x: Split(x).batches(16).repeat(), "data: expected a tf.data.Dataset that ends"),
        (lambda x: Split(x.reshape(len(x), 64)).batches(16), "data: expected"),
        (lambda x: Split(x).batches(16).take(0), "data: expected at least one batch"),
        (lambda x: [["a"]], "data: expected an array of real numbers"),
    ],
)
def test_data_that_cannot_be_used_are_refused(ask, data, refused, change, match):
    with refused(match):
        ask("likelihood", data=change(data.test.x))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"seed": -1}, "seed must be an integer from 0"),
        ({"seed": 1.5}, "seed must be an integer from 0"),
        ({"budget": "quick"}, "budget: expected a Budget, .*; got 'quick'"),
        ({"questions": 3}, "questions: expected a list of names"),
    ],
)
def test_options_that_cannot_be_used_are_refused(trained, data, refused, options, match):
    with refused(match):
        evaluate(trained, data, **{"questions": ["likelihood"], "budget": TINY, **options})


@pytest.mark.parametrize(("name", "value"), [("draws", 0), ("examples", -1), ("samples", -1), ("pairs", 1.5)])
def test_a_budget_of_nothing_is_refused(refused, name, value):
    with refused(f"Budget: {name} must be an integer"):
        Budget(**{name: value})


def test_labels_that_a_model_needs_are_asked_for(ask, data, refused):
    model = kv.zoo.conditional_vae(data.event_shape, 2, units=(4,), classes=10, seed=0)
    with refused("is not compiled"):
        ask("likelihood", model=model)
    model.compile(jit_compile=False)
    with refused("needs labels, and the data have none; give"):
        ask("likelihood", model=model, data=data.test.x)
    with refused("expected an Autoencoder"):
        ask("likelihood", model=data)


def conditional(data, condition):
    make_parts = {"units": (4,), "condition_dim": condition.size}
    encoder, decoder = kv.make_networks("mlp", data.event_shape, 2, **make_parts)
    objective = kv.NLL() + kv.KL()
    model = kv.Autoencoder(encoder, decoder, likelihood="normal", condition=condition, objective=objective)
    model.compile(jit_compile=False)
    return model


@pytest.mark.slow
def test_subsets_of_sorted_test_data_have_its_mix_of_labels(data):
    model = conditional(data, kv.LabelCondition(10))
    test = Examples(np.zeros((1000, *data.event_shape), "float32"), np.repeat([0, 3], [750, 250]))
    for draws in (200, 3000):
        labels = Subject(model, test, budget=Budget(draws=draws)).drawn_condition
        assert len(labels) == draws
        assert (labels[:200] == 3).mean() == pytest.approx(0.25, abs=0.1)
    subject = Subject(model, test)
    assert (test.y[subject.some(1000, 200)] == 3).mean() == pytest.approx(0.25, abs=0.1)
    other = np.random.default_rng(0).normal(size=(2 * BLOCK, 2)).astype("float32")
    blocks = np.repeat([[-3.0], [3.0]], BLOCK, axis=0) + 0 * other
    mixed = np.random.default_rng(1).permutation(blocks)
    assert mmd_to_prior(blocks, other).value == pytest.approx(mmd_to_prior(mixed, other).value, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["vectors", "different vectors", "one-hot", "semi-supervised"])
def test_conditions_that_fit_takes_are_taken(data, kind):
    x, labels = data.test.x[:40], np.arange(40) % 3
    y = np.eye(3, dtype="float32")[labels]
    if kind == "semi-supervised":
        y[0] = -1
        model = kv.zoo.semi_supervised_vae(data.event_shape, 2, units=(4,), classes=3, likelihood="normal", seed=0)
        model.compile(jit_compile=False)
    else:
        model = conditional(data, kv.LabelCondition(3) if kind == "one-hot" else kv.VectorCondition(3))
    y = np.random.default_rng(0).random((40, 3)) if kind == "different vectors" else y
    results = evaluate(model, (x, y), budget=replace(TINY, annealed=0))
    noted = " ".join(results["continuity"].notes)
    assert ("two of them with the same condition" in noted) == (kind == "different vectors")
    assert "round_trip" in results["completeness"].measurements
    assert "frechet_distance" in results["samples"].measurements
    assert {"samples", "latent_map", "traversals"} <= {name for result in results.values() for name in result.pictures}


@pytest.mark.slow
@pytest.mark.parametrize("labels", [None, np.arange(40) % 4 - 1])
def test_a_semi_supervised_model_is_evaluated_without_labels(data, labels):
    model = kv.zoo.semi_supervised_vae(data.event_shape, 2, units=(4,), classes=3, likelihood="normal", seed=0)
    model.compile(jit_compile=False)
    x = data.test.x[:40]
    results = evaluate(model, x if labels is None else (x, labels), ["likelihood", "information"], budget=TINY)
    assert results["likelihood"].measurements["examples"].value == 40
    assert results["information"].measurements["latent_dim"].value == 2


@kv.serialization.register
class Rounded(kv.distributions.Deterministic):
    """Finite scalar quantisation: each of the numbers of a code is rounded to one of three levels."""

    support = "codes"

    def distribution(self, parameters):
        (z,) = (parameters[name] for name in self.parameters)
        rounded = z + keras.ops.stop_gradient(keras.ops.round(keras.ops.tanh(z)) - z)
        return super().distribution({self.parameters[0]: rounded})


@pytest.mark.parametrize("kind", ["codebook", "rounded"])
def test_discrete_codes_without_noise_are_no_fault(ask, data, kind):
    if kind == "codebook":
        model = kv.zoo.vq_vae(data.event_shape, 4, codebook_size=8, network="mlp", units=(8,), seed=0)
    else:
        networks = kv.MLPEncoder(data.event_shape, (8,)), kv.MLPDecoder((3,), (8,))
        parts = {"posterior": Rounded((3,)), "likelihood": "normal_fixed", "prior": None}
        model = kv.Autoencoder(*networks, **parts, objective=kv.NLL(), seed=0)
    model.compile(jit_compile=False)
    result = ask("information", model=model)["information"]
    words = " ".join(result.verdict)
    assert "plain autoencoder" not in words and "weight of the KL" not in words
    assert "discrete" in words and "noise_share" not in result.measurements
    codes = model.encode(data.test.x).mean().numpy().reshape(-1, model.latent_shape[-1])
    in_use = result.measurements["codes_in_use"].value
    assert 1 <= result.measurements["perplexity"].value <= in_use + 1e-9
    assert in_use <= len(np.unique(codes, axis=0))


def collapsed(model):
    """The model with an encoder that does not depend on x."""
    kernel, bias = model.posterior.weights
    kernel.assign(np.zeros_like(kernel))
    bias.assign(np.zeros_like(bias))


def sharpened(model):
    """The model with an encoder almost without noise."""
    _, bias = model.posterior.weights
    values = bias.numpy()
    values[4:] = -8
    bias.assign(values)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "words"), [(collapsed, "has collapsed"), (sharpened, "like that of a plain autoenc")]
)
def test_the_verdict_names_what_went_wrong(ask, trained, change, words):
    before = [weight.numpy() for weight in trained.posterior.weights]
    assert words not in " ".join(ask("information")["information"].verdict)
    change(trained)
    try:
        assert words in " ".join(ask("information")["information"].verdict)
    finally:
        for weight, value in zip(trained.posterior.weights, before, strict=True):
            weight.assign(value)


def test_codes_that_do_not_fill_the_prior_are_named(ask, trained):
    _, bias = trained.posterior.weights
    before = bias.numpy()
    bias.assign(before + np.array([9.0] * 4 + [0.0] * 4))
    try:
        result = ask("completeness")["completeness"]
    finally:
        bias.assign(before)
    assert result.measurements["holes"].value > 0.9
    assert "do not cover the prior" in result.verdict[0]


@pytest.mark.slow
def test_factors_are_scored_where_they_are_known():
    data = kv.data.load("sprites", limit=200)
    model = kv.zoo.vae(data.event_shape, 3, network="mlp", units=(8,), seed=0)
    model.compile(jit_compile=False)
    factors = np.stack([data.test.factors[:, 0]] * 2, axis=1)
    few = Split(data.test.x, data.test.y, factors)
    result = evaluate(model, few, ["disentanglement"], budget=TINY)["disentanglement"]
    assert {"mig", "dci_disentanglement", "beta_vae", "irs"} <= set(result.measurements)
    assert len(result.pictures) == 1 and "The factors are" in result.verdict[0]


@pytest.mark.slow
def test_lines_are_walked(ask):
    data = kv.data.load("lines", limit=60)
    model = kv.zoo.vae(data.event_shape, 2, network="mlp", units=(8,), likelihood="normal", seed=0)
    model.compile(jit_compile=False)
    result = ask("continuity", model=model, data=data)["continuity"]
    assert 0 <= result.measurements["lines_mean_distance"].value <= 1
    assert "lines_smoothness" in result.measurements


def test_unknown_questions_and_features_are_refused(ask, trained, data, refused):
    with refused("did you mean 'samples'"):
        ask("sample")
    with refused("did you mean 'pca'"):
        ask("samples", features="pac")
    with refused("questions: expected a list of names"):
        evaluate(trained, data, "samples")
    with refused("questions: expected a list of names"):
        evaluate(trained, data.train, data.test.x)


def test_features_that_cannot_be_fitted_are_named_and_the_rest_is_answered(ask, data):
    without_labels = replace(data, train=Split(data.train.x))
    result = ask("samples", data=without_labels, features="classifier")["samples"]
    assert "reconstruction_mse" in result.measurements and "frechet_distance" not in result.measurements
    assert any("Could not compute the distances of samples: features 'classifier'" in note for note in result.notes)


@pytest.mark.slow
def test_the_page_shows_all_results(ask):
    results = ask("information", "completeness")
    page = evaluation_page("VAE", results, verdict=["Fine."], configuration={}, environment={})
    assert page.count("data:image/png;base64") == sum(len(result.pictures) for result in results.values())
    assert "mutual information" in page


# Side by side


def results_of(**values):
    return {"samples": Result("?", {name: Measurement(value, "u") for name, value in values.items()})}


def test_the_best_of_a_row_is_marked_in_its_own_direction():
    both = compare_results({"a": results_of(precision=0.5, holes=0.5), "b": results_of(precision=0.9, holes=0.9)})
    assert both.best("precision") == ("b",) and both.best("holes") == ("a",)
    rows = both.as_text().splitlines()
    assert rows[-2].split() == ["precision", "0.5", "0.9*"] and rows[-1].split() == ["holes", "0.5*", "0.9"]
    assert both.as_csv().splitlines()[1] == "samples,precision,u,0.5,,0.9,"


def test_figures_that_a_model_lacks_are_dashes_and_neutral_ones_are_not_marked():
    both = compare_results({"a": results_of(mmd=1.0, active_units=3), "b": results_of(active_units=5)})
    assert both.best("active_units") == () and both.best("mmd") == ()
    assert both.as_text().splitlines()[-2].split() == ["mmd", "1", DASH]
    assert both.rate_distortion() is None
    both.figure()


def test_rate_and_distortion_are_drawn_where_all_have_them():
    values = {"a": results_of(kl_bits=3.0, nll=90.0), "b": results_of(kl_bits=9.0, nll=60.0)}
    assert compare_results(values).rate_distortion() is not None


def test_fewer_than_two_models_are_refused(refused):
    with refused("expected two or more models, got a"):
        compare_results({"a": results_of(mmd=1.0)})
    with refused("none of the models has a measurement"):
        compare_results({"a": results_of(), "b": results_of()})


@pytest.mark.slow
def test_an_evaluation_prints_its_progress(ask, monkeypatch, capsys):
    monkeypatch.setattr(import_module("keras_vae.evaluation.evaluate"), "SHORT", 0.0)
    ask("likelihood", "information", verbose=1)
    assert [line.partition(" after ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "Evaluating likelihood (1 of 2)", "Evaluating information (2 of 2)",
    ]  # fmt: skip
