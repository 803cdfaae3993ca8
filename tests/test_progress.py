"""Long work prints lines where there is no terminal."""

import time

from keras_vae.progress import progress


def test_lines_say_how_much_is_left(monkeypatch, capsys):
    now = iter(range(0, 1000, 20))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
    assert list(progress("abcde", 5, "Reading")) == list("abcde")
    assert capsys.readouterr().err.splitlines() == ["Reading: 1 of 5, 3 min left", "Reading: 3 of 5, 53 s left"]
    assert list(progress("abcde", 5, "Reading", verbose=0)) == list("abcde")
    assert capsys.readouterr().err == ""
