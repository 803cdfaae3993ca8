"""Folders of images: pixels, splits, labels, and files that cannot be read."""

import warnings

import numpy as np
import pytest
from PIL import Image

from keras_vae.data import Split, encoded_images, load, load_examples, prepare
from keras_vae.data.folder import read_folder
from keras_vae.data.images import read_image
from keras_vae.data.load import read
from keras_vae.data.row_names import names_of
from keras_vae.errors import InvalidInputError

RED, GREY = (200, 0, 0), 90


def save(path, mode="L", size=(8, 6), colour=GREY, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)
    return path


def pixels(folder, **options):
    return read_folder(folder, **options).train.x


def test_grey_files_stay_grey_in_sorted_order(tmp_path):
    for i in reversed(range(5)):
        save(tmp_path / f"{i}.png", colour=10 * i)
    save(tmp_path / "5.BMP", colour=50)
    save(tmp_path / ".hidden.png", "RGB", colour=RED)
    x = pixels(tmp_path)
    assert x.shape == (6, 6, 8, 1) and x.dtype == np.uint8
    assert x[:, 0, 0, 0].tolist() == [0, 10, 20, 30, 40, 50]
    assert (x == x[:, :1, :1]).all()


def test_one_colour_file_makes_all_rgb(tmp_path):
    save(tmp_path / "a.png")
    save(tmp_path / "b.png", "RGB", colour=RED)
    x = pixels(tmp_path)
    assert x.shape == (2, 6, 8, 3)
    assert x[0, 0, 0].tolist() == [GREY] * 3 and x[1, 0, 0].tolist() == list(RED)


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("1", 1, [255]),
        ("LA", (200, 128), [100]),
        ("I;16", 65535, [255]),
        ("I;16", 257 * 77, [77]),
        ("RGBA", (200, 100, 0, 128), [100, 50, 0]),
        ("RGBA", (200, 100, 0, 0), [0, 0, 0]),
        ("P", 0, [0, 0, 0]),
    ],
)
def test_modes(tmp_path, mode, colour, expected):
    save(tmp_path / "a.png", mode, colour=colour)
    x = pixels(tmp_path)
    assert x.shape[-1] == len(expected)
    assert np.abs(x[0, 3, 3].astype(int) - expected).max() <= 1


def test_sixteen_bits_keep_the_picture(tmp_path):
    ramp = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    np.testing.assert_array_equal(pixels(tmp_path)[0, ..., 0], np.arange(256).reshape(16, 16))


def test_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    wide = Image.new("L", (16, 8))
    wide.paste(255, (0, 0, 8, 8))
    wide.save(tmp_path / "a.jpg", exif=exif, quality=100)
    x = pixels(tmp_path)
    assert x.shape == (1, 16, 8, 1), "6 means: turn by 90 degrees, so wide becomes high"
    assert x[0, :6].min() > 200 and x[0, 10:].max() < 50, "the left half of the file is the upper half"


