"""The estimate of the time left counts steps and validation, and no compilation."""

import pytest

from keras_vae.durations import as_duration, seconds_of
from keras_vae.training.show_progress import ShowProgress


@pytest.fixture
def timed(capsys):
    """Runs epochs with a clock: seconds of the compilation, of a step and of a validation -> the printed lines."""

    def timed(epochs, steps, *, compilation, step, validation, **options):
        now = [0.0]
        shown = ShowProgress(epochs, steps, clock=lambda: now[0], **options)
        shown.on_train_begin()
        for epoch in range(epochs):
            shown.on_epoch_begin(epoch)
            for batch in range(steps):
                now[0] += compilation if epoch == batch == 0 else step
                shown.on_train_batch_end(batch, {"elbo": -93.125})
            now[0] += validation
        return capsys.readouterr().out.splitlines()

    return timed


def test_steps_and_validations_are_counted_and_the_compilation_is_not(timed):
    lines = timed(3, 100, compilation=500, step=1, validation=120, validation_batches=60)
    assert lines[0] == "epoch 1/3, step 3/100, elbo -93.12, 8 min left"  # 297 + 3 x 60 s
    assert "epoch 2/3, 5 min left" in lines  # 2 x (100 + 60) s
    assert "epoch 3/3, 4 min left" in lines  # 100 + 120 s, as measured
    assert lines[-1].startswith("epoch 3/3, step ") and len(lines) == 12


def test_a_bar_gets_one_line_at_the_start_and_one_between_epochs(timed):
    lines = timed(3, 100, compilation=500, step=1, validation=60, bar=True, at_most=True)
    assert [line.strip() for line in lines if line.strip()] == [
        "epoch 1/3, step 3/100, elbo -93.12, at most 5 min left",
        "epoch 2/3, at most 3 min left",
        "epoch 3/3, at most 3 min left",
    ]


def test_a_short_training_prints_nothing(timed):
    assert timed(2, 10, compilation=5, step=0.05, validation=0.1) == []


@pytest.mark.parametrize(
    ("text", "seconds"), [("2h", 7200), ("90m", 5400), ("1h 30min", 5400), ("45s", 45), ("1.5", 1.5), (3, 3)]
)
def test_durations_are_read(text, seconds):
    assert seconds_of("max_time", text) == seconds


def test_durations_are_short():
    assert [as_duration(seconds) for seconds in (89, 90, 3580, 3600)] == ["89 s", "2 min", "1 h 0 min", "1 h 0 min"]
