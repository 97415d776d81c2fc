"""Bundled cases: complete, licensed, and what their index says."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import UnknownName
from core.values import MODALITIES, content_id
from imaging.bundle_cases import toml
from imaging.bundled import FOLDER, BundledCase, bundled_cases, load_bundled
from imaging.phantoms import phantom

PICTURES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.png"))
by_key = pytest.mark.parametrize("entry", bundled_cases(), ids=lambda entry: entry.key)


def test_at_least_four_of_each_modality() -> None:
    counts = Counter(entry.modality for entry in bundled_cases())
    assert set(counts) == set(MODALITIES)
    assert min(counts.values()) >= 4


def test_keys_are_unique_slugs() -> None:
    keys = [entry.key for entry in bundled_cases()]
    assert len(set(keys)) == len(keys)
    assert all(key == key.lower() and key.replace("-", "").isalnum() for key in keys)


def test_index_names_every_picture_and_no_other() -> None:
    named = [file for entry in bundled_cases() for file in (entry.file, *entry.regions.values())]
    assert sorted(named) == PICTURES


def test_index_is_as_it_is_written() -> None:
    assert (FOLDER / "cases.toml").read_text(encoding="utf-8") == "\n".join(map(toml, bundled_cases()))


def test_sources_names_every_picture() -> None:
    text = (FOLDER / "SOURCES.md").read_text(encoding="utf-8")
    assert [file for file in PICTURES if f"`{file}`" not in text] == []


def test_bundle_stays_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 6_000_000


@by_key
def test_case_loads_with_its_license(entry: BundledCase) -> None:
    case = load_bundled(entry.key)
    assert (case.id, case.name, case.modality) == (content_id(case.pixels), entry.title, entry.modality)
    assert case.pixels.dtype == np.float32
    assert case.pixels.shape[2] == (1 if entry.modality == "cxr" else 3)
    assert 0 <= case.pixels.min() < case.pixels.max() <= 1
    assert set(case.regions) == set(entry.regions)
    for mask in case.regions.values():
        assert mask.shape == case.pixels.shape[:2]
        assert 0 < mask.mean() < 1
    assert entry.license in {"CC0 1.0", "CC BY 3.0"}
    assert entry.link.startswith("https://")
    assert set(case.source) == {"kind", "license", "source", "link"}
    assert all((*case.source.values(), *case.notes))


@by_key
def test_pictures_carry_no_metadata(entry: BundledCase) -> None:
    with Image.open(FOLDER / entry.file) as image:
        assert image.info == {}
        assert image.mode in {"L", "RGB"}
        assert max(image.size) <= (512 if entry.kind == "phantom" else 1000)


def test_projections_keep_their_pixel_spacing_and_claim_no_diagnosis() -> None:
    projections = [load_bundled(entry.key) for entry in bundled_cases() if entry.kind == "projection"]
    assert projections
    assert all(case.spacing_mm == (0.5, 0.5) and case.truth == {} for case in projections)


def test_bundled_phantom_is_the_one_its_source_names() -> None:
    entry = next(entry for entry in bundled_cases() if entry.key == "chest-phantom-2")
    assert "positive=True and seed=200" in entry.source
    fresh, stored = phantom("cxr", True, 200), load_bundled(entry.key)
    assert np.abs(fresh.pixels - stored.pixels).mean() < 1 / 255
    assert stored.truth == fresh.truth


def test_unknown_key_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"nobody.*retina-photograph"):
        load_bundled("nobody")


def test_nothing_is_copied_from_the_training_data(shared_data: Path) -> None:
    sizes: dict[int, list[Path]] = {}
    for path in shared_data.rglob("*"):
        if path.is_file():
            sizes.setdefault(path.stat().st_size, []).append(path)
    for file in PICTURES:
        ours = (FOLDER / file).read_bytes()
        for path in sizes.get(len(ours), []):
            assert hashlib.sha256(path.read_bytes()).digest() != hashlib.sha256(ours).digest(), path.name
