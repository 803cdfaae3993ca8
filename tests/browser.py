"""A real browser for tests: headless Chromium."""

import contextlib
import importlib.resources
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
needs_chromium = pytest.mark.skipif(
    None in (CHROMIUM, DRIVER), reason="needs chromium and chromedriver: apt install chromium-driver"
)
EMULATED_MEDIA = "Emulation.setEmulatedMedia"
VIOLATIONS = """
const done = arguments[0];
axe.run(document, {resultTypes: ['violations']}).then(({violations}) => done(violations
  .filter(({impact}) => ['serious', 'critical'].includes(impact))
  .map(({id, help, nodes}) => `${id}: ${help}: ${nodes.map(node => node.html.slice(0, 100)).join(' | ')}`)));
"""


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Yields the driver of a new browser."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium: pip install 'keras_vae[test]'")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def errors(driver: Any) -> list[str]:
    """Returns the errors that the browser has logged since the last call."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]


@contextlib.contextmanager
def colour_scheme(driver: Any, name: str) -> Iterator[None]:
    """Prefers "light" or "dark" pages within the context."""
    driver.execute_cdp_cmd(EMULATED_MEDIA, {"features": [{"name": "prefers-color-scheme", "value": name}]})
    try:
        yield
    finally:
        driver.execute_cdp_cmd(EMULATED_MEDIA, {"features": []})


def serious_violations(driver: Any) -> list[str]:
    """Returns what axe-core finds in the open page, of its impacts "serious" and "critical"."""
    reason = "needs axe-playwright-python: pip install 'keras_vae[test]'"
    axe = pytest.importorskip("axe_playwright_python", reason=reason)
    driver.set_script_timeout(120)  # of large pages, where the cores are busy
    driver.execute_script((importlib.resources.files(axe) / "axe.min.js").read_text("utf-8"))
    return driver.execute_async_script(VIOLATIONS)
