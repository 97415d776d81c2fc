"""Folders that a result is written into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import InputError


@contextmanager
def writing_into(folder: Path) -> Iterator[None]:
    """Make the folder where it is missing. Raises InputError if that, or what is written inside the block, fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise InputError(f"Folder {folder}", f"can't be written to ({error.strerror})", "Choose another one.") from None
