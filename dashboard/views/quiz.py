"""Which one was altered? Pairs of pictures, one altered, and how far above chance the reader finds it."""

from __future__ import annotations

import math
from html import escape

import streamlit as st

from core.values import MODALITIES, Modality, Score
from dashboard.components.lessons.place import Place, link_to
from dashboard.components.message import message
from dashboard.components.pair import Pick, pair
from dashboard.components.progress import halted, progress
from dashboard.components.segments import pick_one
from dashboard.components.tables import table
from dashboard.services.models import default_for
from dashboard.services.quizzing import Quiz, Setup, cases_for
from dashboard.state import held, listening
from evaluation.quiz import quiz_result
from evaluation.words import gray_levels, level
from perturbations import PERTURBATIONS, Threat

SETTLE_SECONDS = 0.25  # what is ready by then needs no progress bar
EPSILONS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # /255
LENGTHS = (10, 20, 40)
ONE_LEVEL = 0.5  # of 255; below, a display with 8 bits shows hardly any difference
ALTERED_BY = [
    method.key for method in PERTURBATIONS if method.norm == "linf" and method.threat is not Threat.BLACK_BOX
]  # a blind search takes longer than a reader likes to wait


def quiz() -> None:
    """The page."""
    run = held(Quiz)
    with st.container(key="document"), st.container(key="quiz"):
        link_to(Place(), "‹ All lessons")
        st.title("Which one was altered?", anchor=False)
        if run.setup is None:
            _settings(run)
        elif run.over:
            _result(run, run.setup)
        else:
            _pair(run, run.setup)


def _settings(run: Quiz) -> None:
    st.html(
        '<p class="lesson-lead">You see pairs of pictures of the same case, one clean and one altered, in random '
        "order. Pick the altered one each time; guess where you can't tell. Nothing tells you before the end whether "
        "you were right.</p>"
    )
    with st.container(key="quiz-settings"):
        modality: Modality = st.selectbox(
            "Pictures", list(MODALITIES), format_func=MODALITIES.__getitem__, key="quiz of"
        )
        method = st.selectbox(
            "Altered by",
            ALTERED_BY,
            ALTERED_BY.index("pgd"),
            format_func=lambda key: PERTURBATIONS[key].name,
            key="quiz method",
            help="Uniform noise is the control: it aims at nothing.",
        )
        epsilon = st.select_slider(
            "Largest change of a pixel",
            EPSILONS,
            2.0,
            format_func=lambda size: f"{level(size)}/255",
            key="quiz epsilon",
        )
        pairs = pick_one("Pairs", LENGTHS, LENGTHS[0], key="quiz pairs")
    if epsilon < ONE_LEVEL:
        message(
            "A screen with 256 gray levels shows hardly anything of a change this small. Both pictures are sent with "
            "65,536 levels: turn up the contrast to see more."
        )
    model = default_for(modality)
    if model is None:
        message("No model is installed for these pictures.")
        return
    setup = Setup(modality, model, method, epsilon, pairs)
    st.button("Start", type="primary", key="quiz start", on_click=run.begin, args=(setup,))


def _pair(run: Quiz, setup: Setup) -> None:
    run.ask(listening())
    if run.pair is None:
        run.settle(SETTLE_SECONDS)
    number = len(run.answers)
    st.html(
        f'<p class="lesson-count" role="status">Pair {number + 1} of {setup.pairs}. Altered within '
        f"{level(setup.epsilon)}/255, {gray_levels(setup.epsilon)}. Your time is taken in the browser.</p>"
    )
    with st.container(key="quiz-pair"):
        shown = run.pair
        if shown is not None:
            pair(number, shown.shape, shown.left, shown.right, _answered)
            run.ask(listening())
        elif run.job is not None:
            progress(run.job, "Preparing the pair", run.end)
        elif run.error is not None:
            halted(str(run.error), "Back to the settings", run.end)
    st.button("Give up", key="quiz end", on_click=run.end)


def _answered(pick: Pick) -> None:
    held(Quiz).answer(pick.number, pick.side, pick.seconds)


def _result(run: Quiz, setup: Setup) -> None:
    result = quiz_result(run.answers)
    right = sum(answer.right for answer in run.answers)
    asked = [pair.flips for pair in run.pairs if pair.flips is not None]
    low = result.share.interval[0] if result.share.interval else 0.0
    st.html(
        f'<p class="lesson-text" role="status">You picked the altered picture in <b>{right} of {setup.pairs}</b> '
        f"pairs; guessing finds half. {_verdict(low)} Of the {len(asked)} altered pictures of the model's kind, it "
        f"changed its decision on <b>{sum(asked)}</b>.</p>"
    )
    rows = [
        ["Share found", _interval(result.share, "{:.0%}")],
        ["d-prime (0 is guessing)", _interval(result.d_prime, "{:.2f}")],
        ["Chance of this or better by guessing", f"{result.p_value:.2g}"],
        ["Median response time, taken in the browser", f"{result.median_seconds:.1f} s"],
    ]
    table(("Measure", "You (95 % interval)"), [[escape(cell) for cell in row] for row in rows])
    cases = len(cases_for(setup.modality))
    repeats = (
        f"There are {cases} pictures of this kind, so some came more than once: the pairs are not independent, and the "
        "intervals are too narrow."
    )
    st.html(
        f'<p class="kind">{PERTURBATIONS[setup.method].name}, at most {level(setup.epsilon)}/255, against the model '
        f"{escape(setup.model)}. {repeats if setup.pairs > cases else ''}</p>"
    )
    with st.container(horizontal=True):
        st.button("Once more", type="primary", key="quiz again", on_click=run.begin, args=(setup,))
        st.button("Other settings", key="quiz end", on_click=run.end)


def _verdict(low: float) -> str:
    return "That is more than guessing explains." if low > 0.5 else "That is no more than guessing could give."


def _interval(score: Score, form: str) -> str:
    low, high = score.interval or (-math.inf, math.inf)
    ends = ["no limit" if math.isinf(end) else form.format(end).replace("%", " %") for end in (low, high)]
    value = form.format(score.value).replace("%", " %")
    return f"{value} ({ends[0]} to {ends[1]})".replace("-", "−")
