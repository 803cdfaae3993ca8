"""What the options of the optimizer do to a run."""

from importlib import import_module

import numpy as np
import pytest

from keras_vae.cli.sources import model_of
from keras_vae.training import Run, epochs, load_data, train
from keras_vae.training import checkpoint as checkpoints
from keras_vae.tuning import tune


@pytest.fixture
def run_of(tiny, tmp_path_factory):
    """Trains a tiny run with changes of its configuration."""

    def run_of(out=None, resume=False, checkpoint_every=None, **changes):
        options = {"units": [16], **changes.pop("options", {})}
        out = out or tmp_path_factory.mktemp("run") / "run"
        config = tiny(options=options, **changes)
        return train(config, out, resume=resume, checkpoint_every=checkpoint_every, report=False, verbose=0)

    return run_of


def validation(run, metric="elbo"):
    split = load_data(run.config()).validation
    return run.model().evaluate(split.x, batch_size=256, return_dict=True, verbose=0)[metric]


def weights_of(run):
    return [variable.numpy() for variable in run.model().trainable_variables]


@pytest.mark.slow
def test_accumulation_equals_the_larger_batch(run_of):
    same = {"model": "ae", "decay": "none", "learning_rate": 1e-2}  # schedules count batches
    large = run_of(batch_size=64, **same)
    small = run_of(batch_size=16, options={"optimizer": {"gradient_accumulation_steps": 4}}, **same)
    for expected, obtained in zip(weights_of(large), weights_of(small), strict=True):
        np.testing.assert_allclose(obtained, expected, atol=1e-5)


@pytest.mark.slow
def test_averages_are_better_late(run_of):
    """At a constant and large rate the weights go round an optimum, and their averages are nearer to it."""
    same = {"learning_rate": 0.1, "decay": "none", "epochs": 12, "batch_size": 8}
    plain = run_of(**same)
    averages = run_of(options={"optimizer": {"use_ema": True, "ema_momentum": 0.9}}, **same)
    last = [np.mean(run.read_history()["val_elbo"][-4:]) for run in (averages, plain)]
    assert last[0] > last[1] + 0.3
    history = averages.read_history()
    assert history["loss"] == plain.read_history()["loss"], "averages do not change the training"
    assert history["val_elbo"][-1] == pytest.approx(validation(averages), rel=1e-5), "it is they that are evaluated"


@pytest.mark.slow
def test_early_stopping_keeps_the_best_epoch_and_more_epochs_continue_from_it(run_of, capsys, refused):
    same = {"learning_rate": 0.1, "batch_size": 8, "limit": 40, "early_stopping": 3}
    run = run_of(epochs=5, **same)
    best = int(np.argmax(run.read_history()["val_elbo"])) + 1
    run = run_of(out=run.path, resume=True, epochs=200, **same)
    assert f"Note: continuing from epoch {best}," in capsys.readouterr().err
    values = run.read_history()["val_elbo"]
    best = int(np.argmax(values))
    assert len(values) == best + 4 < 200
    assert validation(run) == pytest.approx(values[best], rel=1e-5)
    assert run.is_finished and not run["best.keras"].exists() and not run["checkpoint.keras"].exists()
    again = run_of(out=run.path, resume=True, epochs=200, **same)
    assert again.read_history()["val_elbo"] == values
    np.testing.assert_array_equal(weights_of(again)[0], weights_of(run)[0])
    with refused("early stopping has ended this run after"):
        run_of(out=run.path, resume=True, epochs=250, **same)
    with refused("early_stopping: a search trains each trial for all its epochs"):
        tune(run.config(), run.path / "search")


class StopError(Exception):
    """As if the process was killed."""


def stop(*_):
    raise StopError


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {
            "options": {
                "optimizer": {"use_ema": True, "ema_momentum": 0.9, "gradient_accumulation_steps": 2},
                "corruption": {"amount": 0.1},
            },
            "augment": ["flip", "rotate"],
        },
        {"options": {"optimizer": {"weight_decay": 0.01}}, "optimizer": "schedule_free", "early_stopping": 3},
    ],
    ids=["averages and augmentation", "schedule-free with early stopping"],
)
def test_stopped_anywhere_it_ends_as_if_it_had_not_been(run_of, monkeypatch, tmp_path, capsys, changes):
    monkeypatch.setattr(epochs, "MOST_STEPS_PER_EXECUTION", 1)  # so that it can stop after each
    same = {"epochs": 3, "limit": 35, "batch_size": 5, "learning_rate": 0.02, "learning_rate_warmup": 1, **changes}
    whole = run_of(**same)
    out, save = tmp_path / "run", checkpoints.save_checkpoint
    for steps in (9, 21):  # within an epoch, and at the end of the last
        saved = []

        def save_and_stop(run, model, step, steps=steps, saved=saved):
            save(run, model, step)
            saved.append(step)
            if step >= steps:
                raise StopError

        with monkeypatch.context() as patch:
            patch.setattr(checkpoints, "save_checkpoint", save_and_stop)
            with pytest.raises(StopError):
                run_of(out=out, resume=True, checkpoint_every=1, **same)
        assert saved[-1] == steps
        assert not Run(out).is_finished
    assert model_of(out).latent_shape == (2,)
    note = capsys.readouterr().err
    assert "has not ended (epoch 3 of 3)" in note and "--resume" in note
    with monkeypatch.context() as patch:
        patch.setattr(
            import_module("keras_vae.training.train"), "remove_checkpoints", stop
        )  # the model is there, and the checkpoints are
        with pytest.raises(StopError):
            run_of(out=out, resume=True, **same)
    run = run_of(out=out, resume=True, **same)
    assert run.is_finished and run.read_history() == whole.read_history()
    for expected, obtained in zip(weights_of(whole), weights_of(run), strict=True):
        np.testing.assert_array_equal(obtained, expected)


@pytest.mark.slow
def test_more_epochs_continue_from_the_averages_and_say_so(run_of, capsys):
    averages = {"decay": "none", "options": {"optimizer": {"use_ema": True, "ema_momentum": 0.9}}}
    run = run_of(epochs=1, **averages)
    run_of(out=run.path, resume=True, epochs=2, **averages)
    assert "Note: continuing from the averages" in capsys.readouterr().err
    history = run.read_history()
    assert history["epoch"] == [1, 2] and history["val_elbo"][1] > history["val_elbo"][0]
