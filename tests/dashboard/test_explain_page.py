"""The explain page: what is asked for, what is said of it, and the files it leaves."""

from __future__ import annotations

import dataclasses
import importlib
import io
import re
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from streamlit.testing.v1 import AppTest
from torch import nn

from core.errors import Cancelled, Unsupported
from core.progress import Report
from core.values import Case, InputSpec, Modality
from dashboard.components.explaining import maps as maps_drawn
from dashboard.components.explaining.agreement import said
from dashboard.components.explaining.choice import FAMILIES, PRESET, PRESETS, family_of
from dashboard.components.explaining.stability import in_words
from dashboard.components.explaining.trust import PLACE
from dashboard.components.viewer import Pane
from dashboard.services import explaining
from dashboard.services.errands import Errands, Task
from dashboard.services.explaining import About, Combined, Explained, Measured, Question, surrogate_of
from dashboard.services.finished import Subject
from dashboard.services.jobs import Cancel, always
from dashboard.services.map_files import as_dicom, as_npy, as_png
from dashboard.services.shelf import Shelf
from dashboard.state import CASE, CLOSER, EXPLAIN_HERE, MAPS, REGION, REGION_OF, TECHNICAL, WORDING
from evaluation.regions import Rectangle
from evaluation.stability import Stability
from evaluation.words import NO_EVIDENCE, NOTICE
from explainers import EXPLAINERS
from explainers.metrics import MEASURES, Measure
from imaging.bundled import load_bundled
from imaging.phantoms import phantom
from imaging.read import read_case
from model_zoo.cards import load_card
from tests.dashboard.steps import PATIENCE, settled, shown
from tests.toys import linear_classifier, small_cnn_classifier

PAGE = """
from dashboard.components.frame import frame
from dashboard.views.explain import explain

frame([])
explain()
"""
TOY_CASE = phantom("cxr", True, 3, 64)
SICK = load_bundled("chest-phantom-2").id


def question(case: Case = TOY_CASE, method: str = "saliency", against: int | None = None) -> Question:
    return Question(Subject.of(case), "toy", True, 0, against, method, EXPLAINERS[method].params(), 0)


def answered(case: Case = TOY_CASE, method: str = "saliency") -> Explained:
    """A map by a toy."""
    asked = question(case, method)
    return explaining._explained(asked, case, small_cnn_classifier(), lambda share: None, _cancel())


def _cancel() -> Cancel:
    return Cancel(always)


# What is queued


class Numbers(Errands[Question, str]):
    """Errands of this test alone."""

    def __init__(self) -> None:
        super().__init__(Shelf(4 << 10))


def test_errands_are_done_in_order_and_one_that_fails_does_not_stop_the_others() -> None:
    done: list[str] = []

    def task(name: str) -> Task[str]:
        def work(report: object, cancel: object) -> str:
            done.append(name)
            if name == "saliency":
                raise Unsupported("Saliency", "needs gradients", "Choose another.")
            return name

        return Task(work, 3)

    names = ("grad_cam", "saliency", "occlusion")
    keys = [question(method=name) for name in names]
    errands = Numbers()
    errands.ask({key: task(name) for key, name in zip(keys, names, strict=True)}, always)
    errands.wait(PATIENCE)
    assert done == list(names)
    assert [errands.get(key) for key in keys] == ["grad_cam", None, "occlusion"]
    assert list(errands.errors) == [keys[1]]
    assert (errands.done, errands.share, errands.working) == (3, 1.0, False)
    errands.ask({keys[0]: task("grad_cam")}, always)
    assert done == list(names)
    assert not errands.errors


def test_what_is_no_longer_wanted_is_given_up_and_what_was_stopped_waits() -> None:
    def endless(report: Report, cancel: Cancel) -> str:
        while not cancel.is_set():
            report(0.5)
        raise Cancelled

    def quick(report: object, cancel: object) -> str:
        return "there"

    first, second = question(method="grad_cam"), question(method="occlusion")
    errands = Numbers()
    errands.ask({first: Task(endless, 1), second: Task(quick, 1)}, always)
    errands.stop()
    assert not errands.working
    errands.ask({first: Task(endless, 1), second: Task(quick, 1)}, always)
    assert (errands.done, errands.stopped) == (0, True)
    errands.ask({second: Task(quick, 1)}, always)
    errands.wait(PATIENCE)
    assert (errands.get(second), errands.get(first)) == ("there", None)


