"""Scores as they stand in tables: value, 95 % interval and n, with the same digits in plain and technical wording."""

from __future__ import annotations

import math

from core.values import Score
from dashboard.components.glossary import explained

RATES = ("sensitivity", "specificity")
NAMES = {
    "auroc": "AUROC",
    "brier": "Brier score",
    "calibration_error": "Calibration error",
    "external": "Pictures from elsewhere",
    "test": "Own test split",
    "cxr": "Chest X-rays",
    "dermoscopy": "Dermoscopy images",
    "fundus": "Fundus photographs",
}


def named(key: str) -> str:
    """ "wrong_body_part" -> "Wrong body part": a key of a card or of its evidence, as a reader knows it."""
    return NAMES.get(key, key[:1].upper() + key[1:].replace("_", " "))


def measure(key: str) -> str:
    """ "external_auroc" -> "External AUROC", as HTML with its explanation."""
    return explained(named(key).replace("auroc", "AUROC").replace("Auroc", "AUROC"))


def is_rate(key: str) -> bool:
    """Whether a measure of a card is a share of pictures."""
    return key.endswith(RATES)


def share(score: Score) -> str:
    """ "93 %", "all" and "none" where it is so, never by rounding."""
    if math.isnan(score.value):
        return "–"
    if 0 < score.value < 0.005:
        return "under 1 %"
    if 0.995 <= score.value < 1:
        return "over 99 %"
    return f"{100 * score.value:.0f} %"


def share_with_interval(score: Score) -> str:
    """ "93 % (89 to 96)", as HTML."""
    if score.interval is None or math.isnan(score.value):
        return share(score)
    low, high = score.interval
    return f"{share(score)} <small>({100 * low:.0f} to {100 * high:.0f})</small>"


def area_with_interval(score: Score) -> str:
    """ "0.979 (0.961 to 0.992)", as HTML."""
    around = interval(score)
    return f"{score.value:.3f} <small>({around})</small>" if around else f"{score.value:.3f}"


def interval(score: Score) -> str:
    """ "0.961 to 0.992", nothing where there is none."""
    return "{:.3f} to {:.3f}".format(*score.interval) if score.interval is not None else ""


def percents(score: Score) -> str:
    """ "89 to 96 %", the interval of a rate; nothing where there is none."""
    return "{:.0f} to {:.0f} %".format(*(100 * bound for bound in score.interval)) if score.interval is not None else ""


def count(score: Score) -> str:
    """ "1,234", nothing where it is not known."""
    return f"{score.n:,}" if score.n is not None else ""
