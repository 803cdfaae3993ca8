"""The page of an evaluation: it stands alone, escapes, and is in the order in which one reads."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from keras_vae.evaluation import Measurement, Picture, Result
from keras_vae.evaluation.evaluation_page import evaluation_page, value_in_words
from keras_vae.plots.canvas import new_figure

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"


class Page(HTMLParser):
    """The tags of a page, in order, and its visible words."""

    VOID = ("meta", "img")

    def __init__(self, html):
        super().__init__()
        self.tags, self.words, self.open = [], [], []
        self.feed(html)
        assert self.open == [], "every tag is closed"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip() and self.open[-1] != "style":
            self.words.append(" ".join(data.split()))

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def page(answers=None, **changes):
    arguments = {"verdict": ["All is well."], "configuration": {"beta": 4.0}, "environment": {"python": "3"}, **changes}
    return evaluation_page(arguments.pop("title", "A page"), ANSWERS if answers is None else answers, **arguments)


def picture(caption):
    return Picture(caption, lambda: new_figure(2, 1, title=caption))


ANSWERS = {
    "bound": Result(
        "How well does it fit?",
        {"log_likelihood": Measurement(-89.12345, "nats per example", "higher is better", 0.3421)},
        verdict=("It fits well.",),
        notes=("1 example was left out.",),
        pictures={"one": picture("The bound by sample."), "two": picture("Another.")},
    ),
    "samples": Result("Does it generate?", {"fid": Measurement(24.5), "active_units": Measurement(7)}),
}


def test_it_reads_verdict_first_then_each_answer_in_order():
    words = Page(page()).words
    expected = [
        *("A page", "All is well.", "How well does it fit?", "Does it generate?"),
        *("How well does it fit?", "It fits well.", "log likelihood", f"{MINUS}89.12 ± 0.34", "nats per example"),
        *("higher is better", "The bound by sample.", "Another.", "1 example was left out."),
        *("Does it generate?", "fid", "24.5", "active units", "7", "Configuration and environment", "beta", "4.0"),
    ]
    rest = iter(words[1:])
    assert words[0] == "A page"
    for word in expected:
        assert word in rest, word


def test_the_contents_lead_to_the_sections():
    read = Page(page({"A b": ANSWERS["bound"], "a-b": ANSWERS["samples"], "?": ANSWERS["samples"]}))
    anchors = [section["id"] for section in read.all("section")]
    assert [link["href"] for link in read.all("a")] == [f"#{anchor}" for anchor in anchors]
    assert len(set(anchors)) == 3 and anchors[0] == "a-b"


def test_it_stands_alone():
    read = Page(page())
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in read.tags}
    sources = [image["src"] for image in read.all("img")]
    assert len(sources) == 2 and all(source.startswith("data:image/png;base64,") for source in sources)
    assert len(set(sources)) == 2
    assert not re.search(r"https?://|url\(|@import", page())


def test_everything_is_escaped():
    evil = "<script>alert('&\")</script>"
    answer = Result(
        evil,
        {evil: Measurement(1.0, evil, evil)},
        verdict=(evil,),
        notes=(evil,),
        pictures={evil: picture(evil)},
    )
    html = page(
        {evil: answer, "b": answer}, title=evil, verdict=[evil], configuration={evil: evil}, environment={evil: 1}
    )
    read = Page(html)
    assert "<script" not in html
    assert sum(word == evil for word in read.words) == 22
    assert read.all("img")[0]["alt"] == evil


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (Measurement(-89.12345, error=0.3421), f"{MINUS}89.12 ± 0.34"),
        (Measurement(1234.5, error=12.3), "1,234 ± 12"),
        (Measurement(1234.5, error=234.0), "1,234 ± 234"),
        (Measurement(0.01234, error=0.00056), "0.01234 ± 0.00056"),
        (Measurement(0.5, error=0.0), "0.5 ± 0"),
        (Measurement(2.0, error=1e-12), "2 ± 1.00e\N{MINUS SIGN}12"),
        (Measurement(0.5, error=np.nan), "0.5"),
        (Measurement(np.float32(0.25)), "0.25"),
        (Measurement(np.int64(12345)), "12,345"),
        (Measurement(True), "yes"),
        (Measurement(np.nan, error=1.0), DASH),
        (Measurement(None), DASH),
        (Measurement(np.inf), "∞"),
    ],
    ids=str,
)
def test_values_are_written_for_people(measure, words):
    assert value_in_words(measure) == words
    assert words in Page(page({"a": Result("Q?", {"m": measure})})).words


def test_missing_settings_are_dashes():
    words = Page(page(configuration={"seed": None, "beta": np.nan, "units": [16]}, environment={})).words
    assert words[-6:] == ["seed", DASH, "beta", DASH, "units", "[16]"]


def test_what_is_empty_leaves_no_empty_frames():
    read = Page(page({"a": Result("Only a question?", {})}, verdict=[], configuration={}, environment={}))
    assert not {"table", "details", "nav", "ul", "figure"} & {tag for tag, _ in read.tags}
    assert "verdict" not in [box.get("class") for box in read.all("div")]
    Page(page({}))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"fid": 3.0}, "expected a Result, got dict"),
        (Result("Q?", {"fid": 3.0}), "'fid': expected a Measurement, got float"),
        (Result("Q?", {}, pictures={"c": b"png"}), "'c': expected a Picture, got bytes"),
        (Result("Q?", {"fid": Measurement("high")}), "value must be a number or None, got 'high'"),
        (
            Result("Q?", {"fid": Measurement(1.0, error=-1.0)}),
            "error must be None or a number of zero or more, got -1.0",
        ),
        (Result("Q?", {}, verdict="one"), "verdict: expected a sequence of sentences"),
        (Result("Q?", {}, notes="one"), "notes: expected a sequence of sentences"),
    ],
)
def test_what_is_no_answer_is_refused(refused, answer, message):
    with refused(message):
        page({"a": answer})


def test_a_bare_string_is_no_verdict(refused):
    with refused("^verdict: expected a sequence of sentences"):
        page(verdict="All is well.")