def test_what_fails_after_it_was_given_up_leaves_no_error() -> None:
    begun, given_up, ended = threading.Event(), threading.Event(), threading.Event()

    def refused(report: object, cancel: object) -> str:
        begun.set()
        given_up.wait(PATIENCE)
        try:
            raise Unsupported("LRP", "has no rule for an operation of this model, sigmoid", "Choose another.")
        finally:
            ended.set()

    errands, asked = Numbers(), {question(method="lrp"): Task(refused, 1)}
    errands.ask(asked, always)
    job = errands._job
    assert job is not None
    assert begun.wait(PATIENCE)
    errands.stop()
    given_up.set()
    assert ended.wait(PATIENCE)
    job.wait(PATIENCE)
    assert job.finished
    assert not errands.errors
    errands.ask(asked, always)
    assert errands.stopped


def test_maps_of_other_pictures_and_settings_are_other_maps() -> None:
    others = {
        question(phantom("cxr", True, 4, 64)),
        dataclasses.replace(question(), seed=1),
        dataclasses.replace(question(), target=1),
        dataclasses.replace(question(), against=1),
        question(method="smoothgrad"),
        dataclasses.replace(question(method="smoothgrad"), params=EXPLAINERS["smoothgrad"].params(samples=7)),
    }
    assert len({question(), question(), *others}) == 7


def test_only_a_surrogate_that_sees_the_same_and_knows_the_finding_is_asked() -> None:
    card = small_cnn_classifier().card
    stand_in = dataclasses.replace(card, key="stand_in", role="surrogate")
    smaller = dataclasses.replace(linear_classifier().card, key="smaller", role="surrogate")
    assert surrogate_of(card, "finding 0", {"a": card, "b": smaller, "c": stand_in}) is stand_in
    assert surrogate_of(card, "finding 0", {"a": card, "b": smaller}) is None
    assert surrogate_of(card, "edema", {"c": stand_in}) is None


# What is said


def test_agreement_in_words() -> None:
    matrix = np.array([[1, 0.9, -0.2], [0.9, 1, 0.1], [-0.2, 0.1, 1]])
    assert said(["A", "B", "C"], matrix) == (
        "They hardly agree: the mean rank correlation of 3 pairs is 0.27. Most alike are A and B (0.90), least A and C "
        "(−0.20). That maps agree does not make them right: related methods share their errors."
    )
    assert said(["A", "B"], np.array([[1, -0.5], [-0.5, 1]])).startswith("They do not agree: rank correlation −0.50.")
    assert said(["A", "B"], np.full((2, 2), np.nan)).startswith("Nothing can be said")


def test_stability_in_words() -> None:
    nothing, stable = np.zeros((4, 4), np.float32), np.zeros((4, 4), np.bool_)
    stable[:2] = True
    result, seen = Stability(nothing, nothing, stable, 0.02, 0.953, 16), np.ones((4, 4), np.bool_)
    assert in_words(About(question()), result, True, seen) == (
        "When each value moves by as much as rounding to 8 bits can move it, 16 repeats put the places in nearly the "
        "same order (mean rank correlation 0.95); in 50 % of the places the sign holds in all 16 repeats (by "
        "chance: 2 %)."
    )
    assert "in at least 38 of 40 repeats" in in_words(
        About(question()), dataclasses.replace(result, maps=40), True, seen
    )
    seen[2:] = False
    told = in_words(About(question(), other="toy_2"), dataclasses.replace(result, maps=2), False, seen)
    assert "in over 99 % of the places the rank holds within a tenth in both (by chance: 2 %)." in told


# What is saved


