"""A link shows what its sender saw; what it can't show, it says."""

from __future__ import annotations

from typing import TypeVar

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.comparing.axes import AXES as COMPARED
from dashboard.services.address import AXES, OVERTAKEN_SECONDS, Address
from dashboard.services.comparing import Comparisons
from imaging.bundled import load_bundled
from tests.dashboard.steps import APP, PATIENCE, errors, opened, phantom_png, picker, settled, upload
from tests.toys import small_cnn_classifier

T = TypeVar("T")


def linked(**query: str) -> AppTest:
    """The app, opened by a link."""
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    for name, text in query.items():
        app.query_params[name.replace("__", ".")] = text
    app.run()
    assert not app.exception
    return app


def address(app: AppTest) -> dict[str, str]:
    """The query of the address as the page left it."""
    return {name: text if isinstance(text, str) else text[0] for name, text in app.query_params.items()}


def held(app: AppTest, kind: type[T]) -> T:
    """What the session holds of this class."""
    found: T = app.session_state[f"held {kind.__module__}.{kind.__qualname__}"]
    return found


@pytest.mark.slow
def test_the_address_of_the_first_page_opens_the_same_page() -> None:
    first = opened()
    shown = address(first)
    assert {"case", "model", "explainer", "attack", "epsilon"} <= set(shown)
    assert address(linked(**shown)) == shown


@pytest.mark.slow
def test_a_link_sets_case_model_methods_parameters_goal_seed_and_region() -> None:
    query = {
        "case": "mole-phantom-2",
        "model": "dermoscopy_melanoma",
        "point": "screening",
        "attack": "fgsm",
        "epsilon": "0.3",
        "explainer": "grad_cam",
        "explainer__evidence": "against",
        "goal": "induce",
        "seed": "7",
        "region": "0.1,0.2,0.6,0.7",
    }
    app = linked(**query)
    state = app.session_state
    assert state["case"] == load_bundled("mole-phantom-2").id
    assert state["model"] == "dermoscopy_melanoma"
    assert state["dermoscopy_melanoma operating point"] == "screening"
    assert (state["Perturbation method"], state["fgsm epsilon"]) == ("fgsm", 0.3)
    assert (state["Explainer method"], state["grad_cam evidence"]) == ("grad_cam", "against")
    assert (state["goal"], state["seed"], state["region"]) == ("Induce", 7, (0.1, 0.2, 0.6, 0.7))
    assert address(app) == {name.replace("__", "."): text for name, text in query.items()}
    assert not errors(app)


@pytest.mark.slow
def test_a_link_sets_the_defense_and_whether_the_attacker_knows_it() -> None:
    query = {"attack": "fgsm", "epsilon": "0.3", "defense": "bit_depth", "defense__bits": "3", "attacker": "unaware"}
    app = linked(**query)
    state = app.session_state
    assert (state["Defense method"], state["bit_depth bits"], state["attacker knows"]) == ("bit_depth", 3, False)
    assert {name: address(app).get(name.replace("__", ".")) for name in query} == query
    assert not errors(app)


