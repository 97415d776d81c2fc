"""**What it is.** The picture is stored as JPEG and read again before the model sees it: in blocks of 8 x 8 pixels fine
detail is rounded away, and with it part of an attack. In the survey's terms: *modifying the data*, feature squeezing.

**What it guarantees.** The same quality always gives the same picture, and a gray picture stays gray.

**When to distrust it.** JPEG was made to keep what an eye sees, not to remove what an attacker adds. Its gradient is
zero almost everywhere, so an attack that uses it naively fails and proves nothing. An attacker who knows the defense
takes the gradient of a softer rounding (BPDA), which shows him what a small change moves to the next step, and may
raise his epsilon to get over the rounding. Strong compression costs accuracy on clean pictures: look at the first row.
A picture that came as JPEG is compressed twice.

**Reference.** Dziugaite, Ghahramani, Roy 2016, *A study of the effect of JPG compression on adversarial images*,
[arXiv:1608.00853](https://arxiv.org/abs/1608.00853). The softer rounding: Shin, Song 2017, *JPEG-resistant adversarial
images*. Broken by attackers who know it: Athalye, Carlini, Wagner 2018,
[arXiv:1802.00420](https://arxiv.org/abs/1802.00420).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from scipy.fft import dct
from torch import Tensor
from torch.nn import functional

from core.classifier import Classifier
from core.params import Params, param
from defenses._registry import Family, defense
from defenses._transforms import approximated, seen_through

Bytes: TypeAlias = npt.NDArray[np.uint8]

SIDE = 8
TO_COLOR = (  # Y, Cb and Cr of R, G and B, as JPEG files have them (ITU-T T.871)
    (0.299, 0.587, 0.114),
    (-0.168736, -0.331264, 0.5),
    (0.5, -0.418688, -0.081312),
)


@dataclass(frozen=True)
class JpegCompressionParams(Params):
    """Strength of the compression."""

    quality: int = param(75, "Quality: 95 is hardly visible, 10 shows blocks.", low=1, high=100, step=1)


@defense(name="JPEG compression", family=Family.DATA, reference="arXiv:1608.00853")
def jpeg_compression(model: Classifier, params: JpegCompressionParams, rng: torch.Generator) -> Classifier:
    """The model on compressed pictures; the gradient is that of a softer rounding of the same coefficients."""
    return seen_through(model, approximated(lambda x: compressed(x, params.quality), lambda x: soft(x, params.quality)))


def compressed(x: Tensor, quality: int) -> Tensor:
    """(N, C, h, w) in [0, 1], C 1 or 3 -> the same as JPEG files give it back; quality as the Independent JPEG Group
    counts it. Colors are kept at half the resolution."""
    levels = (x * 255).round().to(torch.uint8).numpy(force=True)
    return torch.from_numpy(np.stack([_stored(picture, quality) for picture in levels]).astype(np.float32)) / 255


def soft(x: Tensor, quality: int) -> Tensor:
    """Nearly the same, with a gradient: a coefficient c is rounded to r + (c - r)^3 with the nearest whole r, which
    leads to those coefficients that a small change moves to the next whole number."""
    light, color = _tables(quality)
    if x.shape[1] == 1:
        return _rounded(255 * x - 128, light) / 255 + 128 / 255
    to_color = torch.tensor(TO_COLOR)
    y, *chroma = torch.split(torch.einsum("ij,njhw->nihw", to_color, 255 * x), 1, dim=1)
    planes = [_rounded(y - 128, light) + 128]
    for plane in chroma:
        small = _rounded(functional.avg_pool2d(plane, 2, ceil_mode=True), color)
        planes.append(functional.interpolate(small, scale_factor=2, mode="bilinear")[..., : x.shape[2], : x.shape[3]])
    return torch.einsum("ij,njhw->nihw", torch.linalg.inv(to_color), torch.cat(planes, dim=1)) / 255


def _rounded(plane: Tensor, table: Tensor) -> Tensor:
    """(N, 1, h, w) levels around 0 -> the same from softly rounded coefficients of its blocks."""
    height, width = plane.shape[2:]
    padded = functional.pad(plane, (0, -width % SIDE, 0, -height % SIDE), mode="replicate")
    blocks = padded.unfold(2, SIDE, SIDE).unfold(3, SIDE, SIDE)  # (N, 1, rows, columns, 8, 8)
    basis = torch.from_numpy(dct(np.eye(SIDE), axis=0, norm="ortho")).float()
    coefficients = basis @ blocks @ basis.T / table
    whole = coefficients.round().detach()
    back = basis.T @ ((whole + (coefficients - whole) ** 3) * table) @ basis
    return back.transpose(3, 4).reshape(padded.shape)[..., :height, :width]


def _tables(quality: int) -> tuple[Tensor, Tensor]:
    """(8, 8) what coefficients of light and of color are divided by at this quality."""
    file = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE)).save(file, "JPEG", quality=quality)
    tables = Image.open(file).quantization  # type: ignore[attr-defined]
    light, color = (torch.tensor(tables[i], dtype=torch.float32).reshape(SIDE, SIDE) for i in (0, 1))
    return light, color


def _stored(levels: Bytes, quality: int) -> Bytes:
    """(C, h, w) gray levels -> the same, stored and read again."""
    picture = Image.fromarray(levels[0] if len(levels) == 1 else np.ascontiguousarray(levels.transpose(1, 2, 0)))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return np.atleast_3d(np.asarray(Image.open(file))).transpose(2, 0, 1)