@pytest.mark.parametrize("modality", ["cxr", "dermoscopy"])
def test_files_have_the_size_of_the_case_and_name_nobody(modality: Modality) -> None:
    case = phantom(modality, True, 3, 96)
    case = dataclasses.replace(case, spacing_mm=(0.25, 0.5), orientation=("L", "F"), name="INVENTED^JANE")
    asked = question(case)
    model = small_cnn_classifier(channels=case.pixels.shape[2])
    found = explaining._explained(asked, case, model, lambda share: None, _cancel())

    heat = np.load(io.BytesIO(as_npy(found)), allow_pickle=False)
    assert np.array_equal(heat, found.attribution.heat)

    picture = Image.open(io.BytesIO(as_png(case, found)))
    assert picture.width == 96
    assert picture.height > 96

    data = as_dicom(case, found)
    header = dcmread(io.BytesIO(data))
    assert (header.Rows, header.Columns) == (96, 96)
    assert list(header.PixelSpacing) == [0.25, 0.5]
    assert list(header.PatientOrientation) == ["L", "F"]
    assert header.SOPClassUID.name == "Secondary Capture Image Storage"
    assert not header.PatientName
    assert not header.PatientID
    assert NOTICE in header.DerivationDescription
    assert b"INVENTED" not in data
    assert as_dicom(case, found) == data
    drawn = np.asarray(picture)[:70].astype(int)
    assert np.array_equal(drawn, header.pixel_array[:70].astype(int))
    assert read_case(data).pixels.shape == (96, 96, 3)


def asks_at_a_point() -> None:
    import streamlit as st

    from dashboard.components.explaining import Setup
    from dashboard.services.cases import bundled
    from dashboard.state import of_model
    from explainers import EXPLAINERS
    from model_zoo.cards import load_card

    card = load_card("dermoscopy_melanoma")
    _, other = card.operating_points
    st.session_state[of_model(card.key, "operating point")] = other
    setup = Setup(bundled()[0], card, 0, None, None)
    st.session_state["asked"] = [setup.question(EXPLAINERS[key]).point for key in ("counterfactual", "grad_cam")]
    st.session_state["wanted"] = [other, ""]


def test_only_a_map_that_depends_on_the_operating_point_is_asked_for_at_it() -> None:
    app = AppTest.from_function(asks_at_a_point).run()
    assert not app.exception
    assert app.session_state["asked"] == app.session_state["wanted"]
    model = small_cnn_classifier()
    for point in model.card.operating_points:
        assert explaining._loaded("toy", point, model, lambda share: None, _cancel()).point == point


def test_files_say_what_the_map_depends_on_and_that_it_is_empty() -> None:
    found = answered()
    asked = dataclasses.replace(found.question, seed=4, region=(0.25, 0.25, 0.5, 0.5), point="screening")
    nothing = dataclasses.replace(found.attribution, heat=np.zeros_like(found.attribution.heat))
    empty = dataclasses.replace(found, question=asked, attribution=nothing)
    said = str(dcmread(io.BytesIO(as_dicom(TOY_CASE, empty))).DerivationDescription)
    assert "operating point screening, explained only in 0.25, 0.25, 0.5, 0.5, seed 4. No evidence" in said


@pytest.mark.parametrize("size", [(64, 20), (12, 400), (32, 32)])
def test_a_tiny_picture_can_be_saved(size: tuple[int, int]) -> None:
    case = dataclasses.replace(TOY_CASE, pixels=np.full((*size, 1), 0.5, np.float32), regions={})
    found = answered(case)
    assert Image.open(io.BytesIO(as_png(case, found))).width == size[1]
    assert dcmread(io.BytesIO(as_dicom(case, found))).Rows == size[0]


def test_what_has_no_room_on_the_shelf_is_computed_once_and_shown() -> None:
    done: list[str] = []

    def task(name: str) -> Task[str]:
        def work(report: object, cancel: object) -> str:
            done.append(name)
            return 3 * name * (1 << 10)

        return Task(work, 1)

    keys = {question(method=name): name for name in ("grad_cam", "saliency", "occlusion")}
    errands = Numbers()
    errands.ask({key: task(name) for key, name in keys.items()}, always)
    errands.wait(PATIENCE)
    assert done == list(keys.values())
    assert (errands.done, errands.working) == (3, False)
    assert all(errands.get(key) for key in keys)


