"""The viewer in a real browser, on a page of its own: what it shows, its tools, its keys, and what it tells Python."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import serving
from tests.browser.viewer_page import CELLS, GRID, LARGE, MM, SIZE, attacked, radiograph

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Levels = npt.NDArray[np.uint8]
Spot = tuple[float, float]
CAMERA = "root => ({ ...root.viewer.camera })"
ORIGIN = "(root, pane) => [root.viewer.panes.get(pane).place.e, root.viewer.panes.get(pane).place.f]"
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
SCRIPT = "tests/browser/viewer_page.py"


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page, on which nothing may go wrong from the first test to the last."""
    with serving(SCRIPT, tmp_path_factory.mktemp("viewer") / "log") as address:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, has_touch=True)
        page = context.new_page()
        page.set_default_timeout(60_000)
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(address)
        expect(page.locator("[data-pane=clean] canvas.picture")).to_be_visible()
        yield page
        context.close()
        assert not troubles


@pytest.fixture
def room(opened: Page) -> Page:
    """The page with the viewer as at first, in focus."""
    return afresh(opened, "")


@pytest.fixture
def large(opened: Page) -> Page:
    """The same with a case that is sent reduced, and a perturbed picture that is colored; no area can be chosen."""
    return afresh(opened, LARGE)


@pytest.fixture
def grid(opened: Page) -> Page:
    """The same with two cases side by side."""
    return afresh(opened, GRID)


def afresh(page: Page, variant: str) -> Page:
    """This variant of the page, without what an earlier test left."""
    for box in (LARGE, GRID):
        if page.get_by_label(box).is_checked() != (box == variant):
            page.get_by_text(box).click()
    first, case = ("chest", "chest") if variant == GRID else ("clean", "large" if variant == LARGE else "chest")
    expect(page.locator(f"[data-pane={first}]")).to_be_attached()
    expect(page.locator(".viewer")).to_have_count(1)
    page.wait_for_function(
        """([root, id]) => {
            const { frame, visible } = root.viewer;
            return frame?.id === id && visible.every(({ scene }) => !scene.picture || scene.picture.decoded);
        }""",
        arg=[page.locator(".viewer").element_handle(), case],
    )
    page.locator(".viewer").evaluate("""root => {
        const { viewer } = root;
        const active = viewer.scene.panes[0].name;
        Object.assign(viewer.session, { tool: "window", active, swipe: false, blink: false, divider: 0.5 });
        for (const name of ["overlay", "contours", "cells"]) viewer.set(name, name === "overlay");
        for (const [name, value] of [["opacity", 80], ["threshold", 10], ["mass", 50], ["tint", "warm"],
            ["layout", "all"]]) viewer.set(name, value);
        for (const { frame } of viewer.panes.values()) frame.note.measures.length = 0;
        viewer.measuring.probe = viewer.measuring.corner = undefined;
        viewer.looking.reset();
        viewer.layOut();
        viewer.toolbar.update();
    }""")
    page.locator(".grid").focus()
    painted(page)
    return page


def painted(page: Page) -> None:
    """Wait for the next frame."""
    page.evaluate(PAINTED)


def press(page: Page, *keys: str) -> None:
    """Press keys, one after the other, and wait for the frame that shows it."""
    for key in keys:
        page.keyboard.press(key)
    painted(page)


