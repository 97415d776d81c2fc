"""What the player is given: a curve, with or without steps, frames on one scale, and words; and its section."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.values import Comparison
from dashboard.components.player.player import NO_EVIDENCE, scene
from dashboard.services import aside
from dashboard.services.finished import Finished
from dashboard.services.jobs import Cancel
from dashboard.services.playback import Playback, course, playback
from evaluation.steps import way_of
from evaluation.words import percent
from tests.dashboard.answers import toy_answer
from tests.dashboard.steps import settled, shown
from tests.toys import small_cnn_classifier

STEPS = {"epsilon": 8.0, "steps": 6}


@cache
def attacked(explainer: str = "saliency") -> Finished:
    return toy_answer(explainer=explainer, **STEPS)


@cache
def played(explainer: str = "saliency") -> Playback:
    return playback(attacked(explainer), small_cnn_classifier(), lambda share: None, Cancel(lambda: True))


def drawn(explainer: str = "saliency", *, technical: bool = False, with_steps: bool = True) -> dict[str, Any]:
    comparison = attacked(explainer).comparison
    steps = played(explainer) if with_steps else None
    return scene(comparison, course(comparison, 1.0), steps, asked=with_steps, technical=technical)


def levels(source: str) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.removeprefix("data:image/png;base64,")))))


def test_the_curve_goes_from_the_clean_picture_to_the_one_returned() -> None:
    comparison, model = attacked().comparison, small_cnn_classifier()
    wanted = [float(model.predict(picture).probabilities[0]) for picture in way_of(comparison.perturbation)]
    assert course(comparison, model.card.scale) == pytest.approx(wanted, abs=1e-6)
    assert wanted[0] != pytest.approx(wanted[-1], abs=1e-3)


def test_without_steps_there_is_the_curve_alone() -> None:
    made = drawn(with_steps=False)
    assert (made["played"], made["asked"]) == (None, False)
    assert made["curve"] == course(attacked().comparison, 1.0)
    assert made["flaggedFrom"] == "flagged from 50 %"


def test_each_frame_has_the_pictures_and_words_of_its_step() -> None:
    comparison, steps, made = attacked().comparison, played(), drawn()
    pictures = way_of(comparison.perturbation)
    last = len(pictures) - 1
    assert [frame["index"] for frame in made["played"]["frames"]] == list(range(last + 1))
    for frame, picture, probability in zip(made["played"]["frames"], pictures, made["curve"], strict=True):
        change = 0.5 + steps.magnification * (picture - comparison.perturbation.clean)
        assert np.array_equal(levels(frame["picture"]), np.rint(255 * picture[0]))
        assert np.array_equal(levels(frame["change"]), np.rint(255 * change[0]))
        assert frame["flagged"] == (probability >= 0.5)
        assert f"finding 0 {percent(probability)}, {'flagged' if frame['flagged'] else 'not flagged'}" in frame["said"]
    assert made["played"]["frames"][0]["said"].startswith(f"Step 0 of {last} (clean): ")
    assert made["played"]["frames"][1]["said"].startswith(f"Step 1 of {last}: ")
    assert made["played"]["frames"][-1]["said"].startswith(f"Step {last} of {last} (returned): ")
    assert made["played"]["change"] == f"Change ×{steps.magnification}"


def test_the_change_is_magnified_alike_at_every_step_and_none_is_cut_off() -> None:
    frames = drawn()["played"]["frames"]
    assert np.unique(levels(frames[0]["change"])).tolist() == [128]
    spread = [int(np.ptp(levels(frame["change"]))) for frame in frames]
    assert spread == sorted(spread)
    assert 64 < spread[-1] <= 255
    assert played().magnification > 1


@pytest.mark.parametrize(("explainer", "signed"), [("saliency", False), ("integrated_gradients", True)])
def test_all_maps_share_one_printed_scale(explainer: str, signed: bool) -> None:
    steps, made = played(explainer), drawn(explainer)["played"]
    assert steps.signed == made["signed"] == signed
    assert steps.low == (-steps.high if signed else 0)
    assert len(base64.b64decode(made["lut"])) == 3 * 256
    heats = [
        attacked(explainer).comparison.clean.attribution.heat,
        attacked(explainer).comparison.perturbed.attribution.heat,
    ]
    for frame, heat in zip((made["frames"][0], made["frames"][-1]), heats, strict=True):
        wanted = 255 * ((heat - steps.low) / (steps.high - steps.low)).clip(0, 1)
        assert np.abs(levels(frame["heat"]).astype(float) - wanted).max() <= 0.51
    assert made["scale"]["high"].removeprefix("≥ ") == f"{steps.high:.3g}"
    assert made["scale"]["low"].removeprefix("≤ ") == f"{steps.low:.3g}".replace("-", "−")
    unit = attacked(explainer).comparison.clean.attribution.unit
    assert made["scale"]["unit"] == unit.replace("logits", "raw score")


@pytest.mark.parametrize(("explainer", "grain"), [("saliency", ""), ("grad_cam", "8 × 8 map, smoothly enlarged")])
def test_a_map_that_was_enlarged_says_so(explainer: str, grain: str) -> None:
    assert drawn(explainer)["played"]["scale"]["grain"] == grain


def test_a_map_without_evidence_says_so() -> None:
    frame = dataclasses.replace(played().frames[1], heat=None)
    steps = dataclasses.replace(played(), frames=(frame,))
    comparison = attacked().comparison
    (made,) = scene(comparison, course(comparison, 1.0), steps, asked=True, technical=False)["played"]["frames"]
    assert (made["heat"], made["message"]) == (None, NO_EVIDENCE)
    assert NO_EVIDENCE in made["seen"]


def test_the_caption_tells_the_course_in_both_wordings() -> None:
    curve = [0.93, 0.6, 0.3, 0.12]
    comparison: Comparison = attacked().comparison
    plain, technical = (
        scene(comparison, curve, None, asked=False, technical=technical)["caption"] for technical in (False, True)
    )
    assert plain == (
        "In 3 small steps, the attack moves the probability of finding 0 from 93 % to 12 %; the decision first flips "
        "at step 2."
    )
    assert technical == (
        "Iterates 0 (clean) to 3 (returned) of the best restart: p(finding 0) from 93 % to 12 %; threshold first "
        "crossed at iterate 2."
    )
    stays = scene(comparison, [0.93, 0.8, 0.7], None, asked=False, technical=False)["caption"]
    assert stays.endswith("at none of them does the decision flip.")


def page(perturbation: str, params: dict[str, float], now: dict[str, float]) -> None:
    """The section under a comparison of the toy; now: what is asked for meanwhile."""
    import streamlit as st

    from dashboard.components.steps_section import steps_section
    from tests.dashboard.answers import CASE, toy_answer, toy_request
    from tests.toys import small_cnn_classifier

    if "answer" not in st.session_state:
        st.session_state["answer"] = toy_answer(perturbation, **params)
    steps_section(toy_request(CASE, perturbation, **now), st.session_state["answer"], small_cnn_classifier().card)


def section(
    perturbation: str = "pgd", params: dict[str, float] = STEPS, now: dict[str, float] | None = None
) -> AppTest:
    app = AppTest.from_function(page, args=(perturbation, params, now or params), default_timeout=120).run()
    assert not app.exception
    return app


def given(app: AppTest) -> list[dict[str, Any]]:
    """What the components on the page are given."""
    return [json.loads(part.proto.json)[0] for part in app.get("bidi_component")]


def test_an_attack_in_steps_has_its_curve_and_on_request_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "load_classifier", lambda *_: small_cnn_classifier())
    app = section()
    (before,) = given(app)
    assert (before["asked"], before["played"]) == (False, None)
    (button,) = app.button
    assert (button.label, button.disabled) == ("Play the steps", False)
    app = settled(button.click().run())
    (after,) = given(app)
    assert after["asked"]
    assert len(after["played"]["frames"]) == len(before["curve"])
    assert "Maps: Saliency, seed 0, all on one scale." in shown(app)
    assert not app.button


def test_steps_of_an_old_answer_can_not_be_asked_for() -> None:
    (button,) = section(now={"epsilon": 4.0, "steps": 6}).button
    assert button.disabled


@pytest.mark.parametrize(("perturbation", "params"), [("fgsm", {"epsilon": 1.0}), ("pgd", {"epsilon": 0.0})])
def test_where_there_are_no_steps_there_is_no_section(perturbation: str, params: dict[str, Any]) -> None:
    app = section(perturbation, params)
    assert not app.button
    assert not given(app)
