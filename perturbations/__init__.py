"""One file per attack or clinical artifact; perturb() runs them and checks what they promise."""

from perturbations._norms import measure_norms
from perturbations._perturb import perturb, perturb_batch
from perturbations._registry import PERTURBATIONS, PerturbationMethod, Threat
from perturbations._survival import as_saved, through_eight_bits, through_jpeg

__all__ = [
    "PERTURBATIONS",
    "PerturbationMethod",
    "Threat",
    "as_saved",
    "measure_norms",
    "perturb",
    "perturb_batch",
    "through_eight_bits",
    "through_jpeg",
]
