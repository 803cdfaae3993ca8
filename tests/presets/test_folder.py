"""The presets are found in a clone, which has them in `saved_models`, and in a package, which has a copy."""

import runpy
import shutil
from pathlib import Path

from keras_vae.presets import folder


def test_a_package_has_its_own_presets_and_a_clone_those_of_the_repository(tmp_path):
    here = tmp_path / "keras_vae" / "presets"
    here.mkdir(parents=True)
    shutil.copy(folder.__file__, here)
    saved_presets = runpy.run_path(str(here / Path(folder.__file__).name))["saved_presets"]
    assert saved_presets() == tmp_path / "saved_models" / "presets"
    (here / "saved").mkdir()
    assert saved_presets() == here / "saved"
    assert (folder.saved_presets() / "vae_digits" / "model.keras").is_file()
