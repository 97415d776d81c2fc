"""Safe access to the elements of a DICOM data set: each value is checked where it is read."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sized
from typing import Any

from pydicom import Dataset, Sequence
from pydicom.dataelem import RawDataElement

from core.errors import LimitExceeded, UnreadableImage

_MACROS = (
    "FrameVOILUTSequence",
    "PixelValueTransformationSequence",
    "PixelMeasuresSequence",
    "PlaneOrientationSequence",
)


_MAX_SEQUENCE = 8 * 2**20  # bytes


def damaged(why: str) -> UnreadableImage:
    """The error of a DICOM file that breaks off or contradicts the standard."""
    return UnreadableImage("This DICOM file", why, "Export the picture again from where it came from.")


class Elements:
    """The elements that hold for one frame: of its functional groups, of the shared ones, of the data set itself."""

    def __init__(self, dataset: Dataset, frame: int = 0, *, little_endian: bool = True) -> None:
        self.dataset, self.little_endian = dataset, little_endian
        self.macros: list[Elements] = []
        groups = self.items("PerFrameFunctionalGroupsSequence")[frame : frame + 1]
        groups += self.items("SharedFunctionalGroupsSequence")[:1]
        self.macros = [item for group in groups for name in _MACROS for item in group.items(name)[:1]]

    def value(self, keyword: str) -> Any:
        """The value, None where absent or empty; raises UnreadableImage where it can't be parsed."""
        holder = next((macro.dataset for macro in self.macros if keyword in macro.dataset), self.dataset)
        try:
            unparsed = holder.get_item(keyword)
            bytes_left = unparsed.length if isinstance(unparsed, RawDataElement) and "Sequence" in keyword else 0
            long = bytes_left > _MAX_SEQUENCE
            value = None if long else holder.get(keyword)
        except Exception:  # noqa: BLE001 - pydicom converts on access; damaged values raise anything, and it quotes them
            raise damaged(f"{keyword} in the header is damaged") from None
        if long:
            why = f"{keyword} has more than {_MAX_SEQUENCE // 2**20} MB, which would take minutes to parse"
            raise LimitExceeded("This DICOM file", why, "Export the frame you want as a file of its own.")
        return None if isinstance(value, Sized) and len(value) == 0 else value

    def items(self, keyword: str) -> list[Elements]:
        """The items of a sequence, none where it is absent; raises UnreadableImage or LimitExceeded."""
        value = self.value(keyword)
        if not isinstance(value, Sequence):
            return []
        return [Elements(item, little_endian=self.little_endian) for item in value]

    def values(self, keyword: str) -> list[Any]:
        """All values, which might be names; none where the element is absent or damaged."""
        try:
            value = self.value(keyword)
        except UnreadableImage:
            return []
        if value is None:
            return []
        return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]

    def numbers(self, keyword: str) -> list[float]:
        """All values; none where the element is absent or one of them is no finite number."""
        try:
            values = [float(value) for value in self.values(keyword)]
        except (TypeError, ValueError, OverflowError):
            return []
        return values if all(map(math.isfinite, values)) else []

    def integer(self, keyword: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from low to high; raises UnreadableImage with the rule and the number."""
        value = self.value(keyword)
        if value is None:
            if default is None:
                raise damaged(f"its header lacks {keyword}")
            return default
        try:
            number = int(value)
        except (TypeError, ValueError, OverflowError):
            raise damaged(f"{keyword} in the header is no whole number") from None
        if not low <= number <= high:
            raise damaged(f"{keyword} in the header is {number}, and must be from {low} to {high}")
        return number

    def term(self, keyword: str, allowed: Collection[str]) -> str | None:
        """The value where it is one of the allowed terms; None for anything else, which might be a name."""
        try:
            text = str(self.value(keyword) or "").strip().upper()
        except UnreadableImage:
            return None
        return text if text in allowed else None