def test_a_file_of_an_enlarged_map_says_so() -> None:
    derivations = [
        str(dcmread(io.BytesIO(as_dicom(TOY_CASE, answered(method=method)))).DerivationDescription)
        for method in ("grad_cam", "saliency")
    ]
    assert ["8 × 8 map, smoothly enlarged" in each for each in derivations] == [True, False]


def test_without_a_spacing_none_is_invented() -> None:
    header = dcmread(io.BytesIO(as_dicom(TOY_CASE, answered())))
    assert "PixelSpacing" not in header


# What is put together


def test_maps_are_put_together_once() -> None:
    card, combined = small_cnn_classifier().card, Combined()
    maps = [answered(), answered(method="grad_cam")]
    together = combined.of(maps, card)
    assert together.matrix.shape == (2, 2)
    assert together.mean.shape == (32, 32)
    assert combined.of(maps, card) is together
    assert combined.of(maps[::-1], card) is not together


def test_presets_and_families_name_methods_that_there_are() -> None:
    assert {key for keys in PRESETS.values() for key in keys} <= {method.key for method in EXPLAINERS}
    assert {family_of(method) for method in EXPLAINERS} == set(FAMILIES)
    quick = sum(EXPLAINERS[key].passes(EXPLAINERS[key].params(), (3, 224, 224)) for key in PRESETS["Quick look"])
    assert quick <= 4


