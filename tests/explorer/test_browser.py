"""The page in a real browser."""

import io
import json
import time
from urllib.error import HTTPError, URLError

import numpy as np
import pytest
from PIL import Image

from keras_vae import explore, zoo
from keras_vae.data import Split, SplitDataset
from keras_vae.errors import InvalidInputError
from keras_vae.explorer.codes import encode_points
from keras_vae.explorer.explorer_data import explorer_data
from keras_vae.explorer.maps import make_map
from keras_vae.explorer.onnxruntime_web import URL, onnxruntime_web
from keras_vae.explorer.points import choose_points
from keras_vae.explorer.routes import PATH, Pages
from keras_vae.explorer.static_page import static_page
from keras_vae.explorer.without_server import without_server
from keras_vae.serving.png import png
from keras_vae.serving.server import LocalServer
from tests.browser import chromium, colour_scheme, errors, needs_chromium, serious_violations

webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium: pip install 'keras_vae[test]'")
pytestmark = [pytest.mark.slow, needs_chromium]

DROP = """
const [bytes, name] = arguments;
const transfer = new DataTransfer();
transfer.items.add(new File([new Uint8Array(bytes)], name, {type: 'image/png'}));
window.dispatchEvent(new DragEvent('drop', {dataTransfer: transfer, bubbles: true, cancelable: true}));
"""
SAVED = """
const done = arguments[0];
const original = URL.createObjectURL;
URL.createObjectURL = (blob) => {
  URL.createObjectURL = original;
  blob.arrayBuffer().then(content => done(Array.from(new Uint8Array(content))));
  return original(blob);
};
document.getElementById('path-gif').click();
"""
NOISE_AS_GIF = """
const [done, side] = [arguments[1], arguments[0]];
import(new URL('gif.js', document.baseURI)).then(async ({animation}) => {
  let state = 1;
  const frames = [0, 1, 2].map(() => {
    const frame = new ImageData(side, side);
    for (let i = 0; i < frame.data.length; i += 4) {
      state = (1103515245 * state + 12345) % 2147483648;
      frame.data.set([state >> 16 & 255, state >> 16 & 255, state >> 16 & 255, 255], i);
    }
    return frame;
  });
  const content = new Uint8Array(await animation(frames, 1).arrayBuffer());
  done([Array.from(content), frames.map(frame => Array.from(frame.data).filter((_, i) => i % 4 == 0))]);
});
"""
DRAWN = """
const overlay = document.getElementById('overlay');
return overlay.getContext('2d').getImageData(0, 0, overlay.width, overlay.height).data.some(value => value > 0);
"""
UNNAMED = """
const controls = [...document.querySelectorAll('button, select, input, canvas[tabindex]')];
return controls.filter(e => !(e.labels?.length || e.ariaLabel || e.textContent.trim())).map(e => e.outerHTML);
"""
ZOOMED = """
const done = arguments[0];
const canvas = document.getElementById('points');
let frames = 0;
const frame = () => {
  document.getElementById(frames % 2 ? 'zoom-in' : 'zoom-out').click();
  if (frames++ < 20) return requestAnimationFrame(frame);
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  done(pixels.filter((value, i) => i % 4 == 3 && value > 0).length);
};
frame();
"""
HIDDEN = """
const controls = [...document.querySelectorAll('a, button, select, input, [tabindex="0"]')];
const shown = controls.filter(each => !each.disabled && each.checkVisibility());
const picture = document.querySelector('#decoded-frame canvas');
const atCenter = (each) => {
  const box = each.getBoundingClientRect();
  return each.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
};
return [...shown, ...shown.toReversed()].flatMap(each => {
  each.focus();
  return [each, picture].filter(one => !atCenter(one)).map(one => `${each.outerHTML.slice(0, 80)}: ${one.tagName}`);
});
"""
MANY_POINTS = 10_000


