"""Text of users: encodings that are read or refused, and quotes in lists."""

import codecs

import pytest

from keras_vae.text import encoding_of, join_names, read_text, split_names


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_utf_8_and_what_has_a_byte_order_mark_is_read(tmp_path, encoding):
    (tmp_path / "t").write_text("größe\nKöln €\n", encoding)
    assert read_text(tmp_path / "t") == "größe\nKöln €\n"


def test_the_big_endian_order_is_read_too(tmp_path):
    (tmp_path / "t").write_bytes(codecs.BOM_UTF16_BE + "größe".encode("utf-16-be"))
    assert read_text(tmp_path / "t") == "größe"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\nö".encode("latin-1"), r"got the byte 0xF6 at offset 2 \(line 2\); save the file as UTF-8"),
        ("a\n" * 2**20 + "ö", r"at offset 2097152 \(line 1048577\)"),
        ("a\n€"[:2].encode() + "€".encode()[:2], r"got the byte 0xE2 at offset 2 \(line 2\)"),
        ("a\nb".encode("utf-16-le"), "got the character NUL in line 1"),
        ("a\nb".encode("utf-16")[:-1], r"got the byte 0x62 at offset 6 \(line 2\)"),
    ],
    ids=["latin-1", "after chunks", "cut", "no mark", "cut utf-16"],
)
def test_other_encodings_are_refused_by_their_first_byte(tmp_path, refused, content, message):
    (tmp_path / "t").write_bytes(content if isinstance(content, bytes) else content.encode("latin-1"))
    with refused(f"t: expected text in UTF-8, {message}" if message.startswith("got") else message):
        encoding_of(tmp_path / "t")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a,b", ["a", "b"]),
        ('"a,b", c ,"d ""e"""', ["a,b", "c", 'd "e"']),
        ('"a\nb",c', ["a\nb", "c"]),
        ("", [""]),
        ('6" pipe,b', ['6" pipe', "b"]),
    ],
)
def test_a_name_with_a_comma_is_quoted(text, names):
    assert split_names("--mine", text) == names


@pytest.mark.parametrize("text", ['"a,b', '"a"b,c'])
def test_quotes_that_do_not_close_are_refused(refused, text):
    with refused("--mine: expected names divided by commas, those with a comma in double quotes"):
        split_names("--mine", text)


def test_joined_names_are_split_into_the_same_names():
    names = ["cat", "dog, big", 'the "new" one', '"quoted", twice']
    assert split_names("--names", join_names(names)) == names
