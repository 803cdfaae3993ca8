import json
from dataclasses import replace

import keras
import numpy as np
import pytest
import recipes

import keras_vae as kv
from keras_vae.data import Split
from keras_vae.evaluation import (
    QUESTIONS,
    Answer,
    Budget,
    Measure,
    Subject,
    as_json,
    as_text,
    compare_answers,
    evaluate,
    evaluation_page,
)
from keras_vae.plots.comparison import DASH

TINY = Budget(examples=48, samples=3, annealed=2, annealed_steps=3, pairs=4, draws=60, codes=4)


def subject_of(name, **options):
    model = recipes.create(name)
    model.compile(jit_compile=False)
    given = np.arange(48) % 10 if model.condition is not None else None
    splits = [Split(recipes.examples(name, seed=seed), given) for seed in (0, 1)]
    return Subject(model, *splits, budget=TINY, **options)


@pytest.fixture(scope="module")
def trained():
    """A VAE of digits that has learned something, with its data."""
    keras.utils.set_random_seed(0)
    data = kv.data.load("digits")
    model = kv.zoo.vae(data.event_shape, 4, units=(64,), likelihood="normal", seed=0)
    model.adapt(data.train.x)
    model.compile(jit_compile=False)
    model.fit(data.train.x, epochs=15, batch_size=32, verbose=0)
    return Subject(model, data.test, data.train, "digits", budget=TINY)


@pytest.mark.parametrize("name", recipes.every(slow_beyond=recipes.CORE, among=recipes.EVALUATED))
def test_every_kind_of_recipe_is_asked_every_question(name):
    subject = subject_of(name)
    answers = evaluate(subject)
    assert list(answers) == list(QUESTIONS)
    figures = {key: value for one in answers.values() for key, value in one.measures.items()}
    assert all(np.isfinite(measure.value) for measure in figures.values()), figures
    assert all(measure.error is None or measure.error >= 0 for measure in figures.values())
    assert ("log_likelihood" in figures) == subject.model.has_density
    assert ("annealed_log_likelihood" in figures) == (
        subject.model.has_density and subject.model.posterior.support == "real" and name != "semi_supervised_vae"
    )
    for answer in answers.values():
        assert answer.measures or answer.notes
        assert all(sentence[-1] == "." for sentence in (*answer.verdict, *answer.notes)), answer
    json.dumps(as_json(answers), allow_nan=False)
    assert all(answer.question in as_text(answers) for answer in answers.values())


def test_the_figures_are_those_of_their_estimators(trained):
    answers = evaluate(trained, ["likelihood", "samples"])
    x = trained.seen.x
    bound = trained.model.log_likelihood(x, samples=3)
    measure = answers["likelihood"].measures["log_likelihood"]
    assert measure.value == pytest.approx(bound.mean(), rel=1e-5)
    assert measure.error == pytest.approx(bound.std() / np.sqrt(48), rel=1e-4)
    bits = answers["likelihood"].measures["bits_per_dimension"].value
    assert bits == pytest.approx(-measure.value / 64 / np.log(2), rel=1e-6)
    error = np.mean((x / 255 - trained.model.reconstruct(x)) ** 2)
    assert answers["samples"].measures["reconstruction_mse"].value == pytest.approx(error, rel=1e-4)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_answers(trained):
    asked = ["information", "completeness"]
    one, two = (as_json(evaluate(replace(trained, seed=seed), asked)) for seed in (3, 3))
    assert one == two
    assert as_json(evaluate(replace(trained, seed=4), asked)) != one


def collapsed(subject):
    """The model with an encoder that says nothing."""
    kernel, bias = subject.model.posterior.weights
    kernel.assign(np.zeros_like(kernel))
    bias.assign(np.zeros_like(bias))


def sharpened(subject):
    """The model with an encoder almost without noise."""
    _, bias = subject.model.posterior.weights
    values = bias.numpy()
    values[4:] = -8
    bias.assign(values)


@pytest.mark.parametrize(
    ("change", "words"), [(collapsed, "has collapsed"), (sharpened, "like that of a plain autoenc")]
)
def test_it_says_in_words_what_went_wrong(trained, change, words):
    before = [weight.numpy() for weight in trained.model.posterior.weights]
    assert words not in " ".join(evaluate(trained, ["information"])["information"].verdict)
    changed = replace(trained)
    change(changed)
    try:
        assert words in " ".join(evaluate(changed, ["information"])["information"].verdict)
    finally:
        for weight, value in zip(trained.model.posterior.weights, before, strict=True):
            weight.assign(value)