@pytest.mark.slow
def test_a_link_sets_where_the_picture_may_be_changed() -> None:
    query = {"case": "chest-phantom-2", "attack": "fgsm", "epsilon": "2", "where": "lungs", "outside": "1"}
    app = linked(**query)
    state = app.session_state
    assert (state["attack where"], state["attack outside"]) == ("lungs", True)
    assert {name: address(app).get(name) for name in query} == query
    asked = held(app, Comparisons).asked
    assert asked is not None
    assert (asked.attack_region, asked.attack_outside) == ("lungs", True)
    picker(app, "Case").set_value(load_bundled("mole-phantom-2").id).run()
    asked = held(app, Comparisons).asked
    assert asked is not None
    assert (asked.attack_region, asked.attack_outside) == (None, False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"case": "0123456789abcdef"}, "an uploaded image is held only by the session it was dropped into"),
        ({"model": "oracle"}, "is not installed here"),
        ({"attack": "prayer"}, "is not known"),
        ({"attack": "pgd", "epsilon": "17"}, "must be between 0 and 16"),
        ({"attack": "pgd", "epsilon": "<b>"}, "must be of type float"),
        ({"goal": "win"}, "is none that there is"),
        ({"seed": "-1"}, "is no whole number"),
        ({"seed": "9" * 5000}, "is no whole number"),
        ({"attack": "pgd", "steps": "9" * 400}, "must be between 1 and 200"),
        ({"region": "0.5,0.5,0.4,0.9"}, "in shares of the picture"),
        ({"region": "nan,0,1,1"}, "in shares of the picture"),
        ({"attack": "hair"}, "is not for this kind of picture (chest X-ray)"),
        ({"model": "cxr_pneumonia", "attack": "eyelash_shadow"}, "is not for this kind of picture (chest X-ray)"),
        ({"where": "liver"}, "is not marked on this case"),
    ],
)
def test_what_a_link_asks_for_in_vain_is_said_and_the_rest_is_shown(query: dict[str, str], reason: str) -> None:
    app = linked(**{"case": "chest-phantom-2"} | query)
    (error,) = errors(app)
    assert reason in error
    assert "<b>" not in error
    assert address(app)["epsilon"] == "1"


@pytest.mark.slow
def test_a_link_without_a_case_is_for_the_one_that_is_shown() -> None:
    app = linked(attack="hair", region="0.1,0.2,0.6,0.7")
    (error,) = errors(app)
    assert "is not for this kind of picture (chest X-ray)" in error
    assert (address(app)["attack"], address(app)["region"]) == ("pgd", "0.1,0.2,0.6,0.7")


@pytest.mark.slow
def test_a_link_with_only_a_model_leads_to_a_case_of_its_kind() -> None:
    app = linked(model="fundus_referable_dr")
    assert (errors(app), address(app)["model"]) == ([], "fundus_referable_dr")
    assert address(app)["case"].startswith("retina-")


def ask(app: AppTest, query: dict[str, str]) -> None:
    """What the browser does with an address: it sends all of it."""
    for name in list(app.query_params):
        del app.query_params[name]
    for name, text in query.items():
        app.query_params[name] = text
    app.run()


@pytest.mark.slow
def test_each_change_is_in_the_address_and_an_older_address_brings_the_older_state_back() -> None:
    app = opened()
    before = address(app)
    picker(app, "Explainer").set_value("saliency").run()
    assert address(app)["explainer"] == "saliency"
    held(app, Address).left = [(when - OVERTAKEN_SECONDS, query) for when, query in held(app, Address).left]
    ask(app, before)
    assert app.session_state["Explainer method"] == before["explainer"]
    assert address(app) == before


@pytest.mark.slow
def test_addresses_that_were_overtaken_by_clicks_do_not_undo_them() -> None:
    app = opened()
    first = address(app)
    picker(app, "Explainer").set_value("saliency").run()
    second = address(app)
    picker(app, "Explainer").set_value("input_x_gradient").run()
    for overtaken in (first, second, first):
        held(app, Address).left = [(when - 4, query) for when, query in held(app, Address).left]  # a slow browser
        ask(app, overtaken)
        assert app.session_state["Explainer method"] == "input_x_gradient"
    ask(app, held(app, Address).here)
    assert address(app)["explainer"] == "input_x_gradient"