class Page:
    """An open page of the explorer."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, url, width=1280, height=900):
        self.driver.get("about:blank")  # ends the requests of the page before
        self.errors()  # those of the page before
        self.resize(width, height)
        self.driver.get(url)
        self.wait_for("return document.getElementById('decoded-frame').dataset.decoded > 0")

    def resize(self, width, height):
        """Also to widths that a window cannot have."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def wait_for(self, text, seconds=20):
        end = time.monotonic() + seconds
        while not (found := self.script(text)):
            assert time.monotonic() < end, f"{text}: {self.text('trouble')} {self.errors()}"
            time.sleep(0.02)
        return found

    def text(self, name):
        return self.script("return document.getElementById(arguments[0]).textContent", name)

    def click(self, name):
        self.script("document.getElementById(arguments[0]).click()", name)

    def decoded(self):
        return int(self.script("return document.getElementById('decoded-frame').dataset.decoded"))

    def pixels(self):
        return self.script("return document.querySelector('#decoded-frame canvas').toDataURL()")

    def drag(self, *places, over="overlay"):
        """Drags the pointer over places of the map, or another element, as shares of its width and height."""
        chain = self.pointer(*places[0], over=over).click_and_hold()
        for place in places[1:]:
            chain.move_to_element_with_offset(*self.offset(*place, over))
        chain.release().perform()

    def pointer(self, x, y, over="overlay"):
        """The pointer at a place of an element, for what it does there."""
        self.script("document.getElementById(arguments[0]).scrollIntoView({block: 'center'})", over)
        chain = webdriver.ActionChains(self.driver, duration=30)
        return chain.move_to_element_with_offset(*self.offset(x, y, over))

    def offset(self, x, y, over):
        element = self.driver.find_element("id", over)
        return element, int((x - 0.5) * element.size["width"]), int((y - 0.5) * element.size["height"])

    def show(self, index):
        self.script(f"document.getElementById('pick-index').value = {index}")
        self.script("document.getElementById('pick').requestSubmit()")

    def errors(self):
        return errors(self.driver)


@pytest.fixture(scope="module")
def page():
    with chromium() as driver:
        yield Page(driver)


def test_a_walk_through_the_latent_space(page, explorer):
    page.open(explorer.url)
    assert "600" not in page.text("trouble") and page.text("title") == "digits"

    before, pixels = page.decoded(), page.pixels()
    page.drag((0.3, 0.3), (0.5, 0.5), (0.7, 0.6))
    page.wait_for(f"return document.getElementById('decoded-frame').dataset.decoded > {before + 1}")
    assert "Between examples" in page.text("caption") and page.pixels() != pixels

    page.show(7)
    page.wait_for("return /example/.test(document.getElementById('caption').textContent)")
    assert "label:" in page.text("caption") and "ELBO" in page.text("caption")

    pixels = page.pixels()
    slide = (
        "const s = document.querySelector('#dimensions input'); s.value = s.max; s.dispatchEvent(new Event('input'))"
    )
    page.script(slide)
    page.wait_for(f"return document.querySelector('#decoded-frame canvas').toDataURL() != '{pixels}'")
    page.wait_for("return document.querySelector('#dimensions canvas').width == 7 * 8")

    for name in "ABC":
        page.script(f"document.querySelector('[aria-label=\"Keep what is decoded as {name}\"]').click()")
        page.click("zoom-in")
    page.click("difference")
    page.wait_for("return document.getElementById('caption').textContent.endsWith('B + C')")
    page.click("path")
    page.wait_for("return document.querySelectorAll('#path-strip button').length == 9")
    page.wait_for("return document.querySelectorAll('#draws button').length == 16")

    page.click("zoom-all")
    page.script("document.querySelector('#modes [value=select]').click()")
    page.drag((0.05, 0.05), (0.95, 0.05), (0.95, 0.95), (0.05, 0.95))
    page.wait_for("return !document.getElementById('selection-card').hidden")
    assert int(page.text("selection-text").split()[0]) > 300
    assert page.errors() == []


def test_a_point_is_shown_under_the_pointer_and_decoded_by_a_click(page, explorer, array_of):
    page.open(explorer.url)
    data = explorer.data
    places = array_of(data["maps"]["pca"]["places"])
    apart = np.sort(((places[:, None] - places) ** 2).sum(axis=2), axis=1)[:, 1]
    lonely = int(np.argmax(apart))
    name = f"{data['points']['partNames'][array_of(data['points']['part'])[lonely]]} example "
    name = name.capitalize() + str(array_of(data["points"]["row"])[lonely])
    size = page.driver.find_element("id", "overlay").size
    spans, center = np.ptp(places, axis=0), (places.min(axis=0) + places.max(axis=0)) / 2
    unit = 0.92 * min(size["width"] / spans[0], size["height"] / spans[1])
    x, y = (places[lonely] - center) * unit / (size["width"], -size["height"]) + 0.5

    page.pointer(x, y).perform()
    page.wait_for("return document.querySelector('#hover:not([hidden]) canvas')")
    assert page.text("hover").startswith(name)
    page.pointer(x, y).click().perform()
    page.wait_for(f"return document.getElementById('caption').textContent.startsWith('{name};')")
    assert page.errors() == []


