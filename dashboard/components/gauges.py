"""A model at a glance: AUROC and right answers on scales that are the same for all models, so that eyes can compare."""

from __future__ import annotations

from html import escape

from core.values import ModelCard
from dashboard.components.glossary import explained
from dashboard.components.scores import count, interval, percents, share
from model_zoo.robustness import Withstood

CHANCE = 0.5  # AUROC at the left end of its scale


def area_gauge(card: ModelCard) -> str:
    """The AUROC in its interval, on a scale from guessing to perfect, as HTML."""
    score = card.results.get("auroc")
    if score is None:
        return _gauge(explained("AUROC"), "not stated", "", "", "")
    low, high = (_along(bound) for bound in score.interval or (score.value, score.value))
    drawn = (
        f'<i class="range" style="left:{low:.1f}%;width:{high - low:.1f}%"></i>'
        f'<i class="dot filled" style="left:{_along(score.value):.1f}%"></i>'
    )
    said = [f"95 % interval {interval(score)}"] if score.interval else []
    said += [f"n = {count(score)}"] if score.n is not None else []
    said += ["as its card states, not measured here"] if card.role == "foreign" else []
    ends = f"<span>{CHANCE:g} guessing</span><span>1 perfect</span>"
    return _gauge(explained("AUROC"), f"{score.value:.3f}", drawn, ends, ", ".join(said))


def attack_gauge(result: Withstood | None) -> str:
    """Right answers on the same pictures, clean (filled) and attacked (hollow), as HTML."""
    name = "Right answers, attacked"
    if result is None:
        return _gauge(escape(name), "not measured", "", "", "")
    clean, attacked = result.clean.accuracy, result.perturbed.accuracy
    ends = sorted((100 * clean.value, 100 * attacked.value))
    drawn = (
        f'<i class="range" style="left:{ends[0]:.1f}%;width:{ends[1] - ends[0]:.1f}%"></i>'
        f'<i class="dot filled" style="left:{100 * clean.value:.1f}%"></i>'
        f'<i class="dot hollow" style="left:{100 * attacked.value:.1f}%"></i>'
    )
    note = (
        f"Clean {percents(clean)}, attacked at {result.params['epsilon']:g}/255 {percents(attacked)} (95 % intervals), "
        f"n = {count(attacked)}"
    )
    return _gauge(
        escape(name), f"● {share(clean)} → ○ {share(attacked)}", drawn, "<span>0 %</span><span>100 %</span>", note
    )


def gauges(card: ModelCard, result: Withstood | None) -> str:
    """Both, as HTML."""
    return f'<div class="gauges">{area_gauge(card)}{attack_gauge(result)}</div>'


def _gauge(name: str, value: str, drawn: str, ends: str, note: str) -> str:
    scale = f'<div class="scale">{drawn}</div><div class="ends">{ends}</div>' if drawn else ""
    return (
        f'<div class="gauge"><div class="name">{name}</div><div class="value">{value}</div>{scale}'
        f'<div class="note">{note}</div></div>'
    )


def _along(area: float) -> float:
    """Percent of the scale, which ends at chance."""
    return max(0.0, 100 * (area - CHANCE) / (1 - CHANCE))
