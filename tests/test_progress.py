"""Long work prints lines where there is no terminal."""

import time

from keras_vae.progress import progress, step


def test_lines_say_how_much_is_left(monkeypatch, capsys):
    now = iter(range(0, 1000, 20))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
    assert list(progress("abcde", 5, "Reading")) == list("abcde")
    assert capsys.readouterr().err.splitlines() == [
        "Reading: 1 of 5, 3 min left", "Reading: 3 of 5, 53 s left", "Reading: done in 2 min",
    ]  # fmt: skip
    assert list(progress("abcde", 5, "Reading", verbose=0)) == list("abcde")
    assert capsys.readouterr().err == ""


def test_a_long_step_is_named_and_a_short_one_is_not(capsys):
    with step("Loading", after=0.01):
        time.sleep(0.2)
    with step("Looking", after=60):
        pass
    assert capsys.readouterr().err == "Loading ...\n"
