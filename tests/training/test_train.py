"""From a configuration to a run: complete, and the same each time."""

import base64
import json
import re
from html import escape

import numpy as np
import pytest
from PIL import Image

from keras_vae.evaluation import QUESTIONS
from keras_vae.plots.comparison import format_value
from keras_vae.training import Run, TrainingConfig, train
from keras_vae.training.loggers import LOGGERS

PICTURES = {
    "history", "interpolation", "kl_per_dimension", "latent_images", "latent_map", "overlap", "path_lengths",
    "reconstructions", "samples", "traversals",
}  # fmt: skip


@pytest.fixture
def tiny_run(tiny, tmp_path_factory):
    return lambda resume=False, out=None, log=(), report=True, **changes: train(
        tiny(**changes),
        out or tmp_path_factory.mktemp("run") / "run",
        resume=resume,
        log=log,
        report=report,
        verbose=0,
    )


def test_a_run_leaves_everything_behind_and_no_more(finished_run):
    left = {path.name for path in finished_run.iterdir()}
    assert left == {
        "config.json", "data.json", "environment.json", "history.csv", "model.keras", "evaluation.json",
        "evaluation.html", "pictures",
    }  # fmt: skip
    run = Run.open(finished_run)
    assert run.config().options == {"units": [16]}
    assert run.read_history()["epoch"] == [1, 2]
    assert run.model().latent_shape == (2,)
    assert int(run.model().optimizer.iterations) == 2 * (128 // 32)


def test_the_metrics_say_what_a_vae_is_judged_by(finished_run):
    evaluation = Run(finished_run).read_json("evaluation.json")
    assert list(evaluation["answers"]) == [*QUESTIONS, "training"]
    assert evaluation["settings"]["quick"] and evaluation["settings"]["samples"] == 5
    metrics = evaluation["answers"]["likelihood"]
    assert metrics["elbo"] == pytest.approx(-metrics["nll"] - metrics["kl"], rel=1e-5)
    assert metrics["loss"] == pytest.approx(-metrics["elbo"], rel=1e-5)
    assert metrics["log_likelihood_samples"] == 5
    assert metrics["examples"] == 128


def test_every_picture_can_be_decoded(finished_run):
    pictures = {path.stem: path for path in (finished_run / "pictures").iterdir()}
    assert set(pictures) == PICTURES
    for path in pictures.values():
        with Image.open(path) as image:
            image.load()
            assert image.format == "PNG" and min(image.size) > 50
            assert np.asarray(image.convert("L")).std() > 1, f"{path.name} is empty"


def test_the_report_stands_alone(finished_run):
    html = (finished_run / "evaluation.html").read_text()
    sources = re.findall(r"\b(?:src|href)\s*=\s*[\"']([^#\"'][^\"']*)", html)
    assert len(sources) == len(PICTURES)
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not re.search(r"https?://|@import|url\(|<link|<script", html)
    answers = Run(finished_run).read_json("evaluation.json")["answers"]
    assert format_value(answers["likelihood"]["elbo"]) in html
    for answer in answers.values():
        for sentence in answer["verdict"]:
            assert html.count(f"<p>{escape(sentence)}</p>") == 2, "at the top and in its section"


@pytest.mark.slow
def test_the_configuration_of_a_run_repeats_it_exactly_in_another_process(finished_run, tiny_run, assert_same_weights):
    config = TrainingConfig.read(finished_run / "config.json")
    again = tiny_run(**config.as_dict())
    first = Run(finished_run)
    assert again.config() == config
    assert again.read_history() == first.read_history()
    one, other = (run.read_json("evaluation.json")["answers"] for run in (again, first))
    assert one == {name: other[name] for name in one}
    assert_same_weights(again, first)


@pytest.mark.slow
def test_one_seed_gives_one_result_and_another_seed_another(tiny_run, assert_same_weights):
    one, same, other = (tiny_run(seed=seed, report=False) for seed in (3, 3, 4))
    assert one.read_history() == same.read_history()
    assert_same_weights(one, same)
    assert one.read_history()["loss"] != other.read_history()["loss"]
    with pytest.raises(AssertionError, match="Not equal"):
        assert_same_weights(one, other)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"jit_compile": True, "decay": "none"},
        {
            "model": "beta_vae", "options": {"units": [16], "beta": 4.0}, "warmup_epochs": 3, "binarize": "dynamic",
            "optimizer": "schedule_free",
        },
    ],
    ids=["XLA", "schedule-free, warm-up and binarisation"],
)  # fmt: skip
def test_a_finished_run_with_more_epochs_equals_a_longer_one(tiny_run, assert_same_weights, capsys, changes):
    run = tiny_run(report=False, epochs=1, **changes)
    run = tiny_run(report=False, epochs=2, resume=True, out=run.path, **changes)
    assert capsys.readouterr().err == "", "nothing is different"
    whole = tiny_run(report=False, epochs=2, **changes)
    assert run.config() == whole.config()
    assert_same_weights(run, whole, atol=1e-6)
    history, expected = run.read_history(), whole.read_history()
    assert list(history) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-6, err_msg=name)


