"""Results as plain values for JSON: the numbers of the screen under stable names, what is undefined as None."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from typing import Any, TypeAlias

import numpy as np

from core.classifier import Classifier
from core.values import Assessment, Attribution, Case, Caution, Comparison, Goal, Perturbation, Prediction, Score
from defenses import Certificate, CertifyParams
from evaluation.benchmark import Outcome
from evaluation.cautions import completeness_gap
from evaluation.certified import certified
from evaluation.control import change_255, control_caption
from evaluation.defended import Defended, rates_of
from evaluation.detect import Detected, caught, false_alarms
from evaluation.goals import wanted
from evaluation.localize import CENTER, RANDOM, Localization
from evaluation.localized import rows_of, sentence
from evaluation.recipe import model_recipe, recipe
from evaluation.regions import Place
from evaluation.sentences import sentences
from evaluation.survival import Survived
from evaluation.threat import threat_card
from evaluation.universal import Flips
from evaluation.verdicts import adds_up, elsewhere, overall, verdict
from evaluation.words import NOTICE

Summary: TypeAlias = dict[str, Any]


def of_prediction(
    case: Case,
    model: Classifier,
    prediction: Prediction,
    cautions: Iterable[Caution],
    certain: Mapping[str, Any] | None = None,
) -> Summary:
    """What predict prints; certain {"coverage", "answer"} where the user asked for a coverage."""
    predictions = [
        {
            "label": label,
            "probability": float(prediction.probabilities[k]),
            "threshold": float(prediction.thresholds[k]),
            "flagged": bool(prediction.positive[k]),
            "logit": float(prediction.logits[k]),
        }
        for k, label in enumerate(prediction.labels)
    ]
    asked = {"certain": dict(certain)} if certain else {}
    return {**_head(case, model), "predictions": predictions, **asked, **_foot(cautions, recipe(case, model))}


def of_attribution(
    case: Case, model: Classifier, prediction: Prediction, attribution: Attribution, cautions: Iterable[Caution]
) -> Summary:
    """What explain prints."""
    k = attribution.target
    return {
        **_head(case, model),
        "target": model.card.labels[k],
        "probability": float(prediction.probabilities[k]),
        "threshold": float(prediction.thresholds[k]),
        "flagged": bool(prediction.positive[k]),
        "map": _map(attribution),
        **_foot(cautions, recipe(case, model, attribution=attribution)),
    }


def of_assessments(
    attribution: Attribution,
    found: Collection[Assessment],
    unmet: Mapping[str, str],
    place: Place | None,
    *,
    marked: bool,
) -> Summary:
    """What explain adds where the map is put to the test. unmet: why measures can't say anything, by their keys; place:
    what the map is held against, and marked: whether that was marked as a finding by who made the case. Otherwise it
    may have been drawn after a look at the map, and does not count in the verdict."""
    measures = {
        each.measure: {
            "score": _score(each.score),
            "params": dict(each.params),
            "unit": each.score.unit,
            "random": _score(each.random),
            "random_best": _defined(each.random_best),
            "center": _score(each.center),
            "verdict": verdict(each),
        }
        for each in found
    }
    said, _ = adds_up(attribution)
    counting = found if marked else elsewhere(found)
    return {
        "verdict": overall(counting),
        "completeness": said,
        "place": place,
        "measures": measures,
        "unmet": dict(unmet),
    }


def of_perturbation(
    case: Case,
    model: Classifier,
    perturbation: Perturbation,
    control: Perturbation,
    predictions: Mapping[str, Prediction],
    cautions: Iterable[Caution],
) -> Summary:
    """What perturb prints; predictions are those on the clean, perturbed and control image."""
    return {
        **_head(case, model),
        **_change(model, perturbation, control, predictions),
        **_foot(cautions, recipe(case, model, perturbation=perturbation)),
    }


def of_comparison(
    case: Case, model: Classifier, comparison: Comparison, saved: Iterable[Survived], also: Mapping[str, Any]
) -> Summary:
    """What compare prints; saved: what is left of the change in each way of saving the picture; also: what else it
    takes to compute it again."""
    views = {"clean": comparison.clean, "perturbed": comparison.perturbed, "control": comparison.controlled}
    change = _change(
        model, comparison.perturbation, comparison.control, {name: view.prediction for name, view in views.items()}
    )
    change["control"]["explanation_change"] = _scores(comparison.control_change)
    attribution, perturbation = comparison.clean.attribution, comparison.perturbation
    made = {**recipe(case, model, attribution=attribution, perturbation=perturbation), **also}
    return {
        **_head(case, model),
        "sentence": sentences(comparison, "Plain"),
        "technical": sentences(comparison, "Technical"),
        **change,
        "saved": {each.way: _survived(each, comparison.target) for each in saved},
        "threat": _threat(perturbation),
        "explanation_change": _scores(comparison.explanation_change),
        "maps": {name: _map(view.attribution) for name, view in views.items()},
        **_foot(comparison.cautions, made),
    }


def of_benchmark(model: Classifier, target: int, settings: Summary, outcomes: Mapping[str, Outcome]) -> Summary:
    """What benchmark prints."""
    rows = {
        name: {"accuracy": _score(row.accuracy), "auroc": _score(row.auroc), "confidence": _score(row.confidence)}
        for name, row in outcomes.items()
    }
    made = {**model_recipe(model), "target": model.card.labels[target], **settings}
    return {"rows": rows, "recipe": made, "notice": NOTICE}


def of_certificate(
    case: Case,
    model: Classifier,
    target: int,
    found: Certificate,
    params: CertifyParams,
    seed: int,
    doubts: Iterable[Caution],
) -> Summary:
    """What certify prints."""
    made = {**recipe(case, model), "target": model.card.labels[target], "seed": seed, "certify": params.as_dict()}
    told = {**dataclasses.asdict(found), "sentence": certified(found, params.doubt)}
    return {**_head(case, model), "certificate": told, **_foot(doubts, made)}


def of_defenses(model: Classifier, found: Defended) -> Summary:
    """What defend prints."""
    rows = {key: {row: _score(score) for row, score in rates.items()} for key, rates in rates_of(found).items()}
    attack = {"key": found.perturbation, "params": dict(found.params)}
    return {"defenses": rows, "recipe": _measured(model, found.seed, perturbation=attack), "notice": NOTICE}


def of_detectors(model: Classifier, found: Detected) -> Summary:
    """What detect prints."""
    detectors = {
        each.key: {
            "threshold": each.threshold,
            "false_alarms": {name: _score(score) for name, score in false_alarms(found, each).items()},
            "attacks": {
                name: {measure: _score(score) for measure, score in vars(made).items()}
                for name, made in caught(found, each).items()
            },
        }
        for each in found.detections
    }
    plans = {
        "attacks": {key: dict(params) for key, params in found.attacks.items()},
        "artifacts": {key: dict(params) for key, params in found.artifacts.items()},
        "knowing": dataclasses.asdict(found.evasion),
    }
    return {"detectors": detectors, "recipe": _measured(model, found.seed, **plans), "notice": NOTICE}


def of_localizations(model: Classifier, found: Iterable[Localization], seed: int) -> Summary:
    """What localize prints."""
    sets = [
        {
            "name": each.name,
            "pictures": len(each.groups),
            "left_out": each.left_out,
            "flagged": int(each.flagged.sum()),
            "area": float(np.median(each.areas)),
            "methods": {
                row.method: {
                    "scores": {name: _score(score) for name, score in row.scores.items()},
                    "over_center": {name: _score(score) for name, score in row.over_center.items()},
                    **({} if row.method in (RANDOM, CENTER) else {"sentence": sentence(row)}),
                }
                for row in rows_of(each)
            },
        }
        for each in found
    ]
    return {"sets": sets, "recipe": _measured(model, seed), "notice": NOTICE}


def of_universal(model: Classifier, flips: Iterable[Flips], made: Mapping[str, Any], seed: int) -> Summary:
    """What universal prints; made: how the change was computed."""
    rows = [
        {
            "epsilon": each.epsilon,
            **{way: _score(score) for way, score in each.change.items()},
            **{f"control_{way}": _score(score) for way, score in each.control.items()},
        }
        for each in flips
    ]
    return {"flips": rows, "recipe": _measured(model, seed, **made), "notice": NOTICE}


def _measured(model: Classifier, seed: int, **settings: Any) -> Summary:
    return {**model_recipe(model), "target": model.card.labels[0], "seed": seed, **settings}


def _head(case: Case, model: Classifier) -> Summary:
    return {"case": {"id": case.id, "modality": case.modality, "notes": list(case.notes)}, "model": model.card.key}


def _foot(cautions: Iterable[Caution], made: Summary) -> Summary:
    listed = [{"about": caution.about, "reason": caution.reason} for caution in cautions]
    return {"cautions": listed, "recipe": made, "notice": NOTICE}


def _change(
    model: Classifier, perturbation: Perturbation, control: Perturbation, predictions: Mapping[str, Prediction]
) -> Summary:
    goal = perturbation.goal
    before = predictions["clean"]
    return {
        "target": model.card.labels[goal.target],
        "goal": wanted(perturbation),
        "threshold": float(before.thresholds[goal.target]),
        "probability_before": float(before.probabilities[goal.target]),
        "logit_before": float(before.logits[goal.target]),
        **_effect(perturbation, goal, before, predictions["perturbed"]),
        "control": {
            "caption": control_caption(perturbation),
            "seed": control.seed,
            **_effect(control, goal, before, predictions["control"]),
        },
    }


def _effect(perturbation: Perturbation, goal: Goal, before: Prediction, after: Prediction) -> Summary:
    norms, reached, k = perturbation.norms, perturbation.reached, goal.target
    return {
        "probability_after": float(after.probabilities[k]),
        "logit_after": float(after.logits[k]),
        "flipped": bool(before.positive[k] != after.positive[k]),
        "reached": {"float": reached.as_float, **(dataclasses.asdict(reached.saved) if reached.saved else {})},
        "linf_255": norms.linf_255,
        "rms_255": change_255(perturbation, "rms"),
        "l2": norms.l2,
        "changed": norms.changed,
        "ssim": norms.ssim,
        "queries": perturbation.queries,
    }


def _survived(each: Survived, target: int) -> Summary:
    return {
        "probability_clean": float(each.clean.probabilities[target]),
        "probability_perturbed": float(each.perturbed.probabilities[target]),
        "reached": each.reached,
    }


def _threat(perturbation: Perturbation) -> Summary:
    card = threat_card(perturbation)
    terms = {
        name: value.name.lower() if isinstance(value, Enum) else value
        for name, value in dataclasses.asdict(card).items()
    }
    listed = {"remedies": list(card.remedies), "defenses": list(card.defenses)}
    return {**terms, **listed, "psnr": _defined(card.psnr)}


def _map(attribution: Attribution) -> Summary:
    heat, gap = attribution.heat, completeness_gap(attribution)
    return {
        "unit": attribution.unit,
        "signed": attribution.signed,
        "lowest": float(heat.min()),
        "highest": float(heat.max()),
        "sum": float(heat.sum(dtype=np.float64)),
        "residual": attribution.residual,
        "completeness_gap": None if gap is None else _defined(gap),
    }


def _scores(scores: Mapping[str, Score]) -> Summary:
    return {name: _defined(score.value) for name, score in scores.items()}


def _score(score: Score) -> Summary:
    around = score.interval if score.interval is not None and math.isfinite(score.interval[0]) else None
    return {"value": _defined(score.value), "better": score.better, "interval": around, "n": score.n}


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None
