"""PNG, JPEG, TIFF, BMP and WebP bytes -> one picture, through Pillow. EXIF and text are left behind."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms, ImageOps, TiffImagePlugin

from core.errors import InputError, LimitExceeded, UnreadableImage
from core.values import Floats, Grays
from imaging.grays import kept
from imaging.limits import MAX_FRAMES, check_frame, check_frames, check_pixels
from imaging.picture import Picture
from imaging.stretch import Numbers, span, stretched

_STARTS = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"II+\x00": "TIFF",
    b"MM\x00+": "TIFF",
    b"BM": "BMP",
}
_HEIGHT, _PHOTOMETRIC, _ORIENTATION, _WHITE_IS_ZERO = 257, 262, 274, 0  # TIFF tags, and a value


def format_of(data: bytes) -> str | None:
    """PNG, JPEG, TIFF, BMP or WEBP by the first bytes; None for anything else."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    return next((name for start, name in _STARTS.items() if data.startswith(start)), None)


def frame_count(data: bytes) -> int:
    """Pages of a TIFF; 1 for the other formats. Raises InputError."""
    return _pages(_opened(data))


def read(data: bytes, frame: int) -> Picture:
    """One picture, upright, in RGB or gray, transparency on black; raises InputError."""
    image = _opened(data)
    pages = _pages(image)
    check_frame(frame, pages)
    notes: list[str] = []
    try:
        image.seek(frame)
        check_pixels(image.height, image.width)
        if not _complete(image):
            raise _damaged(data)
        inverted = _sixteen_bit_white_is_zero(image)
        turned = image.getexif().get(_ORIENTATION) in range(2, 9)
        image.load()
        upright = ImageOps.exif_transpose(image)
        pixels, grays = (
            _gray(upright, inverted, notes) if upright.mode[0] in "IF" else (_eight_bit(upright, notes), None)
        )
    except InputError:
        raise
    except Exception:  # noqa: BLE001 - Pillow raises anything on damaged bytes, and may quote what it found
        raise _damaged(data) from None
    if inverted:
        notes.append("Low values are shown white, as this TIFF says (WhiteIsZero).")
    if turned:
        notes.append("Turned upright, as its EXIF orientation says.")
    if getattr(image, "is_animated", False) and pages == 1:
        notes.append("Only the first picture of the animation is used.")
    height, width = pixels.shape[:2]
    source = {"format": format_of(data) or "", "rows x columns": f"{height} x {width}"}
    source |= {"frame": f"{frame + 1} of {pages}"} if pages > 1 else {}
    return Picture(pixels, source, notes, grays=grays)


def _opened(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=[format_of(data) or ""])
    except Image.DecompressionBombError:
        raise LimitExceeded("The picture", "has far too many pixels", "Export it at a lower resolution.") from None
    except Exception:  # noqa: BLE001 - see read
        raise _damaged(data) from None
    check_pixels(image.height, image.width)
    return image


def _damaged(data: bytes) -> UnreadableImage:
    return UnreadableImage(
        f"This {format_of(data)} file",
        "it is truncated, damaged or of a kind that can't be read",
        "Open it in an image viewer and save it again as an 8-bit PNG.",
    )


def _pages(image: Image.Image) -> int:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 1
    pages = 1
    try:
        while pages <= MAX_FRAMES:
            image.seek(pages)
            pages += 1
    except Exception:  # noqa: BLE001 - EOFError after the last page, anything at a damaged one
        pass
    check_frames(pages)
    return pages


def _complete(image: Image.Image) -> bool:
    """Whether the strips of a TIFF reach its last row; Pillow leaves rows without a strip black."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return True
    last = max((tile.extents[3] for tile in image.tile if tile.extents), default=0)
    return last >= int(image.tag_v2[_HEIGHT])


def _sixteen_bit_white_is_zero(image: Image.Image) -> bool:
    """Pillow inverts WhiteIsZero for up to 8 bits only."""
    return (
        isinstance(image, TiffImagePlugin.TiffImageFile)
        and image.mode[0] == "I"
        and image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    )


def _eight_bit(image: Image.Image, notes: list[str]) -> Floats:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, image).convert("RGB")
        notes.append("Transparent parts are shown on black.")
    elif image.mode == "RGB":
        image = _in_srgb(image, notes)
    elif image.mode not in ("L", "1"):
        image = image.convert("RGB")
    pixels = np.asarray(image.convert("L") if image.mode == "1" else image, dtype=np.float32) / np.float32(255)
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _in_srgb(image: Image.Image, notes: list[str]) -> Image.Image:
    profile = image.info.get("icc_profile")
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return image
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError, ValueError):
        notes.append("Its color profile can't be used; colors are taken as sRGB.")
        return image
    notes.append("Colors were converted from its own profile to sRGB.")
    return converted or image


def _gray(image: Image.Image, inverted: bool, notes: list[str]) -> tuple[Floats, Grays | None]:
    """(H, W, 1), and the values behind: 16-bit values over their full range, others from the smallest to the largest;
    those that are not finite are black."""
    stored = np.asarray(image)
    values: Numbers = stored.astype(np.float32 if stored.dtype.itemsize <= 2 else np.float64)
    valid = np.isfinite(values)
    low, high = span(values, valid)
    if image.mode == "F" and 0 <= low <= high <= 1:
        low, high = 0.0, 1.0
    elif image.mode != "F" and 0 <= low <= high < 2**16:
        bits = 16 if high >= 2**12 else 12
        notes.append(f"Values up to {high:g} are taken as {bits}-bit: 0 is black, {2**bits - 1} white.")
        low, high = 0.0, 2.0**bits - 1
    else:
        notes.append(f"Shown from the smallest value, {low:g}, to the largest, {high:g}.")
    pixels: Floats = stretched(values, low, high).astype(np.float32, copy=False).clip(0, 1)
    if inverted:
        np.subtract(1, pixels, out=pixels)
    pixels[~valid] = 0
    grays = kept(values, valid, ((low + high) / 2, high - low), inverted=inverted, unit="value")
    return pixels[..., None], grays
