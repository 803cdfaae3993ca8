"""The examination of the installation, sound and broken."""

import json
import os
from importlib import metadata

import pytest

from keras_vae.cli.doctor import optional, report, requirements, steps
from keras_vae.cli.doctor.finding import Finding
from keras_vae.cli.doctor.machine import machine
from keras_vae.cli.doctor.probe import probe

FOR_DEVELOPERS = {"test", "docs", "dev"}


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a distribution for this process and those that it starts: name, version, code, requirement."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]))

    def install(name, version="1.0", code="", needs=None, module=None):
        (tmp_path / f"{module or name}.py").write_text(code)
        about = tmp_path / f"{name}-{version}.dist-info"
        about.mkdir()
        needed = f"Requires-Dist: {needs}\n" if needs else ""
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}")

    return install


def test_every_extra_for_users_is_an_optional_part():
    extras = set(metadata.metadata("keras_vae").get_all("Provides-Extra") or ())
    assert set(optional.PARTS) == extras - FOR_DEVELOPERS


def test_a_version_out_of_bounds_is_broken(installed, monkeypatch):
    installed("keras", "2.15")
    found = {each.name: each for each in requirements.versions()}
    assert found["keras"].state == "broken"
    assert found["keras"].text.startswith("expected <4,>=3.13, got 2.15; run: pip install 'keras<4,>=3.13'")
    assert found["numpy"] == Finding("Versions", "numpy", metadata.version("numpy"))


def test_conflicts_of_dependencies_are_found(installed):
    installed("first", needs="second")
    installed("second", needs="third >=2")
    installed("third", "1.5")
    assert requirements.conflicts(["first"]) == [
        "second 1.0 needs third: expected >=2, got 1.5; run: pip install 'third>=2'"
    ]


def test_a_package_without_metadata_does_not_stop_the_report(monkeypatch):
    monkeypatch.setattr(requirements, "PACKAGE", "keras_vae_from_the_path")
    states = {each.name: each.state for each in requirements.versions()}
    assert states == {"Python": "ok", "platform": "ok", "keras_vae_from_the_path": "ok", "dependencies": "note"}


def test_a_part_that_cannot_be_imported_is_a_note(installed, monkeypatch):
    installed("umap_learn", "0.6", "raise RuntimeError('numba is too old')", module="umap")
    monkeypatch.setattr(optional, "PARTS", {"umap": optional.PARTS["umap"]})
    (found,) = optional.optional_parts(with_imports=True)
    assert found.state == "note" and "cannot be imported (RuntimeError: numba is too old)" in found.text
    (found,) = optional.optional_parts(with_imports=False)
    assert found == Finding("Optional parts", "umap", "umap-learn 0.6; for UMAP maps in explore")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise ImportError('libcuda is damaged')", "ImportError: libcuda is damaged"),
        ("print('illegal instruction'); import os; os.abort()", "it ended the process (killed by signal 6"),
    ],
)
def test_a_broken_tensorflow_is_reported(installed, code, reason):
    installed("tensorflow", code=code)
    (found,) = probe(quick=True)
    assert (found.section, found.name, found.state) == ("Imports", "tensorflow", "broken")
    assert reason in found.text


def test_the_machine_is_described_without_a_home(monkeypatch):
    monkeypatch.setenv("HOME", "/dev/null/home")
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    found = {each.name: each.text for each in machine()}
    assert set(found) == {"CPU", "memory", "working folder", "TFDS_DATA_DIR"}
    assert found["TFDS_DATA_DIR"].startswith("/dev/null/home/tensorflow_datasets, as it is not set (")


def test_the_text_ends_with_what_is_broken(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    sound = [Finding("A", "one", "1.0"), Finding("B", "two", "word " * 12 + "pip install 'x[y]'", "note")]
    text = "\n".join(report.as_lines(sound))
    assert text.startswith("A\n  one                     1.0\n\nB\n  two                     note: word")
    assert text.endswith("\n\nAll that is needed works. Notes: 1.") and "pip install 'x[y]'" in text
    assert max(map(len, text.splitlines())) <= 60
    broken = [*sound, Finding("B", "three", "gone", "broken")]
    assert [*report.as_lines(broken)][-1] == "\nBroken: three. Notes: 1."


def test_the_exit_code_says_whether_something_is_broken(cli, monkeypatch):
    for state, expected in (("ok", 0), ("note", 0), ("broken", 1)):
        monkeypatch.setattr(report, "examine", lambda quick, state=state: iter([Finding("A", "one", "1.0", state)]))
        code, out, err = cli("doctor", "--json")
        assert (code, err) == (expected, "")
        assert json.loads(out)["A"] == {"one": "1.0"}
        assert cli("doctor")[0] == expected


def test_another_backend_is_refused(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    step = next(each for each in steps.steps(None) if each.name == "KERAS_BACKEND")
    with pytest.raises(RuntimeError, match="expected tensorflow, got jax by KERAS_BACKEND=jax"):
        step.run()


@pytest.mark.slow
def test_a_sound_installation_passes_all_steps(tmp_path):
    texts = {step.name: step.run() for step in steps.steps(tmp_path)}
    assert texts["XLA"] == "compiles on CPU:0"
    assert texts["save and load"] == "same reconstructions"
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]