@pytest.mark.slow
def test_resuming_a_finished_run_changes_nothing_but_its_report(tiny_run, assert_same_weights):
    run = tiny_run()
    model, history, evaluation = run.model(), run.read_history(), run.read_json("evaluation.json")
    again = tiny_run(resume=True, out=run.path)
    assert_same_weights(again.model(), model)
    assert (again.read_history(), again.read_json("evaluation.json")) == (history, evaluation)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"latent_dim": 3}, "latent_dim: 2 -> 3"),
        ({"seed": 7}, "seed: 0 -> 7"),
        ({"epochs": 1}, "epochs: 2 -> 1"),
        ({"options": {"units": [17]}}, r"options: \{'units': \[16\]\} -> \{'units': \[17\]\}"),
        ({"binarize": "dynamic", "batch_size": 5}, "batch_size: None -> 5, binarize: None -> 'dynamic'"),
    ],
)
def test_a_run_goes_on_only_with_its_own_configuration(finished_run, tiny, refused, changes, message):
    before = (finished_run / "config.json").read_bytes()
    config = Run(finished_run).config()
    with refused(f"started with another configuration .*{message}"):
        train(config.replace(**changes), finished_run, resume=True, verbose=0)
    assert (finished_run / "config.json").read_bytes() == before


@pytest.mark.slow
def test_further_epochs_follow_the_decay_of_the_new_number_of_epochs(tiny_run, capsys):
    run = tiny_run(decay="linear", epochs=1, report=False)
    assert float(run.model().optimizer.learning_rate) == pytest.approx(0, abs=1e-9)
    run = tiny_run(decay="linear", epochs=2, out=run.path, resume=True, report=False)
    assert "Note: from here on, the linear decay of the learning rate is that of 2 epochs" in capsys.readouterr().err
    assert run.read_history()["epoch"] == [1, 2] and run.config().epochs == 2
    schedule = run.model().optimizer._learning_rate
    assert float(schedule(4)) == pytest.approx(5e-4) and float(schedule(8)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("examples", "epochs"), [(1437, 60), (10_000, 60), (24_000, 25), (54_000, 11), (10**7, 10)])
def test_the_default_number_of_epochs_falls_with_the_number_of_examples(examples, epochs):
    assert TrainingConfig().epochs_for(examples) == epochs
    assert TrainingConfig(epochs=3).epochs_for(examples) == 3


@pytest.mark.slow
def test_a_run_keeps_its_number_of_epochs(tiny_run, monkeypatch):
    monkeypatch.setattr("keras_vae.training.config.MOST_EPOCHS", 2)
    run = tiny_run(epochs=None, report=False)
    assert run.config().epochs == 2 and run.read_history()["epoch"] == [1, 2]
    monkeypatch.setattr("keras_vae.training.config.MOST_EPOCHS", 3)
    assert tiny_run(epochs=None, report=False, out=run.path, resume=True).read_history()["epoch"] == [1, 2]