def test_damaged_exif_data_do_not_matter(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "a description"
    content = exif.tobytes()
    Image.new("L", (8, 8), 3).save(tmp_path / "a.jpg", exif=content[:-8])
    with pytest.warns(UserWarning, match="EXIF|Truncated"), Image.open(tmp_path / "a.jpg") as image:
        image.getexif()
    with warnings.catch_warnings(action="error"):
        read_image(tmp_path / "a.jpg")
        assert read_folder(tmp_path).train.x.shape == (1, 8, 8, 1)


def test_images_cover_the_size_and_are_cropped_at_the_centre(tmp_path):
    strip = np.zeros((10, 30), np.uint8)
    strip[:, 10:20] = 255
    Image.fromarray(strip).save(tmp_path / "strip.png")
    save(tmp_path / "tiny.png", size=(1, 3), colour=7)
    x = pixels(tmp_path, image_size=(5, 5))
    assert x.shape == (2, 5, 5, 1)
    assert x[0, :, 1:4].min() > 250, "the centre third is what remains"
    assert (x[1] == 7).all()
    assert pixels(tmp_path).shape == (2, 10, 30, 1), "the first file gives the size"


def test_split_folders_and_class_folders(tmp_path):
    for part, count in (("train", 3), ("val", 2), ("Test", 1)):
        for label in ("dog", "cat"):
            for i in range(count):
                save(tmp_path / part / label / "deep" / f"{i}.png", colour=100 if label == "dog" else 50)
    save(tmp_path / "stray.png", "RGB", colour=RED)
    data = load(tmp_path)
    assert data.name == tmp_path.name and data.label_names == ("cat", "dog")
    assert [len(split) for split in (data.train, data.validation, data.test)] == [6, 4, 2]
    for split in (data.train, data.validation, data.test):
        np.testing.assert_array_equal(split.x[:, 0, 0, 0], np.array([50, 100])[split.y])
        assert set(split.y) == {0, 1}
    assert len(data.notes) == 1 and "Left out 1 images" in data.notes[0] and "stray.png" in data.notes[0]


def test_without_a_train_folder_the_rest_is_for_training(tmp_path):
    save(tmp_path / "test" / "a.png", colour=1)
    for i in range(20):
        save(tmp_path / "b" / f"{i}.png", colour=2)
    data = load(tmp_path, validation=5)
    assert data.test.x.max() == 1 and data.train.x.min() == 2
    assert [len(split) for split in (data.train, data.validation, data.test)] == [15, 5, 1]


def test_one_class_folder_or_a_file_outside_gives_no_labels(tmp_path):
    save(tmp_path / "only" / "a.png")
    assert read_folder(tmp_path).train.y is None
    save(tmp_path / "other" / "a.png")
    assert read_folder(tmp_path).train.y.tolist() == [0, 1]
    save(tmp_path / "a.png")
    assert read_folder(tmp_path).train.y is None


def test_labels_are_those_of_the_training_by_name(tmp_path, refused):
    for label in ("dog", "ape"):
        save(tmp_path / "x" / label / "a.png", colour=len(label) + ord(label[0]))
    assert read_folder(tmp_path / "x", label_names=("cat", "dog", "ape")).train.y.tolist() == [2, 1]
    with pytest.warns(UserWarning, match="Expected the labels dog, cat; got ape too"):
        parts = read_folder(tmp_path / "x", label_names=("dog", "cat"))
    assert parts.label_names == ("dog", "cat", "ape") and parts.train.y.tolist() == [2, 0]
    save(tmp_path / "one" / "dog" / "a.png")
    assert read_folder(tmp_path / "one", label_names=("cat", "dog")).train.y.tolist() == [1], "one folder is enough"
    for names in ("cat", ["cat", "cat"], ["cat", 1], [""]):
        with refused("label_names: expected different names"):
            load(tmp_path / "x", label_names=names)
    with refused("label_names: expected a folder of images or TFRecord files, got digits; leave label_names out"):
        load("digits", label_names=["0", "1"])


@pytest.fixture
def damaged(tmp_path):
    """Three readable images between a corrupt PNG, an empty file and a truncated JPEG."""
    (tmp_path / "a_corrupt.png").write_bytes(b"\x89PNG\r\n\x1a\n this is none")
    (tmp_path / "b_empty.webp").touch()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    Image.fromarray(noise).save(tmp_path / "d_truncated.jpg")
    whole = (tmp_path / "d_truncated.jpg").read_bytes()
    (tmp_path / "d_truncated.jpg").write_bytes(whole[: len(whole) // 2])
    for i, name in enumerate("ceg"):
        save(tmp_path / f"{name}_fine.png", size=(9, 7), colour=i)
    return tmp_path


def test_unreadable_files_are_skipped_and_named(damaged):
    names = ("a_corrupt.png", "b_empty.webp", "d_truncated.jpg")
    with pytest.warns(UserWarning, match="3 of 6 image files") as caught:
        parts = read_folder(damaged)
    assert parts.train.x.shape == (3, 7, 9, 1) and parts.train.x[:, 0, 0, 0].tolist() == [0, 1, 2]
    assert parts.notes == ("Skipped 3 of 6 image files: they cannot be read.",) and len(caught) == 1
    said = str(caught[0].message)
    assert [said.count(f"Skipped {name}: ") for name in names] == [1, 1, 1] and "\n" not in said


def test_strict_refuses_the_first_unreadable_file(damaged):
    with pytest.raises(InvalidInputError, match="a_corrupt.png: expected a readable image, got: .*identify"):
        read_folder(damaged, strict=True)


def test_folders_without_a_usable_image_are_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="got 0 files of these kinds"):
        load(tmp_path)
    (tmp_path / "bad.png").write_text("no image")
    with pytest.raises(
        InvalidInputError, match="got 1 files of these kinds, none readable, the first: bad.png: cannot"
    ):
        load(tmp_path)
    with pytest.raises(InvalidInputError, match="got 1 image files, none readable. Skipped bad.png"):
        load(tmp_path, image_size=8)
    (tmp_path / "bad.png").unlink()
    save(tmp_path / "test" / "a.png")
    with pytest.raises(InvalidInputError, match="for training, got only test"):
        load(tmp_path)


def test_a_folder_with_files_of_other_kinds_only_names_the_kinds(tmp_path):
    (tmp_path / "a.heic").write_bytes(b"photo")
    with pytest.raises(InvalidInputError, match=r"got 0 files .*, and 1 files .*\(.heic: 1\); convert them"):
        load(tmp_path)


def test_photographs_of_a_camera_need_a_size(tmp_path):
    for name in "abc":
        Image.new("L", (600, 500)).save(tmp_path / f"{name}.png")
    with pytest.raises(InvalidInputError, match=r"a.png: expected at most 262,144 .*got 500x600; set image_size"):
        load(tmp_path)
    assert load(tmp_path, image_size=8).event_shape == (8, 8, 1)


def test_images_of_various_sizes_get_64_pixels_if_most_are_that_large(tmp_path):
    for index, size in enumerate([(90, 108), (108, 90), (700, 600), (30, 200)]):
        save(tmp_path / "photos" / f"{index}.png", size=size)
        save(tmp_path / "alike" / f"{index}.png", size=(70, 80))
    prepare(tmp_path / "photos", tmp_path / "prepared", verbose=0)
    loaded = [load(tmp_path / "photos", stream=stream) for stream in (False, True)]
    assert {data.event_shape for data in [*loaded, load(tmp_path / "prepared")]} == {(64, 64, 1)}
    assert "from 200x30 to 600x700. All are resized and cropped to 64x64; image_size" in loaded[1].notes[0]
    assert load(tmp_path / "alike").event_shape == (80, 70, 1)
    turned = Image.Exif()
    turned[0x0112] = 6
    save(tmp_path / "alike" / "4.jpg", size=(70, 80), exif=turned)
    assert load(tmp_path / "alike").event_shape == (64, 64, 1)
    save(tmp_path / "small" / "a.png", size=(50, 70))
    save(tmp_path / "small" / "b.png", size=(70, 50))
    assert read_folder(tmp_path / "small").train.x.shape == (2, 70, 50, 1)


# Formats, limits, and what is skipped


def test_tiff_and_gif_files_are_read_and_the_first_frame_is_noted(tmp_path):
    for i in range(4):
        save(tmp_path / f"{i}.png", colour=i)
        save(tmp_path / f"1{i}.tif", colour=10 + i)
        save(tmp_path / f"2{i}.TIFF", colour=20 + i)
        save(tmp_path / f"3{i}.gif", colour=30 + i)
    save(tmp_path / "40.gif", colour=40, save_all=True, append_images=[Image.new("L", (8, 6), 99)])
    parts = read_folder(tmp_path)
    assert parts.train.x.shape == (17, 6, 8, 1)
    assert sorted(parts.train.x[:, 0, 0, 0]) == [*range(4), *range(10, 14), *range(20, 24), *range(30, 34), 40]
    assert parts.notes == ("Read the first frame or page of 1 files that have more, first 40.gif.",)


def test_pixels_that_are_not_those_of_the_file_are_noted(tmp_path):
    for index in range(4):
        save(tmp_path / "in" / f"{index}.png", "RGBA", colour=(9, 9, 9, 255))
    save(tmp_path / "in" / "clear.png", "RGBA", colour=(9, 9, 9, 100))
    save(tmp_path / "in" / "dark.png", "I;16", colour=4000)
    with pytest.raises(InvalidInputError, match="got 4000 as the brightest sample"):
        read_folder(tmp_path / "in")
    save(tmp_path / "in" / "full.png", "I;16", colour=60000)
    clear, dark = read_folder(tmp_path / "in").notes
    assert clear == "1 of 7 decoded files have transparent pixels, which are drawn on black, first clear.png."
    assert dark.startswith("1 of 7 decoded files have 16 bits") and "nearly black, first dark.png; " in dark
    prepared = prepare(tmp_path / "in", tmp_path / "out", verbose=0)
    assert load(prepared).notes == read_folder(tmp_path / "in", stream=False).notes == (clear, dark)


def test_files_of_other_kinds_are_counted_and_named_in_one_line(tmp_path):
    save(tmp_path / "a.png")
    for name in ("b.heic", "c.heic", "deep/d.TXT", "e", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("something")
    kinds = "(.heic: 2, .txt: 1, no suffix: 1)"
    line = f"Skipped 4 files that are not PNG, JPEG, BMP, WebP, GIF or TIFF {kinds}, first b.heic."
    with pytest.warns(UserWarning) as caught:
        assert read_folder(tmp_path).notes == ("Skipped 4 files of other kinds.",)
    assert [str(one.message) for one in caught] == [f"{tmp_path}: {line}"]


def test_many_bad_files_are_counted_beyond_the_first(tmp_path):
    save(tmp_path / "z.png")
    for i in range(25):
        (tmp_path / f"{i:02}.png").write_text("none")
    with pytest.warns(UserWarning, match="25 of 26 image files cannot be read. Skipped 00.png.* 22 more like these.$"):
        read_folder(tmp_path)


def test_a_file_that_claims_too_many_pixels_is_skipped_and_named(tmp_path):
    save(tmp_path / "a.png", size=(40, 30))
    save(tmp_path / "b.png", size=(8, 6))
    with pytest.warns(
        UserWarning, match="Skipped a.png: expected at most 1,000 pixels, got a header with 40 x 30, 1,200"
    ):
        assert read_folder(tmp_path, max_pixels=1000).train.x.shape == (1, 6, 8, 1)
    with pytest.raises(InvalidInputError, match="a.png: expected a readable image, got: expected at most 1,000 pixels"):
        read_folder(tmp_path, image_size=(4, 4), max_pixels=1000, strict=True)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_files_of_16_bits_that_hold_12_are_refused(tmp_path, kind):
    for i in range(3):
        samples = np.arange(4096 - 48, 4096, dtype=np.uint16).reshape(6, 8) - 100 * i
        Image.fromarray(samples).save(tmp_path / f"{i}.{kind.lower()}", kind)
    with pytest.raises(InvalidInputError, match="got 4095 as the brightest sample, .* 12 bits, multiply by 16"):
        read_folder(tmp_path)
    Image.fromarray(np.full((6, 8), 40000, np.uint16)).save(tmp_path / "4.png")
    assert read_folder(tmp_path).train.x[-1].max() == round(40000 / 257), "a bright file shows that the range is used"


def test_colours_of_16_bits_that_hold_8_are_refused(tmp_path):
    import tensorflow as tf

    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint16)
    (tmp_path / "a.png").write_bytes(tf.io.encode_png(pixels).numpy())
    with pytest.raises(InvalidInputError, match="got 255 as the brightest sample, which would be nearly black"):
        read_folder(tmp_path)
    (tmp_path / "a.png").write_bytes(tf.io.encode_png(pixels * 256).numpy())
    np.testing.assert_array_equal(read_folder(tmp_path).train.x[0], pixels)


def test_large_files_are_decoded_one_at_a_time_and_in_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_vae.data.encoded_images.LARGE_IMAGE", 50)
    for i in range(4):
        save(tmp_path / f"{i}.png", size=(8, 6) if i % 2 else (40, 30), colour=i)
    assert pixels(tmp_path, image_size=(6, 8))[:, 0, 0, 0].tolist() == [0, 1, 2, 3]


def test_with_a_limit_only_the_files_that_are_kept_are_decoded(tmp_path, monkeypatch):
    for number in range(100):
        save(tmp_path / f"{number:02}.png", colour=number)
    whole, decoded, decode = load(tmp_path), [], encoded_images.decode
    monkeypatch.setattr(encoded_images, "decode", lambda *arguments: decoded.append(0) or decode(*arguments))
    limited = load(tmp_path, limit=5)
    assert len(decoded) == 15 and not limited.notes
    for part in ("train", "validation", "test"):
        x = getattr(limited, part).x
        assert isinstance(x, np.ndarray) and np.array_equal(x, getattr(whole, part).x[:5])


def test_images_get_the_shape_of_a_model(tmp_path):
    save(tmp_path / "a.png", "RGB", (9, 30), RED)
    save(tmp_path / "b.png")
    for channels, first in ((1, [60]), (3, list(RED)), (4, [*RED, 255])):
        for stream in (False, True):
            _, parts = read(tmp_path, image_shape=(5, 4, channels), stream=stream)
            assert parts.train.x.shape == (2, 5, 4, channels) and parts.train.x[0][0, 0].tolist() == first
    assert names_of(parts.whole).tolist() == ["a.png", "b.png"]
    assert load_examples(tmp_path, image_shape=(5, 4, 1)).x.shape == (2, 5, 4, 1)
    assert load_examples(tmp_path / "a.png", image_shape=(5, 4, 1)).x.tolist() == [[[[60]] * 4] * 5]


def test_the_names_of_the_files_follow_the_rows_into_each_split(tmp_path):
    for index in range(20):
        save(tmp_path / "photos" / f"{index:02}.png", colour=index)
    prepare(tmp_path / "photos", tmp_path / "prepared", verbose=0)
    sources = [(tmp_path / "photos", {}), (tmp_path / "photos", {"stream": True}), (tmp_path / "prepared", {})]
    for source, options in sources:
        loaded = load(source, **options)
        for split in (loaded.train, loaded.validation, loaded.test.in_memory()):
            assert names_of(split).tolist() == [f"{image.max():02}.png" for image in np.asarray(split.x)]
    with pytest.raises(InvalidInputError, match="names: expected 2 texts"):
        Split(np.zeros((2, 3)), names=np.array(["a"]))
