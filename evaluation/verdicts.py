"""What the score of a measure means, in a few words: against maps that know nothing, or against fixed limits."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from core.values import Assessment, Attribution
from evaluation.cautions import COMPLETENESS_GAP, completeness_gap
from explainers import EXPLAINERS
from explainers.metrics import GOODNESS, MEASURES
from explainers.metrics.randomization import FAILS, PASSES

DIGITS = 2  # scores that are the same in print are the same
FIXED = {
    "randomization": ("passes", "doubtful", "fails"),
    "random_labels": ("passes", "doubtful", "fails"),
    "edge_similarity": ("no edge map", "partly edges", "like an edge map"),
}
HIT_OR_MISS = {"pointing_game"}  # the best of several random maps mostly hits
BLIND_TO = {"max_sensitivity"}  # a map that never moves, such as the central blob, is perfect there
UNDEFINED = "undefined"
BETTER, CENTER, RANDOM = "better than both", "no better than the central blob", "no better than a random map"
NAMES = {"max_sensitivity": "better than a random map"}


def verdict(assessment: Assessment) -> str:
    """One of a few fixed phrases."""
    value, key = assessment.score.value, assessment.measure
    if math.isnan(value):
        return UNDEFINED
    if key in FIXED:
        level = -GOODNESS[MEASURES[key].better](value)
        return FIXED[key][(level >= PASSES) + (level >= FAILS)]
    goodness = GOODNESS[MEASURES[key].better]

    def beats(other: float) -> bool:
        return math.isnan(other) or goodness(round(value, DIGITS)) > goodness(round(other, DIGITS))

    if not beats(assessment.random.value if key in HIT_OR_MISS else assessment.random_best):
        return RANDOM
    if key in BLIND_TO:
        return NAMES[key]
    return BETTER if beats(assessment.center.value) else CENTER


def adds_up(attribution: Attribution) -> tuple[str, bool | None]:
    """What the completeness of a map means, and whether it speaks for the map, None where nothing is promised."""
    gap = completeness_gap(attribution)
    if gap is None:
        promised = EXPLAINERS[attribution.method].baseline is not None
        return "only a part of the map" if promised else "not promised by this method", None
    missed = f"misses {100 * gap:.0f} %" if gap < 1 else "misses over 100 %"
    return (f"adds up, but for {100 * gap:.1f} %", True) if gap <= COMPLETENESS_GAP else (missed, False)


def good(said: str) -> bool:
    """Whether a verdict speaks for the map."""
    return said in {BETTER, *NAMES.values(), *(words[0] for words in FIXED.values())}


def elsewhere(found: Iterable[Assessment]) -> list[Assessment]:
    """Those that do not hold the map against a place."""
    return [assessment for assessment in found if "region" not in MEASURES[assessment.measure].needs]


def overall(found: Collection[Assessment]) -> str:
    """All verdicts in one or two sentences."""
    words = {assessment.measure: verdict(assessment) for assessment in found}
    told = [said for said in words.values() if said != UNDEFINED]
    if not told:
        return "No measure can tell anything about this map."
    speak = sum(map(good, told))
    said = f"{speak} of {len(told)} measures speak{'s' if speak == 1 else ''} for this map."
    check = words.get("randomization")
    if check == "fails":
        said += " It fails the randomization check: it looks nearly the same when the model has forgotten all it "
        said += "learned, so it does not explain this model."
    elif check == "doubtful":
        said += " The randomization check leaves doubt: a good part of it stays when the model has forgotten all it "
        said += "learned."
    elif check == "passes":
        said += " It passes the randomization check: it depends on what the model has learned."
    if words.get("random_labels") == "fails":
        said += " It fails the random-label check: a network that learned random labels makes a similar map, so what "
        said += "it shows need not come from having learned the finding."
    return said + " No score proves that a map shows the true reason."
