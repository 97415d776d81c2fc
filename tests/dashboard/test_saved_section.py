"""What is left when it is saved: computed once the section is opened, for what is asked, and saved as files."""

from __future__ import annotations

import io

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.classifier import Classifier
from core.errors import ModelError
from dashboard.components.saved_section import STOPPED
from dashboard.services import aside
from evaluation.altered import as_npy
from evaluation.survival import WAYS, survival
from evaluation.words import percent
from tests.dashboard.answers import CASE, toy_answer
from tests.dashboard.steps import errors, settled, shown
from tests.toys import small_cnn_classifier

FINISHED = toy_answer(epsilon=8.0, steps=5)


def page(epsilon: float) -> None:
    """The section under a comparison at 8/255, while one at this epsilon is asked for."""
    from dashboard.components.saved_section import saved_section
    from tests.dashboard.answers import CASE, toy_request
    from tests.dashboard.test_saved_section import FINISHED
    from tests.toys import small_cnn_classifier

    saved_section(toy_request(CASE, epsilon=epsilon, steps=5), FINISHED, CASE, small_cnn_classifier().card)


def section(epsilon: float = 8.0, *, opened: bool = True) -> AppTest:
    app = AppTest.from_function(page, args=(epsilon,), default_timeout=120)
    app.session_state["saved"] = opened
    app.run()
    assert not app.exception
    return settled(app)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy is found by its key."""
    monkeypatch.setattr(aside, "load_classifier", lambda *_: small_cnn_classifier())


def test_closed_it_computes_and_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "load_classifier", lambda *_: pytest.fail("loaded for a closed section"))
    app = section(opened=False)
    assert shown(app) == ""
    assert not app.get("download_button")


@pytest.mark.usefixtures("toy")
def test_opened_it_shows_each_way_beside_the_clean_picture() -> None:
    text = shown(section()).replace("&nbsp;", " ")
    expected = survival(small_cnn_classifier(), FINISHED.comparison.perturbation, CASE, FINISHED.geometry)
    for each in expected:
        clean, perturbed = (percent(float(given.probabilities[0])) for given in (each.clean, each.perturbed))
        row = text.partition(WAYS[each.way])[2].partition("</tr>")[0]
        assert row.index(clean) < row.rindex(perturbed)
        assert f"<td>{'yes' if each.reached else 'no'}</td>" in row
    assert any(each.reached for each in expected)


@pytest.mark.usefixtures("toy")
def test_it_waits_for_the_comparison_that_is_asked_for() -> None:
    app = section(epsilon=1.0)
    assert "Rounded to 8 bits" not in shown(app)
    assert "The result of these settings is not there yet." in shown(app)
    assert all(button.proto.disabled for button in app.get("download_button"))


@pytest.mark.usefixtures("toy")
def test_canceled_it_stays_so_until_it_is_wanted_after_all() -> None:
    app = AppTest.from_function(page, args=(8.0,), default_timeout=120)
    app.session_state["saved"] = True
    app.session_state[STOPPED] = FINISHED.request
    app.run()
    assert "Canceled before it was finished." in shown(app)
    app = settled(app.button(key="saved after all").click().run())
    assert "Rounded to 8 bits" in shown(app)


def test_a_refusal_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Classifier:
        raise ModelError("The weights", "are damaged", "Restore them.")

    monkeypatch.setattr(aside, "load_classifier", refuse)
    (error,) = errors(section())
    assert "The weights: are damaged. Restore them." in error


@pytest.mark.usefixtures("toy")
def test_files_say_by_their_name_what_they_are() -> None:
    buttons = [button.proto for button in section().get("download_button")]
    assert [button.label for button in buttons] == ["PNG", "DICOM", "NPY"]
    assert all("no patient data in its header" in button.help for button in buttons[:2])
    (png, *_) = [button.proto for button in section().get("download_button")]
    assert not png.disabled
    perturbation = FINISHED.comparison.perturbation
    assert np.array_equal(np.load(io.BytesIO(as_npy(perturbation))), perturbation.perturbed)