# The page


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page, whose models are all one toy at the size of the real ones."""
    model = small_cnn_classifier(size=224)
    monkeypatch.setattr(explaining, "load_classifier", lambda *_: model)
    monkeypatch.setattr(explaining, "admit", lambda *_, **__: ())
    for shelf in (explaining._MAPS, explaining._MEASURED, explaining._REPEATED):
        monkeypatch.setattr(shelf, "_kept", type(shelf._kept)())
    app = AppTest.from_string(PAGE, default_timeout=PATIENCE)
    app.session_state[CASE] = SICK
    app.session_state[MAPS] = ["saliency", "input_x_gradient"]
    return app


def test_the_page_shows_maps_agreement_and_what_can_be_asked(toy: AppTest) -> None:
    app = settled(toy.run())
    assert not app.exception
    text = shown(app)
    assert "One rule for all maps" in text
    assert "That two maps agree does not make them right" in text
    assert [button.label for button in app.button if button.label in {"Put it to the test", "Make it again"}] == [
        "Put it to the test",
        "Make it again",
    ]
    assert app.session_state[PRESET] == "Own choice"
    app = settled(app.checkbox(key="explain with occlusion").check().run())
    assert app.session_state[MAPS] == ["saliency", "input_x_gradient", "occlusion"]
    app = settled(app.segmented_control(key=PRESET).set_value("Quick look").run())
    assert app.session_state[MAPS] == list(PRESETS["Quick look"])
    assert not app.exception


def test_a_map_is_put_to_the_test_and_made_again(toy: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = {"deletion", "pointing_game", "randomization", "sparseness"}
    monkeypatch.setattr(
        importlib.import_module("dashboard.components.explaining.trust"),
        "MEASURES",
        _Some({measure.key: measure for measure in MEASURES if measure.key in quick}),
    )
    app = settled(toy.run())
    app = settled(app.button(key="put to the test").click().run())
    assert not app.exception
    assert "of 4 measures speak" in shown(app)
    assert "not promised by this method" in shown(app)
    assert all(
        f"<small>{measure.unit.replace('logits', 'raw score')}</small>" in shown(app)
        for measure in MEASURES
        if measure.key in quick and measure.unit
    )
    assert len(app.get("plotly_chart")) == 3  # the agreement, and two measures with a curve
    app.session_state[WORDING] = TECHNICAL
    app = settled(app.run())
    assert "<small>logits</small>" in shown(app)
    assert "raw score</small>" not in shown(app)
    drawn = drawn_by(importlib.import_module("dashboard.components.explaining.stability"), monkeypatch)
    app = settled(app.button(key="make it again").click().run())
    assert not app.exception
    panes, options = drawn[-1]
    assert [pane.title for pane in panes] == [
        "Mean of 16 repeats",
        "Where repeats agree",
        "How far repeats move",
        "Mean of both models",
        "Where both agree",
        "How far both differ",
    ]
    assert all(pane.heat is not None for pane in panes)
    assert "Strength" in [scale.name for scale in options["scales"]]
    assert "16 repeats put the places in" in shown(app)
    assert "A second model of the same task, trained on its own," in shown(app)
    repeated = app.session_state["held dashboard.services.explaining.Repeated"]
    (other,) = (about for about in repeated.asked if about.other)
    assert other.weights == load_card(other.other).sha256  # other weights, another question


class _Some(dict[str, Measure]):
    """A registry of a few."""

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.values())


def test_a_case_without_a_marked_finding_says_so(toy: AppTest) -> None:
    toy.session_state[CASE] = load_bundled("chest-phantom-1").id
    app = settled(toy.run())
    assert "need a marked finding that the model sees, which this case does not have (marked: lungs)" in shown(app)


MEASURED = "held dashboard.services.explaining.Measured"
BOX = (0.1, 0.2, 0.6, 0.7)


def with_rectangle(app: AppTest, case: str, box: Rectangle = BOX) -> AppTest:
    app.session_state[CASE], app.session_state[REGION_OF], app.session_state[REGION] = case, case, box
    return settled(app.run())


def test_maps_are_held_against_a_rectangle_only_if_that_is_chosen(toy: AppTest) -> None:
    app = with_rectangle(toy, load_bundled("chest-phantom-1").id)
    assert app.segmented_control(key=PLACE).options == ["Nothing", "My rectangle"]
    assert "need a marked finding that the model sees" in shown(app)
    assert "draw a rectangle" not in shown(app)
    app = settled(app.button(key="put to the test").click().run())
    before = overall_said(app)
    app = settled(app.segmented_control(key=PLACE).set_value("My rectangle").run())
    assert not app.exception
    assert "hold the map against the rectangle that you drew" in shown(app)
    measured = app.session_state[MEASURED]
    (about,) = (about for about in measured.asked if about.measure == "mass_inside")  # asked for by itself
    assert about.region == BOX
    made = app.session_state["held dashboard.services.explaining.Maps"].get(about.question)
    mass = np.abs(made.attribution.heat)
    assert measured.get(about).score.value == pytest.approx(mass[45:157, 22:134].sum() / mass.sum())
    assert overall_said(app) == before  # it can't be talked up by a rectangle
    app = settled(app.toggle(key=EXPLAIN_HERE).set_value(True).run())
    assert "A map that is kept inside the rectangle can" in shown(app)
    assert all(each.key != PLACE for each in app.segmented_control)


def overall_said(app: AppTest) -> str:
    (said,) = re.findall(r"\d+ of \d+ measures speaks? for this map", shown(app))
    return said


def test_the_reader_chooses_what_a_map_is_held_against(toy: AppTest) -> None:
    app = with_rectangle(toy, SICK)
    assert app.segmented_control(key=PLACE).options == ["Opacity", "My rectangle"]
    assert 'hold the map against the marked region "opacity"' in shown(app).replace("&quot;", '"')
    app = settled(app.button(key="put to the test").click().run())
    measured = app.session_state[MEASURED]
    assert {about.region for about in measured.asked if about.measure == "iou"} == {"opacity"}
    app = settled(app.segmented_control(key=PLACE).set_value("My rectangle").run())
    assert not app.exception
    assert {about.region for about in measured.asked if about.measure == "iou"} == {"opacity", BOX}
    assert all(measured.get(about) is not None for about in measured.asked if about.measure == "iou")
    chosen = app.session_state[MAPS]
    app.session_state[MAPS] = []
    app = settled(app.run())
    app.session_state[MAPS] = chosen
    app = settled(app.run())
    assert app.session_state[PLACE] == "My rectangle"
    app = with_rectangle(app, load_bundled("chest-phantom-4").id)
    assert app.session_state[PLACE] == "Opacity"  # chosen in one case, not for all


def another_rectangle(app: AppTest) -> AppTest:
    app.session_state[REGION] = (0.2, 0.2, 0.6, 0.7)
    return app.run()


def another_map(app: AppTest) -> AppTest:
    return app.selectbox(key=CLOSER).set_value("input_x_gradient").run()


def the_marked_finding(app: AppTest) -> AppTest:
    return app.segmented_control(key=PLACE).set_value("Opacity").run()


def canceled(app: AppTest) -> Measured:
    """As if Cancel had been pressed before any measure was taken."""
    measured: Measured = app.session_state[MEASURED]
    for shelf in (measured._shared, measured._own):
        assert shelf is not None
        shelf._kept.clear()
    measured._made.clear()
    measured.stop()
    return measured


@pytest.mark.parametrize("turn", [another_rectangle, another_map, the_marked_finding])
def test_a_canceled_test_does_not_start_again_by_itself(toy: AppTest, turn: Callable[[AppTest], AppTest]) -> None:
    app = with_rectangle(toy, SICK)
    app = settled(app.segmented_control(key=PLACE).set_value("My rectangle").run())
    app = settled(app.button(key="put to the test").click().run())
    measured = canceled(app)
    app = settled(turn(app))
    assert not app.exception
    assert not measured.asked
    assert app.button(key="put to the test")


def test_a_canceled_test_is_still_canceled_when_a_place_is_chosen(toy: AppTest) -> None:
    app = with_rectangle(toy, load_bundled("chest-phantom-1").id)
    app = settled(app.button(key="put to the test").click().run())
    measured = canceled(app)
    asked = measured.asked
    app = settled(app.segmented_control(key=PLACE).set_value("My rectangle").run())
    assert measured.stopped
    assert measured.asked == asked
    app = settled(app.button(key="go on with measures").click().run())
    assert {about.measure for about in measured.wanted} > {about.measure for about in asked}  # with those of place
    assert all(measured.get(about) is not None for about in measured.wanted)


def test_a_rectangle_where_the_model_sees_nothing_marks_nothing(toy: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = np.ones((224, 224), dtype=np.bool_)
    hidden[:45, :22] = False
    monkeypatch.setattr(InputSpec, "visible", hidden)
    app = with_rectangle(toy, SICK, (0.0, 0.0, 0.08, 0.18))
    assert not app.exception
    assert all(each.key != PLACE for each in app.segmented_control)
    assert "the marked region" in shown(app)


def test_a_method_that_the_model_cannot_serve_is_greyed_out_with_the_reason(
    toy: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = dataclasses.replace(small_cnn_classifier(size=224), differentiable=False)
    monkeypatch.setattr(explaining, "load_classifier", lambda *_: blind)
    app = settled(toy.run())
    box = app.checkbox(key="explain with smoothgrad")
    assert box.disabled
    assert "needs gradients" in box.label.replace("\\", "")
    assert not app.checkbox(key="explain with saliency").disabled, "it can be left out"
    app = settled(app.checkbox(key="explain with saliency").uncheck().run())
    assert app.checkbox(key="explain with saliency").disabled
    assert not app.checkbox(key="explain with occlusion").disabled


def test_a_method_without_a_rule_for_a_layer_of_the_model_is_greyed_out_once_that_is_known(
    toy: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small_cnn_classifier(size=224)
    model.network.features[1] = nn.Sigmoid()
    monkeypatch.setattr(explaining, "load_classifier", lambda *_: model)
    toy.session_state[MAPS] = ["lrp", "saliency"]
    app = settled(toy.run())
    assert app.checkbox(key="explain with lrp").value
    maps = app.session_state["held dashboard.services.explaining.Maps"]
    assert [each.method for each in maps.wanted] == ["saliency"]
    app = settled(app.checkbox(key="explain with lrp").uncheck().run())
    box = app.checkbox(key="explain with lrp")
    assert box.disabled
    assert "has no rule for an operation of this model, sigmoid" in box.label.replace("\\", "")
    assert not app.checkbox(key="explain with saliency").disabled


@pytest.mark.parametrize(
    ("methods", "bars"),
    [
        (["input_x_gradient"], ["Evidence"]),
        (["input_x_gradient", "integrated_gradients"], ["Strength", "Evidence"]),
        (["saliency"], ["Strength"]),
    ],
)
def test_each_kind_of_map_has_a_bar(
    methods: list[str], bars: list[str], toy: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Consensus and disagreement tell no direction, whatever maps they are of."""
    drawn = drawn_by(maps_drawn, monkeypatch)
    toy.session_state[MAPS] = methods
    app = settled(toy.run())
    assert not app.exception
    assert [scale.name for scale in drawn[-1][1]["scales"]] == bars


