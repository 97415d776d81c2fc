"""Pictures whose finding is outlined, in the frame of a model, and none that the model has learned from.

Real ones lie in a data folder: dermoscopy/ with a labels.csv and lesion_masks/NAME.png, and
external/fundus_lesion_masks/ with NAME.jpg beside its masks NAME_MA.png, NAME_HE.png, NAME_EX.png and NAME_SE.png
(microaneurysms, hemorrhages, hard and soft exudates), of which eyes that are also in the training or validation split
of fundus/ are left out. Phantoms are drawn, with seeds that no training used.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from scipy import ndimage

from core.errors import InputError
from core.values import Case, Floats, InputSpec, Mask, Modality
from evaluation.regions import in_model_frame
from imaging.geometry import geometry_of, to_model
from imaging.phantoms import phantom
from model_zoo.data import read_picture, read_rows
from model_zoo.tasks import Task

Pair: TypeAlias = tuple[Floats, Mask]
T = TypeVar("T")

PHANTOM_REGION: Mapping[Modality, str] = {"cxr": "opacity", "dermoscopy": "lesion", "fundus": "lesions"}
NAMES: Mapping[str, str] = {
    "cxr_phantoms": "Drawn chests with an opacity",
    "dermoscopy_phantoms": "Drawn moles suspicious of melanoma",
    "fundus_phantoms": "Drawn retinas with diabetic lesions",
    "isic": "Melanomas of ISIC 2017, outlined by experts",
    "idrid": "Retinas of IDRiD, lesions outlined by experts",
}
SMALL, BLUR, SAME = 64, 4.0, 0.85  # the same eye correlates with itself by 0.93 or more, two eyes by 0.73 or less


@dataclass(frozen=True, eq=False)
class Marked:
    """Pictures with the finding: name of the set, images (N, C, h, w) in [0, 1], masks (N, h, w) of the finding where
    the model sees it, groups (N,) patients or lesions; left_out: how many were left out for being known to the model.
    """

    name: str
    images: Floats
    masks: Mask
    groups: tuple[str, ...]
    left_out: int = 0


def marked_pictures(task: Task, data: Path | None, limit: int) -> list[Marked]:
    """Every set there is for the modality of a task, each with at most limit pictures; without data, phantoms only.

    Raises InputError where data lacks what the modality needs.
    """
    sets = [phantoms(task.input, limit)]
    if data is not None and task.input.modality in REAL:
        sets.append(REAL[task.input.modality](data, task, limit))
    return sets


def phantoms(spec: InputSpec, limit: int) -> Marked:
    """The first phantoms with the finding; those that models were trained on have other seeds."""

    def pair(case: Case) -> Pair:
        return case.pixels, case.regions[PHANTOM_REGION[spec.modality]]

    seeds = range(limit)
    drawn = (pair(phantom(spec.modality, True, seed)) for seed in seeds)
    return in_frame(f"{spec.modality}_phantoms", drawn, [str(seed) for seed in seeds], spec)


def isic(data: Path, task: Task, limit: int) -> Marked:
    """Pictures with the finding in the test split that have an outline."""
    folder = data / "dermoscopy"
    mask_of = {path.stem: path for path in (folder / "lesion_masks").glob("*.png")}
    rows = [
        row
        for row in read_rows(folder, task)
        if row.split == "test" and row.label in task.positive and row.file.stem in mask_of
    ]
    rows = _drawn(rows, limit)
    pairs = ((read_picture(row.file), read_mask([mask_of[row.file.stem]])) for row in rows)
    return in_frame("isic", pairs, [row.group for row in rows], task.input)


def idrid(data: Path, task: Task, limit: int) -> Marked:
    """Retinas with outlined lesions that the model knows from neither training nor validation."""
    files = sorted((data / "external" / "fundus_lesion_masks").glob("*.jpg"))
    known = [row.file for row in read_rows(data / "fundus", task) if row.split != "test"]
    new = unseen([read_picture(file) for file in files], (read_picture(file) for file in known), task.input)
    files_new = _drawn([file for file, is_new in zip(files, new, strict=True) if is_new], limit)
    pairs = ((read_picture(file), read_mask(sorted(file.parent.glob(f"{file.stem}_*.png")))) for file in files_new)
    return in_frame("idrid", pairs, [file.stem for file in files_new], task.input, int((~new).sum()))


REAL: Mapping[Modality, Callable[[Path, Task, int], Marked]] = {"dermoscopy": isic, "fundus": idrid}


def in_frame(name: str, pairs: Iterable[Pair], groups: Sequence[str], spec: InputSpec, left_out: int = 0) -> Marked:
    """Pictures (H, W, C) and masks (H, W) as the model sees them; those whose finding it can't see are dropped."""
    images, masks, kept = [], [], []
    for (pixels, mask), group in zip(pairs, groups, strict=True):
        geometry = geometry_of(pixels, spec)
        seen = in_model_frame(mask, geometry) & spec.visible
        if seen.any():
            images.append(to_model(pixels, geometry, spec.channels))
            masks.append(seen)
            kept.append(group)
    if not images:
        raise InputError(f"Set {name}", "has no picture whose finding the model sees", "Give another data folder.")
    return Marked(name, np.stack(images), np.stack(masks), tuple(kept), left_out)


def unseen(pictures: Sequence[Floats], known: Iterable[Floats], spec: InputSpec) -> Mask:
    """(N,) whether none of the known pictures (H, W, C) shows the same as each of the N, judged by fine structure."""
    prints = np.stack([_print(pixels, spec) for pixels in pictures])
    closest = np.full(len(prints), -1.0)
    for pixels in known:
        closest = np.maximum(closest, prints @ _print(pixels, spec))
    new: Mask = closest < SAME
    return new


def read_mask(files: Sequence[Path]) -> Mask:
    """The union of masks (H, W), true where not black; raises InputError naming the file."""
    if not files:
        raise InputError("Mask", "is missing beside its picture", "Add it, or remove the picture.")
    mask: Mask = np.logical_or.reduce([read_picture(file).any(axis=2) for file in files])
    return mask


def _print(pixels: Floats, spec: InputSpec) -> Floats:
    """Fine structure at a small size, as the model sees it, with mean 0 and length 1."""
    small = dataclasses.replace(spec, size=SMALL)
    gray = to_model(pixels, geometry_of(pixels, small), 1)[0]
    fine = (gray - ndimage.gaussian_filter(gray, BLUR))[small.visible]
    fine -= fine.mean()
    unit: Floats = fine / max(float(np.linalg.norm(fine)), 1e-12)
    return unit


def _drawn(items: Sequence[T], limit: int) -> list[T]:
    """At most limit of the items, drawn at random, in their order."""
    chosen = np.random.default_rng(0).permutation(len(items))[:limit]
    return [items[i] for i in sorted(chosen.tolist())]
