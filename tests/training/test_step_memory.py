import numpy as np
import pytest

import keras_vae as kv
from keras_vae.training import TrainingConfig, train
from keras_vae.training.step_memory import check_step_fits, memory_of_step
from tests import recipes


@pytest.fixture(scope="module")
def model():
    model = kv.zoo.vae((64, 64, 3), 8, network="conv", filters=(16, 32), units=8, likelihood="normal", seed=0)
    model.compile("adam")
    return model


def test_the_memory_of_a_step_is_that_of_its_activations_and_of_a_few_copies_of_the_examples(model):
    maps = 4 * (2 * 32 * 32 * 16 + 16 * 16 * 32 + 64 * 64 * 16)  # of the encoder and the decoder, in bytes
    examples = 4 * 64 * 64 * 3
    for batch in (8, 32):
        assert maps + 2 * examples < memory_of_step(model, batch) / batch < 5 * (maps + examples)
    assert memory_of_step(model, 64) == pytest.approx(2 * memory_of_step(model, 32), rel=0.1)


@pytest.mark.parametrize("name", ["conditional_vae", "vae_gan", "vq_vae"])
def test_it_is_known_for_every_kind_of_model(name):
    model = recipes.create(name)
    model.compile("adam")
    assert memory_of_step(model, 4) > 0


def test_a_step_that_does_not_fit_is_refused(model, refused, monkeypatch, tmp_path):
    memory = type("Memory", (), {"available": 3 * memory_of_step(model, 16)})
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    check_step_fits(model, 16)
    message = (
        r"batch_size: expected a training step that fits in \S+ ([KM]iB) .* got 64 examples of shape \(64, 64, 3\)"
    )
    with refused(message):
        check_step_fits(model, 64)
    np.save(tmp_path / "x.npy", np.zeros((80, 64, 64, 3), "uint8"))
    config = TrainingConfig(data=str(tmp_path / "x.npy"), batch_size=64, network="conv", likelihood="normal", epochs=1)
    with refused(message):
        train(config, tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()
