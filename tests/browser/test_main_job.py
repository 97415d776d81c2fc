"""The main job in a real browser: upload a file, see prediction, map and a flipped decision."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

from imaging.phantoms import phantom
from tests.browser.conftest import blank
from tests.browser.pages import settled, until
from tests.dashboard.steps import NOTICE, phantom_png

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def radiograph() -> bytes:
    """A drawn chest as a DICOM file of an invented patient, MONOCHROME1, 12 bits."""
    pixels = phantom("cxr", True, 21, 320).pixels[..., 0]
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.PatientName = "INVENTED^JANE"
    data.Modality = "CR"
    data.BodyPartExamined = "CHEST"
    data.PhotometricInterpretation = "MONOCHROME1"
    data.SamplesPerPixel = 1
    data.Rows, data.Columns = pixels.shape
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.ImagerPixelSpacing = [0.5, 0.5]
    data.PixelData = np.round((1 - pixels) * 4095).astype("<u2").tobytes()
    buffer = io.BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def finished(page: Page) -> None:
    """Wait until the comparison on screen is that of the controls, and nothing is under way."""
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()
    expect(page.locator("[class*='st-key-progress-']")).to_have_count(0)
    expect(page.locator(".st-key-findings .sentence")).to_be_visible()
    settled(page, still=0)


def upload(page: Page, name: str, data: bytes) -> None:
    """Drop a file and wait until it is compared."""
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": data}
    )
    expect(page.locator(".worklist [aria-selected=true]")).to_contain_text("Upload")
    finished(page)


def picture(page: Page, pane: str) -> Locator:
    """The canvas of a pane."""
    return page.locator(f"[data-pane={pane}] canvas.picture")


def drawn(page: Page, pane: str) -> str:
    """What a canvas shows, in short: the same only where all pixels are."""
    uri: str = picture(page, pane).evaluate("canvas => canvas.toDataURL()")
    return hashlib.sha256(uri.encode()).hexdigest()[:12]


def drawn_anew(page: Page, pane: str, before: str) -> None:
    """Wait until a canvas shows something else."""
    until(page, lambda: drawn(page, pane), lambda now: now != before, f"the pane {pane!r} is drawn anew")


def colorful(page: Page, colors: int, *panes: str) -> None:
    """Wait until one of these canvases shows more colors than so many."""
    until(page, lambda: max(_colors(page, pane) for pane in panes), lambda count: count > colors, f"colors of {panes}")


def _colors(page: Page, pane: str) -> int:
    count = """canvas => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size;
    }"""
    return int(picture(page, pane).evaluate(count))


def quiet(page: Page, sent: list[str | bytes]) -> int:
    """Wait until the page has told the server nothing for a second; how often it had spoken by then."""
    before = -1
    while before != len(sent):
        before = len(sent)
        page.wait_for_timeout(1000)
    return before


def test_first_start_shows_a_finished_comparison_without_a_click(page: Page) -> None:
    finished(page)
    expect(page.get_by_text(NOTICE)).to_be_visible()
    for pane in ("clean", "change", "perturbed", "before", "difference", "after"):
        expect(picture(page, pane)).to_have_attribute("aria-label", re.compile(r"\w+"))
    colorful(page, 100, "clean")
    colorful(page, 2, "change")


@pytest.mark.parametrize(
    ("name", "data", "model"),
    [
        ("JANE INVENTED.png", lambda: phantom_png("dermoscopy"), "Melanoma"),
        ("JANE INVENTED.dcm", radiograph, "Pneumonia"),
    ],
    ids=["png", "dicom"],
)
def test_upload_predict_explain_and_flip(page: Page, name: str, data: Callable[[], bytes], model: str) -> None:
    finished(page)
    upload(page, name, data())
    expect(page.get_by_label("Prediction")).to_contain_text(re.compile(r"\d+ %.*→.*\d+ %", re.DOTALL))
    expect(page.get_by_label("Prediction")).to_contain_text("Decision flips")
    expect(page.get_by_role("combobox", name="Model")).to_have_value(re.compile(model))
    colorful(page, 50, "before", "after")
    expect(page.locator("body")).not_to_contain_text("INVENTED")


def test_the_overlay_moves_without_the_server(page: Page, address: str) -> None:
    sent: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    without_epsilon = "attack=exposure&explainer=saliency"  # so that nothing is computed ahead, and no news asked for
    page.goto(f"{address}/?case=retina-photograph&{without_epsilon}")
    finished(page)
    messages = quiet(page, sent)
    clean, perturbed, heat = (drawn(page, pane) for pane in ("clean", "perturbed", "before"))
    for slider, value in (("opacity", "15"), ("threshold", "70")):
        page.locator(f"input[name={slider}]").fill(value)
    drawn_anew(page, "clean", clean)
    drawn_anew(page, "perturbed", perturbed)
    assert drawn(page, "before") == heat
    mapped = drawn(page, "clean")
    page.get_by_role("button", name="Map over picture").click()
    drawn_anew(page, "clean", mapped)
    bare = drawn(page, "clean")
    page.get_by_role("button", name="Zoom in").click()
    drawn_anew(page, "clean", bare)
    assert quiet(page, sent) == messages


def test_cancel_stops_and_keeps_the_old_result(page: Page) -> None:
    finished(page)
    sentence = page.locator(".sentence").inner_text()
    page.get_by_text("More settings").first.click()
    for parameter in ("steps", "restarts"):
        slider = page.locator(f".st-key-pgd-{parameter}").get_by_role("slider")
        slider.focus()
        slider.press("End")
        page.wait_for_url(re.compile(rf"{parameter}=\d+"))  # the server knows
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Canceled before it was finished")).to_be_visible()
    expect(page.locator(".sentence")).to_have_text(sentence)


def test_what_cannot_be_read_is_said_in_one_sentence(page: Page) -> None:
    finished(page)
    broken = {"name": "JANE INVENTED.dcm", "mimeType": "application/dicom", "buffer": b"not a picture"}
    page.locator("input[type=file]").set_input_files(broken)
    expect(page.get_by_role("alert")).to_contain_text("Choose a DICOM, PNG, JPEG")
    expect(page.locator("body")).not_to_contain_text("INVENTED")
    finished(page)


def test_the_keyboard_chooses_a_case(page: Page) -> None:
    finished(page)
    chosen = page.locator(".worklist [aria-selected=true]")
    before = chosen.get_attribute("data-id")
    left = page.locator(f".worklist [data-id='{before}']")
    left.press("ArrowDown")
    expect(left).not_to_be_focused()
    page.keyboard.press("Enter")
    expect(left).to_have_attribute("aria-selected", "false")
    finished(page)


def test_a_page_can_be_linked_to(browser: Browser, address: str) -> None:
    page = blank(browser)
    page.goto(f"{address}/methods")
    expect(page.get_by_role("heading", name="Projected gradient descent", exact=True)).to_be_visible()
    page.close()
