"""What a certificate proves, and what it does not, in words made from its numbers alone."""

from __future__ import annotations

import math

from defenses import Certificate


def certified(found: Certificate, doubt: float) -> str:
    """Whether the answer stands, how far, and against what it does not; doubt is the chance that the proof errs."""
    votes = f"{found.agreeing:,} of {found.votes:,} votes under noise agree"
    if found.flagged is None:
        return f"It abstains: {votes}, which proves nothing."
    evenly = rounded_down(found.level)
    reach = (
        f"{evenly}/255, under one gray level: nothing is proven of an attack that may change every pixel by 1/255"
        if found.level < 1
        else f"{evenly}/255: so the answer stands against every attack that changes no pixel by more"
    )
    return (
        f"By vote {'' if found.flagged else 'not '}flagged, and proven (chance of error {100 * doubt:g} %) to stay so "
        f"under any change within a radius (L2) of {rounded_down(found.radius)}: {votes}. Spread evenly over all "
        f"pixels, that is {reach}."
    )


def rounded_down(value: float, digits: int = 3) -> str:
    """ "0.077": never more than was proven."""
    return f"{math.floor(10**digits * value) / 10**digits:.{digits}f}"
