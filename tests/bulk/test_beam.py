"""On Apache Beam the answers are those of one process, in whatever order."""

import json
import sys

import apache_beam as beam
import pytest
import tensorflow as tf

from keras_vae.bulk import infer
from keras_vae.bulk.beam import _plain_labels

TWO_PROCESSES = ("--direct_num_workers=2", "--direct_running_mode=multi_processing")


def keys_of(x):
    """One key comes three times, one is missing."""
    keys = [f"k{row}" for row in range(len(x))]
    keys[501], keys[703], keys[805] = "k21", "k21", None
    return keys


@pytest.mark.parametrize(
    ("question", "options"),
    [("encode", ()), pytest.param("anomaly", TWO_PROCESSES, marks=pytest.mark.slow)],
    ids=["one process", "two processes"],
)
def test_beam_answers_as_one_process_does(export, x, write_parquet, read, tmp_path, question, options):
    rows = list(x)
    for row in range(0, 1000, 10):
        rows[row] = rows[row][:-1]
    path = write_parquet(rows, keys=keys_of(x))
    alone = infer(question, export, path, tmp_path / "alone", key="id")
    by_beam = infer(question, export, path, tmp_path / "beam", key="id", runner="DirectRunner", runner_options=options)
    assert by_beam == alone and by_beam.balanced and by_beam.rejected["wrong shape"] == 100
    tolerance = 1e-3 if question == "anomaly" else 1e-6
    for folder in ("answers", "dead_letters"):
        found, expected = (read(tmp_path / name / folder) for name in ("beam", "alone"))
        assert found.keys() == expected.keys()
        for key, row in expected.items():
            assert {name: pytest.approx(value, abs=tolerance) for name, value in row.items()} == found[key]
    summaries = [json.loads((tmp_path / name / "summary.json").read_text()) for name in ("alone", "beam")]
    assert summaries[0] == summaries[1]


def test_a_pipeline_can_be_built_in_a_notebook(monkeypatch):
    monkeypatch.setattr("apache_beam.utils.interactive_utils.is_in_ipython", lambda: True)
    monkeypatch.setitem(sys.modules, "apache_beam.runners.interactive.interactive_environment", None)
    pipeline = beam.Pipeline()
    with _plain_labels():
        _ = pipeline | "Numbers" >> beam.Create([1, 2])
    assert any("Numbers" in label for label in pipeline.applied_labels)
    with pytest.raises(ImportError):  # what Beam does otherwise
        _ = pipeline | beam.Create([3])


@pytest.mark.slow
def test_beam_writes_tfrecord_files(export, x, write_tfrecord, tmp_path):
    out = tmp_path / "out"
    summary = infer(
        "score", export, write_tfrecord([*x[:20], x[0][:1]]), out, file_format="tfrecord", runner="DirectRunner"
    )
    assert (summary.answered, summary.rejected) == (20, {"wrong shape": 1})
    files = [str(path) for path in (out / "answers").iterdir()]
    found = [tf.train.Example.FromString(one) for one in tf.data.TFRecordDataset(files).as_numpy_iterator()]
    assert len({one.features.feature["key"].bytes_list.value[0] for one in found}) == 20
