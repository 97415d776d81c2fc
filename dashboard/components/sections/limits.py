"""When a model can't tell, and which pictures it is not for."""

from __future__ import annotations

from html import escape
from typing import cast

from core.values import ModelCard, Score
from dashboard.components import figures
from dashboard.components.glossary import explained
from dashboard.components.message import message
from dashboard.components.scores import area_with_interval, count, named, share_with_interval
from dashboard.components.tables import table
from dashboard.services import measured
from dashboard.state import technical
from evaluation.words import finding


def certainty(card: ModelCard) -> None:
    """The coverage that was reached, and how often the model could not tell."""
    label, found = finding(card.labels[0]), measured.coverages(card)
    if not found:
        message("There were too few validation pictures to hold to any coverage.")
        return
    message(
        "At a coverage that you pick, the model may answer “can't tell”. Asked for 90 %, its answer should hold the "
        "truth for 90 of 100 pictures with the finding and 90 of 100 without. What was reached:"
    )
    rows = [
        (
            f"{100 * covered.asked:g} %",
            named(covered.pictures),
            _reached(covered.present, covered.asked),
            _reached(covered.absent, covered.asked),
            f"{share_with_interval(covered.unsure)} {_n(covered.unsure.n)}",
        )
        for covered in found
    ]
    if any(_missed(score, covered.asked) for covered in found for score in (covered.present, covered.absent)):
        message(
            "! less than asked, even at the upper end of the interval: these pictures are not like the validation ones."
        )
    head = (explained("Coverage asked"), "Pictures", f"With {escape(label)}", f"Without {escape(label)}", "Can't tell")
    table(head, rows, texts=[1])


def scope(card: ModelCard) -> None:
    """Feature distances of other kinds of pictures, and how well they give them away."""
    message(
        "Before it answers, the app measures how far a picture is from those the model was trained on. Beyond the "
        "limit, it asks first. Each tick is one picture."
    )
    kinds = {named(name): values for name, values in measured.distances(card).items()}
    figure = figures.distance_strips(kinds, cast(float, card.scope), technical=technical())
    figures.draw(figure, f"{card.key} scope", "Feature distances of each kind of pictures beside the limit")
    rows = [
        (
            escape(named(kind.name)),
            count(kind.refused),
            share_with_interval(kind.refused),
            f"{area_with_interval(kind.auroc)} {_n(kind.auroc.n)}" if kind.auroc else "",
        )
        for kind in measured.scope(card)
    ]
    table(("Pictures", "n", "Beyond the limit", explained("AUROC against own test split")), rows)


def _reached(score: Score, asked: float) -> str:
    """The share, with a mark where even its interval lies below what was asked."""
    mark = ' <b class="doubt" title="less than asked">!</b>' if _missed(score, asked) else ""
    return f"{share_with_interval(score)} {_n(score.n)}{mark}"


def _missed(score: Score, asked: float) -> bool:
    return score.interval is not None and score.interval[1] < asked


def _n(number: int | None) -> str:
    return f"<small>n = {number:,}</small>" if number is not None else ""
