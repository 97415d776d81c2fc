"""The section of a model's page on its universal changes: what the record holds, and nothing where there is none."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.errors import ModelError
from core.values import Direction, ModelCard, Score
from dashboard.services.universal import universal
from evaluation.suitability import objections
from evaluation.summary import of_universal
from evaluation.universal import Flips, flips_of
from imaging.bundled import bundled_cases, load_bundled
from model_zoo import universal as files
from model_zoo.loading import load_classifier
from model_zoo.universal import write_universal
from tests.dashboard.steps import PATIENCE, models_page, shown
from tests.dashboard.test_remedies import cells
from tests.toys import linear_classifier

SHIPPED = [path.stem for path in sorted(files.FOLDER.glob("*.json"))]
MODEL = linear_classifier()
CHANGES = np.random.default_rng(0).choice(np.array([-1, 0, 1], dtype=np.float32), (2, 1, 16, 16))


def rates(hide: float, induce: float) -> dict[Direction, Score]:
    return {
        "hide": Score(hide, "", None, (hide - 0.02, hide + 0.02), 134),
        "induce": Score(induce, "", None, (induce - 0.04, induce + 0.04), 66),
    }


FLIPS = (Flips(1.0, rates(0.07, 0.18), rates(0.02, 0.06)), Flips(3.0, rates(0.88, 0.55), rates(0.03, 0.11)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the changes are looked for."""
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    universal.clear()
    yield tmp_path
    universal.clear()


def write(card: ModelCard, folder: Path, flips: tuple[Flips, ...] = FLIPS) -> None:
    """The files, as the command line writes them."""
    write_universal(card, CHANGES, of_universal(MODEL, flips, {"epsilon": 3.0, "images": 96}, 0), folder)


def test_what_was_measured_is_read_as_it_was_written(folder: Path) -> None:
    write(MODEL.card, folder)
    assert flips_of(MODEL.card) == FLIPS
    one_way = Flips(1.0, {"hide": rates(0.5, 0)["hide"]}, {"hide": Score(0.1, "", None, None, 4)})
    write(MODEL.card, folder, (one_way,))
    assert flips_of(MODEL.card) == (one_way,)


@pytest.mark.parametrize(
    ("whole", "broken"), [('"flips"', '"flaps"'), ('"n"', '"m"'), ('"epsilon": 1.0', '"epsilon": []')]
)
def test_a_damaged_record_is_refused(folder: Path, whole: str, broken: str) -> None:
    write(MODEL.card, folder)
    path = folder / "toy.json"
    path.write_text(path.read_text().replace(whole, broken))
    with pytest.raises(ModelError, match=r"toy.json: can't be read as changes .*universal"):
        flips_of(MODEL.card)


def page(key: str) -> None:
    """The section of the model with this key, or of the toy."""
    from dashboard.components.sections.one_for_all import one_for_all
    from model_zoo.cards import load_card
    from tests.dashboard.test_one_for_all import MODEL

    one_for_all(load_card(key) if key else MODEL.card)


def section(key: str = "") -> AppTest:
    app = AppTest.from_function(page, args=(key,), default_timeout=PATIENCE).run()
    assert not app.exception
    return app


def linked(app: AppTest) -> dict[str, str]:
    """The query of its link to Look."""
    (link,) = (each.proto for each in app.get("page_link"))
    assert (link.page, "Universal change" in link.label) == ("look", True)
    return dict(part.split("=") for part in link.query_string.removeprefix("?").split("&"))


def test_rates_stand_beside_those_of_equal_noise_with_n_and_interval(folder: Path) -> None:
    write(MODEL.card, folder)
    text = shown(section())
    assert cells(text, "1/255") == [["7 % (5 to 9)", "2 % (0 to 4)", "134", "18 % (14 to 22)", "6 % (2 to 10)", "66"]]
    assert cells(text, "3/255")[0][0] == "88 % (86 to 90)"


def test_a_way_in_which_nothing_could_flip_is_left_empty(folder: Path) -> None:
    write(MODEL.card, folder, (Flips(1.0, {"hide": rates(0.5, 0)["hide"]}, {"hide": rates(0.5, 0)["hide"]}),))
    assert cells(shown(section()), "1/255")[0][3:] == ["–", "–", "0"]


def test_both_changes_are_drawn_around_mid_gray(folder: Path) -> None:
    write(MODEL.card, folder)
    text = shown(section())
    drawn = re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="The change to (\w+) finding 0, magnified', text)
    assert [way for _, way in drawn] == ["hide", "induce"]
    for (data, _), change in zip(drawn, CHANGES, strict=True):
        levels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
        assert np.array_equal(levels, np.rint(255 * (0.5 + 0.5 * change[0])))


def test_the_link_attacks_a_case_of_its_kind_at_the_largest_size_measured(folder: Path) -> None:
    write(MODEL.card, folder)
    query = linked(section())
    assert query.pop("case") in {case.key for case in bundled_cases() if case.modality == "cxr"}
    assert query == {"model": "toy", "explainer": "grad_cam", "attack": "universal", "epsilon": "3"}


@pytest.mark.slow
@pytest.mark.parametrize("key", SHIPPED)
def test_the_shipped_changes_are_tried_on_a_case_in_scope_whose_truth_is_known(key: str) -> None:
    case, model = load_bundled(linked(section(key))["case"]), load_classifier(key)
    assert model.card.labels[0] in case.truth
    assert objections(case, model) == ()


@pytest.mark.slow
def test_a_model_with_changes_has_the_section_on_its_page_and_others_have_none(
    zoo: Mapping[str, ModelCard], folder: Path
) -> None:
    heading = "One change for all pictures"
    assert heading not in shown(models_page(zoo["standard"].key))
    universal.clear()
    write(zoo["standard"], folder)
    assert heading in shown(models_page(zoo["standard"].key))
