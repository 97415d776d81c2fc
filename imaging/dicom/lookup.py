"""Lookup tables of DICOM: Modality LUT, VOI LUT (PS3.3 C.11.1.1, C.11.2.1.1) and palettes (C.7.6.3.1.5, C.7.9.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.values import Floats
from imaging.dicom.elements import Elements, damaged

Entries = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Table:
    """data (n,): what stands for the values first, first + 1, ...; bits: how many an entry uses."""

    data: Entries
    first: int
    bits: int

    def entries(self, values: npt.NDArray[Any]) -> Entries:
        """The entry for each value; values beyond either end get the entry at that end."""
        last = len(self.data) - 1
        index = np.nan_to_num(np.rint(values.astype(np.float64) - self.first)).clip(0, last)
        found: Entries = self.data[index.astype(np.int64)]
        return found

    def __call__(self, values: npt.NDArray[Any]) -> Floats:
        """The entry for each value as a share of the highest number of so many bits."""
        shares: Floats = (self.entries(values) / (2**self.bits - 1)).clip(0, 1).astype(np.float32)
        return shares


def table_of(elements: Elements, name: str, signed: bool) -> Table:
    """The table in {name}Descriptor and {name}Data; signed tells how stored values are. Raises UnreadableImage."""
    size, first, bits = _descriptor(elements, f"{name}Descriptor", signed)
    data = _numbers(elements, f"{name}Data", wide=None, size=size)[:size]
    return Table(data, first, bits if data.max() < 2**bits else 16)


def palette_of(elements: Elements, signed: bool) -> list[Table]:
    """The tables for red, green and blue, plain or segmented; raises UnreadableImage."""
    names = [f"{color}PaletteColorLookupTable" for color in ("Red", "Green", "Blue")]
    return [
        table_of(elements, name, signed)
        if elements.value(f"Segmented{name}Data") is None
        else _segmented_table(elements, name, signed)
        for name in names
    ]


def _segmented_table(elements: Elements, name: str, signed: bool) -> Table:
    size, first, bits = _descriptor(elements, f"{name}Descriptor", signed)
    wide = bits > 8
    segments = _numbers(elements, f"Segmented{name}Data", wide=wide, size=0).tolist()
    try:
        data = _expanded(segments, size, wide)
    except IndexError:
        raise damaged("a segmented palette breaks off") from None
    return Table(np.array(data[:size], dtype=np.int64), first, bits)


def _descriptor(elements: Elements, keyword: str, signed: bool) -> tuple[int, int, int]:
    numbers = elements.numbers(keyword)
    if len(numbers) != 3 or not 8 <= numbers[2] <= 16:
        raise damaged(f"{keyword} must be three numbers, the last from 8 to 16")
    size, first, bits = map(int, numbers)
    return size % 2**16 or 2**16, first - 2**16 if signed and first >= 2**15 else first, bits


def _numbers(elements: Elements, keyword: str, *, wide: bool | None, size: int) -> Entries:
    """Data as integers; bytes are words of 16 bits if wide, and if wide is None where they suffice for size words."""
    value = elements.value(keyword)
    if isinstance(value, bytes):
        wide = len(value) >= 2 * size if wide is None else wide
        order = "<" if elements.little_endian else ">"
        numbers = np.frombuffer(value[: len(value) // 2 * 2] if wide else value, f"{order}u2" if wide else "u1")
    else:
        numbers = np.array(elements.numbers(keyword)) % 2**16
    if not len(numbers):
        raise damaged(f"{keyword} is empty")
    return numbers.astype(np.int64)


def _expanded(words: Sequence[int], size: int, wide: bool) -> list[int]:
    """Segments -> at least one and some size entries; raises IndexError where the segments break off."""
    entries: list[int] = []

    def run(at: int, segments: int, nested: bool) -> None:
        while segments and at < len(words) - 1 and len(entries) < size:
            kind, length = words[at], words[at + 1]
            if kind == 0:  # discrete: the entries themselves
                entries.extend(words[at + 2 : at + 2 + length])
                at += 2 + length
            elif kind == 1 and entries:  # linear: from the last entry to the one given
                steps = np.linspace(entries[-1], words[at + 2], length + 1)[1:]
                entries.extend(np.rint(steps).astype(int).tolist())
                at += 3
            elif kind == 2 and entries and not nested:  # indirect: so many segments again from a byte offset
                if wide:
                    offset, used = (words[at + 2] | words[at + 3] << 16) // 2, 4
                else:
                    offset, used = int.from_bytes(bytes(words[at + 2 : at + 6]), "little"), 6
                run(offset, length, True)
                at += used
            else:
                raise damaged("a segmented palette has an illegal segment")
            segments -= 1

    run(0, len(words), False)
    if not entries:
        raise IndexError
    return entries
