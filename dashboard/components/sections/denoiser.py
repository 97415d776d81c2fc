"""What the small network that cleans pictures for a model takes back, and what it does to pictures that were clean."""

from __future__ import annotations

import streamlit as st

from core.values import ModelCard, Score
from dashboard.components.glossary import explained
from dashboard.components.message import message
from dashboard.components.scores import count
from dashboard.components.tables import table
from defenses import DEFENSES
from model_zoo.denoisers import cleaned_by

NAMES = {
    "gaussian": "Gaussian noise",
    "uniform": "Uniform noise",
    "none": "Nothing",
    "gradient": "Steps against the gradient",
}


def denoiser(card: ModelCard) -> None:
    """How far pictures and answers are from the clean ones, before it and behind it."""
    measured = cleaned_by(card)
    message(
        f"{DEFENSES['input_reconstruction'].name}, one of the defenses, cleans a picture by a small network that was "
        f"trained for this model. {count(measured[0].before.pixels)} pictures of the validation split, from which it "
        "did not learn, were changed in four ways, by sizes drawn at random. How far are picture and answer from the "
        "clean ones, before it and behind it? The attacker here does not know it."
    )
    table(
        ("Changed by", "Pixels, before", "Pixels, behind", explained("Logit, before"), "Logit, behind"),
        [
            (
                NAMES[each.change],
                *map(_mean, (each.before.pixels, each.after.pixels, each.before.logits, each.after.logits)),
            )
            for each in measured
        ],
    )
    st.caption(
        "Mean differences: of pixels in gray levels of 255, and of the logit; smaller is better. In parentheses: 95 % "
        "intervals. Of several states of the network the one that did best on these pictures was kept, so the figures "
        "flatter it a little."
    )


def _mean(score: Score) -> str:
    """ "1.9 (1.7 to 2.1)", as HTML; 0 where nothing differs."""
    if not score.value or score.interval is None:
        return f"{score.value:.2g}"
    return "{:.1f} <small>({:.1f} to {:.1f})</small>".format(score.value, *score.interval)
