"""Adds the presets to a package that is built; setup.cfg contains everything else."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithPresets(build_py):
    """Copies `saved_models/presets` into the package. An editable install reads them from the repository."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            presets = Path(self.build_lib) / "keras_vae" / "presets" / "saved"
            shutil.copytree(Path("saved_models") / "presets", presets, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithPresets})