@pytest.mark.slow
def test_a_dynamically_binarised_run_is_judged_on_fixed_black_and_white(tiny_run):
    run = tiny_run(binarize="dynamic", likelihood_samples=5)
    assert type(run.model().likelihood).__name__ == "Bernoulli"
    metrics = run.read_json("evaluation.json")["answers"]["likelihood"]
    assert metrics["log_likelihood"] < 0, "log-probabilities of discrete events"
    from keras_vae.training import evaluation_split, load_data

    split = evaluation_split(load_data(run.config()).test, run.config())
    assert set(np.unique(split.x)) == {0, 255}
    figures = run.model().evaluate(split.x, batch_size=256, return_dict=True, verbose=0)
    assert figures["elbo"] == pytest.approx(metrics["elbo"])


@pytest.mark.slow
def test_grey_digits_get_a_normal_likelihood_and_black_and_white_ones_a_bernoulli(tiny_run):
    assert type(tiny_run(epochs=1, report=False).model().likelihood).__name__ == "Normal"
    assert type(tiny_run(epochs=1, report=False, binarize="threshold").model().likelihood).__name__ == "Bernoulli"


@pytest.mark.slow
def test_the_kl_of_a_beta_vae_is_warmed_up(tiny_run):
    history = tiny_run(
        model="beta_vae", options={"units": [16], "beta": 50.0}, warmup_epochs=2, epochs=3, report=False
    ).read_history()
    excess = np.subtract(history["loss"], history["nll"]) / history["kl"]
    # 4 steps an epoch: the weight rises by 1/8 of 50 a step, and its mean over the first epoch is 3/16 of 50
    assert 0 < excess[0] < excess[1] < excess[2]
    assert excess[0] == pytest.approx(50 * 3 / 16, rel=0.2)
    assert excess[2] == pytest.approx(50, rel=1e-4)


@pytest.mark.slow
def test_an_autoencoder_without_a_prior_is_neither_given_an_elbo_nor_sampled(tmp_path):
    config = TrainingConfig(model="ae", latent_dim=2, epochs=1, limit=64, options={"units": [16]}, jit_compile=False)
    run = train(config, tmp_path / "run", verbose=0)
    answers = run.read_json("evaluation.json")["answers"]
    assert "nll" in answers["likelihood"] and not {"elbo", "log_likelihood"} & set(answers["likelihood"])
    of_a_prior = {"samples", "traversals", "kl_per_dimension", "overlap"}
    assert {path.stem for path in run["pictures"].iterdir()} == PICTURES - of_a_prior
    assert "elbo" not in run.read_history()


