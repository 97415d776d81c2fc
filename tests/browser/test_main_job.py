"""The main job in a real browser: upload a file, see prediction, map and a flipped decision."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

from imaging.phantoms import phantom
from tests.dashboard.steps import NOTICE, phantom_png

pytestmark = [pytest.mark.browser, pytest.mark.slow]

expect.set_options(timeout=120_000)


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
    at_rest = page.locator("[data-test-script-state=notRunning]")
    expect(at_rest).to_be_visible()
    expect(page.locator("[class*='st-key-progress-']")).to_have_count(0)
    expect(page.locator(".st-key-findings .sentence")).to_be_visible()
    expect(at_rest).to_be_visible()


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
    """What a canvas shows, as a data URI."""
    return str(picture(page, pane).evaluate("canvas => canvas.toDataURL()"))


def colors(page: Page, pane: str) -> int:
    """How many different colors a canvas shows."""
    count = """canvas => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size;
    }"""
    return int(picture(page, pane).evaluate(count))


def quiet(page: Page, sent: list[str | bytes]) -> None:
    """Wait until the page has told the server nothing for a while: what is computed ahead makes it ask for news."""
    before = -1
    while before != len(sent):
        before = len(sent)
        page.wait_for_timeout(3000)


def test_first_start_shows_a_finished_comparison_without_a_click(page: Page) -> None:
    finished(page)
    expect(page.get_by_text(NOTICE)).to_be_visible()
    for pane in ("clean", "change", "perturbed", "before", "difference", "after"):
        expect(picture(page, pane)).to_have_attribute("aria-label", re.compile(r"\w+"))
    assert colors(page, "clean") > 100
    assert colors(page, "change") > 2


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
    assert max(colors(page, "before"), colors(page, "after")) > 50
    expect(page.locator("body")).not_to_contain_text("INVENTED")


def test_the_overlay_moves_without_the_server(page: Page) -> None:
    sent: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    finished(page)
    upload(page, "mole.png", phantom_png("dermoscopy"))
    quiet(page, sent)
    before, messages = [drawn(page, pane) for pane in ("clean", "perturbed", "before")], len(sent)
    for slider, value in (("opacity", "15"), ("threshold", "70")):
        page.locator(f"input[name={slider}]").fill(value)
    page.wait_for_timeout(1000)
    clean, perturbed, heat = (drawn(page, pane) for pane in ("clean", "perturbed", "before"))
    assert [clean, perturbed] != before[:2]
    assert heat == before[2]
    page.get_by_role("button", name="Map over picture").click()
    page.wait_for_timeout(300)
    bare = drawn(page, "clean")
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_timeout(300)
    assert drawn(page, "clean") != bare
    assert len(sent) == messages


def test_cancel_stops_and_keeps_the_old_result(page: Page) -> None:
    finished(page)
    sentence = page.locator(".sentence").inner_text()
    page.get_by_text("More settings").first.click()
    for parameter in ("steps", "restarts"):
        slider = page.locator(f".st-key-pgd-{parameter}").get_by_role("slider")
        slider.focus()
        slider.press("End")
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
    chosen.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(f".worklist [data-id='{before}']")).to_have_attribute("aria-selected", "false")
    finished(page)


def test_every_page_opens_and_none_is_wider_than_the_screen(page: Page) -> None:
    headings = {"Look": None, "Models": "Models", "Methods": "Methods", "About": "About Second Look"}
    for width, height in ((1440, 900), (1280, 720), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for link, heading in headings.items():
            page.locator(".st-key-pages").get_by_role("link", name=link).click()
            if heading is None:
                finished(page)
            else:
                expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
            expect(page.get_by_text(NOTICE)).to_be_visible()
            wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
            assert wide <= width, f"{link} at {width}"


def test_a_page_can_be_linked_to(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/methods")
    expect(page.get_by_role("heading", name="Projected gradient descent")).to_be_visible()
    page.close()
