"""How much a file may ask of this machine, checked before anything is decoded."""

from __future__ import annotations

from core.errors import InputError, LimitExceeded

MAX_BYTES = 64 * 2**20  # of the file, and of what a deflated file inflates to
MAX_PIXELS = 40_000_000  # rows x columns of one frame
MAX_FRAMES = 1_000


def check_bytes(count: int, what: str = "The file") -> None:
    """Raise LimitExceeded for more than MAX_BYTES."""
    if count > MAX_BYTES:
        raise LimitExceeded(
            what,
            f"has more than the {MAX_BYTES // 2**20} MB that are allowed",
            "Export one picture at a lower size or without the other frames.",
        )


def check_pixels(rows: int, columns: int) -> None:
    """Raise LimitExceeded for more than MAX_PIXELS."""
    if rows * columns > MAX_PIXELS:
        raise LimitExceeded(
            "The picture",
            f"has {rows} x {columns} pixels, and at most {MAX_PIXELS // 10**6} million are allowed",
            "Export it at a lower resolution.",
        )


def check_frames(count: int) -> None:
    """Raise LimitExceeded for more than MAX_FRAMES."""
    if count > MAX_FRAMES:
        raise LimitExceeded(
            "The file",
            f"has {count} frames, and at most {MAX_FRAMES} are allowed",
            "Export the frame you want as a file of its own.",
        )


def check_frame(frame: int, count: int) -> None:
    """Raise InputError unless there is a frame of this number, counted from 0."""
    if not 0 <= frame < count:
        raise InputError(f"Frame {frame}", f"the file has {count}, counted from 0", "Choose one of these.")
