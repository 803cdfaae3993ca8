"""A damaged file costs its own records, each told as a dead letter, and no other's."""

import errno
import shutil

import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from keras_vae.bulk import infer, local
from keras_vae.bulk.sources import find_source


def spoil_page(path, group=1):
    """Overwrites the data of one row group with what cannot be decompressed."""
    column = pq.ParquetFile(path).metadata.row_group(group).column(0)
    content = bytearray(path.read_bytes())
    start = column.data_page_offset
    for i in range(start + 40, start + 400):
        content[i] ^= 0xA5
    path.write_bytes(content)


@pytest.mark.parametrize("kept", [None, 500], ids=["missing", "truncated"])
def test_an_export_without_its_weights_is_one_line(export, x, write_parquet, tmp_path, refused, kept):
    copy = shutil.copytree(export, tmp_path / "export")
    (weights,) = copy.glob("variables/variables.data*")
    content = weights.read_bytes()
    weights.unlink()
    if kept is not None:
        weights.write_bytes(content[:kept])
    with refused("export: TensorFlow cannot load this export"):
        infer("encode", copy, write_parquet(x[:5]), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("file_format", ["parquet", "tfrecord"])
def test_a_full_disk_is_told_and_the_finished_parts_are_kept(
    export, x, write_parquet, tmp_path, monkeypatch, file_format
):
    path, out, write, calls = write_parquet(x), tmp_path / "out", local._Writer._write, []

    def full(writer):
        calls.append(writer)
        if len(calls) > 2:  # the answers and dead letters of the first part
            writer.file.close()
            raise OSError(errno.ENOSPC, "...")
        write(writer)

    monkeypatch.setattr(local, "ROWS_PER_PART", 300)
    with monkeypatch.context() as patch:
        patch.setattr(local._Writer, "_write", full)
        with pytest.raises(OSError, match="No space left") as caught:
            infer("encode", export, path, out, resume=True, file_format=file_format)
    assert caught.value.filename == str(out)
    assert infer("encode", export, path, out, resume=True, file_format=file_format).answered == len(x)


@pytest.mark.slow
@pytest.mark.parametrize("runner", [None, "DirectRunner"])
def test_a_damaged_page_costs_its_row_group(export, x, write_parquet, read, tmp_path, runner):
    (tmp_path / "in").mkdir()
    write_parquet(x, name="in/a.parquet")
    spoil_page(write_parquet(x, name="in/b.parquet"))
    (tmp_path / "in" / "c.parquet").write_bytes((tmp_path / "in" / "a.parquet").read_bytes()[:-10])
    summary = infer("encode", export, tmp_path / "in", tmp_path / "out", runner=runner)
    assert summary.balanced and summary.rejected == {"damaged file": 2}
    dead = read(tmp_path / "out" / "dead_letters")
    assert set(dead) == {"b.parquet#300", "c.parquet#0"}
    assert "b.parquet: cannot read rows 300 to 599: " in dead["b.parquet#300"]["reason"]
    assert "c.parquet: expected a Parquet file" in dead["c.parquet#0"]["reason"]
    lost = {f"b.parquet#{row}" for row in range(300, 600)}
    answers = set(read(tmp_path / "out" / "answers"))
    assert answers == {f"{name}.parquet#{row}" for name in "ab" for row in range(1000)} - lost


def test_our_own_answers_carry_checksums_so_that_a_changed_number_is_seen(export, x, write_parquet, tmp_path):
    infer("reconstruct", export, write_parquet(x), tmp_path / "out")
    (path,) = (tmp_path / "out" / "answers").iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(OSError, match="CRC checksum verification failed"):
        pq.ParquetFile(path, page_checksum_verification=True).read()


@pytest.mark.slow
@pytest.mark.parametrize("runner", [None, "DirectRunner"])
def test_a_file_that_ends_in_a_records_header_is_told(export, x, write_tfrecord, read, tmp_path, runner):
    path = write_tfrecord(x[:20])
    content = path.read_bytes()
    size = len(content) // 20
    path.write_bytes(content[: 15 * size + 7])
    summary = infer("encode", export, path, tmp_path / "out", runner=runner)
    assert (summary.answered, summary.rejected) == (15, {"damaged file": 1})
    (letter,) = read(tmp_path / "out" / "dead_letters").values()
    assert letter["place"] == "in.tfrecord#15" and "within the header of a record" in letter["reason"]


def test_compressed_records_are_read(x, tmp_path):
    name = str(tmp_path / "in.tfrecord.gz")
    with tf.io.TFRecordWriter(name, "GZIP") as writer:
        for row in x[:20]:
            feature = {"x": tf.train.Feature(float_list=tf.train.FloatList(value=row))}
            writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())
    (unit,) = find_source(name).units
    assert [record.fields["x"].tolist() for record in unit.records()] == x[:20].tolist()


def test_files_of_which_none_can_be_read_are_refused(export, tmp_path, refused):
    for name in ("a.parquet", "b.parquet"):
        (tmp_path / name).write_bytes(b"PAR1 no")
    with refused("a.parquet: expected a Parquet file"):
        infer("encode", export, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
