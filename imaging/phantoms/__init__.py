"""Drawn cases with an exact mask of the finding: anatomy and disease from a seed, no patient behind them.

They stand in where no real picture may be shown, and test what real pictures can't: whether an explanation
points at the finding, since here its place is known to the pixel.
"""

from __future__ import annotations

from core.values import Case, Modality, content_id
from imaging.phantoms import chest, fundus, mole

FINDING: dict[Modality, str] = {"cxr": "pneumonia", "dermoscopy": "melanoma", "fundus": "referable_dr"}
_DRAW = {"cxr": chest.draw, "dermoscopy": mole.draw, "fundus": fundus.draw}
_NAME: dict[Modality, tuple[str, str]] = {
    "cxr": ("normal chest", "chest with an opacity"),
    "dermoscopy": ("benign mole", "mole suspicious of melanoma"),
    "fundus": ("healthy retina", "retina with diabetic lesions"),
}


def phantom(modality: Modality, positive: bool, seed: int, size: int = 512) -> Case:
    """A drawn case: pixels (size, size, C), truth {finding: positive}, and regions that are exact.

    cxr has "lungs" and, where positive, "opacity"; dermoscopy always has "lesion"; fundus has "field of view",
    "disc" and, where positive, "lesions". The same arguments give the same pixels.
    """
    pixels, regions = _DRAW[modality](positive, seed, size)
    return Case(
        id=content_id(pixels),
        name=f"Phantom {seed}: {_NAME[modality][positive]}",
        modality=modality,
        pixels=pixels,
        truth={FINDING[modality]: positive},
        regions=regions,
        source={"origin": "phantom", "seed": str(seed)},
        notes=("Drawn by a program; no patient is behind it.",),
    )
