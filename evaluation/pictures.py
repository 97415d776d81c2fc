"""Pictures of results as PNG files, all in the frame of the model: exactly what it saw, rounded to 8 bits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from core.values import Attribution, Comparison, Floats, Perturbation
from evaluation.altered import as_png
from imaging.overlay import display_scale, magnified, overlay, to_png

Listing: TypeAlias = dict[str, dict[str, Any]]


def write_maps(out: Path, maps: Mapping[str, tuple[Floats, Attribution]]) -> Listing:
    """map_NAME.png of each {name: (image (C, h, w), its map)}, on one scale that they share.

    Returns {"map_NAME": {"file", "range", "unit", "cells"}}; cells: (rows, columns) of what was smoothly enlarged, else
    None.
    """
    attributions = [attribution for _, attribution in maps.values()]
    scale = display_scale([attribution.heat for attribution in attributions], attributions[0].signed)
    listing = {}
    for name, (image, attribution) in maps.items():
        picture = overlay(image.transpose(1, 2, 0), attribution.heat, scale, attribution.signed)
        file = _write(out, f"map_{name}", to_png(picture))
        cells = None if attribution.cells is None else list(attribution.cells.shape)
        listing[f"map_{name}"] = {"file": file, "range": list(scale), "unit": attribution.unit, "cells": cells}
    return listing


def write_images(out: Path, perturbation: Perturbation, control: Perturbation, model: str) -> Listing:
    """clean.png, perturbed.png and control.png, both marked as what they are, and the change magnified, with the factor
    in the name of the file."""
    images = {
        "clean": _png(perturbation.clean),
        "perturbed": as_png(perturbation, model),
        "control": as_png(control, model),
    }
    listing: Listing = {name: {"file": _write(out, name, image)} for name, image in images.items()}
    change, factor = magnified(perturbation.clean, perturbation.perturbed)
    listing["perturbation"] = {"file": _write(out, f"perturbation_x{factor}", _png(change)), "factor": factor}
    return listing


def write_comparison(out: Path, comparison: Comparison, model: str) -> Listing:
    """The images and the maps of a comparison."""
    perturbation, control = comparison.perturbation, comparison.control
    maps = {
        "clean": (perturbation.clean, comparison.clean.attribution),
        "perturbed": (perturbation.perturbed, comparison.perturbed.attribution),
        "control": (control.perturbed, comparison.controlled.attribution),
    }
    return {**write_images(out, perturbation, control, model), **write_maps(out, maps)}


def _png(image: Floats) -> bytes:
    return to_png(image.transpose(1, 2, 0))


def _write(out: Path, name: str, data: bytes) -> str:
    file = f"{name}.png"
    (out / file).write_bytes(data)
    return file
