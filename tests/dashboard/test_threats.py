"""The threat map holds the whole taxonomy of the survey, and every link on it leads somewhere."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from html import escape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import ParameterError
from core.registry import Registry
from dashboard.components.lessons import QUIZ
from dashboard.components.links import EXPLAINER, title_of
from dashboard.services.address import AXES, GOALS, UNAWARE
from dashboard.services.lessons import lessons
from dashboard.services.models import OFFERED
from dashboard.services.threats import FILE, PAGES, Link, threat_map
from dashboard.views.threats import ELSEWHERE, FILTER, HERE
from defenses import DEFENSES, defend
from evaluation.threat import REMEDIES
from explainers import EXPLAINERS
from imaging.bundled import bundled_cases
from model_zoo.cards import cards
from model_zoo.loading import load_classifier
from perturbations import PERTURBATIONS
from tests.dashboard.steps import NOTICE, opened, shown

# Each item of the survey, in its chapter, by words that its entry must hold in this order.
TAXONOMY: Mapping[str, tuple[str, ...]] = {
    "pipeline": (
        *("noise of instrument", "staff without the needed training"),
        *(
            "ambiguous ground truth",
            "improper or coarse labels",
            "limited and imbalanced data",
            "class imbalance and bias",
        ),
        *("sparsity and missing values", "label leakage and misspecification"),
        *("improper training", "privacy breach", "model poisoning", "data poisoning", "model stealing"),
        *("distribution shift", "incomplete data at the point of care"),
        *("misinterpretation of outputs", "false positives and false negatives"),
    ),
    "threats": (
        *("causative", "exploratory", "integrity", "availability", "privacy", "targeted", "indiscriminate"),
        *("poisoning attacks", "evasion attacks", "white-box", "black-box", "adversarial patients", "incentives"),
    ),
    "challenges": (
        *("rare and hidden strata", "privacy", "ethics", "causality", "regulation", "good data"),
        *("standardization and exchange", "distribution shift", "infrastructure that is hard to update"),
    ),
    "remedies": (
        *("homomorphic encryption", "garbled circuits", "secret sharing", "secure processors"),
        *("differential privacy", "pate", "dp-sgd", "moments accountant", "laplace mechanism", "exponential mechanism"),
        *("federated learning", "split learning"),
        *("defensive distillation", "network verification", "gradient regularization", "gaussian process"),
        *("analysis by synthesis", "interpretability-based defense", "masking the model"),
        *("adversarial training", "input reconstruction", "feature squeezing", "feature masking"),
        *("adversarially robust features", "manifold projection"),
        *("adversarial detection", "ensembling of defenses", "defense-gan"),
        *("transfer learning", "adaptation: supervised", "adaptation: unsupervised", "adaptation: semi-supervised"),
        *("adaptation: self-supervised", "causal models"),
    ),
    "practice": (
        *("human-centered design", "several suitable metrics", "examine the raw data", "know the limits"),
        *("test repeatedly", "monitor and update", "knowledge experts, decision makers and users", "seven steps"),
    ),
    "tools": ("tensorflow federated", "crypten", "opacus", "pysyft", "pygrid", "syfertext"),
    "open": (
        *("interpretable machine learning", "on the edge", "annotation", "distributed data", "fairness"),
        "model-driven",
    ),
}
SECTIONS = {
    "pipeline": ("Data collection", "Annotation", "Training", "Deployment", "Testing and use"),
    "remedies": (
        "Privacy-preserving machine learning",
        "Against attacks: modifying the model",
        "Against attacks: modifying the data",
        "Against attacks: adding models",
        "Against distribution shift",
    ),
}
LINKS = [(entry.key, link) for entry in threat_map().entries.values() for link in entry.shown]
CASES = {case.key: case.modality for case in bundled_cases()}
MODELS = {card.key: card for card in cards()}


def test_every_item_of_the_survey_is_there_once_and_nothing_else() -> None:
    chapters = {chapter.key: chapter for chapter in threat_map().chapters}
    assert list(chapters) == list(TAXONOMY)
    for key, items in TAXONOMY.items():
        names = [entry.name.lower() for entry in chapters[key].entries]
        assert len(names) == len(items)
        assert all(item in name for item, name in zip(items, names, strict=True))


@pytest.mark.parametrize("key", SECTIONS)
def test_stages_and_families(key: str) -> None:
    (chapter,) = (chapter for chapter in threat_map().chapters if chapter.key == key)
    assert tuple(section.title for section in chapter.sections) == SECTIONS[key]


def test_every_entry_is_one_or_two_plain_sentences_and_an_answer() -> None:
    for entry in threat_map().entries.values():
        assert entry.text.endswith((".", "?"))
        assert len(entry.text) < 200
        assert bool(entry.shown) != bool(entry.why_not)
        assert entry.why_not.endswith(".") or entry.shown


def test_remedies_of_a_threat_card_are_entries() -> None:
    assert {key for keys in REMEDIES.values() for key in keys} <= set(threat_map().entries)


@pytest.mark.parametrize(("entry", "link"), LINKS, ids=[f"{entry}-{link.label}" for entry, link in LINKS])
def test_every_link_leads_to_what_there_is(entry: str, link: Link) -> None:
    query = dict(link.query)
    if link.page == "learn":
        _lesson(query)
    elif link.page == "models":
        assert query.keys() <= {"model"}
        assert query.get("model", "cxr_pneumonia") in MODELS
    else:
        _state(query)


@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    [
        pytest.param(link.query, id=f"{entry}-{link.label}")
        for entry, link in LINKS
        if link.page == "look" and link.query
    ],
)
def test_every_link_to_look_names_methods_that_its_model_can_serve(query: Mapping[str, str]) -> None:
    model = load_classifier(query["model"])
    behind = defend(query["defense"], model, None) if "defense" in query else model
    attacked = model if query.get("attacker") == UNAWARE else behind
    assert EXPLAINERS[query.get("explainer", EXPLAINER)].unmet(behind.offers) is None
    assert PERTURBATIONS[query["attack"]].unmet(attacked.offers) is None


def _lesson(query: dict[str, str]) -> None:
    key, step = query.pop("lesson"), int(query.pop("step", "1"))
    assert query.pop("present", "1") == "1"
    assert not query
    assert key == QUIZ or step <= len(lessons()[key].steps)


def _state(query: dict[str, str]) -> None:
    """What stands in the address of Look, Explain and Compare, as services.address reads it."""
    for side in ("rows", "columns"):
        axis = query.pop(side, None)
        assert axis is None or axis in AXES
        for value in query.pop(f"compare.{axis}", "").split(",") if axis else ():
            known = {
                "case": CASES,
                "model": MODELS,
                "explainer": _keys(EXPLAINERS),
                "perturbation": _keys(PERTURBATIONS),
            }
            assert value in known[axis]
    case, model = query.pop("case", None), query.pop("model", None)
    assert case is None or case in CASES
    assert model is None or (MODELS[model].role in OFFERED and MODELS[model].input.modality == CASES[str(case)])
    for name, registry in (("attack", PERTURBATIONS), ("explainer", EXPLAINERS), ("defense", DEFENSES)):
        if name in query:
            _method(registry, query.pop(name), case, query)
    assert query.pop("attacker", UNAWARE) == UNAWARE
    assert query.pop("goal", "flip").capitalize() in GOALS
    assert not query


def _method(registry: Registry[object], key: str, case: str | None, query: dict[str, str]) -> None:  # type: ignore[type-var]
    method = registry[key]
    names = [spec.name for spec in method.params.specs()]  # type: ignore[attr-defined]
    method.params.parse({name: query.pop(name) for name in names if name in query})  # type: ignore[attr-defined]
    assert CASES[str(case)] in getattr(method, "modalities", CASES.values())


def _keys(registry: Registry[object]) -> set[str]:  # type: ignore[type-var]
    return {method.key for method in registry}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ('why_not = "No', 'other = "No'),
        ('page = "about"', 'page = "nowhere"'),
        ('key = "pate"', 'key = "dp_sgd"'),
    ],
)
def test_a_broken_file_is_refused(broken: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    file.write_text(FILE.read_text(encoding="utf-8").replace(broken, words, 1), encoding="utf-8")
    tomllib.loads(file.read_text(encoding="utf-8"))
    with pytest.raises(ParameterError, match="threat map"):
        threat_map(file)


# The page


@pytest.fixture
def page() -> AppTest:
    """The page in its frame."""
    script = """
