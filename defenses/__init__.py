"""One file per defense, Classifier -> Classifier, applied by defend(); certify(); detectors/: who looks suspicious."""

from defenses._certify import Certificate, CertifyParams, certify
from defenses._defend import defend
from defenses._registry import DEFENSES, DefenseMethod, Family

__all__ = ["DEFENSES", "Certificate", "CertifyParams", "DefenseMethod", "Family", "certify", "defend"]
