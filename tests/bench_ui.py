"""make bench-ui: how long a reader waits, in the real app in headless Chromium; --check fails where a target is missed.

Milliseconds of this machine. Each figure is from an input (the time stamp of its event) to the frame after the one that
shows the answer. Starts are from the start of the server, or from when it says that it is healthy, for a reader who
comes as soon as it listens; each takes a server of its own.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, FilePayload, Locator, Page, sync_playwright

from imaging.phantoms import phantom
from tests.browser.conftest import NAMES, OPTIONS
from tests.dashboard.steps import png

ROOT = Path(__file__).resolve().parent.parent
REPEATS = 12
FRAMES = 180  # zooming for three seconds
SIDE = 1024  # pixels of the picture that is zoomed
PATIENCE = 120_000
GLANCE = 1000  # ms that a reader looks before the next step
SCRIPT = """
window.bench = {
  find(selector) { // within all shadow roots
    const roots = [document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean)];
    return roots.map((root) => root.querySelector(selector)).find(Boolean);
  },
  get viewer() {
    if (!this.root?.isConnected) this.root = this.find(".viewer");
    return this.root?.viewer;
  },
  get shown() { // the case whose prediction and map are on screen, with what they were made
    const { scene } = this.viewer ?? {};
    const map = scene?.panes.find(({ name }) => name === "before");
    const mapped = scene && !scene.stale && (map.heat || map.message);
    return mapped && document.querySelector(".prediction:not(.stale)") ? `${map.frame.id} ${scene.recipe}` : "";
  },
  get refused() {
    return Boolean(document.querySelector("[class*='st-key-progress-gate']"));
  },
  input(type) { // the next event of this type is the one that is timed
    addEventListener(type, (event) => (this.start = event.timeStamp), { capture: true, once: true });
  },
  async painted() { // ms from the input, waited for before it comes: a question asked after it would be timed too
    const { drawn } = this.viewer;
    while (this.viewer.drawn === drawn) await new Promise(requestAnimationFrame); // frames ask before they draw
    return performance.now() - this.start;
  },
  async until(answered) { // ms from the input
    while (!answered()) await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return performance.now() - this.start;
  },
  async zoom(frames) { // ms between frames, a turn of the wheel in each
    const canvas = this.find("[data-pane=clean] canvas.picture");
    const box = canvas.getBoundingClientRect();
    const at = { clientX: box.left + box.width / 3, clientY: box.top + box.height / 3 };
    const gaps = [];
    let before = await new Promise(requestAnimationFrame);
    for (let k = 0; k < frames; k++) {
      const deltaY = k % 60 < 30 ? -40 : 40;
      canvas.dispatchEvent(new WheelEvent("wheel", { deltaY, ...at, bubbles: true, composed: true, cancelable: true }));
      const now = await new Promise(requestAnimationFrame);
      gaps.push(now - before);
      before = now;
    }
    return gaps;
  },
};
"""


@dataclass(frozen=True)
class Row:
    """What was timed, in milliseconds, and the median it must stay below."""

    name: str
    target: float
    times: Sequence[float]

    @property
    def met(self) -> bool:
        return float(np.median(self.times)) < self.target


@contextmanager
def server() -> Iterator[tuple[str, float]]:
    """A server of its own, from when it listens: address, and when it was started (time.perf_counter)."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    address = f"http://localhost:{port}"
    start = time.perf_counter()
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/server.py", "--server.port", str(port)]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # as at a reader's
    process = subprocess.Popen(command, cwd=ROOT, env=kept, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _answers(address):
            time.sleep(0.02)
        yield address, start
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def reader(browser: Browser, address: str) -> Iterator[Page]:
    """A fresh session, as on a laptop."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.add_init_script(SCRIPT)
    page.goto(address)
    yield page
    page.close()


def starts(browser: Browser) -> list[Row]:
    """From nothing to the first page and the first comparison."""
    usable, compared = [], []
    for _ in range(REPEATS):
        with server() as (address, start), ThreadPoolExecutor() as aside:
            up = aside.submit(_healthy_at, address)
            with reader(browser, address) as page:
                page.locator(".worklist button").first.wait_for()
                usable.append(1000 * (time.perf_counter() - start))
                page.wait_for_function("bench.shown")
                compared.append(1000 * (time.perf_counter() - up.result()))
    return [
        Row("Server start to first usable page", 4000, usable),
        Row("Server up to first comparison on screen", 2000, compared),
    ]


def cases(page: Page) -> list[Row]:
    """From a click on a case to its prediction and map; models are loaded before, refused cases are left out."""
    ids = page.locator(".worklist button").evaluate_all("buttons => buttons.map((button) => button.dataset.id)")
    groups = page.locator(".worklist").evaluate(
        "list => [...list.querySelectorAll('.group')].map((group) => group.nextElementSibling.dataset.id)"
    )
    for case in groups:
        _switch(page, case)
    fresh = [_switch(page, case) for case in ids if case not in groups]
    seen = [_switch(page, case) for case in ids if case not in groups]
    target = "Case switch to prediction and map"
    return [
        Row(f"{target}, first time", 700, [time for time in fresh if time is not None]),
        Row(f"{target}, seen before", 700, [time for time in seen if time is not None]),
    ]


def _switch(page: Page, case: str) -> float | None:
    button = page.locator(f".worklist button[data-id='{case}']")
    button.scroll_into_view_if_needed()
    if button.get_attribute("aria-selected") == "true":
        return None
    page.evaluate("bench.input('click')")
    button.click()
    took = page.evaluate("id => bench.until(() => bench.shown.startsWith(id) || bench.refused)", case)
    refused = page.evaluate("bench.refused")
    page.wait_for_timeout(GLANCE)
    return None if refused else float(took)


def responses(page: Page) -> list[Row]:
    """From a key, a turn of the wheel or a drag to the frame that shows it, in a gray picture."""
    pane = page.locator("[data-pane=clean] canvas.picture")
    box = pane.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    slider = page.locator("input[name=opacity]")
    page.mouse.move(x, y)

    opacity = [_response(page, pane, "keydown", partial(slider.press, "ArrowLeft")) for _ in range(REPEATS)]
    zoom = [_response(page, pane, "wheel", partial(page.mouse.wheel, 0, -90 + 180 * (k % 2))) for k in range(REPEATS)]
    page.get_by_role("button", name="Window and level").click()
    page.mouse.move(x, y)
    page.mouse.down()
    drags = [partial(page.mouse.move, x + 40 * ((k + 1) % 2), y) for k in range(REPEATS)]
    window = [_response(page, pane, "pointermove", drag) for drag in drags]
    page.mouse.up()
    return [Row("Opacity response", 50, opacity), Row("Zoom response", 50, zoom), Row("Window response", 50, window)]


def _response(page: Page, pane: Locator, event: str, act: Callable[[], None]) -> float:
    before = pane.evaluate("canvas => canvas.toDataURL()")
    page.evaluate("type => { bench.input(type); bench.answer = bench.painted(); }", event)
    act()
    took = page.evaluate("bench.answer")
    assert pane.evaluate("canvas => canvas.toDataURL()") != before
    return float(took)


def epsilon_steps(page: Page) -> Row:
    """From a key on the dial to the comparison at that size, for a reader who looks at each for a second."""
    dial = page.locator(".dial input[type=range]")
    dial.press("Home")
    page.wait_for_timeout(3 * GLANCE)
    times = []
    for _ in range(REPEATS):
        page.evaluate("bench.input('keydown')")
        dial.press("ArrowRight")
        size = "bench.find('.dial output').textContent"
        times.append(float(page.evaluate(f"bench.until(() => bench.shown.includes(`epsilon ${{{size}}}`))")))
        page.wait_for_timeout(GLANCE)
    return Row("Epsilon step", 600, times)


def zooming(page: Page) -> Row:
    """The time of a frame while the wheel turns over six linked panes."""
    data = png(phantom("cxr", True, 21, SIDE).pixels)
    chosen = page.evaluate("bench.shown")
    upload = FilePayload(name="large.png", mimeType="image/png", buffer=data)
    page.locator("input[type=file]").first.set_input_files(upload)
    page.wait_for_function("chosen => bench.shown && bench.shown.split(' ')[0] !== chosen.split(' ')[0]", arg=chosen)
    page.wait_for_timeout(GLANCE)
    before = page.evaluate("bench.viewer.drawn")
    gaps = page.evaluate("frames => bench.zoom(frames)", FRAMES)
    drawn = page.evaluate("bench.viewer.drawn") - before
    assert drawn > 0.9 * FRAMES, f"{drawn} of {FRAMES} frames were drawn"
    return Row(f"Frame while zooming six panes, {SIDE} px", 17, gaps)


def _healthy_at(address: str) -> float:
    """When the server said that it was (time.perf_counter)."""
    assert _answers(f"{address}/_stcore/health")
    return time.perf_counter()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url):
            return True
    except urllib.error.URLError:
        return False


def main() -> None:
    """Print the table."""
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        sys.exit(f"No browser found: looked for {', '.join(NAMES)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=OPTIONS)
        rows = starts(browser)
        with server() as (address, _), reader(browser, address) as page:
            page.wait_for_function("bench.shown")
            first = page.evaluate("bench.shown.split(' ')[0]")  # a radiograph
            rows += cases(page)
            _switch(page, first)
            rows += [epsilon_steps(page), *responses(page), zooming(page)]
        browser.close()
    sys.stdout.write(f"{'milliseconds':<46}{'target':>8}{'median':>8}{'90 %':>8}{'n':>6}\n")
    for row in rows:
        median, high = np.percentile(row.times, [50, 90])
        missed = "" if row.met else "  missed"
        sys.stdout.write(f"{row.name:<46}{row.target:8.0f}{median:8.1f}{high:8.1f}{len(row.times):6}{missed}\n")
    if "--check" in sys.argv[1:] and not all(row.met for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