from dashboard.components.frame import frame
from dashboard.views.threats import threats

frame([])
threats()
"""
    app = AppTest.from_string(script, default_timeout=60).run()
    assert not app.exception
    return app


def test_the_page_shows_all_of_it(page: AppTest) -> None:
    text = shown(page)
    assert NOTICE in text
    for entry in threat_map().entries.values():
        assert escape(entry.name) in text
        assert escape(entry.text) in text
        assert escape(entry.why_not) in text
    _card, *labels = [link.proto.label for link in page.get("page_link")]
    assert labels == [f"› {link.label}" for _, link in LINKS]


@pytest.mark.parametrize("wanted", [HERE, ELSEWHERE])
def test_the_page_can_be_filtered(page: AppTest, wanted: str) -> None:
    page.segmented_control(key=FILTER).set_value(wanted).run()
    assert not page.exception
    text = shown(page)
    for entry in threat_map().entries.values():
        assert (escape(entry.text) in text) == (bool(entry.shown) == (wanted == HERE))
    assert (len(page.get("page_link")) > 1) == (wanted == HERE)  # beside that of the frame


@pytest.mark.slow
def test_every_page_that_a_link_leads_to_is_in_the_bar() -> None:
    labels = {link.proto.label for link in opened().get("page_link")}
    assert {title_of(name) for name in (*PAGES, "threats")} <= labels