def test_a_gif_has_the_pixels_of_its_frames(page, explorer):
    page.open(explorer.url)
    content, frames = page.driver.execute_async_script(NOISE_AS_GIF, 120)  # more than the 4,096 codes of a table
    with Image.open(io.BytesIO(bytes(content))) as image:
        for number, frame in enumerate((*frames, frames[1])):  # back and forth
            image.seek(number)
            np.testing.assert_array_equal(np.asarray(image.convert("L")).ravel(), frame)
        assert number + 1 == image.n_frames


def test_a_dropped_image_is_encoded(page, explorer):
    page.open(explorer.url)
    image = png(np.eye(16)[..., None])
    page.script(DROP, list(image), "mine.png")
    page.wait_for("return document.querySelectorAll('#file-pictures figure').length == 3")
    assert "ELBO" in page.text("file-text") and "mine.png" in page.text("caption")
    assert page.script("return document.querySelectorAll('#near button').length") == 8

    page.script(DROP, [1, 2, 3], "bad.png")
    trouble = "document.querySelector('#file-card .trouble:not([hidden])')"
    page.wait_for(f"return /readable image/.test({trouble}?.textContent)")
    assert page.script("return document.getElementById('file-result').hidden"), "a result of another file"
    assert page.script("return document.getElementById('file').files[0].name") == "bad.png"
    page.script(DROP, list(image), "mine.png")
    page.wait_for("return !document.getElementById('file-result').hidden")
    assert page.script(f"return !{trouble}")


@pytest.mark.parametrize(
    ("width", "height"), [(1360, 900), (1360, 600), (390, 844), (390, 664), (320, 256), (844, 390)]
)
def test_no_control_is_under_the_picture(page, explorer, width, height):
    page.open(explorer.url, width, height)
    page.script("document.querySelector('#modes [value=select]').click()")
    page.drag((0.05, 0.05), (0.95, 0.05), (0.95, 0.95), (0.05, 0.95))
    page.wait_for("return document.querySelectorAll('#draws button').length == 16")
    assert page.script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert page.script(HIDDEN) == []


def test_axe_finds_no_serious_violation(page, explorer):
    page.open(explorer.url)
    page.script(DROP, list(png(np.eye(16)[..., None])), "mine.png")
    keep_a_and_b(page)
    page.script("document.querySelector('#legend button').click()")
    page.wait_for("return document.querySelectorAll('#file-pictures figure').length == 3")
    with colour_scheme(page.driver, "dark"):
        assert serious_violations(page.driver) == []
    page.resize(390, 844)
    assert serious_violations(page.driver) == []


def test_a_page_that_is_opened_too_early_waits(page, explorer, model, tmp_path):
    pages = Pages(model)
    with LocalServer(tmp_path, routes=pages.routes()) as server:
        page.driver.get(f"{server.url}{PATH}/")
        page.wait_for("return /prepared: Loading the model/.test(document.getElementById('notes').textContent)")
        pages.data = json.dumps(explorer.data).encode()
        page.wait_for("return document.getElementById('title').textContent == 'digits'")
    page.open(explorer.url)
    assert page.errors() == []


def test_the_keyboard_reaches_the_map_and_the_screen_may_be_narrow(page, explorer):
    page.open(explorer.url, 390, 800)
    page.script("document.querySelector('#legend button').lastChild.textContent = 'x'.repeat(200)")  # a long label
    assert page.script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    overlay, keys = page.driver.find_element("id", "overlay"), webdriver.Keys
    overlay.send_keys(keys.ARROW_LEFT, keys.ARROW_UP, keys.ENTER)
    page.wait_for("return /example \\d+/.test(document.getElementById('caption').textContent)")
    assert page.script(UNNAMED) == []
    overlay.send_keys(keys.CONTROL + "s" + keys.NULL)  # the browser's
    assert page.script("return document.getElementById('selection-card').hidden")
    overlay.send_keys("s")
    assert page.text("selection-text").startswith("1 example. ")
    overlay.send_keys("s")
    assert page.script("return document.getElementById('selection-card').hidden")
    overlay.send_keys("++++", keys.SHIFT + 30 * keys.ARROW_LEFT)
    page.wait_for(DRAWN)  # the cross, which has moved the map