@pytest.mark.slow
def test_logs_for_tensorboard_are_written_when_asked_for(tiny_run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert not tiny_run(epochs=1, report=False)["logs"].exists()
    logs = tiny_run(log=["tensorboard"], report=False)["logs"]
    events = EventAccumulator(str(logs / "train"))
    events.Reload()
    assert "epoch_loss" in events.Tags()["tensors"]
    assert [event.step for event in events.Tensors("epoch_loss")] == [0, 1]
    pictures = EventAccumulator(str(logs / "validation"))
    pictures.Reload()
    for name in ("reconstructions", "samples"):
        assert [event.step for event in pictures.Tensors(name)] == [0, 1]
    assert np.loadtxt(logs / "latents.tsv", delimiter="\t").shape == (128, 2)
    labels = (logs / "labels.tsv").read_text().split()
    assert len(labels) == 128 and set(labels) == set("0123456789")
    assert 'metadata_path: "labels.tsv"' in (logs / "projector_config.pbtxt").read_text()


def test_a_logger_that_is_unknown_or_missing_is_refused_in_one_line(tiny_run, tmp_path, monkeypatch, refused):
    with refused("Unknown logger 'tensorbord': did you mean 'tensorboard'"):
        tiny_run(log=["tensorbord"], out=tmp_path / "run")
    monkeypatch.setitem(LOGGERS, "wandb", "no_such_package.keras")
    with refused(
        r"no_such_package: expected this package, but it is not installed; run: pip install 'keras_vae\[wandb\]'"
    ):
        tiny_run(log=["wandb"], out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kind", ["validation", "test"])
def test_unusable_data_are_refused_before_the_folder_is_made(tmp_path, tiny, refused, kind):
    x = np.random.default_rng(0).random((40, 5), "float32")
    bad = x[:4] * 3
    np.savez(tmp_path / "data.npz", x_train=x, **{f"x_{kind}": bad})
    with refused(f"{kind} split: .*|Bernoulli likelihood: expected values in"):
        train(tiny(data=str(tmp_path / "data.npz"), likelihood="bernoulli"), tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"binarize": "dynamci"},
        {"model": "vea"},
        {"likelihood": "bernouli"},
        {"network": "cnov"},
        {"data": "nowhere.npy"},
        {"dtype_policy": "float33"},
        {"options": {"units": [0]}},
        {"options": {"units": [16], "activation": "rleu"}},
        {"options": {"units": ["many"]}},
        {"options": {"units": [16], "seed": 3}},
        {"options": {"units": [16], "likelihood": "normal"}},
        {"options": {"units": [16], "free_bits": -1}},
        {"model": "beta_vae", "options": {"beta": "four"}},
        {"model": "ae", "warmup_epochs": 3},
        {"network": "conv", "options": {"filters": [0]}},
        {"network": "conv", "options": {"kernel_size": -1}},
        {"jit_compile": "perhaps"},
        {"validation": 0.0},
        {"test": 2.5},
        {"limit": 0},
        {"image_size": 16},
    ],
    ids=lambda changes: json.dumps(changes),
)
def test_a_configuration_that_cannot_be_used_is_refused_before_the_folder_is_made(tmp_path, tiny, refused, changes):
    with refused():
        train(tiny(**changes), tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_the_largest_seed_is_a_seed(tiny_run):
    assert np.isfinite(
        tiny_run(epochs=1, seed=2**31 - 1, binarize="dynamic", report=False).read_history()["loss"]
    ).all()


@pytest.mark.slow
@pytest.mark.parametrize("examples", [3, 15])
def test_a_handful_of_examples_is_enough_for_a_run_with_its_pictures(tmp_path, examples):
    np.save(tmp_path / "few.npy", np.random.default_rng(0).random((examples, 5), "float32"))
    config = TrainingConfig(
        data=str(tmp_path / "few.npy"), latent_dim=2, epochs=1, options={"units": [4]}, jit_compile=False,
        likelihood_samples=2,
    )  # fmt: skip
    run = train(config, tmp_path / "run", verbose=0)
    assert run["evaluation.html"].is_file()
    assert (run["pictures"] / "reconstructions.png").is_file()


@pytest.mark.slow
def test_the_defaults_for_images_above_64_pixels_answer_every_question(tmp_path):
    np.save(tmp_path / "images.npy", np.random.default_rng(0).integers(0, 256, (120, 66, 16, 3), "uint8"))
    run = train(TrainingConfig(data=str(tmp_path / "images.npy"), epochs=1), tmp_path / "run", verbose=0)
    answers = run.read_json("evaluation.json")["answers"]
    assert list(answers) == [*QUESTIONS, "training"] and answers["continuity"]["lipschitz_largest"] > 0


@pytest.mark.slow
def test_progress_is_a_line_an_epoch_where_there_is_no_terminal(tmp_path, tiny, capsys):
    train(tiny(), tmp_path / "run")
    out = capsys.readouterr().out
    assert "128 training" in out
    assert len(re.findall(r"^Epoch \d/2$", out, re.MULTILINE)) == 2
    assert "\x08" not in out and "\r" not in out


def test_the_stored_figure_equals_the_embedded_one(finished_run):
    html = (finished_run / "evaluation.html").read_text()
    for path in (finished_run / "pictures").iterdir():
        assert base64.b64encode(path.read_bytes()).decode("ascii") in html