def test_codes_that_do_not_fill_the_prior_are_told(trained):
    _, bias = trained.model.posterior.weights
    before = bias.numpy()
    bias.assign(before + np.array([9.0] * 4 + [0.0] * 4))
    try:
        answer = evaluate(replace(trained), ["completeness"])["completeness"]
    finally:
        bias.assign(before)
    assert answer.measures["holes"].value > 0.9
    assert "do not fill the prior" in answer.verdict[0]


def test_factors_are_scored_where_they_are_known():
    data = kv.data.load("sprites", limit=200)
    model = kv.zoo.vae(data.event_shape, 3, network="mlp", units=(8,), seed=0)
    model.compile(jit_compile=False)
    test = data.test
    subject = Subject(model, test, data.train, "sprites", factor_names=data.factor_names, budget=TINY)
    few = replace(
        subject, test=Split(test.x, test.y, np.stack([test.factors[:, 0]] * 2, axis=1)), factor_names=("a", "b")
    )
    answer = evaluate(few, ["disentanglement"])["disentanglement"]
    assert {"mig", "dci_disentanglement", "beta_vae", "irs"} <= set(answer.measures)
    assert len(answer.pictures) == 1 and "The factors are" in answer.verdict[0]


@pytest.mark.slow
def test_lines_are_walked():
    data = kv.data.load("lines", limit=60)
    model = kv.zoo.vae(data.event_shape, 2, network="mlp", units=(8,), likelihood="normal", seed=0)
    model.compile(jit_compile=False)
    found = evaluate(Subject(model, data.test, data.train, "lines", budget=TINY), ["continuity"])["continuity"]
    assert 0 <= found.measures["lines_mean_distance"].value <= 1
    assert "lines_smoothness" in found.measures


def test_unknown_questions_features_and_too_few_examples_are_refused(trained, refused):
    with refused("did you mean 'samples'"):
        evaluate(trained, ["sample"])
    with refused("did you mean 'pca'"):
        replace(trained, features="pac")
    with refused("expected 10 or more examples"):
        evaluate(replace(trained, test=trained.test[:9]))


def test_features_that_cannot_be_had_are_told_and_the_rest_is_answered(trained):
    without_labels = replace(trained, train=Split(trained.train.x), features="classifier")
    answer = evaluate(without_labels, ["samples"])["samples"]
    assert "reconstruction_mse" in answer.measures and "frechet_distance" not in answer.measures
    assert any("Left out, distances of samples: features 'classifier'" in note for note in answer.notes)


def test_the_page_shows_all_answers(trained):
    answers = evaluate(trained, ["information", "completeness"])
    page = evaluation_page("VAE", answers, verdict=["Fine."], configuration={}, environment={})
    assert page.count("data:image/png;base64") == sum(len(answer.pictures) for answer in answers.values())
    assert "mutual information" in page


# Side by side


def answers_of(**values):
    return {"samples": Answer("?", {name: Measure(value, "u") for name, value in values.items()})}


def test_the_best_of_a_row_is_marked_in_its_own_direction():
    both = compare_answers({"a": answers_of(precision=0.5, holes=0.5), "b": answers_of(precision=0.9, holes=0.9)})
    assert both.best("precision") == ("b",) and both.best("holes") == ("a",)
    rows = both.as_text().splitlines()
    assert rows[-2].split() == ["precision", "0.5", "0.9*"] and rows[-1].split() == ["holes", "0.5*", "0.9"]
    assert both.as_csv().splitlines()[1] == "samples,precision,u,0.5,,0.9,"


def test_figures_that_a_model_lacks_are_dashes_and_neutral_ones_are_not_marked():
    both = compare_answers({"a": answers_of(mmd=1.0, active_units=3), "b": answers_of(active_units=5)})
    assert both.best("active_units") == () and both.best("mmd") == ()
    assert both.as_text().splitlines()[-2].split() == ["mmd", "1", DASH]
    assert both.rate_distortion() is None
    both.figure()


def test_rate_and_distortion_are_drawn_where_all_have_them():
    values = {"a": answers_of(kl_bits=3.0, nll=90.0), "b": answers_of(kl_bits=9.0, nll=60.0)}
    assert compare_answers(values).rate_distortion() is not None


def test_fewer_than_two_models_are_refused(refused):
    with refused("expected two or more models, got a"):
        compare_answers({"a": answers_of(mmd=1.0)})
    with refused("none of the models has a figure"):
        compare_answers({"a": answers_of(), "b": answers_of()})