def test_many_points_and_a_server_that_stops(page, model, digits):
    x = np.resize(digits.train.x, (MANY_POINTS, 8, 8, 1))
    with explore(model, x, points=MANY_POINTS) as explorer:
        page.open(explorer.url)
        assert "10,000" in page.text("notes")
        assert page.driver.execute_async_script(ZOOMED) > len(digits.train.x)  # pixels that are drawn
    page.show(9)
    page.wait_for("return /does not answer/.test(document.getElementById('trouble').textContent)")


def keep_a_and_b(page):
    page.script("document.querySelector('[aria-label=\"Keep what is decoded as A\"]').click()")
    page.show(7)
    page.script("document.querySelector('[aria-label=\"Keep what is decoded as B\"]').click()")


def test_the_file_without_a_server_decodes_from_its_library(page, explorer, tmp_path):
    explorer.save(tmp_path / "page.html", live=False)
    page.open((tmp_path / "page.html").as_uri())
    pixels = page.pixels()
    page.drag((0.3, 0.3), (0.6, 0.6))
    page.wait_for(f"return document.querySelector('#decoded-frame canvas').toDataURL() != '{pixels}'")
    page.wait_for("return document.querySelectorAll('#draws button').length == 16")
    assert "decoded beforehand" in page.text("notes")
    keep_a_and_b(page)
    with Image.open(io.BytesIO(bytes(page.driver.execute_async_script(SAVED)))) as image:
        assert (image.format, image.n_frames, image.size) == ("GIF", 16, (256, 256))
    assert page.errors() == []


def open_without_server(page, model, data, path):
    points = choose_points(model, data, 40)
    codes = encode_points(model, points)
    latent_map = make_map("pca", codes.means, codes.noise)
    described = explorer_data(model, points, codes, latent_map, {}, title="x")
    path.write_text(static_page(without_server(described, model, codes, latent_map, live=False)))
    page.open(path.as_uri())


def test_a_conditional_model_has_its_condition_as_a_control(page, digits, tmp_path):
    model = zoo.conditional_vae((8, 8, 1), 2, classes=10, units=(16,), seed=0)
    open_without_server(page, model, digits, tmp_path / "page.html")
    assert page.script("return document.querySelectorAll('#condition-label option').length") == 10
    page.show(7)
    pixels, label = page.pixels(), page.script("return document.getElementById('condition-label').value")
    page.script(
        "const s = document.getElementById('condition-label'); s.value = arguments[0];"
        "s.dispatchEvent(new Event('change'))",
        str((int(label) + 1) % 10),
    )
    page.wait_for(f"return document.querySelector('#decoded-frame canvas').toDataURL() != '{pixels}'")
    assert page.text("caption").endswith("condition changed") and page.errors() == []


def test_a_hierarchy_has_a_slider_for_each_level(page, digits, tmp_path):
    model = zoo.ladder_vae((8, 8, 1), levels=(2, 3, 4), units=(16,), seed=0)
    open_without_server(page, model, digits, tmp_path / "page.html")
    sliders = "document.querySelectorAll('#mix-levels input')"
    assert page.script(f"return {sliders}.length") == 3
    assert page.script("return document.getElementById('mix-levels').hidden")
    keep_a_and_b(page)
    page.script(f"const s = {sliders}[1]; s.value = s.max; s.dispatchEvent(new Event('input'))")
    assert page.text("caption") == "100% of B in level 2" and page.errors() == []


def test_a_table_has_a_bar_for_each_column(page, tmp_path):
    x = np.column_stack([np.linspace(-2, 2, 30), np.arange(30) % 3]).astype("float32")
    model = zoo.tabular_vae((2,), 2, columns=["real", ("categorical", 3)], units=(4,), seed=0)
    table = SplitDataset("t", *[Split(x)] * 3, column_names=("age", "kind"), categories=((), ("a", "b", "c")))
    open_without_server(page, model, table, tmp_path / "page.html")
    cells = (
        "return [...document.querySelectorAll('.bars tbody tr')].map(row => [...row.children].map(e => e.textContent))"
    )
    (age, _, _, _), (kind, _, decoded, example) = page.script(cells)
    assert (age, kind, example) == ("age", "kind", "a") and decoded in "abc"
    assert page.script("return document.querySelectorAll('.bars .mark').length") == 2 and page.errors() == []


