"""What the viewer is given: values in 16 bits that show the display pixels, and the panes of a comparison."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from core.values import Attribution, Case, Floats, Geometry, Grays
from dashboard.components.comparison_panes import comparison_panes, comparison_scales, frame_of, picture_of, recipe
from dashboard.components.inline import inline_component
from dashboard.components.viewer.viewer import _chosen
from dashboard.services import pictures
from dashboard.services.cases import Entry
from dashboard.services.comparing import Drawn, Finished, Request, Subject
from explainers import EXPLAINERS
from imaging.phantoms import phantom
from perturbations import PERTURBATIONS
from tests.evaluation.results import attribution, comparison

WINDOW = (1500.0, 2000.0)


def unpacked(uri: str, low: float, high: float) -> npt.NDArray[np.float64]:
    """The values in a packed picture, as the browser finds them."""
    rgb = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))), dtype=np.float64)
    return low + (256 * rgb[..., 0] + rgb[..., 1]) / 65535 * (high - low)


def windowed(values: npt.NDArray[np.float64], case: Case) -> npt.NDArray[np.float64]:
    """What the viewer shows of values at first, in [0, 1]."""
    window = frame_of(case).window
    assert window
    shown = ((values - window.center) / window.width + 0.5).clip(0, 1)
    return 1 - shown if window.inverted else shown


def radiograph(size: int = 64, *, inverted: bool = False, window: tuple[float, float] = WINDOW) -> Case:
    """12 bits, more than its window shows at both ends."""
    values = np.random.default_rng(1).integers(0, 4096, (size, size)).astype(np.float32)
    display = ((values - window[0]) / window[1] + 0.5).clip(0, 1)
    pixels = (1 - display if inverted else display)[..., None]
    return Case("x", "x", "cxr", pixels, grays=Grays(values, window, inverted, "HU"))


def disturbed(pixels: Floats, size: float = 2 / 255) -> Floats:
    noise = np.random.default_rng(2).uniform(-size, size, pixels.shape).astype(np.float32)
    changed: Floats = (pixels + noise).clip(0, 1)
    return changed


@given(some.integers(-2000, 2000), some.integers(1, 65535))
def test_whole_values_come_through_16_bits_unchanged(low: int, extent: int) -> None:
    values = np.linspace(low, low + extent, 50).round().astype(np.float32).reshape(5, 10)
    grays = Grays(values, (low + extent / 2, float(extent)), False, "HU")
    case = Case("x", "x", "cxr", np.zeros((5, 10, 1), dtype=np.float32), grays=grays)
    bounds = pictures.value_range(case)
    assert unpacked(pictures.packed(values, *bounds), *bounds) == pytest.approx(values, abs=1e-6 * extent)


def test_a_picture_without_values_behind_it_shows_fractions_of_gray_levels() -> None:
    pixels = np.array([[[129.0], [129.4]], [[0.0], [255.0]]], dtype=np.float32) / 255
    case = Case("x", "x", "cxr", pixels)
    assert pictures.value_range(case) == (0, 255)
    assert unpacked(pictures.picture(case, pixels), 0, 255) == pytest.approx(255 * pixels[..., 0], abs=0.002)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("size", [64, 1300])
def test_the_first_window_shows_the_display_pixels_again(inverted: bool, size: int) -> None:
    case = radiograph(size, inverted=inverted)
    bounds = pictures.value_range(case)
    clean = pictures.shown(case)
    for pixels in (clean, disturbed(clean)):
        shown = windowed(unpacked(pictures.picture(case, pixels), *bounds), case)
        assert np.abs(shown - pixels[..., 0]).max() < 2e-5


@pytest.mark.parametrize("inverted", [False, True])
def test_values_beyond_the_window_stay_where_the_attack_changed_nothing(inverted: bool) -> None:
    case = radiograph(inverted=inverted)
    assert case.grays
    assert np.array_equal(pictures.values_behind(case, case.pixels), case.grays.values)
    changed = case.pixels.copy()
    changed[:32] = disturbed(changed[:32])
    values = pictures.values_behind(case, changed)
    same = changed == case.pixels
    assert np.array_equal(values[same[..., 0]], case.grays.values[same[..., 0]])
    different = values[~same[..., 0]]
    assert different.min() >= 500
    assert different.max() <= 2500
    assert (case.grays.values[~same[..., 0]] > 2500).any()


def test_where_a_change_colors_a_gray_case_each_color_has_its_values() -> None:
    case = radiograph()
    assert case.grays
    colored = case.pixels.repeat(3, axis=2)
    colored[..., 0] = disturbed(colored[..., 0])
    values = unpacked(pictures.picture(case, colored), *pictures.value_range(case))
    reds, greens, blues = np.split(values, 3)
    assert greens == pytest.approx(case.grays.values, abs=1e-3)
    assert np.array_equal(greens, blues)
    assert windowed(reds, case) == pytest.approx(colored[..., 0], abs=2e-5)


def test_color_stays_in_8_bits() -> None:
    case = phantom("dermoscopy", True, 3, 32)
    assert frame_of(case).window is None
    assert pictures.picture(case, case.pixels) == pictures.png(case.pixels)


def test_presets_lie_within_the_values_and_follow_the_inversion() -> None:
    plain, turned = (frame_of(radiograph(inverted=inverted)).window for inverted in (False, True))
    assert plain
    assert turned
    assert [preset.name for preset in plain.presets][:3] == ["Default", "Lungs", "Mediastinum"]
    lungs, dark = plain.presets[1], turned.presets[1]
    assert (lungs.center - lungs.width / 2, lungs.center + lungs.width / 2) == pytest.approx((500, 1600))
    assert (dark.center - dark.width / 2, dark.center + dark.width / 2) == pytest.approx((1400, 2500))
    assert plain.presets[-1].width == pytest.approx(4095, abs=5)


def finished(case: Case, maps: tuple[Attribution, Attribution, Attribution] | None = None) -> Finished:
    """A comparison made by hand."""
    request = Request(
        subject=Subject.of(case),
        model="toy",
        point="balanced",
        anyway=False,
        target=0,
        explainer="saliency",
        explainer_params=EXPLAINERS["saliency"].params(),
        perturbation="pgd",
        perturbation_params=PERTURBATIONS["pgd"].params(),
        direction=None,
        seed=0,
    )
    drawn = Drawn("data:perturbed", "data:change", 64, 0.0, 2.0, False, "data:before", "data:difference", "data:after")
    made = comparison(maps=maps)
    made = replace(made, perturbation=replace(made.perturbation, params=vars(request.perturbation_params)))
    views = (
        replace(view, attribution=replace(view.attribution, params=vars(request.explainer_params)))
        for view in (made.clean, made.perturbed)
    )
    made = replace(made, **dict(zip(("clean", "perturbed"), views, strict=True)))
    height, width = case.pixels.shape[:2]
    return Finished(request, made, Geometry((height, width), (0, 0, height, width), 4), drawn, {})


def test_the_panes_of_a_comparison() -> None:
    entry = Entry(radiograph(), "A chest")
    panes = {pane.name: pane for pane in comparison_panes(entry, finished(entry.case))}
    assert list(panes) == ["clean", "change", "perturbed", "before", "difference", "after"]
    assert len({pane.frame for pane in panes.values()}) == 1
    assert all(pane.summary for pane in panes.values())
    clean, perturbed, between = panes["clean"], panes["perturbed"], panes["difference"]
    assert clean.picture
    assert perturbed.picture
    assert (clean.picture.planes, perturbed.picture.planes) == (1, 1)
    assert clean.value == "93 % ●"
    assert "not flagged" in perturbed.summary
    assert clean.heat
    assert between.heat
    assert (clean.heat.low, clean.heat.high, clean.heat.unit) == (0, 2, "raw score / gray level")
    assert (between.heat.low, between.heat.high, between.heat.lut) == (-2, 2, "diverging")
    assert [scale.low for scale in comparison_scales(finished(entry.case))] == ["0", "−2"]
    assert "steps 20" in recipe(finished(entry.case))


def test_a_map_brings_the_cells_that_it_was_enlarged_from() -> None:
    def coarse(value: float) -> Attribution:
        cells = np.array([[0, value], [0, 0]], np.float32)
        return replace(attribution(cells.repeat(2, 0).repeat(2, 1)), cells=cells)

    entry, maps = Entry(radiograph(), "A chest"), (coarse(2.0), coarse(1.0), coarse(0.0))
    panes = {pane.name: pane for pane in comparison_panes(entry, finished(entry.case, maps))}
    sent = [panes[name].heat.cells for name in ("clean", "difference", "perturbed")]
    levels = [np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))) for uri in sent]
    assert [each.tolist() for each in levels] == [[[0, 255], [0, 0]], [[128, 64], [128, 128]], [[0, 128], [0, 0]]]
    assert pictures.grain(maps[0].cells) == "2 × 2 map, smoothly enlarged"
    plain = comparison_panes(entry, finished(entry.case))[0].heat
    assert plain
    assert (plain.cells, pictures.grain(None)) == (None, "")


def test_a_perturbed_picture_goes_through_the_window_of_its_case_also_in_color() -> None:
    gray, color = radiograph(), phantom("dermoscopy", True, 3, 32)
    planes = [picture_of(case, "data:", channels).planes for case in (gray, color) for channels in (1, 3)]
    assert planes == [1, 3, 0, 0]


def test_a_map_without_evidence_is_not_drawn_but_said() -> None:
    entry, nothing = Entry(radiograph(), "A chest"), attribution(np.zeros((4, 4), dtype=np.float32))
    panes = {pane.name: pane for pane in comparison_panes(entry, finished(entry.case, (nothing, nothing, nothing)))}
    assert panes["clean"].heat is panes["after"].heat is panes["difference"].heat is None
    assert "No evidence" in panes["after"].message


def test_before_there_is_a_result_the_panes_have_their_places() -> None:
    entry = Entry(radiograph(), "A chest")
    panes = comparison_panes(entry, None)
    assert [pane.title for pane in panes] == [
        "Clean",
        "Perturbation",
        "Perturbed",
        "Map, before",
        "Difference",
        "Map, after",
    ]
    assert [pane.picture is not None for pane in panes] == [True, *[False] * 5]
    assert (comparison_scales(None), recipe(None)) == ([], "")


def test_an_area_belongs_to_the_case_in_which_it_was_chosen() -> None:
    given = (0.0, 0.0, 0.5, 0.5)
    assert _chosen(None, "a", given) == given
    chosen = {"region": {"frame": "a", "box": [0.1, 0.2, 0.3, 0.4]}}
    assert _chosen(chosen, "a", given) == (0.1, 0.2, 0.3, 0.4)
    assert _chosen(chosen, "b", given) == given
    assert _chosen({"region": {"frame": "a", "box": None}}, "a", given) is None


def test_the_scripts_of_a_component_are_one_module_with_its_own_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "middle"
    folder.mkdir()
    for name in ("middle.js", "a.js", "z.js", "middle.css", "middle.html"):
        (folder / name).write_text(name)
    made: dict[str, str] = {}
    monkeypatch.setattr(st.components.v2, "component", lambda name, **given: made.update(given, name=name))
    inline_component(folder)
    assert made == {
        "name": "second_look_middle",
        "html": "middle.html",
        "css": "middle.css",
        "js": "a.js\nz.js\nmiddle.js",
    }
