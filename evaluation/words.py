"""Numbers as people say them: the same words in sentences, cautions, captions and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from core.params import ParamSpec, Value
from core.registry import Method

NO_EVIDENCE = "No evidence: this map is zero everywhere."
NOTICE = "Research and education only. Not for diagnosis."
PEOPLE = ("Gaussian", "Mahalanobis")


class MeasureName(NamedTuple):
    """A measure of how far an explanation moved, for a reader in plain words and for one who knows the methods."""

    plain: str
    technical: str


MEASURES: Mapping[str, MeasureName] = {
    "rank_correlation": MeasureName("Order of all places (rank correlation)", "Rank correlation (Spearman)"),
    "top_overlap": MeasureName("Strongest tenth that stays in place", "Top-10 % overlap"),
    "map_ssim": MeasureName("Likeness of the maps (SSIM)", "SSIM of the maps"),
    "centroid_shift": MeasureName("Shift of the map's center", "Centroid shift"),
    "centroid_shift_mm": MeasureName("Shift of the map's center", "Centroid shift"),
}

FRACTIONS = {
    0.1: "a tenth",
    0.2: "a fifth",
    0.25: "a quarter",
    1 / 3: "a third",
    0.4: "two fifths",
    0.5: "half",
    0.6: "three fifths",
    2 / 3: "two thirds",
    0.75: "three quarters",
    0.8: "four fifths",
    0.9: "nine tenths",
}


def percent(probability: float) -> str:
    """0.934 -> "93 %"; never "0 %" or "100 %", which no model can be sure of."""
    if probability < 0.005:
        return "under 1 %"
    if probability >= 0.995:
        return "over 99 %"
    return f"{100 * probability:.0f} %"


def points(difference: float) -> str:
    """A difference of probabilities in percentage points: -0.003 -> "0.3 points"."""
    size = abs(100 * difference)
    if size < 0.05:
        return "under 0.1 points"
    return f"{size:.1f} points" if size < 9.95 else f"{size:.0f} points"


def fraction(share: float) -> str:
    """0.34 -> "about a third"."""
    if share == 0:
        return "nothing"
    if share == 1:
        return "all"
    if share < 0.05:
        return "almost nothing"
    if share > 0.95:
        return "nearly all"
    return "about " + FRACTIONS[min(FRACTIONS, key=lambda known: abs(known - share))]


def level(linf_255: float) -> str:
    """1.0 -> "1.0", 2.55 -> "2.55", 31.87 -> "32": a change in units of 1/255, to three digits."""
    return f"{linf_255:.0f}" if linf_255 >= 10 else f"{linf_255:.2f}".removesuffix("0")


def gray_levels(linf_255: float) -> str:
    """0.5 -> "under one gray level in 256"; steps of a color channel are called gray levels too."""
    if round(linf_255, 2) < 1:
        return "under one gray level in 256"
    if round(linf_255, 2) == 1:
        return "one gray level in 256"
    return f"at most {level(linf_255).removesuffix('.0')} gray levels in 256"


def finding(label: str) -> str:
    """ "referable_dr" -> "referable DR": a label as a reader knows it."""
    return label.replace("_", " ").replace(" dr", " DR")


def in_sentence(name: str) -> str:
    """ "Motion blur" -> "motion blur", but "JPEG compression", "IoU at equal area" and "Gaussian noise" stay."""
    capitals = (
        name.startswith(PEOPLE) or name[:2].isupper() or any(letter.isupper() for letter in name.partition(" ")[0][1:])
    )
    return name if capitals else name[:1].lower() + name[1:]


def settings(method: Method, values: Mapping[str, Value]) -> str:
    """ "epsilon 1/255, steps 20": parameters with their units, in the order of their declaration."""
    return ", ".join(_setting(spec, values[spec.name]) for spec in method.params.specs())


def _setting(spec: ParamSpec, value: Value) -> str:
    name = spec.name.replace("_", " ")
    if isinstance(value, bool):
        return name if value else f"no {name}"
    return f"{name} {value:g}{spec.unit}" if isinstance(value, int | float) else f"{name} {value}"


def within(what: str, place: tuple[float, ...] | str) -> str:
    """ "explained only in 0.1, 0.2, 0.6, 0.7"."""
    return f"{what} in {place if isinstance(place, str) else ', '.join(f'{edge:.3g}' for edge in place)}"
