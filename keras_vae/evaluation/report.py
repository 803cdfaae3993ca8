"""The files of a report: a page, the numbers and the pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_vae.evaluation.evaluate import as_json
from keras_vae.evaluation.evaluation_page import evaluation_page
from keras_vae.evaluation.result import Result
from keras_vae.files import write_json, write_whole


def verdict_of(results: Mapping[str, Result]) -> list[str]:
    """Returns the verdicts of all questions, one sentence each.

    Args:
        results: the result of `evaluate`.

    Example:

    >>> verdict_of({"samples": Result("Do samples look like the data?", {}, ("Most samples do.",))})
    ['Most samples do.']
    """
    return [sentence for result in results.values() for sentence in result.verdict]


def write_report(
    path: Path,
    results: Mapping[str, Result],
    *,
    title: str,
    settings: Mapping[str, Any],
    configuration: Mapping[str, Any],
    environment: Mapping[str, Any],
    pictures: Path | None = None,
) -> Path:
    """Writes a report of an evaluation: `PATH.html`, `PATH.json` and the pictures.

    Args:
        path: path of the files without a suffix.
        results: the result of `evaluate`.
        title: heading of the page.
        settings: name -> value of the settings of the evaluation.
        configuration: name -> value of the configuration of the model.
        environment: versions and machine.
        pictures: folder for the pictures as PNG files, which replace those of an earlier report. None writes none.

    Returns:
        The path of the page.

    Raises:
        OSError: if a file cannot be written.

    Example:

    >>> results = {"samples": Result("Do samples look like the data?", {}, ("Most samples do.",))}
    >>> write_report(Path("report"), results, title="A VAE", settings={}, configuration={}, environment={}).name
    'report.html'
    """
    page = evaluation_page(
        title,
        results,
        verdict=verdict_of(results),
        configuration={**configuration, **{f"evaluated: {name}": value for name, value in settings.items()}},
        environment=environment,
    )
    html = path.with_name(f"{path.name}.html")
    if pictures is not None:
        _write_pictures(pictures, results)
    write_json(path.with_name(f"{path.name}.json"), {"settings": dict(settings), "answers": as_json(results)})
    write_whole(html, lambda file: file.write_text(page, "utf-8"))
    return html


def _write_pictures(folder: Path, results: Mapping[str, Result]) -> None:
    folder.mkdir(exist_ok=True)
    contents = {f"{name}.png": picture.png for result in results.values() for name, picture in result.pictures.items()}
    for name, content in contents.items():
        write_whole(folder / name, lambda file, content=content: file.write_bytes(content))
    for old in folder.glob("*.png"):
        if old.name not in contents:
            old.unlink()
