"""A radius within which no change of the picture changes the answer, proven by votes under noise.

CERTIFY of Cohen, Rosenfeld, Kolter 2019, arXiv:1902.02918: the smoothed model gives the answer that the model most
often gives under Gaussian noise. Values beyond black and white are cut off, which makes part of the model that votes.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import torch
from scipy.special import betaincinv, ndtri
from torch import Tensor

from core.classifier import Classifier
from core.errors import ParameterError
from core.params import Params, param
from core.progress import Meter, Report
from core.values import Floats

BATCH = 16


@dataclass(frozen=True)
class CertifyParams(Params):
    """Size of the noise, number of votes, and how sure the certificate is to be."""

    sigma: float = param(8.0, "Standard deviation of the noise.", low=0.5, high=255, step=0.5, unit="/255")
    first: int = param(50, "Votes from which the answer is chosen.", low=1, high=10000, step=1)
    votes: int = param(1000, "Fresh votes from which its share is estimated.", low=10, high=100000, step=10)
    doubt: float = param(0.001, "Accepted probability that the certificate is wrong.", low=1e-6, high=0.1, step=0.001)


@dataclass(frozen=True)
class Certificate:
    """flagged: the answer of the smoothed model, None where it abstains; radius: l2 norm, over all values in [0, 1], of
    the change up to which the answer is proven to stay, 0 where it abstains; level: the same for a change of all values
    by equally much, in gray levels (/255); agreeing of votes gave the answer, which puts its share at share at least.
    """

    flagged: bool | None
    radius: float
    level: float
    agreeing: int
    votes: int
    share: float


def certify(
    model: Classifier,
    pixels: Floats,
    target: int = 0,
    params: CertifyParams | None = None,
    *,
    seed: int = 0,
    report: Report | None = None,
    cancel: threading.Event | None = None,
) -> Certificate:
    """Certify whether label number target is flagged on pixels (C, h, w) in [0, 1] by the model under noise.

    Sends params.first + params.votes images through the model. Raises InputError and ParameterError for what does not
    fit, and Cancelled at the next pass once cancel is set.
    """
    params = params or CertifyParams()
    model.check(pixels[None], target)
    x, rng = torch.tensor(pixels), torch.Generator().manual_seed(seed)
    watched = model.watched(Meter(params.first + params.votes, report, cancel))
    flagged = 2 * _flagging(watched, x, target, params.sigma, params.first, rng) > params.first
    flagging = _flagging(watched, x, target, params.sigma, params.votes, rng)
    agreeing = flagging if flagged else params.votes - flagging
    share = least_share(agreeing, params.votes, params.doubt)
    radius = params.sigma / 255 * float(ndtri(share)) if share > 0.5 else 0.0
    level = 255 * radius / math.sqrt(pixels.size)
    return Certificate(flagged if radius > 0 else None, radius, level, agreeing, params.votes, share)


def least_share(agreeing: int, votes: int, doubt: float) -> float:
    """The lower end of the one-sided Clopper-Pearson interval of a share: below the true one but for a probability of
    doubt. Raises ParameterError unless 0 <= agreeing <= votes and 0 < doubt < 1."""
    if not (0 <= agreeing <= votes and votes > 0 and 0 < doubt < 1):
        raise ParameterError("Votes", f"{agreeing} of {votes} at a doubt of {doubt:g} make no share", "Count again.")
    return float(betaincinv(agreeing, votes - agreeing + 1, doubt)) if agreeing else 0.0


def _flagging(model: Classifier, x: Tensor, target: int, sigma: float, votes: int, rng: torch.Generator) -> int:
    """How many of so many noisy copies of x (C, h, w) the model flags."""
    count = 0
    for first in range(0, votes, BATCH):
        noise = torch.randn((min(BATCH, votes - first), *x.shape), generator=rng)
        with torch.no_grad():
            logits = model((x + sigma / 255 * noise).clamp(0, 1))
        count += sum(bool(prediction.positive[target]) for prediction in model.interpret(logits))
    return count
