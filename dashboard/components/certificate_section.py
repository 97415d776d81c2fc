"""Behind randomized smoothing: a button that counts votes, and the change up to which they prove the answer to stay."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from html import escape

import streamlit as st

from core.values import Case
from dashboard.components.glossary import explained
from dashboard.components.message import message
from dashboard.components.progress import progress
from dashboard.components.words import FILLED, HOLLOW
from dashboard.services.aside import Asides
from dashboard.services.certificates import CERTIFICATE, certificate, certifying
from dashboard.services.finished import Request
from dashboard.state import held, listening
from defenses import Certificate, CertifyParams
from defenses.randomized_smoothing import RandomizedSmoothingParams
from evaluation.certified import certified, rounded_down

HELP = (
    "Asks the model about the clean picture {count:,} times, each under fresh noise of this size, and counts how often "
    "it flags. The percentages above are of the mean of a few copies, so the two may disagree on a close call."
)


def certificate_section(request: Request, case: Case) -> None:
    """Draw the certificate of a case, on demand; nothing where no noise stands before the model."""
    asides, defense = held(Asides), request.defense_params
    if not isinstance(defense, RandomizedSmoothingParams) or not defense.sigma:
        asides.stop(CERTIFICATE)
        return
    noise = CertifyParams(sigma=defense.sigma)
    key = certifying(request, noise)
    state = asides.state(CERTIFICATE, key)
    with st.container(key="certificate"):
        if state.job is not None:
            progress(state.job, "Counting votes", partial(asides.stop, CERTIFICATE))
        elif state.result is not None:
            _show(state.result, noise, request.seed)
        else:
            if state.error is not None:
                message(str(state.error), "error")
            st.button(
                "Certify this answer",
                on_click=lambda: asides.begin(CERTIFICATE, key, partial(certificate, key, case), listening()),
                help=HELP.format(count=noise.first + noise.votes),
                width="stretch",
            )


def _show(found: Certificate, noise: CertifyParams, seed: int) -> None:
    rows = "".join(f'<tr><th scope="row">{name}</th><td>{said}</td></tr>' for name, said in _rows(found, noise, seed))
    st.html(
        f'<p class="smallest" role="status">{escape(certified(found, noise.doubt))}</p>'
        f'<table class="numbers-table threat-card"><tbody>{rows}</tbody></table>'
    )


def _rows(found: Certificate, noise: CertifyParams, seed: int) -> Iterator[tuple[str, str]]:
    answer = {
        None: "no answer: too few votes agree",
        True: f"{FILLED} flagged by vote",
        False: f"{HOLLOW} not flagged by vote",
    }
    yield "Clean picture", answer[found.flagged]
    if found.flagged is not None:
        yield explained("Radius (L2)"), rounded_down(found.radius)
        yield "Spread evenly", f"{rounded_down(found.level)}/255"
    yield "Votes", f"{found.agreeing:,} of {found.votes:,} agree, after {noise.first} that chose the answer"
    yield "Of all noisy copies", f"at least {rounded_down(100 * found.share, 1)} % agree"
    yield "Chance of error", f"at most {100 * noise.doubt:g} %"
    yield "Noise", f"{noise.sigma:g}/255, seed {seed}"