def test_codes_are_painted_with_the_pointer_and_the_keyboard(page, digits):
    model = zoo.vq_vae((8, 8, 1), 4, codebook_size=8, seed=0)
    with explore(model, digits.test.x[:30], anomaly=False) as explorer:
        page.open(explorer.url)
        (width,) = explorer.data["model"]["discrete"]["positions"]
        position = "return document.getElementById('code-position').textContent"
        before = page.decoded()
        page.script("document.getElementById('code').value = 5")
        page.drag((0.5 / width, 0.5), (1 - 0.5 / width, 0.5), over="code-map")
        page.wait_for(f"return document.getElementById('decoded-frame').dataset.decoded > {before}")
        assert page.script(position) == f"Row 1, column {width}: code 5."
        canvas, keys = page.driver.find_element("id", "code-map"), webdriver.Keys
        canvas.send_keys(*[keys.ARROW_LEFT] * (width - 1))
        assert page.script(position) == "Row 1, column 1: code 5."
        page.script("document.getElementById('code').value = 6")
        canvas.send_keys(keys.ENTER)
        assert page.script(position) == "Row 1, column 1: code 6."
        assert page.text("caption") == "Code 6 in row 1, column 1" and page.errors() == []


def test_the_file_with_the_decoder_answers_as_the_model(page, explorer, model, tmp_path, array_of):
    try:
        onnxruntime_web()
    except InvalidInputError as error:
        reason = error.__cause__
        if not isinstance(reason, URLError | TimeoutError | ConnectionError) or isinstance(reason, HTTPError):
            raise
        pytest.skip(f"needs a connection to {URL}: {reason}")
    explorer.save(tmp_path / "page.html", live=True)
    page.open((tmp_path / "page.html").as_uri())
    assert "the decoder is in it" in page.text("notes")

    def shown():
        rgba = page.script(
            "const c = document.querySelector('#decoded-frame canvas');"
            "return Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
        )
        return np.reshape(rgba, (8, 8, 4))[..., :1] / 255

    code = array_of(explorer.data["points"]["codes"])[0]
    np.testing.assert_allclose(shown(), model.decode(code[None]).mean()[0], atol=0.51 / 255 + 1e-5)

    first = explorer.data["dimensions"][0]
    page.script(
        "const s = document.querySelector('#dimensions input'); s.value = s.max; s.dispatchEvent(new Event('input'))"
    )
    page.wait_for(f"return document.getElementById('caption').textContent.startsWith('z{first['index']} =')")
    page.wait_for("return document.getElementById('decoded-frame').dataset.decoded > 1")
    moved = code.copy()
    moved[first["index"]] = first["high"]
    np.testing.assert_allclose(shown(), model.decode(moved[None]).mean()[0], atol=0.51 / 255 + 1e-3)

    page.wait_for("return document.querySelectorAll('#draws button').length == 16")
    drawn = page.script("return document.querySelector('#draws canvas').toDataURL()")
    page.click("next-seed")
    page.wait_for(f"return document.querySelector('#draws canvas').toDataURL() != '{drawn}'")
    keep_a_and_b(page)
    page.click("path")
    page.wait_for("return document.querySelectorAll('#path-strip button').length == 9")

    page.script(
        "document.getElementById('path-kind').value = 'spherical'; document.getElementById('path-steps').value = 3"
    )
    page.click("path")
    page.wait_for("return document.querySelectorAll('#path-strip button').length == 3")
    before = page.decoded()
    page.script("document.querySelectorAll('#path-strip button')[1].click()")
    page.wait_for(f"return document.getElementById('decoded-frame').dataset.decoded > {before}")
    ends = moved, array_of(explorer.data["points"]["codes"])[7]
    lengths = [np.linalg.norm(end) for end in ends]
    between = sum(end / length for end, length in zip(ends, lengths, strict=True))
    middle = np.mean(lengths) * between / np.linalg.norm(between)
    np.testing.assert_allclose(shown(), model.decode(middle[None]).mean()[0], atol=0.51 / 255 + 1e-3)
    assert page.errors() == []
