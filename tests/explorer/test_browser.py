"""The page in a real browser."""

import io
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_vae import explore
from keras_vae.explorer.onnxruntime_web import FILE, FOLDER
from keras_vae.serving.png import png

webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium: pip install 'keras_vae[test]'")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        None in (CHROMIUM, DRIVER), reason="needs chromium and chromedriver: apt install chromium-driver"
    ),
]

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
PACKAGE = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / FOLDER / FILE
UNNAMED = """
const controls = [...document.querySelectorAll('button, select, input, canvas[tabindex]')];
return controls.filter(e => !(e.labels?.length || e.ariaLabel || e.textContent.trim())).map(e => e.outerHTML);
"""
MANY_POINTS = 10_000


class Page:
    """An open page of the explorer."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, url, width=1280, height=900):
        self.driver.get("about:blank")  # ends the requests of the page before
        self.errors()  # those of the page before
        self.driver.set_window_size(width, height)
        self.driver.get(url)
        self.wait_for("return document.getElementById('decoded-frame').dataset.decoded > 0")

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

    def drag(self, *places):
        """Drags the pointer over places of the map, as shares of its width and height."""
        overlay = self.driver.find_element("id", "overlay")
        self.script("arguments[0].scrollIntoView({block: 'center'})", overlay)
        size = overlay.size
        moves = [(int((x - 0.5) * size["width"]), int((y - 0.5) * size["height"])) for x, y in places]
        chain = webdriver.ActionChains(self.driver, duration=30)
        chain.move_to_element_with_offset(overlay, *moves[0]).click_and_hold()
        for move in moves[1:]:
            chain.move_to_element_with_offset(overlay, *move)
        chain.release().perform()

    def errors(self):
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.fixture(scope="module")
def page():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield Page(driver)
    driver.quit()


def test_a_walk_through_the_latent_space(page, explorer):
    page.open(explorer.url)
    assert "600" not in page.text("trouble") and page.text("title") == "digits"

    before, pixels = page.decoded(), page.pixels()
    page.drag((0.3, 0.3), (0.5, 0.5), (0.7, 0.6))
    page.wait_for(f"return document.getElementById('decoded-frame').dataset.decoded > {before + 1}")
    assert "Between examples" in page.text("caption") and page.pixels() != pixels

    page.click("pick-index")
    page.script("document.getElementById('pick-index').value = 7; document.getElementById('pick').requestSubmit()")
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


def test_a_dropped_image_is_encoded(page, explorer):
    page.open(explorer.url)
    image = png(np.eye(16)[..., None])
    page.script(DROP, list(image), "mine.png")
    page.wait_for("return document.querySelectorAll('#file-pictures figure').length == 3")
    assert "ELBO" in page.text("file-text") and "mine.png" in page.text("caption")
    assert page.script("return document.querySelectorAll('#near button').length") == 8
    page.script(DROP, [1, 2, 3], "bad.png")
    page.wait_for("return /readable image/.test(document.getElementById('trouble').textContent)")


def test_the_keyboard_reaches_the_map_and_the_screen_may_be_narrow(page, explorer):
    page.open(explorer.url, 390, 800)
    assert page.script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    overlay, keys = page.driver.find_element("id", "overlay"), webdriver.Keys
    overlay.send_keys(keys.ARROW_LEFT, keys.ARROW_UP, keys.ENTER)
    page.wait_for("return /example \\d+/.test(document.getElementById('caption').textContent)")
    assert page.script(UNNAMED) == []


def test_many_points_and_a_server_that_stops(page, model, digits):
    x = np.resize(digits.train.x, (MANY_POINTS, 8, 8, 1))
    with explore(model, x, points=MANY_POINTS) as explorer:
        page.open(explorer.url)
        assert "10,000" in page.text("notes")
        milliseconds = page.driver.execute_async_script(
            "const done = arguments[0]; const start = performance.now(); let frames = 0; const frame = () => { "
            "document.getElementById(frames % 2 ? 'zoom-in' : 'zoom-out').click(); frames++ < 20 ? "
            "requestAnimationFrame(frame) : done((performance.now() - start) / 20); }; frame();"
        )
        assert milliseconds < 250  # software rendering on a shared core; 60 frames per second with a GPU
    page.script("document.getElementById('pick-index').value = 9; document.getElementById('pick').requestSubmit()")
    page.wait_for("return /does not answer/.test(document.getElementById('trouble').textContent)")


def keep_a_and_b(page):
    page.script("document.querySelector('[aria-label=\"Keep what is decoded as A\"]').click()")
    page.script("document.getElementById('pick-index').value = 7; document.getElementById('pick').requestSubmit()")
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


@pytest.mark.skipif(not PACKAGE.is_file(), reason=f"needs {PACKAGE}, which keras-vae explore --static downloads")
def test_the_file_with_the_decoder_answers_as_the_model(page, explorer, model, tmp_path, array_of):
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
    assert page.errors() == []
