"""The grid of comparisons, without a browser."""

from __future__ import annotations

import dataclasses
import itertools
import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.comparing.axes import AXES, Setup
from dashboard.components.comparing.cells import Cell, cells_of
from dashboard.components.comparing.panes import ranges_of
from dashboard.components.comparing.pickers import REFERENCE, SHOWN, Side
from dashboard.services import comparing
from dashboard.services.cases import Entry
from dashboard.services.grid import Grid
from dashboard.services.jobs import always
from dashboard.state import ANYWAY, CASE, COLUMNS, FOLLOWS, MODEL, ROWS
from explainers import EXPLAINERS
from imaging.bundled import load_bundled
from imaging.phantoms import phantom
from perturbations import PERTURBATIONS
from tests.dashboard.steps import PATIENCE, settled, shown
from tests.toys import small_cnn_classifier

COMPARE = """
from dashboard.components.frame import frame
from dashboard.views.compare import compare

frame([])
compare()
"""
STANDARD, ROBUST = "cxr_pneumonia", "cxr_pneumonia_robust"
SICK, HEALTHY = (load_bundled(f"chest-phantom-{number}").id for number in (2, 1))
QUICK = {
    "Explainer method": "saliency",
    "Perturbation method": "exposure",
    CASE: SICK,
    "compare case": [SICK, HEALTHY],
    "compare model": [STANDARD, ROBUST],
    "compare explainer": ["saliency", "grad_cam"],
    "compare perturbation": ["exposure", "jpeg"],
    "compare defense": ["none", "median_smoothing"],
}


def opened(rows: str, columns: str, **state: object) -> AppTest:
    """The page with these axes, once all cells are there; "__" stands for a space in the keys of the state."""
    app = AppTest.from_string(COMPARE, default_timeout=PATIENCE)
    given = {key.replace("__", " "): value for key, value in state.items()}
    for key, value in {**QUICK, ROWS: rows, COLUMNS: columns, **given}.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return settled(app)


def lines_of(app: AppTest) -> dict[str, list[str]]:
    """{code: texts of its line in the table}: title, clean, perturbed, control, decision, difference, rank."""
    lines = re.findall(r'<tr[^>]*><th scope="row"><b>(\w\d)</b>(.*?)</tr>', shown(app))
    return {
        code: [re.sub("<[^>]+>", "", cell).strip() for cell in re.split("</t[hd]>", line)[:-1]] for code, line in lines
    }


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "columns"), list(itertools.combinations([axis.key for axis in AXES], 2)))
def test_any_two_axes_make_a_grid(rows: str, columns: str) -> None:
    lines = lines_of(opened(rows, columns))
    assert list(lines) == ["A1", "A2", "B1", "B2"]
    assert len({line[0] for line in lines.values()}) == 4
    assert all(len(line) == 7 for line in lines.values())
    assert lines["A1"][5] == "reference"
    same_pictures = "case" not in {rows, columns}
    assert ("another frame" in {line[6] for line in lines.values()}) == (not same_pictures)


@pytest.mark.slow
def test_what_decides_unlike_the_reference_is_marked() -> None:
    pgd = {"Perturbation__method": "pgd", "pgd__steps": 5, "pgd__epsilon": 1.0, "compare__explainer": ["saliency"]}
    app = opened("explainer", "model", **pgd)
    assert re.findall(r'<tr class="differs"><th scope="row"><b>(\w\d)', shown(app)) == ["A2"]
    assert "flips the decision in 1 of 2 cells" in shown(app)
    assert "On the perturbed picture the decision differs from A1 in A2." in shown(app)
    perturbed = lines_of(app)["A2"]
    assert perturbed[5].endswith("points, differs")
    app = app.segmented_control(key=SHOWN).set_value("Clean").run()
    assert "On the clean picture the decision is that of A1 in all cells." in shown(app)
    assert lines_of(app)["A2"][1:5] == perturbed[1:5]
    app = app.selectbox(key=REFERENCE).set_value("A2").run()
    assert lines_of(app)["A2"][5] == "reference"


@pytest.mark.slow
def test_what_stands_on_one_side_is_swapped_when_the_other_takes_it() -> None:
    app = opened("explainer", "perturbation")
    app = settled(app.selectbox(key=ROWS).set_value("perturbation").run())
    assert (app.selectbox(key=ROWS).value, app.selectbox(key=COLUMNS).value) == ("perturbation", "explainer")
    assert lines_of(app)["A2"][0] == "Exposure · Grad-CAM"


