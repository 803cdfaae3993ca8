"""Each record comes out once: as the model's answer, or with the reason why there is none."""

import io
import json
import shutil
import struct
import sys
import zlib

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from PIL import Image
from pyarrow import csv

from keras_vae import data, serving, zoo
from keras_vae.bulk import infer, local
from keras_vae.bulk.exported_model import ExportedModel
from keras_vae.bulk.infer import make_job
from keras_vae.bulk.strangest import count_anomalies, reconstruct, strangest
from keras_vae.evaluation import ANOMALY_SCORES
from keras_vae.evaluation.anomalies import p_value_of
from keras_vae.serving.data_options import FILE, write_data_options

IMAGES_ONLY = ("complexity", p_value_of("complexity"))


def spoil(x):
    """The rows of x, some of which are bad; the kind of fault by row."""
    rows, faults = list(x), {}
    for row, bad, kind in (
        (3, x[3][:-1], "wrong shape"),
        (250, [], "wrong shape"),
        (400, None, "missing field"),
        (401, np.full(x.shape[1], np.nan), "not finite"),
        (999, np.full(x.shape[1], np.inf), "not finite"),
    ):
        rows[row], faults[row] = bad, kind
    return rows, faults


@pytest.mark.parametrize(
    ("question", "outputs"),
    [
        ("encode", {"mean", "variance"}),
        ("reconstruct", {"reconstruction"}),
        ("score", {"elbo"}),
        ("anomaly", {*ANOMALY_SCORES, *map(p_value_of, ANOMALY_SCORES), "is_anomaly"} - {*IMAGES_ONLY}),
    ],
)
def test_answers_are_those_of_the_signature(export, x, write_parquet, read, tmp_path, question, outputs):
    summary = infer(question, export, write_parquet(x), tmp_path / "out", batch_size=64)
    assert (summary.read, summary.answered, summary.rejected) == (1000, 1000, {})
    name = "serving_default" if question == "reconstruct" else question
    expected = tf.saved_model.load(str(export)).signatures[name](x=tf.constant(x))
    found = read(tmp_path / "out" / "answers")
    assert set(expected) == outputs and set(found["in.parquet#0"]) == {"key", *outputs}
    for output in outputs:
        values = np.array([found[f"in.parquet#{row}"][output] for row in range(1000)])
        np.testing.assert_allclose(values, expected[output], atol=1e-3 if question == "anomaly" else 1e-6)
    if question == "anomaly":
        best = np.argsort(-expected["combined"].numpy())[:3]
        assert strangest(tmp_path / "out", 3)["key"].to_pylist() == [f"in.parquet#{row}" for row in best]
        assert count_anomalies(tmp_path / "out") == np.sum(expected["is_anomaly"])


def test_bad_records_are_told_with_their_reason_and_lose_no_other(export, x, write_parquet, read, tmp_path):
    rows, faults = spoil(x)
    summary = infer("encode", export, write_parquet(rows), tmp_path / "out")
    assert summary.balanced and summary.rejected == {"wrong shape": 2, "missing field": 1, "not finite": 2}
    dead = read(tmp_path / "out" / "dead_letters")
    assert {letter["place"]: letter["kind"] for letter in dead.values()} == {
        f"in.parquet#{row}": kind for row, kind in faults.items()
    }
    assert dead["in.parquet#3"]["reason"] == "x: expected 6 values, for shape (6,); got 5."
    assert dead["in.parquet#401"]["reason"] == "x: expected finite numbers; got nan, value 0 of 6."
    assert set(read(tmp_path / "out" / "answers")) == {f"in.parquet#{row}" for row in set(range(1000)) - set(faults)}
    written = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (written["read"], written["answered"], written["signature"]) == (1000, 995, "encode")