def levels(page: Page, pane: str) -> Levels:
    """(height, width, 3) what a pane shows."""
    uri: str = page.locator(f"[data-pane={pane}] canvas.picture").evaluate("canvas => canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("RGB"))


def camera(page: Page) -> dict[str, Any]:
    """Zoom, middle and turn."""
    found: dict[str, Any] = page.locator(".viewer").evaluate(CAMERA)
    return found


def button(page: Page, name: str) -> Locator:
    """A button of the toolbar."""
    return page.locator(f".tools button[name={name}]")


def spot(page: Page, pane: str, u: float, v: float) -> Spot:
    """Where a place of the case, in shares, lies on the page while the whole case fits the pane."""
    box = page.locator(f"[data-pane={pane}] .pane").bounding_box()
    assert box
    side = min(box["width"], box["height"])
    return box["x"] + box["width"] / 2 + (u - 0.5) * side, box["y"] + box["height"] / 2 + (v - 0.5) * side


def drag(page: Page, start: Spot, end: Spot) -> None:
    """With the left button."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()
    painted(page)


def numbers(line: Locator) -> list[float]:
    """All numbers of a line."""
    return [float(number) for number in re.findall(r"[\d.]+", line.inner_text())]


def seen(page: Page, text: str) -> None:
    """Wait until Python says it has seen this."""
    expect(page.get_by_text(text)).to_be_visible()


def test_at_first_each_pane_shows_exactly_the_display_pixels(room: Page) -> None:
    press(room, "o", "0")
    case = radiograph()
    for pane, pixels in (("clean", case.pixels), ("perturbed", attacked(case))):
        left, top = room.locator(".viewer").evaluate(ORIGIN, pane)
        shown = levels(room, pane)[top : top + SIZE, left : left + SIZE]
        assert shown.shape == (SIZE, SIZE, 3)
        off = np.abs(shown[..., 0] - np.rint(255 * pixels[..., 0]))
        assert off.max() <= 1  # the perturbed values fall between two of 65,536 levels
        assert (off == 0).mean() > 0.995
        assert (shown[..., 0] == shown[..., 2]).all()
    assert not np.array_equal(levels(room, "clean"), levels(room, "perturbed"))


@pytest.mark.parametrize(
    ("key", "name"), [("w", "window"), ("p", "pan"), ("z", "zoom"), ("m", "length"), ("q", "rectangle")]
)
def test_keys_choose_tools(room: Page, key: str, name: str) -> None:
    press(room, key)
    expect(button(room, name)).to_have_attribute("aria-pressed", "true")
    press(room, "Escape")
    expect(button(room, "window")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(
    ("key", "turn", "sides"),
    [
        ("r", [0, 1, -1, 0], "RHLF"),
        ("l", [0, -1, 1, 0], "LFRH"),
        ("h", [-1, 0, 0, 1], "HRFL"),
        ("v", [1, 0, 0, -1], "FLHR"),
    ],
)
def test_keys_turn_the_picture_and_its_side_markers(room: Page, key: str, turn: list[int], sides: str) -> None:
    def markers() -> str:
        clean = room.locator("[data-pane=clean]")
        return "".join(clean.locator(f".side.{side}").inner_text() for side in ("top", "right", "bottom", "left"))

    before = levels(room, "clean")
    assert markers() == "HLFR"
    press(room, key)
    assert camera(room)["turn"] == turn
    assert markers() == sides
    assert not np.array_equal(levels(room, "clean"), before)
    press(room, " ")
    assert markers() == "HLFR"
    assert np.array_equal(levels(room, "clean"), before)


def test_keys_zoom_fit_and_reset(room: Page) -> None:
    press(room, "+")
    assert camera(room)["zoom"] == pytest.approx(1.4)
    expect(button(room, "fit")).to_contain_text("%")
    press(room, "-")
    assert camera(room)["zoom"] == pytest.approx(1)
    press(room, "+", "+", "=")
    assert camera(room)["zoom"] == 1
    press(room, "0")
    expect(button(room, "fit")).to_have_text("100 %")


def test_keys_choose_presets_and_invert(room: Page) -> None:
    preset, before = room.locator("select[name=preset]"), levels(room, "clean")
    for key, name in (("2", "Lungs"), ("3", "Mediastinum"), ("4", "High contrast"), ("5", "Full range")):
        press(room, key)
        expect(preset.locator("option:checked")).to_have_text(f"{key} {name}")
        assert not np.array_equal(levels(room, "clean"), before)
    press(room, "1")
    assert np.array_equal(levels(room, "clean"), before)
    press(room, "o")
    bare = levels(room, "perturbed").astype(int)
    press(room, "i")
    inside = slice(40, 200)
    assert np.abs(bare + levels(room, "perturbed") - 255)[inside, inside].max() <= 1


def test_keys_change_the_map(room: Page) -> None:
    before, maps = levels(room, "clean"), levels(room, "difference")
    for key, name in (("o", "overlay"), ("k", "contours"), ("g", "cells"), ("t", "tint")):
        was = button(room, name).get_attribute("aria-pressed")
        press(room, key)
        assert button(room, name).get_attribute("aria-pressed") != was
        assert not np.array_equal(levels(room, "clean"), before)
        press(room, key)
        assert np.array_equal(levels(room, "clean"), before)
    for key, name, value in (
        ("[", "opacity", "75"),
        ("]", "opacity", "80"),
        (",", "threshold", "5"),
        (".", "threshold", "10"),
    ):
        press(room, key)
        expect(room.locator(f"input[name={name}]")).to_have_value(value)
    assert np.array_equal(levels(room, "difference"), maps)


def test_a_map_made_of_cells_says_so_and_shows_them_on_request(room: Page) -> None:
    grain = room.locator("[data-pane=difference] .grain")
    expect(grain).to_have_text("4 × 4 map, smoothed")
    expect(room.locator("[data-pane=clean] .grain")).to_be_empty()

    def colors() -> int:
        row = levels(room, "difference")[100]
        return len(np.unique(row[row.any(axis=1)], axis=0))

    assert colors() > 50
    press(room, "g")
    expect(grain).to_have_text("4 × 4 map, not smoothed")
    assert colors() == CELLS
    room.mouse.move(*spot(room, "difference", 0.99, 0.5))
    expect(room.locator(".reading")).to_contain_text("map 0.26 logits")
    press(room, "g")
    room.mouse.move(*spot(room, "difference", 0.98, 0.5))
    expect(room.locator(".reading")).to_contain_text("map 0.48 logits")


def test_contours_hold_as_much_of_the_map_as_was_asked_for(room: Page) -> None:
    """The map rises evenly from left to right: right of the middle lie three quarters of it."""
    press(room, "o")
    bare = levels(room, "clean").astype(int)
    press(room, "o", "k")
    expect(room.locator("input[name=threshold]")).to_be_hidden()
    press(room, ".", ",", ",")
    expect(room.locator("input[name=mass]")).to_have_value("55")
    room.locator("input[name=mass]").fill("75")
    painted(room)
    changed = np.abs(levels(room, "clean").astype(int) - bare).max(axis=2) > 40
    row = np.flatnonzero(changed[changed.shape[0] // 2])
    side = min(changed.shape)
    first = (row.min() - (changed.shape[1] - side) / 2) / side
    assert first == pytest.approx((0.5 * 63 + 0.5) / 64, abs=0.02)
    assert changed.mean() < 0.2


def test_a_drag_changes_the_window_of_both_pictures(room: Page) -> None:
    before = [levels(room, pane) for pane in ("clean", "perturbed")]
    drag(room, spot(room, "clean", 0.4, 0.4), spot(room, "clean", 0.7, 0.5))
    expect(room.locator("select[name=preset] option:checked")).to_have_text("Window: own")
    for pane, old in zip(("clean", "perturbed"), before, strict=True):
        assert not np.array_equal(levels(room, pane), old)
    wider = room.locator(".viewer").evaluate("root => root.viewer.frame.note.window.width")
    assert wider > 2000


def test_the_wheel_zooms_about_the_pointer_only_in_focus_or_with_ctrl(room: Page) -> None:
    x, y = spot(room, "clean", 0.3, 0.6)
    room.mouse.move(x, y)
    room.locator(".grid").evaluate("grid => grid.blur()")
    room.mouse.wheel(0, -200)
    painted(room)
    assert camera(room)["zoom"] == 1
    room.keyboard.down("Control")
    room.mouse.wheel(0, -20)
    room.wait_for_function("root => root.viewer.camera.zoom > 1", arg=room.locator(".viewer").element_handle())
    room.keyboard.up("Control")
    room.locator(".grid").focus()
    press(room, "=")
    room.mouse.move(x + 1, y)
    room.mouse.move(x, y)
    reading = room.locator(".reading")
    expect(reading).to_contain_text("mm right")
    place = numbers(reading)
    room.mouse.wheel(0, -400)
    room.wait_for_function("root => root.viewer.camera.zoom > 2", arg=room.locator(".viewer").element_handle())
    room.mouse.move(x + 1, y)
    room.mouse.move(x, y)
    assert numbers(reading) == pytest.approx(place, abs=0.2)


def test_the_probe_reads_values_map_and_place(room: Page) -> None:
    case = radiograph()
    assert case.grays
    row, column = 160, 64
    room.mouse.move(*spot(room, "clean", (column + 0.5) / SIZE, (row + 0.5) / SIZE))
    said = room.locator(".reading").inner_text()
    value = f"{case.grays.values[row, column]:.0f}"
    assert re.match(rf"Clean {value}\.\d, perturbed \d+\.\d HU · map 0\.2\d logits · ", said), said
    across, down = re.findall(r"([\d.]+) mm", said)
    assert float(across) == pytest.approx((column + 0.5) * MM, abs=0.2)
    assert float(down) == pytest.approx((row + 0.5) * MM, abs=0.2)


def test_the_probe_works_by_keyboard_and_is_read_out(room: Page) -> None:
    press(room, "Shift+ArrowRight")
    first = room.locator(".viewer .said").inner_text()
    assert "mm right, 64.0 mm down" in first
    press(room, "Shift+ArrowRight", "Shift+ArrowDown")
    assert room.locator(".viewer .said").inner_text() not in ("", first)
    press(room, "m", "Enter", *["Shift+ArrowRight"] * 5, "Enter")
    assert re.fullmatch(r"\d+\.\d mm", room.locator(".viewer .said").inner_text())


def test_length_and_rectangle_in_mm(room: Page) -> None:
    case = radiograph()
    assert case.grays
    press(room, "m")
    drag(room, spot(room, "clean", 0.25, 0.25), spot(room, "clean", 0.75, 0.25))
    expect(room.locator("[data-pane=clean] .marks text")).to_have_text(re.compile(r"6[34]\.\d mm"))
    press(room, "Backspace", "q")
    drag(room, spot(room, "clean", 0.25, 0.5), spot(room, "clean", 0.5, 0.75))
    size, statistics = room.locator("[data-pane=clean] .marks text").all_text_contents()
    assert re.fullmatch(r"3[12]\.\d × 3[12]\.\d mm, (9|10)\d\d mm²", size)
    found = re.fullmatch(r"mean (.+), SD (.+) HU", statistics)
    assert found
    wanted = case.grays.values[128:192, 64:128]
    assert float(found[1]) == pytest.approx(wanted.mean(), rel=0.02)
    assert float(found[2]) == pytest.approx(wanted.std(), rel=0.05)


def test_blink_shows_the_perturbed_picture_in_the_clean_pane(room: Page) -> None:
    title, clean = room.locator("[data-pane=clean] .title"), levels(room, "clean")
    press(room, "b")
    expect(title).to_have_text("Perturbed")
    assert np.array_equal(levels(room, "clean"), levels(room, "perturbed"))
    press(room, "b")
    expect(title).to_have_text("Clean")
    assert np.array_equal(levels(room, "clean"), clean)
    room.keyboard.down("b")
    room.wait_for_timeout(450)
    room.keyboard.up("b")
    expect(title).to_have_text("Clean")


def test_the_swipe_divides_clean_from_perturbed(room: Page) -> None:
    clean, perturbed = levels(room, "clean"), levels(room, "perturbed")
    press(room, "s")
    middle = clean.shape[1] // 2
    drag(room, spot(room, "clean", 0.5, 0.5), spot(room, "clean", 0.3, 0.5))
    divider = room.locator("[data-pane=clean] .divider")
    expect(divider).to_be_focused()
    share = int(divider.get_attribute("aria-valuenow") or 0) / 100
    assert 0.2 < share < 0.4
    shown, line = levels(room, "clean"), round(clean.shape[1] * share)
    assert np.array_equal(shown[:, : line - 3], clean[:, : line - 3])
    assert np.array_equal(shown[:, line + 3 : middle], perturbed[:, line + 3 : middle])
    press(room, "ArrowRight")
    assert int(divider.get_attribute("aria-valuenow") or 0) == pytest.approx(100 * share + 5, abs=1)


def test_layouts_never_change_the_height(room: Page) -> None:
    grid = room.locator(".grid")
    before = grid.bounding_box()
    for name, panes in (("pair", 2), ("one", 1), ("all", 3)):
        room.locator(".menu.all summary").click()
        button(room, name).click()
        expect(room.locator(".viewer figure:visible")).to_have_count(panes)
        expect(grid).to_be_focused()
        painted(room)
        assert grid.bounding_box() == before
    room.locator("[data-pane=difference] .pane").dblclick()
    expect(room.locator(".viewer figure:visible")).to_have_count(1)
    expect(room.locator("[data-pane=difference]")).to_be_visible()


def test_two_fingers_zoom(room: Page) -> None:
    x, y = spot(room, "clean", 0.5, 0.5)
    session = room.context.new_cdp_session(room)
    for kind, apart in (("touchStart", 20), ("touchMove", 40), ("touchMove", 60), ("touchEnd", 0)):
        points = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}] if apart else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    painted(room)
    assert camera(room)["zoom"] == pytest.approx(3, rel=0.1)


def test_help_lists_every_key_and_escape_closes_it(room: Page) -> None:
    press(room, "?")
    dialog = room.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    keys = dialog.locator("dt").all_inner_texts()
    assert {"w", "i", "r", "l", "h", "v", "z", "Space", "b", "s", "[", "]", "f", "?", "1 – 5"} <= set(keys)
    room.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_every_pane_and_button_has_a_name(room: Page) -> None:
    for name, summary in (("Clean", "The clean picture."), ("Difference", "The difference.")):
        picture = room.get_by_role("img", name=name, exact=True)
        expect(picture).to_have_accessible_description(summary)
    unnamed = room.locator(".tools button, .tools select, .tools input").evaluate_all(
        "all => all.filter((part) => !part.ariaLabel || !(part.title || part.parentElement.title)).length"
    )
    assert unnamed == 0


def test_zoom_window_tool_and_measures_survive_a_rerun_but_not_another_case(room: Page) -> None:
    press(room, "+", "r", "2", "m")
    drag(room, spot(room, "clean", 0.4, 0.5), spot(room, "clean", 0.6, 0.5))
    press(room, "Shift+ArrowRight")
    kept, shown, read = camera(room), levels(room, "clean"), room.locator(".reading").inner_text()
    assert "mm right" in read
    press(room, "ArrowRight")
    seen(room, "region None steps [1]")
    press(room, "ArrowLeft")
    seen(room, "region None steps [1, -1]")
    assert camera(room) == kept
    assert np.array_equal(levels(room, "clean"), shown)
    expect(room.locator(".reading")).to_have_text(read)
    expect(button(room, "length")).to_have_attribute("aria-pressed", "true")
    expect(room.locator("[data-pane=clean] .marks .measure")).to_have_count(1)
    room.get_by_text("Other case").click()
    expect(room.locator("[data-pane=clean] .marks .measure")).to_have_count(0)
    assert camera(room)["zoom"] == 1
    expect(room.locator(".reading")).to_have_class("reading hint")
    expect(room.locator("select[name=preset] option:checked")).to_have_text("1 Default")
    expect(button(room, "length")).to_have_attribute("aria-pressed", "true")
    room.get_by_text("Other case").click()
    expect(room.locator("[data-pane=clean] .marks .measure")).to_have_count(1)


def test_a_rectangle_becomes_the_area_that_counts(room: Page) -> None:
    expect(button(room, "area")).to_be_disabled()
    press(room, "q")
    drag(room, spot(room, "clean", 0.25, 0.5), spot(room, "clean", 0.5, 0.75))
    press(room, "a")
    seen(room, "region (0.2")
    said = room.get_by_text("region (").inner_text()
    assert [float(share) for share in re.findall(r"0\.\d+", said)] == pytest.approx([0.25, 0.5, 0.5, 0.75], abs=0.02)
    expect(room.locator("[data-pane=clean] .marks .region")).to_have_count(1)
    press(room, "a")
    seen(room, "region None")
    room.get_by_text("Other case").click()  # nothing was chosen in this one
    room.get_by_text("Region given").click()
    seen(room, "region (0.25, 0.25, 0.5, 0.5)")
    expect(room.locator("[data-pane=clean] .marks .region")).to_have_count(1)
    for box in ("Region given", "Other case"):
        room.get_by_text(box).click()
    seen(room, "region None")


def test_under_a_divider_or_a_blink_what_is_read_is_what_is_seen(room: Page) -> None:
    def reading(u: float) -> str:
        room.mouse.move(*spot(room, "clean", u, 0.5))
        painted(room)
        return str(re.findall(r"map ([\d.]+)", room.locator(".reading").inner_text())[0])

    def said(pane: str) -> list[str]:
        return room.locator(f"[data-pane={pane}] .marks text").all_text_contents()[1:]

    press(room, "q")
    drag(room, spot(room, "clean", 0.7, 0.5), spot(room, "clean", 0.74, 0.54))
    clean, perturbed = said("clean"), said("perturbed")
    assert clean != perturbed
    assert float(reading(0.9)) == pytest.approx(0.9, abs=0.02)  # the map rises to the right, and once perturbed falls
    press(room, "b")
    assert float(reading(0.9)) == pytest.approx(0.1, abs=0.02)
    assert said("clean") == perturbed
    press(room, "b", "s")
    assert said("clean") == perturbed
    assert float(reading(0.9)) == pytest.approx(0.1, abs=0.02)
    assert float(reading(0.2)) == pytest.approx(0.2, abs=0.02)
    press(room, "Backspace")
    drag(room, spot(room, "clean", 0.3, 0.2), spot(room, "clean", 0.7, 0.3))
    assert [line.partition(" mean")[0] for line in said("clean")] == ["Clean:", "Perturbed:"]


@pytest.mark.parametrize(
    ("event", "value"),
    [
        ({"key": "[", "ctrlKey": True, "altKey": True, "modifierAltGraph": True}, "75"),  # AltGr and 8 in Germany
        ({"key": "[", "altKey": True}, "75"),  # Option and 5 on a Mac
        ({"key": "[", "ctrlKey": True}, "80"),
        ({"key": "[", "metaKey": True}, "80"),
    ],
)
def test_brackets_may_need_a_modifier(room: Page, event: dict[str, Any], value: str) -> None:
    room.locator(".grid").dispatch_event("keydown", {**event, "bubbles": True, "composed": True})
    expect(room.locator("input[name=opacity]")).to_have_value(value)


def test_capital_letters_are_the_same_keys(room: Page) -> None:
    press(room, "M")
    expect(button(room, "length")).to_have_attribute("aria-pressed", "true")
    room.keyboard.down("B")
    room.wait_for_timeout(450)
    expect(room.locator("[data-pane=clean] .title")).to_have_text("Perturbed")
    room.keyboard.up("B")
    expect(room.locator("[data-pane=clean] .title")).to_have_text("Clean")


def test_a_window_that_loses_the_focus_lets_go_of_held_keys(room: Page) -> None:
    title = room.locator("[data-pane=clean] .title")
    room.keyboard.down("b")
    expect(title).to_have_text("Perturbed")
    room.evaluate("() => window.dispatchEvent(new Event('blur'))")
    expect(title).to_have_text("Clean")
    room.keyboard.up("b")
    press(room, "+", "q")
    zoomed = camera(room)
    room.keyboard.down(" ")
    room.evaluate("() => window.dispatchEvent(new Event('blur'))")
    drag(room, spot(room, "clean", 0.4, 0.4), spot(room, "clean", 0.6, 0.6))
    room.keyboard.up(" ")
    assert camera(room) == zoomed
    expect(room.locator("[data-pane=clean] .marks .measure")).to_have_count(1)


def test_a_flat_rectangle_is_none(room: Page) -> None:
    press(room, "q")
    for end in ((0.5, 0.25), (0.25, 0.5)):
        drag(room, spot(room, "clean", 0.25, 0.25), spot(room, "clean", *end))
    expect(room.locator("[data-pane=clean] .marks .measure")).to_have_count(0)
    expect(button(room, "area")).to_be_disabled()


def test_a_large_picture_says_that_it_is_reduced(large: Page) -> None:
    reading = large.locator(".reading")
    large.mouse.move(0, 0)
    expect(reading).to_have_text("Point at a picture to read its values. It is shown reduced to 1024 px.")
    large.mouse.move(*spot(large, "clean", 0.5, 0.5))
    expect(reading).to_contain_text("HU (reduced to 1024 px) · map")
    press(large, "q")
    drag(large, spot(large, "clean", 0.25, 0.5), spot(large, "clean", 0.5, 0.75))
    _, values, of = large.locator("[data-pane=clean] .marks text").all_text_contents()
    assert values.startswith("mean")
    assert of == "of the picture reduced to 1024 px"
    press(large, "0")
    assert large.locator(".viewer").evaluate("root => root.viewer.active.place.scale") == pytest.approx(1)
    expect(button(large, "fit")).to_have_text("100 %")


def test_no_key_chooses_an_area_where_none_can_be_chosen(large: Page) -> None:
    press(large, "q")
    drag(large, spot(large, "clean", 0.25, 0.5), spot(large, "clean", 0.5, 0.75))
    press(large, "a")
    expect(large.locator("[data-pane=clean] .marks .region")).to_have_count(0)
    expect(large.locator("[data-pane=clean] .marks .measure")).to_have_count(1)
    seen(large, "region None")


def test_a_window_lies_over_gray_and_over_what_an_attack_colored(large: Page) -> None:
    press(large, "o")
    before = levels(large, "perturbed")
    for key in ("1", "3", "5"):
        press(large, key)
        clean, perturbed = levels(large, "clean").astype(int), levels(large, "perturbed").astype(int)
        middle = len(clean) // 2
        assert np.array_equal(clean[middle + 2 :], perturbed[middle + 2 :])
        assert np.array_equal(clean[..., 1:], perturbed[..., 1:])
        assert (perturbed[: middle - 2, :, 0] - clean[: middle - 2, :, 0]).max() > 20
    assert not np.array_equal(before, levels(large, "perturbed"))
    large.mouse.move(*spot(large, "perturbed", 0.5, 0.75))
    expect(large.locator(".reading")).to_have_text(re.compile(r"^Clean ([\d.]+), perturbed R [\d.]+ G \1 B \1 HU"))


def test_in_a_grid_different_cases_zoom_together(grid: Page) -> None:
    expect(grid.locator("[data-pane=eye] .differs-word")).to_be_visible()
    expect(button(grid, "blink")).to_be_hidden()
    before = levels(grid, "chest"), levels(grid, "eye")
    press(grid, "+")
    assert not np.array_equal(levels(grid, "chest"), before[0])
    assert not np.array_equal(levels(grid, "eye"), before[1])
    grid.mouse.move(*spot(grid, "eye", 0.5, 0.5))
    expect(grid.locator(".reading")).to_have_text(re.compile(r"^R \d+ G \d+ B \d+ · column 6[34], row 6[34]$"))


def test_in_a_grid_a_measure_belongs_to_the_case_of_its_pane(grid: Page) -> None:
    chest, eye = (grid.locator(f"[data-pane={name}] .marks .measure") for name in ("chest", "eye"))
    press(grid, "q", "Shift+ArrowRight", "Enter")
    expect(chest).to_have_count(1)  # its first corner
    press(grid, "n", "Enter")  # in another case it begins anew
    expect(chest).to_have_count(0)
    press(grid, *["Shift+ArrowRight", "Shift+ArrowDown"] * 3, "Enter")
    expect(eye).to_have_count(1)
    assert re.fullmatch(r"\d+ × \d+ px, \d+ px²", grid.locator(".viewer .said").inner_text())
    expect(chest).to_have_count(0)
    press(grid, "Backspace")
    expect(eye).to_have_count(0)


def test_the_player_shows_what_came_last_though_it_was_ready_first(room: Page) -> None:
    room.locator(".player").evaluate(
        """async ({ player }) => {
            const { data } = player;
            const [slow, quick] = ["red", "blue"].map((color) => {
                const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
                Object.assign(canvas.getContext("2d"), { fillStyle: color }).fillRect(0, 0, 8, 8);
                return canvas.toDataURL();
            });
            const steps = (name, picture) => {
                const frame = { index: 0, flagged: true, picture, change: picture, heat: null, said: name };
                return { ...data, played: { name, frames: [frame], lut: btoa("\\0".repeat(768)), signed: false } };
            };
            const { decode } = HTMLImageElement.prototype;
            HTMLImageElement.prototype.decode = async function () {
                if (this.src === slow) await new Promise((done) => setTimeout(done, 100));
                return decode.call(this);
            };
            await Promise.all([player.show(steps("first", slow)), player.show(steps("second", quick))]);
            HTMLImageElement.prototype.decode = decode;
        }"""
    )
    expect(room.locator(".player .said")).to_have_text("second")