@pytest.mark.slow
def test_only_what_fits_is_offered_and_the_page_says_so() -> None:
    app = opened("case", "model", compare__case=[SICK], compare__model=[STANDARD])
    assert all("chest" in label.lower() for label in app.multiselect(key="compare case").options)
    assert len(app.multiselect(key="compare model").options) == 5
    assert "cases are not offered: they are no chest X-rays" in shown(app)
    assert "(dermoscopy and fundus photograph) are not offered: they do not read chest X-rays" in shown(app)


@pytest.mark.slow
def test_an_empty_side_asks_for_something() -> None:
    app = opened("explainer", "perturbation", compare__explainer=[])
    assert "Choose at least one for the rows" in shown(app)
    assert not lines_of(app)


@pytest.mark.slow
def test_a_case_out_of_scope_is_shown_only_when_the_reader_insists() -> None:
    wrong = {MODEL: "dermoscopy_melanoma", FOLLOWS.replace(" ", "__"): "cxr", "compare__explainer": ["saliency"]}
    app = opened("explainer", "perturbation", **wrong)
    assert not lines_of(app)
    (button,) = (button for button in app.button if "out of scope" in button.label)
    app = settled(button.click().run())
    assert len(app.session_state[ANYWAY]) == 1
    assert [line[4] in {"flips", "holds"} for line in lines_of(app).values()] == [True, True]
    assert "was made for dermoscopy images" in shown(app)


@pytest.mark.slow
def test_a_rectangle_holds_for_the_case_it_was_drawn_on() -> None:
    drawn = {"region": (0.0, 0.0, 0.5, 0.5), "region of": SICK, "attack here": True}
    app = opened("case", "explainer", **drawn, compare__explainer=["saliency"])
    assert "attack only inside the rectangle of Chest phantom 2" in shown(app)
    assert "of other cases the whole" in shown(app)
    results = app.session_state["held dashboard.services.grid.Grid"].wanted
    regions = {request.subject.case_id: request.attack_region for request in results}
    assert regions == {SICK: (0.0, 0.0, 0.5, 0.5), HEALTHY: None}
    assert all(request.explain_region is None for request in results)


@pytest.fixture
def setup() -> Setup:
    """A toy on a small drawn chest."""
    entry, card = Entry(phantom("cxr", True, 3, 64), "A chest"), small_cnn_classifier().card
    return Setup(entry, card, card.labels[0], EXPLAINERS["saliency"], PERTURBATIONS["uniform_noise"])


def test_a_model_without_the_finding_says_so(setup: Setup) -> None:
    (cell,) = cells_of(dataclasses.replace(setup, label="edema"), _side(2, "saliency"), _side(3, "jpeg"), Grid())
    assert cell.request is None
    assert cell.why_not == "This model does not look for edema."


def test_a_method_that_the_model_cannot_serve_says_why(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    blind = dataclasses.replace(small_cnn_classifier(), differentiable=False)
    monkeypatch.setattr(comparing, "load_classifier", lambda *_: blind)
    cells = cells_of(setup, _side(2, "saliency", "occlusion"), _side(3, "uniform_noise"), grid := Grid())
    _compute(grid, cells)
    assert cells[0].why_not == f"Saliency: {EXPLAINERS['saliency'].unmet(blind.offers)}."
    assert cells[0].view("Clean") is None
    assert cells[1].why_not == ""
    assert cells[1].view("Clean") is not None


def test_all_maps_of_one_explainer_share_one_scale_and_each_has_its_own(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "load_classifier", lambda *_: small_cnn_classifier())
    grid = Grid()
    cells = cells_of(setup, _side(2, "saliency", "occlusion"), _side(3, "uniform_noise", "exposure"), grid)
    _compute(grid, cells)
    ranges = ranges_of(cells)
    assert set(ranges) == {"saliency", "occlusion"}
    for key, extent in ranges.items():
        views = [
            cell.view(which) for cell in cells if cell.setup.explainer.key == key for which in ("Clean", "Perturbed")
        ]
        heats = np.concatenate([view.attribution.heat.ravel() for view in views if view])
        assert extent.high == pytest.approx(np.percentile(np.abs(heats), 99))
        assert extent.low == (-extent.high if EXPLAINERS[key].signed else 0)
        assert extent.beyond


def _side(axis: int, *keys: str) -> Side:
    return Side(AXES[axis], {key: key for key in keys}, "")


def _compute(grid: Grid, cells: list[Cell]) -> None:
    grid.compare({cell.request: cell.setup.entry.case for cell in cells if cell.request}, always)
    grid.wait(PATIENCE)
    assert not grid.working
