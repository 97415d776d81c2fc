"""The main job on the main page, without a browser."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.classifier import Classifier
from dashboard.services.comparing import Finished, Preview
from imaging.bundled import bundled_cases, load_bundled
from model_zoo.loading import load_classifier
from perturbations import Threat
from tests.dashboard.steps import NOTICE, errors, opened, phantom_png, picker, png, settled, shown, upload

pytestmark = pytest.mark.slow


@pytest.fixture
def app() -> AppTest:
    """The app with its first comparison finished."""
    return settled(opened())


def test_first_start_shows_a_finished_comparison_of_a_bundled_case(app: AppTest) -> None:
    text = shown(app)
    assert NOTICE in text
    assert picker(app, "Case").value in {load_bundled(case.key).id for case in bundled_cases()}
    for part in (
        "flagged from",
        "Random noise",
        "Change of the probability",
        "Largest change of a pixel",
        "Strongest tenth that stays in place",
    ):
        assert part.lower() in text.lower()
    assert "Projected gradient descent" in text


def test_technical_wording_turns_names_and_depth_but_no_number(app: AppTest) -> None:
    plain = shown(app)
    technical = shown(settled(app.segmented_control(key="wording").set_value("Technical").run()))
    assert "Images sent through the model" in technical
    assert "Images sent through the model" not in plain
    assert "noise of the same size (L-infinity" in technical
    assert "L-infinity" not in plain


def test_a_changed_parameter_is_computed_without_a_click(app: AppTest) -> None:
    before = shown(app)
    app.session_state["pgd epsilon"] = 0.0
    app = settled(app.run())
    assert "Nothing was changed" in shown(app)
    app.session_state["pgd epsilon"] = 1.0
    app = settled(app.run())
    assert shown(app) == before


def test_other_methods_have_other_forms(app: AppTest) -> None:
    app = settled(picker(app, "Explainer").set_value("saliency").run())
    app = settled(picker(app, "Kind of change").set_value(Threat.ARTIFACT).run())
    assert picker(app, "Perturbation").value == "motion_blur"
    app = settled(picker(app, "Perturbation").set_value("exposure").run())
    assert "With exposure" in shown(app)
    assert app.slider(key="exposure severity").value == 3
    assert not [control for control in app.segmented_control if control.key == "goal"]


def test_every_case_says_where_it_comes_from(app: AppTest) -> None:
    assert "license CC" in shown(app)
    app = upload(app, phantom_png("dermoscopy"))
    assert "format PNG" in shown(app)
    assert "Kind guessed from its colors" in shown(app)


def test_an_upload_becomes_the_current_case_and_its_name_is_nowhere(app: AppTest) -> None:
    app = upload(app, phantom_png("dermoscopy"), "JANE DOE 1970.png")
    assert picker(app, "Model").value == "dermoscopy_melanoma"
    text = shown(app)
    assert "melanoma" in text
    assert "JANE" not in text + str(app.session_state["case"]) + "".join(picker(app, "Case").options)


def test_what_cannot_be_read_gives_one_sentence_and_nothing_is_lost(app: AppTest) -> None:
    before, case = shown(app), picker(app, "Case").value
    app = upload(app, b"not a picture", "JANE DOE.dcm")
    (error,) = errors(app)
    assert "This file:" in error
    assert "Choose a DICOM, PNG" in error
    assert "JANE" not in error
    assert picker(app, "Case").value == case
    assert before in shown(app).replace(f"{error}\n", "")
    next(button for button in app.button if button.label == "Close").click().run()
    assert not errors(app)


def test_a_frame_of_several_can_be_chosen(app: AppTest) -> None:
    frames = [Image.fromarray(np.full((64, 64), level, dtype=np.uint8)) for level in (40, 160)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "tiff", save_all=True, append_images=frames[1:])
    app = upload(app, buffer.getvalue())
    first = picker(app, "Case").value
    app = settled(app.number_input(key=f"frame {first}").set_value(2).run())
    second = picker(app, "Case").value
    assert second != first
    assert app.number_input(key=f"frame {second}").value == 2


def insist(app: AppTest) -> AppTest:
    return settled(next(button for button in app.button if button.label == "Show anyway").click().run())


def test_a_case_of_another_kind_is_out_of_scope_until_the_reader_insists(app: AppTest) -> None:
    app = settled(picker(app, "Model").set_value("fundus_referable_dr").run())
    reason = "The model was made for fundus photographs, not for chest X-rays."
    text = shown(app)
    assert f"<li>{reason}</li>" in text
    assert "referable DR" in text
    assert '<div class="numbers waiting">' in text
    assert 'class="sentence"' not in text
    insisted = shown(insist(app))
    assert reason in insisted
    assert 'class="sentence"' in insisted
    assert '<div class="numbers waiting">' not in insisted


def test_to_insist_holds_for_one_case_and_one_model(app: AppTest) -> None:
    first = picker(app, "Case").value
    app = insist(settled(picker(app, "Model").set_value("fundus_referable_dr").run()))
    chests = [load_bundled(case.key).id for case in bundled_cases() if case.modality == "cxr"]
    picker(app, "Case").set_value(next(case for case in chests if case != first)).run()
    app = settled(picker(app, "Model").set_value("fundus_referable_dr").run())
    assert "Show anyway" in [button.label for button in app.button]
    app = settled(picker(app, "Case").set_value(first).run())
    assert "Show anyway" not in [button.label for button in app.button]


def test_a_picture_that_its_kind_belies_is_out_of_scope(app: AppTest) -> None:
    app = upload(app, phantom_png("dermoscopy"))
    app = settled(app.selectbox(key=f"read as {app.session_state['case']}").set_value("cxr").run())
    assert picker(app, "Model").value == "cxr_pneumonia"
    assert "The image has colors, like dermoscopy images, and the model reads gray chest X-rays." in shown(app)
    assert 'class="sentence"' not in shown(app)


def test_a_method_that_the_model_cannot_serve_says_why(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def forward_only(key: str, *_: object) -> Classifier:
        return dataclasses.replace(load_classifier(key), differentiable=False)

    monkeypatch.setattr("dashboard.services.comparing.load_classifier", forward_only)
    app = settled(app.number_input(key="seed").set_value(1).run())
    assert "which this model does not offer" in shown(app)
    assert "Try again" not in [button.label for button in app.button]


def test_cancel_stops_the_computation_and_the_old_result_stays(app: AppTest) -> None:
    before = next(text for text in shown(app).split("\n") if 'class="sentence"' in text)
    app.number_input(key="seed").set_value(5).run()
    app.slider(key="pgd restarts").set_value(10).run()
    app.slider(key="pgd steps").set_value(200).run()
    app.button(key="cancel Computing").click().run()
    assert "Canceled before it was finished" in shown(app)
    assert before in shown(app)
    assert not [button for button in app.button if (button.key or "").startswith("cancel")]
    app = settled(app.slider(key="pgd steps").set_value(2).run())
    assert "Canceled" not in shown(app)


def test_only_what_would_be_shown_is_awaited(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.views.look.SETTLE_SECONDS", 0.0)  # before anything is published
    awaited: list[tuple[type, ...]] = []
    monkeypatch.setattr("dashboard.views.look.progress", lambda *given: awaited.append(given[3]))
    app.slider(key="pgd steps").set_value(200).run()
    app.number_input(key="seed").set_value(5).run()  # the old result is dimmed meanwhile
    assert awaited.pop() == (Finished,)
    other = next(case for case in picker(app, "Case").options if "phantom 3" in case)
    picker(app, "Case").select(other).run()
    assert awaited.pop() == (Finished, Preview)


def test_two_sessions_do_not_see_each_other(app: AppTest) -> None:
    other = settled(opened())
    app = upload(app, png(np.random.default_rng(0).random((80, 90, 1), dtype=np.float32)))
    other.run()
    uploaded = picker(app, "Case").value
    assert len(picker(app, "Case").options) == len(picker(other, "Case").options) + 1
    assert picker(other, "Case").value != uploaded
