"""The way of an iterative attack: the probability after each of its steps, and the steps themselves once explained.

Playing, stepping and speed are done in the browser (player.js), without a rerun.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np

from core.values import Comparison
from dashboard.components.inline import inline_component
from dashboard.services.playback import Frame, Playback
from dashboard.state import worded
from evaluation.words import NO_EVIDENCE, finding, percent
from imaging.overlay import DIVERGING, SEQUENTIAL

HERE = Path(__file__).parent


def player(
    comparison: Comparison, probabilities: list[float], played: Playback | None, *, asked: bool, technical: bool
) -> None:
    """Draw the curve of probabilities; and where the steps were asked for, the place for them, and them once there."""
    inline_component(HERE)(
        data=scene(comparison, probabilities, played, asked=asked, technical=technical), key="player"
    )


def scene(
    comparison: Comparison, probabilities: list[float], played: Playback | None, *, asked: bool, technical: bool
) -> dict[str, Any]:
    """What player.js draws."""
    target, prediction = comparison.target, comparison.clean.prediction
    label, threshold = finding(prediction.labels[target]), float(prediction.thresholds[target])
    flagged = [probability >= threshold for probability in probabilities]
    return {
        "asked": asked,
        "curve": probabilities,
        "threshold": threshold,
        "title": f"Probability of {label}, step by step",
        "flaggedFrom": f"flagged from {percent(threshold)}",
        "caption": _caption(label, probabilities, flagged, technical),
        "played": _played(played, label, len(probabilities) - 1) if played else None,
    }


def _caption(label: str, probabilities: list[float], flagged: list[bool], technical: bool) -> str:
    last = len(probabilities) - 1
    course = f"from {percent(probabilities[0])} to {percent(probabilities[-1])}"
    turn = next((step for step, now in enumerate(flagged) if now != flagged[0]), None)
    if technical:
        crossed = "threshold not crossed" if turn is None else f"threshold first crossed at iterate {turn}"
        return f"Iterates 0 (clean) to {last} (returned) of the best restart: p({label}) {course}; {crossed}."
    turns = "at none of them does the decision flip" if turn is None else f"the decision first flips at step {turn}"
    return f"In {last} small steps, the attack moves the probability of {label} {course}; {turns}."


def _played(played: Playback, label: str, last: int) -> dict[str, Any]:
    lut = DIVERGING if played.signed else SEQUENTIAL
    return {
        "name": played.name,
        "frames": [_frame(frame, label, last, played.magnification) for frame in played.frames],
        "change": f"Change ×{played.magnification}",
        "signed": played.signed,
        "lut": base64.b64encode(np.ascontiguousarray(lut, dtype=np.uint8).tobytes()).decode(),
        "scale": {
            "name": "Map, at every step",
            "low": f"{'≤ ' if played.beyond and played.low else ''}{played.low:.3g}".replace("-", "−"),
            "high": f"{'≥ ' if played.beyond else ''}{played.high:.3g}",
            "unit": worded(played.unit),
            "grain": played.grain,
        },
    }


def _frame(frame: Frame, label: str, last: int, magnification: int) -> dict[str, Any]:
    verdict = f"{label} {percent(frame.probability)}, {'flagged' if frame.flagged else 'not flagged'}"
    which = {0: " (clean)", last: " (returned)"}.get(frame.index, "")
    place = f"The score depends most on the {frame.place} of the picture." if frame.heat else NO_EVIDENCE
    return {
        "index": frame.index,
        "flagged": frame.flagged,
        "picture": frame.picture,
        "change": frame.change,
        "heat": frame.heat,
        "message": "" if frame.heat else NO_EVIDENCE,
        "said": f"Step {frame.index} of {last}{which}: {verdict}",
        "seen": f"Picture with map at step {frame.index}. {place}",
        "changed": f"Change at step {frame.index}, magnified {magnification} times around mid-gray.",
    }
