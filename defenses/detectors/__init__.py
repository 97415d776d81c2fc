"""Who looks suspicious: one file per detector, asked through detect(); fit() makes what some of them compare with."""

from defenses.detectors._detect import detect
from defenses.detectors._reference import Reference, fit
from defenses.detectors._registry import DETECTORS, DetectorMethod

__all__ = ["DETECTORS", "DetectorMethod", "Reference", "detect", "fit"]
