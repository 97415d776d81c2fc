"""What stands behind the change, and the defense, can be chosen elsewhere too, and no late click takes that back."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from core.registry import Method
from defenses import DEFENSES
from perturbations import PERTURBATIONS, Threat
from tests.dashboard.steps import PATIENCE, picker, shown


def forms() -> None:
    """The forms, and a button that chooses as a link would."""
    import streamlit as st  # runs in a script of its own

    from dashboard.components.controls import defense_form, stress_form

    def elsewhere() -> None:
        st.session_state["Perturbation method"] = "exposure"
        st.session_state["Defense method"] = "jpeg_compression"

    st.button("elsewhere", on_click=elsewhere)
    stress_form("cxr")
    defense_form()


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_function(forms, default_timeout=PATIENCE).run()


def chosen(app: AppTest) -> tuple[str, str]:
    """The perturbation and the defense."""
    assert not app.exception
    return app.session_state["Perturbation method"], app.session_state["Defense method"]


def test_a_kind_of_change_brings_its_usual_method(app: AppTest) -> None:
    assert chosen(app) == ("pgd", "")
    picker(app, "Kind of change").set_value(Threat.ARTIFACT).run()
    assert chosen(app) == ("motion_blur", "")
    picker(app, "Defense").set_value("bit_depth").run()
    assert chosen(app) == ("motion_blur", "bit_depth")


def test_the_text_of_what_is_chosen_stands_beside_it(app: AppTest) -> None:
    assert guarantee(PERTURBATIONS["pgd"]) in shown(app)
    assert guarantee(DEFENSES["bit_depth"]) not in shown(app)
    picker(app, "Defense").set_value("bit_depth").run()
    assert guarantee(DEFENSES["bit_depth"]) in shown(app)


def guarantee(method: Method) -> str:
    """The part of its text that has no formula."""
    return method.text.split("\n\n")[1]


def test_a_choice_made_elsewhere_is_drawn_and_a_browser_that_has_not_drawn_it_yet_takes_nothing_back(
    app: AppTest,
) -> None:
    before = {box.label: box.set_value(box.value) for box in app.selectbox}
    app.button[0].click().run()
    assert picker(app, "Kind of change").value == Threat.ARTIFACT
    assert picker(app, "Defense").value == "jpeg_compression"
    drawn = app.main.children
    for place, element in list(drawn.items()):
        if isinstance(element, Selectbox) and element.label in ("Kind of change", "Defense"):
            drawn[place] = before[element.label]  # as it was
    app.run()
    assert chosen(app) == ("exposure", "jpeg_compression")
