"""What a command answers to input that it cannot use."""

import re


def assert_refused(result, message):
    """Exit code 2 and one line, which matches. Lines of progress may precede it on a slow machine."""
    code, _, err = result
    err = re.sub(r"(?m)^.* \d+ of \d+, .* left\n", "", err)
    assert code == 2, result
    assert len(err.splitlines()) == 1, err
    assert err.startswith("keras-vae: ")
    assert re.search(message, err), err
    assert "Traceback" not in err
