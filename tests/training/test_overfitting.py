import re

import numpy as np
import pytest

from keras_vae.training.overfitting import about_history

EPOCHS = np.arange(1, 61)
BETTER = -100 - 50 / EPOCHS
NOISE = np.random.default_rng(0).normal(size=60)


@pytest.mark.parametrize(
    ("train", "validation", "overfits"),
    [
        (BETTER, BETTER - 5, False),
        (BETTER, BETTER - 0.5 * EPOCHS, True),
        (BETTER, BETTER + 2 * NOISE, False),
        (BETTER - 0.5 * EPOCHS, BETTER - 0.5 * EPOCHS, False),  # a warm-up of the KL lowers both
        (BETTER, BETTER - 0.001 * EPOCHS, False),
    ],
)
def test_a_model_overfits_if_the_validation_curve_alone_falls(train, validation, overfits):
    for history in (
        {"elbo": train, "val_elbo": validation, "nll": -train, "val_nll": -BETTER},
        {"nll": -train, "val_nll": -validation},
    ):
        assert about_history(history).startswith("The model overfits" if overfits else "No overfitting")


def test_the_best_epoch_and_the_loss_are_given():
    curve = np.where(EPOCHS <= 30, -150.0 + EPOCHS, -120.0 - (EPOCHS - 30))
    said = about_history({"elbo": EPOCHS, "val_elbo": curve})
    epoch, lost = re.search(r"epoch (\d+) of 60, and is ([\d.]+) nats worse", said).groups()
    assert int(epoch) == pytest.approx(30, abs=1) and float(lost) == pytest.approx(26.5, abs=1.5)
    assert "epoch 30 of 60" in about_history({"elbo": EPOCHS, "val_elbo": curve}, keeps_best=True)


@pytest.mark.parametrize("history", [{}, {"loss": BETTER}, {"elbo": BETTER[:9], "val_elbo": BETTER[:9]}])
def test_without_a_validation_curve_nothing_is_said(history):
    assert about_history(history) is None
    broken = {"elbo": BETTER, "val_elbo": np.where(EPOCHS == 3, np.nan, BETTER)}
    assert about_history(broken) is None
