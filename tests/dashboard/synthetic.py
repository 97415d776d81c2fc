"""Cards with evidence that was drawn at random, for pages that must look right whatever was measured."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from scipy.special import expit

from core.values import ModelCard, Score
from model_zoo import evidence, measures
from model_zoo.evidence import EXTERNAL, TEST, VALIDATION, Array, Evidence, Outputs, Stress

SIZES = {VALIDATION: 240, TEST: 160, EXTERNAL: 60}
PICTURES = 40
SCREENING = 0.2


def synthetic_evidence(seed: int = 0, *, held: float = 0.3, trigger: bool = False) -> Evidence:
    """Logits of three sets from one normal distribution for each class, and five attacks.

    held: the share of its evidence that a logit keeps under an attack at 1/255.
    """
    rng = np.random.default_rng(seed)
    sets = {name: _outputs(rng, n, 1.0 if name == EXTERNAL else 2.0) for name, n in SIZES.items()}
    test = sets[TEST]
    pictures = np.sort(
        np.concatenate([np.flatnonzero(test.truth == value)[: PICTURES // 2] for value in (True, False)])
    )
    clean, away = test.logits[pictures], np.where(test.truth[pictures], -1.0, 1.0)

    def stress(method: str, params: dict[str, float], size: float) -> Stress:
        noise = rng.normal(0, 0.1, len(pictures))
        return Stress(method, params, pictures, clean, clean + size * (1 - held) * 6 * away, clean + noise)

    attacks = [
        *(stress("pgd", {"epsilon": e, "steps": 50, "restarts": 3}, e) for e in (0.5, 1.0, 2.0)),
        stress("square", {"epsilon": 1.0, "queries": 1000}, 0.4),
        stress("trigger", {}, 0.6 if trigger else 0.02),
    ]
    kinds = {VALIDATION: 1.0, TEST: 1.0, EXTERNAL: 1.3, "dermoscopy": 2.5, "wrong_body_part": 2.2}
    distances = {name: rng.normal(mean, 0.2, SIZES.get(name, 20)) for name, mean in kinds.items()}
    return Evidence("", sets, 0.7, tuple(attacks), distances)


def _outputs(rng: np.random.Generator, n: int, apart: float) -> Outputs:
    truth = rng.random(n) < 0.4
    logits: Array = rng.normal(np.where(truth, apart, -apart), 1.5)
    return Outputs(logits, truth, rng.integers(0, n, n), tuple(rng.choice(["site A", "site B"], n)))


def measured_card(card: ModelCard, found: Evidence, **changes: object) -> ModelCard:
    """The card with what its page takes from it instead of the evidence."""
    test = found.sets[TEST]
    probabilities = expit(test.logits)
    around = measures.interval(measures.auroc, probabilities, test.truth, test.groups, resamples=50)
    area = Score(measures.auroc(probabilities, test.truth), "", "higher", around, len(test.truth))
    results = {
        "auroc": area,
        "auroc_site A": area,
        "external_auroc": dataclasses.replace(area, value=0.7, interval=(0.6, 0.8), n=SIZES[EXTERNAL]),
        "scope_dermoscopy": dataclasses.replace(area, n=180),
    }
    points = {"balanced": (0.5,), "screening": (SCREENING,)}
    given = {"temperature": 1.0, "scope": 1.6, "operating_points": points, "results": results}
    return dataclasses.replace(card, **{**given, **changes})  # type: ignore[arg-type]


def publish(
    monkeypatch: pytest.MonkeyPatch, folder: Path, cards: tuple[ModelCard, ...], found: dict[str, Evidence]
) -> None:
    """Make these the installed models, with this evidence."""
    for key, measured in found.items():
        evidence.write_evidence(measured, folder / f"{key}.json")
    monkeypatch.setattr(evidence, "FOLDER", folder)
    monkeypatch.setattr("dashboard.services.models.cards", lambda: cards)
    evidence.evidence_of.cache_clear()
    st.cache_data.clear()
