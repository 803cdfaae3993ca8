"""Presets on the command line."""

import re

import numpy as np
import pytest

from keras_vae import from_preset
from tests.cli.refusals import assert_refused


def test_presets_are_listed_with_their_figures(cli):
    code, out, err = cli("presets")
    assert (code, err) == (0, "")
    assert "vae_digits: VAE of the 8x8 digits, 8 latents\n  data: 8x8 digits" in out
    assert re.search(
        r"^  test log-likelihood, bound with 5000 samples: \d+\.\d\d ± \d\.\d\d nats per image$", out, re.M
    )


def test_a_preset_takes_the_place_of_the_run(cli, tmp_path):
    code, _, err = cli("sample", "--preset", "vae_digits", "-n", 3, "--seed", 2, "--out", "x.npy")
    assert (code, err) == (0, "")
    np.testing.assert_allclose(np.load("x.npy"), from_preset("vae_digits").sample(3, seed=2), atol=1e-6)


@pytest.mark.slow
def test_reports_and_exports_have_its_name_and_are_not_beside_it(cli, tmp_path):
    options = ["--data", "digits", "--only", "samples", "--quick", "--report"]
    code, out, _ = cli("evaluate", "--preset", "vae_digits", *options)
    assert code == 0 and out.endswith("Report: vae_digits-evaluation.html\n")
    assert cli("export", "--preset", "vae_digits", "--signature", "decode")[0] == 0
    assert (tmp_path / "saved_models" / "vae_digits" / "1" / "saved_model.pb").exists()


def test_what_is_not_clear_is_refused(cli, tmp_path):
    out = ["--out", "x.npy"]
    assert_refused(cli("sample", *out), "RUN and --preset: expected one of the two; give one")
    assert_refused(cli("sample", "run", "--preset", "vae_digits", *out), "expected one of the two; drop one")
    assert_refused(cli("export", "run", "out", "--preset", "vae_digits"), "RUN and --preset: expected one")
    (tmp_path / "taken").write_text("")
    assert_refused(
        cli("export", "taken", "--preset", "vae_digits"), "taken: expected a folder for versions of the model"
    )
    assert_refused(cli("sample", "--preset", "vae_digit", *out), "did you mean 'vae_digits'")
    assert_refused(cli("traverse", "--preset", "vae_digits", "--example", 0, *out), "name it with --data")
