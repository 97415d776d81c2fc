"""The comparison that the app opens with: kept whole, used only while nothing has changed, and what comes out now."""

from __future__ import annotations

import ast
import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.values import ModelCard
from dashboard.first import computed, opening_request
from dashboard.services import comparing
from dashboard.services.comparing import Finished, Request, Subject
from dashboard.services.first import first_comparison, identity_of, write
from dashboard.services.jobs import Cancel, always
from explainers import EXPLAINERS
from imaging.phantoms import phantom
from model_zoo.cards import load_card
from perturbations import PERTURBATIONS
from tests.dashboard.steps import opened, shown
from tests.toys import small_cnn_classifier

ROOT = Path(__file__).resolve().parent.parent.parent
WRONG = "make first writes it anew"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> tuple[Finished, ModelCard]:
    """A comparison with everything that one can hold."""
    model = small_cnn_classifier()
    monkeypatch.setattr(comparing, "load_classifier", lambda *_: model)
    case = phantom("cxr", True, 3, 64)
    request = Request(
        subject=Subject.of(case),
        model="toy",
        point="balanced",
        anyway=False,
        target=0,
        explainer="integrated_gradients",
        explainer_params=EXPLAINERS["integrated_gradients"].params(),
        perturbation="pgd",
        perturbation_params=PERTURBATIONS["pgd"].params(steps=3),
        direction=None,
        seed=0,
    )
    others = [phantom("cxr", False, 4, 64), phantom("fundus", False, 4, 64)]
    return comparing.compared(request, case, others, lambda share: None, Cancel(always)), model.card


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal in every field, arrays by their bits."""
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)
    if dataclasses.is_dataclass(one):
        fields = dataclasses.fields(one)
        return type(one) is type(other) and all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) or (one != one and other != other)


def test_it_comes_back_as_it_was(made: tuple[Finished, ModelCard], tmp_path: Path) -> None:
    finished, card = made
    write(finished, card, tmp_path)
    back = first_comparison(finished.request, card, tmp_path)
    assert same(finished, back)
    assert not same(finished, dataclasses.replace(finished, marks={}))


def test_another_request_or_card_is_not_answered(made: tuple[Finished, ModelCard], tmp_path: Path) -> None:
    finished, card = made
    write(finished, card, tmp_path)
    request = finished.request
    others: list[tuple[Request, ModelCard]] = [
        (dataclasses.replace(request, seed=1), card),
        (dataclasses.replace(request, perturbation_params=PERTURBATIONS["pgd"].params(steps=4)), card),
        (request, dataclasses.replace(card, sha256="1" * 64)),
        (request, dataclasses.replace(card, temperature=2.0)),
    ]
    for asked, with_card in others:
        assert first_comparison(asked, with_card, tmp_path) is None
    assert len({identity_of(*pair) for pair in [(request, card), *others]}) == 5
    assert first_comparison(request, card, tmp_path / "empty") is None


def test_the_app_opens_with_it_and_nobody_waits_for_a_computation(monkeypatch: pytest.MonkeyPatch) -> None:
    submit, submitted = comparing.submit, list[bool]()

    def noted(*given: Any, background: bool = False, **settings: Any) -> Any:
        submitted.append(background)
        return submit(*given, background=background, **settings)

    monkeypatch.setattr(comparing, "submit", noted)
    assert 'class="sentence"' in shown(opened()), WRONG
    assert all(submitted), WRONG


@pytest.mark.slow
def test_a_ready_server_imports_nothing_large_for_the_first_page() -> None:
    program = """
import sys
from streamlit.testing.v1 import AppTest
from dashboard.services import comparing, warming
warming.imports()
warming.pictures()
comparing.AHEAD = 0
known = set(sys.modules)
app = AppTest.from_file("dashboard/app.py", default_timeout=120).run()
assert not app.exception
print(sorted({name.partition(".")[0] for name in set(sys.modules) - known}))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = ast.literal_eval(done.stdout)
    large = {"pandas", "plotly", "pyarrow", "pydicom", "scipy", "skimage", "timm", "torch", "torchvision"}
    assert not large & set(imported)


@pytest.mark.slow
def test_it_is_what_would_come_out_now() -> None:
    request = opening_request()
    kept = first_comparison(request, load_card(request.model))
    assert kept is not None, WRONG
    now = computed(request)
    assert facts(kept) == facts(now), WRONG
    sizes = [(made.comparison.perturbation.norms.ssim, made.drawn.low, made.drawn.high) for made in (kept, now)]
    np.testing.assert_allclose(*sizes, rtol=0.05, err_msg=WRONG)
    for name in ("clean", "perturbed", "controlled"):
        one, other = getattr(kept.comparison, name), getattr(now.comparison, name)
        scores = one.prediction.probabilities, other.prediction.probabilities
        np.testing.assert_allclose(*scores, atol=0.02, err_msg=WRONG)
        difference = np.abs(one.attribution.heat - other.attribution.heat).mean()
        assert difference <= 0.05 * np.abs(other.attribution.heat).mean(), WRONG


def facts(finished: Finished) -> list[Any]:
    """What another processor, which rounds differently, would find too."""
    comparison = finished.comparison
    made = comparison.perturbation
    return [
        finished.geometry,
        set(finished.marks),
        [caution.about for caution in comparison.cautions],
        *(made.method, made.params, made.goal, made.seed, made.reached, len(made.trajectory)),
        *(comparison.flipped, comparison.control.params.keys(), list(comparison.explanation_change)),
    ]
