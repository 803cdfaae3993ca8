"""The card of a preset in Markdown, with the front matter of the Hugging Face Hub."""

import json
import re
from collections.abc import Iterator
from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.presets.preset import Preset

TAGS = ("keras", "tensorflow", "variational-autoencoder")


def readme_of(preset: Preset, model: Autoencoder) -> str:
    """Returns the text of `README.md`. Its front matter is YAML, in which each value is written as JSON."""
    fields = _front_matter(preset, model)
    front = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join(["---", *front, "---", "", *_body(preset), ""])


def _front_matter(preset: Preset, model: Autoencoder) -> dict[str, Any]:
    card = preset.card
    draws_images = len(model.event_shape) == 3 and model.prior is not None and model.condition is None
    task = "unconditional-image-generation" if draws_images else "feature-extraction"
    fields: dict[str, Any] = {
        "license": card.license,
        "library_name": "keras_vae",
        "pipeline_tag": task,
        "tags": list(TAGS),
    }
    if card.datasets:
        fields["datasets"] = list(card.datasets)
    if card.figures:
        of = {"type": card.datasets[0] if card.datasets else "other", "name": card.data.partition(":")[0] or "unknown"}
        metrics = [
            {"type": re.sub(r"\W+", "_", one.name), "name": str(one), "value": one.value} for one in card.figures
        ]
        results = [{"task": {"type": task}, "dataset": of, "metrics": metrics}]
        fields["model-index"] = [{"name": preset.name, "results": results}]
    return fields


def _body(preset: Preset) -> Iterator[str]:
    card = preset.card
    yield from (f"# {preset.name}", "", card.title, "") if card.title else (f"# {preset.name}", "")
    yield from ("```python", "import keras_vae as kv", "")
    yield from (f'model = kv.from_preset("{preset.name}")  # or a folder, or "hf://USER/REPO"', "```", "")
    if card.figures:
        yield from ("| figure | measured | published | printed by |", "|---|---:|---:|---|")
        for one in card.figures:
            published = "" if one.published is None else one.text_of(one.published)
            source = f" ({one.source})" if one.source else ""
            by = f"`{one.printed_by}`" if one.printed_by else ""
            yield f"| {one.name} | {one.measured} | {published}{source} | {by} |"
        yield ""
    yield from ("## Model", "", *_entries(preset.facts), "")
    about = {"data": card.data, "licence": card.data_license, "address": card.data_url}
    about = {name: text for name, text in about.items() if text}
    yield from ("## Data", "", *_entries(about), "") if about else ()
    yield from ("## How it was made", "", *_entries(dict(card.made)), "") if card.made else ()
    yield from ("## File", "", *_entries(_about_file(preset)))


def _about_file(preset: Preset) -> dict[str, str]:
    precision = preset.precision
    if preset.loss is not None:
        precision += f" (the mean ELBO changes by {-preset.loss:+.4f} nats per example)"
    return {
        "model.keras": f"{preset.size:,} bytes, without the optimizer",
        "SHA-256": preset.sha256,
        "stored weights": precision,
        "saved by": f"keras_vae {preset.version}",
        "licence of the weights": preset.card.license,
    }


def _entries(values: dict[str, Any]) -> Iterator[str]:
    yield from (f"- {name}: {value}" for name, value in values.items())