def test_of_several_records_with_one_key_the_first_that_has_an_answer_keeps_it(
    export, x, write_parquet, read, tmp_path
):
    keys = [f"k{row}" for row in range(10)]
    keys[4], keys[7], keys[8] = "k2", "k2", None
    rows = list(x[:10])
    rows[2] = rows[2][:-1]
    infer("encode", export, write_parquet(rows, keys=keys), tmp_path / "out", key="id")
    answers, dead = read(tmp_path / "out" / "answers"), pq.read_table(tmp_path / "out" / "dead_letters").to_pylist()
    assert {letter["place"]: (letter["key"], letter["kind"]) for letter in dead} == {
        "in.parquet#2": ("k2", "wrong shape"),
        "in.parquet#7": ("k2", "repeated key"),
        "in.parquet#8": (None, "missing key"),
    }
    encoded = tf.saved_model.load(str(export)).signatures["encode"](x=tf.constant(x[4:5]))["mean"]
    np.testing.assert_allclose(answers["k2"]["mean"], encoded[0], atol=1e-6)
    assert set(answers) == {"k0", "k1", "k2", "k3", "k5", "k6", "k9"}


@pytest.mark.parametrize("file_format", ["parquet", "tfrecord"])
def test_a_job_that_was_stopped_continues(export, x, write_parquet, tmp_path, monkeypatch, refused, file_format):
    keys = [f"k{row}" for row in range(1000)]
    keys[950] = "k3"  # of an answer in a finished part
    path, out = write_parquet(x, keys=keys), tmp_path / "out"
    options = {"key": "id", "file_format": file_format, "batch_size": 100, "resume": True}
    monkeypatch.setattr(local, "ROWS_PER_PART", 300)
    answer, sizes = ExportedModel.answer, []

    def stop_at_700(model, records):
        if sum(sizes) >= 700:
            raise KeyboardInterrupt
        sizes.append(len(records))
        return answer(model, records)

    monkeypatch.setattr(ExportedModel, "answer", stop_at_700)
    with pytest.raises(KeyboardInterrupt):
        infer("encode", export, path, out, **options)
    assert not out.exists()
    with refused("the export, the data or an option has changed; remove this folder"):
        infer("score", export, path, out, **options)
    sizes.clear()
    summary = infer("encode", export, path, out, **options)
    assert sum(sizes) == 400  # after two parts of 300
    assert (summary.read, summary.answered, summary.rejected) == (1000, 999, {"repeated key": 1})
    assert len(list((out / "answers").iterdir())) == 4 and {path.name for path in tmp_path.iterdir()} == {
        "in.parquet",
        "out",
    }
    if file_format == "parquet":
        found = pq.read_table(out / "answers")
        assert found["key"].to_pylist() == [*keys[:950], *keys[951:]]
        encoded = tf.saved_model.load(str(export)).signatures["encode"](x=tf.constant(x))["mean"].numpy()
        np.testing.assert_allclose(found["mean"].to_pylist(), np.delete(encoded, 950, axis=0), atol=1e-6)


def test_tfrecord_files_go_in_and_out(export, x, write_tfrecord, tmp_path):
    path = write_tfrecord([*x[:20], x[0][:2]])
    summary = infer("encode", export, path, tmp_path / "out", file_format="tfrecord")
    assert (summary.answered, summary.rejected) == (20, {"wrong shape": 1})
    (file,) = (tmp_path / "out" / "answers").iterdir()
    examples = [tf.train.Example.FromString(one) for one in tf.data.TFRecordDataset(str(file)).as_numpy_iterator()]
    features = [example.features.feature for example in examples]
    assert [one["key"].bytes_list.value[0] for one in features] == [f"in.tfrecord#{row}".encode() for row in range(20)]
    expected = tf.saved_model.load(str(export)).signatures["encode"](x=tf.constant(x[:20]))["mean"]
    np.testing.assert_allclose([one["mean"].float_list.value for one in features], expected, atol=1e-6)


