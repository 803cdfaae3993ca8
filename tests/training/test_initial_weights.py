"""A run that starts with the weights of another model, and trains some parts only."""

import re

import numpy as np
import pytest

import keras_vae as kv
from keras_vae.training import Run, load_matching, train
from keras_vae.training import checkpoint as checkpoints
from keras_vae.training.initial_weights import named_weights
from keras_vae.tuning import tune


@pytest.fixture
def source(finished_run):
    return Run(finished_run)


@pytest.fixture
def run_of(tiny, tmp_path):
    def run_of(name="run", resume=False, verbose=0, **changes):
        return train(tiny(**changes), tmp_path / name, resume=resume, report=False, verbose=verbose)

    return run_of


def values(model, part):
    return {name: weight.numpy() for name, weight in named_weights(model).items() if name.startswith(part)}


@pytest.mark.slow
def test_a_run_goes_on_from_the_weights_of_another(run_of, source, capsys):
    same = {"learning_rate": 1e-12, "decay": "none", "epochs": 1, "model": "beta_vae"}
    run = run_of(init_from=str(source.path), verbose=2, **same)
    assert re.search(rf"Starting with (\d+) of \1 weights from {source.path}\n", capsys.readouterr().out)
    before = source.read_history()["val_elbo"][-1]
    assert run.read_history()["val_elbo"][0] == pytest.approx(before, abs=1.0)
    assert run_of("new", **same).read_history()["val_elbo"][0] < before - 5
    assert int(run.model().step) == int(run.model().optimizer.iterations) == 4  # one epoch, not three
    assert run.read_json("environment.json")["init_from"]


@pytest.mark.slow
def test_what_is_frozen_keeps_its_weights_and_is_saved_so(run_of, source, tmp_path):
    run = run_of(init_from=str(source.path), freeze=["encoder", "posterior/projection"])
    before, after = source.model(), run.model()
    for part in ("encoder", "posterior"):
        for name, value in values(after, part).items():
            np.testing.assert_array_equal(value, values(before, part)[name])
    assert not after.encoder.trainable and not after.posterior.trainable_variables
    assert any((value != values(before, "decoder")[name]).any() for name, value in values(after, "decoder").items())


@pytest.mark.slow
def test_a_resumed_run_does_not_start_again(run_of, source, monkeypatch, tmp_path, refused):
    copy = tmp_path / "source.keras"
    source.model().save(copy)
    same = {"init_from": str(copy), "freeze": ["encoder"], "epochs": 2}
    whole = run_of("whole", **same)
    save = checkpoints.save_checkpoint

    def save_and_stop(*arguments):
        save(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checkpoints, "save_checkpoint", save_and_stop)
        run_of(**same)
    copy.unlink()
    run = run_of(resume=True, **same)
    assert run.read_history() == whole.read_history()
    with refused("started with another configuration .freeze: .'encoder'. -> None"):
        run_of(resume=True, **{**same, "freeze": None})


@pytest.mark.slow
def test_a_source_that_changed_before_the_first_checkpoint_is_refused(run_of, source, tmp_path, refused):
    copy = tmp_path / "source.keras"
    source.model().save(copy)
    run = run_of(init_from=str(copy))
    run["model.keras"].unlink()
    kv.zoo.vae((8, 8, 1), 2, units=(16,)).save(copy)
    with refused("it was started with other weights than"):
        run_of(resume=True, init_from=str(copy))


@pytest.mark.slow
def test_other_sizes_take_what_fits(tmp_path):
    path = tmp_path / "model.keras"
    one = kv.zoo.vae((8, 8, 1), 2, network="conv", filters=(4,))
    one.save(path)
    other = kv.zoo.vae((16, 16, 1), 2, network="conv", filters=(4,), likelihood="normal")
    taken = load_matching(other, path)
    assert "encoder/conv2d/kernel" in taken.taken
    np.testing.assert_array_equal(
        named_weights(other)["encoder/conv2d/kernel"], named_weights(one)["encoder/conv2d/kernel"]
    )
    assert taken.left["encoder/dense/kernel"] == "shape (64, 256) there, (256, 256) here"
    assert taken.left["likelihood/projection/kernel"] == "its likelihood is Bernoulli"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"freeze": ["encodr"]}, "Unknown part or layer to freeze 'encodr': did you mean 'encoder'"),
        ({"freeze": ["encoder", "decoder", "posterior", "likelihood"]}, "leaves nothing to train"),
        ({"init_from": "nowhere"}, "nowhere: no run there"),
        ({"init_from": "nowhere.keras"}, "nowhere.keras: no such file"),
    ],
)
def test_what_cannot_be_is_refused(run_of, refused, tmp_path, changes, message):
    with refused(message):
        run_of(**changes)
    assert not any(tmp_path.iterdir())


def test_a_search_starts_with_new_weights(tiny, tmp_path, refused):
    with refused("init_from: a search starts each trial with new weights"):
        tune(tiny(init_from="runs/digits"), tmp_path / "search")


def test_a_model_without_a_common_weight_is_refused(tmp_path, refused):
    kv.zoo.vae((6,), 3, units=(5,), likelihood="normal").save(tmp_path / "model.keras")
    with refused("expected a model with some weights of the same name and shape, got none"):
        load_matching(kv.zoo.vae((8, 8, 1), 2, units=(4,)), tmp_path / "model.keras")
