"""Which way the patient lies in the picture, as pairs of letters (PS3.3 C.7.6.1.1.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from imaging.dicom.elements import Elements

_LETTERS = ("LR", "PA", "HF")  # toward more and toward less along x, y and z of the patient (PS3.3 C.7.6.2.1.1)
_AXES = {letter: axis for axis, pair in enumerate(_LETTERS) for letter in pair}
_ALONG = 0.9  # a direction cosine from which a direction is called by its axis alone


def orientation_of(elements: Elements) -> tuple[str, str] | None:
    """The directions of rows and columns, e.g. ("L", "F"), from Patient Orientation or Image Orientation (Patient).

    None where the header has neither, or where they are none of the standard.
    """
    words = [str(value).strip().upper() for value in elements.values("PatientOrientation")]
    words = words or _words(elements.numbers("ImageOrientationPatient"))
    if len(words) != 2 or not all(map(_legal, words)) or _AXES[words[0][0]] == _AXES[words[1][0]]:
        return None
    return words[0], words[1]


def _legal(word: str) -> bool:
    """One to three letters, each of another axis."""
    return word != "" and set(word) <= set(_AXES) and len({_AXES[letter] for letter in word}) == len(word)


def _words(cosines: Sequence[float]) -> list[str]:
    """A letter for each direction, none for one that runs along no axis of the patient."""
    if len(cosines) != 6:
        return []
    words = []
    for direction in (cosines[:3], cosines[3:]):
        axis = max(range(3), key=lambda i: abs(direction[i]))
        along = _ALONG <= abs(direction[axis]) <= 1.01 and math.hypot(*direction) <= 1.01
        words.append(_LETTERS[axis][direction[axis] < 0] if along else "")
    return words