def drawn_by(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[Pane], dict[str, Any]]]:
    """What a viewer was given each time: the panes, and the rest."""
    drawn, viewer = list[tuple[list[Pane], dict[str, Any]]](), module.viewer

    def seen(panes: list[Pane], **options: Any) -> Any:
        drawn.append((panes, options))
        return viewer(panes, **options)

    monkeypatch.setattr(module, "viewer", seen)
    return drawn


def test_a_map_without_evidence_says_so(toy: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    model, drawn = small_cnn_classifier(size=224), drawn_by(maps_drawn, monkeypatch)
    model.network.head.weight.zero_()
    monkeypatch.setattr(explaining, "load_classifier", lambda *_: model)
    toy.session_state[MAPS] = ["saliency", "occlusion"]
    assert not settled(toy.run()).exception
    panes = drawn[-1][0]
    assert [pane.message for pane in panes] == [NO_EVIDENCE, NO_EVIDENCE, *["Needs two maps with evidence"] * 2]
    assert [pane.heat for pane in panes] == [None] * 4


def test_maps_are_kept_in_the_rectangle_that_is_drawn(toy: AppTest) -> None:
    box = (0.1, 0.2, 0.6, 0.7)
    toy.session_state[REGION], toy.session_state[REGION_OF] = box, SICK
    app = settled(toy.run())
    asked = app.session_state["held dashboard.services.explaining.Maps"].wanted
    assert {each.region for each in asked} == {None}
    app = settled(app.toggle(key=EXPLAIN_HERE).set_value(True).run())
    assert not app.exception
    maps = app.session_state["held dashboard.services.explaining.Maps"]
    assert {each.region for each in maps.wanted} == {box}
    for each in maps.wanted:
        rows, columns = np.nonzero(maps.get(each).attribution.heat)
        assert (rows.min(), rows.max(), columns.min(), columns.max()) == (45, 156, 22, 133)
    assert "depends on inside the rectangle." in shown(app)
    together = app.session_state["held dashboard.services.explaining.Combined"]._latest
    assert not together.mean[:45].any()
    (remove,) = (button for button in app.button if button.label == "Remove the rectangle")
    app = settled(remove.click().run())
    asked = app.session_state["held dashboard.services.explaining.Maps"].wanted
    assert {each.region for each in asked} == {None}
    assert "saliency,input_x_gradient" in app.query_params["maps"]


def test_a_rectangle_in_another_case_keeps_nothing(toy: AppTest) -> None:
    toy.session_state[REGION], toy.session_state[REGION_OF] = (0.1, 0.2, 0.6, 0.7), "another"
    toy.session_state[EXPLAIN_HERE] = True
    app = settled(toy.run())
    asked = app.session_state["held dashboard.services.explaining.Maps"].wanted
    assert {each.region for each in asked} == {None}


def test_a_finding_is_explained_for_itself_or_rather_than_another(
    toy: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small_cnn_classifier(size=224, labels=3)
    model = dataclasses.replace(model, card=dataclasses.replace(model.card, key="toy_of_three"))
    monkeypatch.setattr(explaining, "load_classifier", lambda *_: model)
    monkeypatch.setattr("dashboard.services.models.cards", lambda: (model.card,))
    app = settled(toy.run())
    assert not app.exception
    asked = app.session_state["held dashboard.services.explaining.Maps"].wanted
    assert {(each.target, each.against) for each in asked} == {(0, None)}
    app = settled(app.selectbox(key="toy_of_three rather than").set_value(2).run())
    assert "The maps show what its score for finding 0 rather than finding 2 depends on." in shown(app)
    (swap,) = (button for button in app.button if button.label == "The other way round")
    app = settled(swap.click().run())
    assert not app.exception
    asked = app.session_state["held dashboard.services.explaining.Maps"].wanted
    assert {(each.target, each.against) for each in asked} == {(2, 0)}