def test_a_damaged_file_gives_what_it_can(export, x, write_tfrecord, read, tmp_path):
    path = write_tfrecord(x[:20])
    path.write_bytes(path.read_bytes()[:-5])
    with tf.io.TFRecordWriter(str(tmp_path / "in-2.tfrecord")) as file:
        file.write(b"\xff\xff not an example")
    summary = infer("encode", export, str(tmp_path / "*.tfrecord"), tmp_path / "out")
    assert (summary.answered, summary.rejected) == (19, {"damaged file": 1, "unreadable record": 1})
    assert set(read(tmp_path / "out" / "dead_letters")) == {"in.tfrecord#19", "in-2.tfrecord#0"}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """An export of a conditional model of images, and a folder of images in classes, one of them damaged."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for kind in ("cat", "dog"):
        (folder / "x" / kind).mkdir(parents=True)
        for i in range(5):
            Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).save(folder / "x" / kind / f"{i}.png")
    (folder / "x" / "dog" / "bad.png").write_bytes(b"no image")
    model = zoo.conditional_vae((8, 8, 1), 2, condition=2, units=(8,))
    return serving.export(model, folder / "export", check=False), folder / "x"


@pytest.mark.slow
def test_the_examples_of_keys_are_read_and_reconstructed(images, export, x, write_parquet):
    path, folder = images
    with pytest.warns(UserWarning, match="does not record the names of its labels"):
        job = make_job("reconstruct", path, folder)
    found = reconstruct(job, ["dog/3.png", "cat/1.png", "dog/bad.png", "nowhere.png"])
    assert found.keys == ["dog/3.png", "cat/1.png"] and found.reconstructions.shape == (2, 8, 8, 1)
    pixels = keras.utils.img_to_array(Image.open(folder / "dog" / "3.png")) / 255
    np.testing.assert_allclose(found.x[0], pixels, atol=1e-6)
    found = reconstruct(make_job("reconstruct", export, write_parquet(x[:20])), ["in.parquet#7"])
    np.testing.assert_allclose(found.x, x[7:8], atol=1e-6)


@pytest.mark.slow
def test_image_files_are_decoded_by_the_export_and_their_folder_is_the_condition(images, read, tmp_path):
    export, folder = images
    with pytest.warns(UserWarning, match="the export does not record the names of its labels; .* cat = 0, dog = 1"):
        summary = infer("encode", export, folder, tmp_path / "out", batch_size=4)
    assert (summary.answered, summary.rejected) == (10, {"unreadable image": 1})
    assert set(read(tmp_path / "out" / "dead_letters")) == {"dog/bad.png#0"}
    answers = read(tmp_path / "out" / "answers")
    signature = tf.saved_model.load(str(export)).signatures["encode"]
    for label, kind in enumerate(("cat", "dog")):
        x = np.stack([keras.utils.img_to_array(Image.open(folder / kind / f"{i}.png")) for i in range(5)]) / 255
        expected = signature(x=tf.constant(x), condition=tf.constant([label] * 5, tf.int32))["mean"]
        found = [answers[f"{kind}/{i}.png"]["mean"] for i in range(5)]
        np.testing.assert_allclose(found, expected, atol=1e-5)
    version = tmp_path / "named" / "1"
    shutil.copytree(export, version)
    write_data_options(version, {"label_names": ["cat", "dog"]})
    shutil.copytree(folder / "dog", tmp_path / "new" / "dog")
    infer("encode", version, tmp_path / "new", tmp_path / "dogs")
    dogs = {key: answer for key, answer in answers.items() if key.startswith("dog/")}
    for key, answer in read(tmp_path / "dogs" / "answers").items():
        np.testing.assert_allclose(answer["mean"], dogs.pop(key)["mean"], atol=1e-5)
    assert not dogs
    infer("encode", version, f"{tmp_path}/new/*/*.png", tmp_path / "pattern")
    assert read(tmp_path / "pattern" / "answers") == read(tmp_path / "dogs" / "answers")
    (tmp_path / "new" / "dog").rename(tmp_path / "new" / "ape")
    summary = infer("encode", version, tmp_path / "new", tmp_path / "apes")
    assert summary.rejected == {"wrong type": 6}
    reasons = {row["reason"] for row in read(tmp_path / "apes" / "dead_letters").values()}
    assert reasons == {"condition: expected numbers; got 'ape'."}


@pytest.mark.slow
def test_images_of_every_format_that_training_reads_are_answered_alike(images, read, tmp_path):
    export, _ = images
    pixels = Image.fromarray(np.arange(0, 256, 4, np.uint8).reshape(8, 8))
    for kind in ("cat", "dog"):
        (tmp_path / "x" / kind).mkdir(parents=True)
        for suffix in ("png", "tif", "gif", "bmp", "webp"):
            options = {"lossless": True} if suffix == "webp" else {}
            pixels.save(tmp_path / "x" / kind / f"a.{suffix}", **options)
    (tmp_path / "x" / "cat" / "bad.tif").write_bytes(b"II*\0 no image")
    (tmp_path / "x" / "cat" / "large.png").write_bytes(_claiming(20000, 20000))
    summary = infer("encode", export, tmp_path / "x", tmp_path / "out")
    assert (summary.answered, summary.rejected) == (10, {"unreadable image": 2})
    answers = read(tmp_path / "out" / "answers")
    for key, answer in answers.items():
        np.testing.assert_allclose(answer["mean"], answers[f"{key[:3]}/a.png"]["mean"], atol=1e-5, err_msg=key)
    reasons = {key: row["reason"] for key, row in read(tmp_path / "out" / "dead_letters").items()}
    assert reasons["cat/large.png#0"].endswith(
        "expected at most 67,108,864 pixels, got a header with 20000 x 20000; send a smaller image."
    )
    assert "image_bytes: cannot identify image file" in reasons["cat/bad.tif#0"]


def _claiming(width, height):
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "PNG")
    content = bytearray(file.getvalue())
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


def test_a_table_with_named_columns_is_read_as_training_reads_it(export, x, read, tmp_path):
    lines = [",".join("abcdef"), *(",".join(map(repr, map(float, row))) for row in x[:10])]
    (tmp_path / "x.csv").write_text("\n".join(lines))
    with pytest.warns(UserWarning, match="the export does not record the columns .* in their order: a, b, c, d, e, f"):
        infer("encode", export, tmp_path / "x.csv", tmp_path / "out")
    expected = tf.saved_model.load(str(export)).signatures["encode"](x=tf.constant(x[:10]))["mean"]
    found = read(tmp_path / "out" / "answers")
    np.testing.assert_allclose([found[f"x.csv/train#{row}"]["mean"] for row in range(10)], expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_columns_that_training_read_are_found_by_their_names(export, x, read, tmp_path, refused, suffix):
    version = tmp_path / "model" / "1"
    shutil.copytree(export, version)
    columns = {"use_columns": list("abcdef"), "label_column": "species", "categories": {"c": ["no", "yes"]}}
    write_data_options(version, columns)
    row = pa.table({**{name: x[:10, i] for i, name in enumerate("abcdef")}, "c": ["yes", "no"] * 5})
    table = row.select(list("fcbade")).append_column("more", pa.array([f"row {i}" for i in range(10)]))
    path = tmp_path / f"new{suffix}"
    csv.write_csv(table, path) if suffix == ".csv" else pq.write_table(table, path)
    infer("encode", version, path, tmp_path / "out")
    seen = x[:10].copy()
    seen[:, 2] = [1, 0] * 5
    expected = tf.saved_model.load(str(export)).signatures["encode"](x=tf.constant(seen))["mean"]
    found = read(tmp_path / "out" / "answers")
    np.testing.assert_allclose([found[f"{path.name}/train#{i}"]["mean"] for i in range(10)], expected, atol=1e-6)
    csv.write_csv(table.drop_columns(["a"]), tmp_path / "less.csv")
    pq.write_table(table.drop_columns(["a"]), tmp_path / "less.parquet")
    for less in ("less.csv", "less.parquet"):
        with refused(f"{less}: expected the columns of the training data, got none named a; .* The file has f, c, b"):
            infer("encode", version, tmp_path / less, tmp_path / "other")
    (version / FILE).write_text('{"use_columns": 3}')
    with refused("data_options.json: it is damaged"):
        infer("encode", version, path, tmp_path / "other")
    write_data_options(version, columns)
    infer("encode", version, path, tmp_path / "named", key="more")
    assert list(read(tmp_path / "named" / "answers")) == table["more"].to_pylist()
    with refused("Unknown column 'id'"):
        infer("encode", version, path, tmp_path / "other", key="id")
    some = table.set_column(2, "b", pa.array([*seen[:9, 1], np.inf])).append_column("species", pa.array([None] * 10))
    pq.write_table(some, tmp_path / "some.parquet")
    summary = infer("encode", version, tmp_path / "some.parquet", tmp_path / "some")
    assert (summary.answered, summary.rejected) == (9, {"not finite": 1}), (
        "a row, not the table; labels are not asked for"
    )
    (dead,) = read(tmp_path / "some" / "dead_letters").values()
    assert dead["reason"] == "b: expected a finite number; got inf."


def test_a_row_of_a_table_that_cannot_be_read_is_rejected_and_the_others_are_answered(export, read, tmp_path):
    version = tmp_path / "model" / "1"
    shutil.copytree(export, version)
    write_data_options(
        version, {"use_columns": list("abcdef"), "label_column": None, "categories": {"c": ["no", "yes"]}}
    )
    rows = [f"0.{i},1,{'yes' if i % 2 else 'no'},1,1,1,row {i}" for i in range(10)]
    rows[3] = "n/k,1,yes,1,1,1,row 3"
    rows[5] = "1,1,maybe,1,1,1,row 5"
    rows[7] = "1,1,yes,1,1,row 7"
    (tmp_path / "x.csv").write_text("\n".join(["a,b,c,d,e,f,id", *rows]))
    summary = infer("encode", version, tmp_path / "x.csv", tmp_path / "out", key="id")
    dead = pq.read_table(tmp_path / "out" / "dead_letters").to_pylist()
    assert (summary.answered, {row["place"]: row["key"] for row in dead}) == (
        7, {"x.csv/train#3": "row 3", "x.csv/train#5": "row 5", "x.csv/train#7": None}
    )  # fmt: skip
    reasons = " ".join(row["reason"] for row in dead)
    for part in ("column 'a': expected numbers, as in training, got the text 'n/k'", "'maybe'", "7 fields, got 6"):
        assert part in reasons
    assert set(read(tmp_path / "out" / "answers")) == {f"row {i}" for i in range(10) if i not in (3, 5, 7)}


def test_a_prepared_folder_is_its_rows(export, x, read, tmp_path):
    pq.write_table(pa.table({name: x[:100, i] for i, name in enumerate("abcdef")}), tmp_path / "train.parquet")
    pq.write_table(pa.table({name: x[100:130, i] for i, name in enumerate("abcdef")}), tmp_path / "test.parquet")
    version = tmp_path / "model" / "1"
    shutil.copytree(export, version)
    write_data_options(version, {"use_columns": list("bacdef"), "label_column": None, "categories": {}})
    (tmp_path / "tables").mkdir()
    for name in ("train", "test"):
        (tmp_path / f"{name}.parquet").rename(tmp_path / "tables" / f"{name}.parquet")
    folder = data.prepare(tmp_path / "tables", tmp_path / "prepared", shard_bytes=6 * 4 * 40, verbose=0)
    assert infer("encode", version, folder, tmp_path / "out").answered == 130
    expected = tf.saved_model.load(str(export)).signatures["encode"](x=tf.constant(x[:130, [1, 0, 2, 3, 4, 5]]))["mean"]
    found = read(tmp_path / "out" / "answers")
    assert list(found)[100] == "prepared/test#0"
    np.testing.assert_allclose([row["mean"] for row in found.values()], expected, atol=1e-6)


@pytest.mark.slow
def test_arrays_and_data_sets_by_name(export, x, read, tmp_path):
    np.save(tmp_path / "x.npy", x[:10])
    infer("encode", export, tmp_path / "x.npy", tmp_path / "out")
    expected = tf.saved_model.load(str(export)).signatures["encode"](x=tf.constant(x[:10]))["mean"]
    found = read(tmp_path / "out" / "answers")
    np.testing.assert_allclose([found[f"x.npy#{row}"]["mean"] for row in range(10)], expected, atol=1e-6)
    summary = infer("encode", "saved_models/digits", "digits", tmp_path / "digits", split="test")
    assert summary.answered == 180 and "digits/test#0" in read(tmp_path / "digits" / "answers")


def test_a_file_of_one_number_is_refused(export, tmp_path, refused):
    np.save(tmp_path / "x.npy", 3.0)
    with refused("got a single number"):
        infer("encode", export, tmp_path / "x.npy", tmp_path / "out")


def test_columns_may_have_other_names_by_which_bad_values_are_reported(
    export, x, write_parquet, write_tfrecord, read, tmp_path
):
    bad = [*x[:2], x[2][:5], np.array([1, 2, 1e30, np.inf, 5, 6])]
    path = write_parquet([*bad, None], column="pixels")
    assert infer("encode", export, path, tmp_path / "out", fields={"x": "pixels"}).answered == 2
    reasons = [
        "pixels: expected 6 values, for shape (6,); got 5.",
        "pixels: expected finite numbers; got inf, value 3 of 6.",
        "pixels: expected a value; the record has none.",
    ]
    assert [letter["reason"] for letter in read(tmp_path / "out" / "dead_letters").values()] == reasons
    write_tfrecord(bad, feature="pixels")
    infer("encode", export, tmp_path / "in.tfrecord", tmp_path / "more", fields={"x": "pixels"})
    assert [letter["reason"] for letter in read(tmp_path / "more" / "dead_letters").values()] == reasons[:2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"question": "encod"}, "did you mean 'encode'"),
        ({"export": "nowhere"}, "nowhere: expected an export; got neither a SavedModel"),
        ({"data": "nowhere.parquet"}, "nowhere.parquet: no such file"),
        ({"data": "nowhere/*.parquet"}, "no such file"),
        ({"key": "name"}, "expected a column 'name'; got x"),
        ({"fields": {"x": "pixels"}}, "expected a column 'pixels'; got x"),
        ({"file_format": "csv"}, "Unknown format 'csv'"),
        ({"batch_size": 0}, "batch_size must be an integer >= 1"),
        ({"runner": "FlinkyRunner"}, "did you mean 'FlinkRunner'"),
        ({"data": "digits", "key": "id"}, "--key: expected Parquet or TFRecord files"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused_and_nothing_is_written(
    export, x, write_parquet, tmp_path, refused, changes, message
):
    given = {"question": "encode", "export": export, "data": write_parquet(x[:5]), "out": tmp_path / "out", **changes}
    with refused(message):
        infer(**given)
    assert {path.name for path in tmp_path.iterdir()} == {"in.parquet"}


def test_kinds_are_not_mixed_and_no_parquet_is_told(export, x, write_parquet, write_tfrecord, tmp_path, refused):
    write_parquet(x[:5])
    write_tfrecord(x[:5])
    with refused("got parquet and tfrecord"):
        infer("encode", export, tmp_path, tmp_path / "out")
    (tmp_path / "bad.parquet").write_text("no")
    with refused("bad.parquet: expected a Parquet file"):
        infer("encode", export, tmp_path / "bad.parquet", tmp_path / "out")


def test_a_folder_that_is_there_is_left_alone(export, x, write_parquet, tmp_path, refused):
    path, out = write_parquet(x[:5]), tmp_path / "out"
    infer("encode", export, path, out)
    with refused("it exists; use --overwrite"):
        infer("encode", export, path, out)
    assert infer("score", export, path, out, overwrite=True).answered == 5
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis").write_text("years")
    with refused("--overwrite replaces only a folder of an earlier job"):
        infer("encode", export, path, tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "thesis").read_text() == "years"
    (out / "notes.txt").write_text("mine")
    with refused("replaces only the files of an earlier job; this folder also has 'notes.txt'; move it away"):
        infer("encode", export, path, out, overwrite=True)
    assert (out / "notes.txt").read_text() == "mine" and (out / "summary.json").exists()


def test_finished_work_is_kept_if_another_job_takes_the_folder(
    export, x, write_parquet, tmp_path, monkeypatch, refused
):
    path, out = write_parquet(x[:5]), tmp_path / "out"
    module = sys.modules[infer.__module__]
    run_here = module.run_here

    def while_another_writes(*args, **options):
        summary = run_here(*args, **options)
        out.mkdir()
        return summary

    monkeypatch.setattr(module, "run_here", while_another_writes)
    with refused("expected a new folder; it exists"):
        infer("encode", export, path, out, resume=True)
    out.rmdir()
    monkeypatch.setattr(module, "run_here", run_here)
    monkeypatch.setattr(ExportedModel, "answer", None)  # nothing is computed again
    assert infer("encode", export, path, out, resume=True).answered == 5
    assert {entry.name for entry in out.iterdir()} == {"answers", "dead_letters", "summary.json"}
    assert pq.read_table(out / "answers").num_rows == 5


def test_without_beam_it_is_told_how_to_install_it(export, x, write_parquet, tmp_path, refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    with refused(r"pip install 'keras_vae\[beam\]'"):
        infer("encode", export, write_parquet(x[:5]), tmp_path / "out", runner="DirectRunner")


@pytest.mark.slow
def test_a_file_that_changed_since_the_last_job_is_read_again(export, x, read, tmp_path):
    def write(path, rows):
        if path.suffix == ".csv":
            csv.write_csv(pa.table({f"c{i}": rows[:, i] for i in range(rows.shape[1])}), path)
        else:
            np.save(path, rows) if path.suffix == ".npy" else np.savez(path, x=rows)

    for suffix in (".npy", ".npz", ".csv"):
        path = tmp_path / f"x{suffix}"
        for rows in (x[:5], x[5:10], x[:3]):
            write(path, rows)
            infer("encode", export, path, tmp_path / "out", overwrite=True)
            answers = read(tmp_path / "out" / "answers").values()
            expected = tf.saved_model.load(str(export)).signatures["encode"](x=tf.constant(rows))["mean"]
            np.testing.assert_allclose([answer["mean"] for answer in answers], expected, atol=1e-6)


@pytest.mark.slow
def test_an_export_that_replaced_another_answers(export, x, write_parquet, read, tmp_path):
    path, data = tmp_path / "model", write_parquet(x[:5])
    shutil.copytree(export, path)
    infer("encode", path, data, tmp_path / "before")
    shutil.rmtree(path)
    serving.export(zoo.vae((x.shape[1],), 3, units=(4,)), tmp_path / "other" / "1", check=False).rename(path)
    infer("encode", path, data, tmp_path / "after")
    assert all(len(answer["mean"]) == 3 for answer in read(tmp_path / "after" / "answers").values())


@pytest.mark.parametrize(
    ("out", "options", "message"),
    [
        (
            "out",
            {"runner": "DirectRunner"},
            "--resume: expected a job in this process, got --runner DirectRunner",
        ),
        ("gs://bucket/out", {}, "--resume: expected a local --out, got gs://bucket/out"),
    ],
)
def test_a_job_that_cannot_be_continued_is_refused_before_anything_is_read(tmp_path, refused, out, options, message):
    with refused(message):
        infer("encode", "nowhere", "x.npy", out, resume=True, **options)
