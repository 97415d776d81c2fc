"""A certificate for what a model says of a case under noise, counted beside the comparison."""

from __future__ import annotations

import dataclasses
from typing import cast

from core.classifier import Classifier
from core.params import Params
from core.progress import Report
from core.values import Case
from dashboard.services.aside import Kind
from dashboard.services.finished import Request
from dashboard.services.jobs import Cancel
from defenses import Certificate, CertifyParams, certify
from evaluation.session import fitted
from evaluation.suitability import admit

CERTIFICATE: Kind[Certificate] = Kind("certificate")


def certifying(request: Request, noise: CertifyParams) -> Request:
    """The same for all requests that differ only in what the certificate does not depend on.

    noise stands for the perturbation; without the defense, for certify() adds the noise itself.
    """
    return dataclasses.replace(
        request,
        explainer="",
        explainer_params=Params(),
        perturbation="",
        perturbation_params=noise,
        direction=None,
        attack_region=None,
        explain_region=None,
        defense="",
        defense_params=None,
        unaware=False,
        attack_outside=False,
    )


def certificate(request: Request, case: Case, model: Classifier, report: Report, cancel: Cancel) -> Certificate:
    """The certificate that certifying() names, of this case as it is."""
    admit(case, model, anyway=request.anyway)
    noise = cast(CertifyParams, request.perturbation_params)
    pixels = fitted(case, model.card).pixels
    return certify(model, pixels, request.target, noise, seed=request.seed, report=report, cancel=cancel)