@pytest.mark.slow
def test_going_back_at_once_is_not_overtaken(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened()
    before = address(app)
    picker(app, "Explainer").set_value("saliency").run()
    after = address(app)
    for there, other in ((before, after), (after, before), (before, after)):
        with monkeypatch.context() as traveling:
            traveling.setattr("dashboard.services.address._traveling", lambda: True)
            ask(app, there)
        assert app.session_state["Explainer method"] == there["explainer"]
        assert address(app) == there
        ask(app, other)  # on its way when the reader went
        assert app.session_state["Explainer method"] == there["explainer"]


@pytest.mark.slow
def test_a_page_that_is_asked_for_alone_says_again_what_it_shows() -> None:
    app = opened()
    shown = address(app)
    for _ in range(2):
        ask(app, {})
        assert address(app) == shown


def test_the_grid_of_the_compare_page_is_in_its_address() -> None:
    app = AppTest.from_function(grid_address, default_timeout=PATIENCE)
    query = {
        "rows": "case",
        "columns": "explainer",
        "compare.case": "chest-phantom-1,chest-phantom-2",
        "compare.explainer": "saliency",
    }
    for name, text in query.items():
        app.query_params[name] = text
    app.run()
    assert not app.exception
    assert app.session_state["compare case"] == [load_bundled(f"chest-phantom-{k}").id for k in (1, 2)]
    assert address(app) == query


MAPS = {
    "model": "cxr_pneumonia",
    "maps": "grad_cam,smoothgrad,rise",
    "closer": "rise",
    "smoothgrad.samples": "8",
    "region": "0.1,0.2,0.6,0.7",
    "inside": "explain",
}


def maps_linked(**query: str) -> AppTest:
    """A page that does with the address what app.py and the explain page do."""
    app = AppTest.from_function(maps_address, default_timeout=PATIENCE)
    app.session_state["model"] = "cxr_pneumonia"
    for name, text in query.items():
        app.query_params[name] = text
    app.run()
    assert not app.exception
    return app


def test_the_maps_of_the_explain_page_are_in_its_address() -> None:
    app = maps_linked(**MAPS)
    state = app.session_state
    assert (state["explain methods"], state["explain chosen"]) == (["grad_cam", "smoothgrad", "rise"], "rise")
    assert (state["smoothgrad samples"], state["rise masks"]) == (8, 1024)
    assert (state["attack here"], state["explain here"]) == (False, True)
    assert address(app) == MAPS
    bare = maps_linked(maps="lrp,lrp", region=MAPS["region"])
    assert (bare.session_state["explain methods"], bare.session_state["explain chosen"]) == (["lrp"], "lrp")
    assert (bare.session_state["attack here"], bare.session_state["explain here"]) == (True, False)
    assert address(bare) == {"model": "cxr_pneumonia", "maps": "lrp", "region": MAPS["region"]}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"maps": "grad_cam,tea_leaves"}, "is not known"),
        ({"maps": "rise", "rise.masks": "7"}, "must be between 16 and 8192"),
    ],
)
def test_maps_that_a_link_asks_for_in_vain_leave_those_that_were_shown(query: dict[str, str], reason: str) -> None:
    app = maps_linked(**query)
    assert "explain methods" not in app.session_state
    (refused,) = held(app, Address).refused
    assert reason in refused


def test_a_link_holds_a_finding_against_another(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_cnn_classifier(labels=3)
    monkeypatch.setattr("dashboard.services.models.cards", lambda: (model.card,))
    query = {"model": "toy", "maps": "grad_cam", "against": "finding 2"}
    app = maps_linked(**query)
    assert app.session_state["toy rather than"] == 2
    assert address(app) == query
    assert "against" not in address(maps_linked(**{**query, "against": "gout"}))


def maps_address() -> None:
    """What app.py and the explain page do with the address."""
    from dashboard.services import address

    address.follow()
    address.write(address.state_of() | address.maps_state())


def grid_address() -> None:
    """What app.py and the compare page do with the address."""
    from dashboard.services import address

    address.follow()
    address.write(address.grid_state())


@pytest.mark.slow
def test_an_upload_stands_in_the_address_by_its_content_alone() -> None:
    app = upload(settled(opened()), phantom_png("dermoscopy"), "JANE DOE 1970.png")
    assert address(app)["case"] == app.session_state["case"]
    assert "JANE" not in str(address(app))


def test_the_axes_of_an_address_are_those_of_the_compare_page() -> None:
    assert tuple(axis.key for axis in COMPARED) == AXES
