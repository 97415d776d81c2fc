"""Folders that can be written into, and those that can't."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InputError
from core.files import writing_into


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "one"
    with writing_into(folder):
        (folder / "a.txt").write_text("here")
    assert (folder / "a.txt").read_text() == "here"


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    there = tmp_path / "file"
    there.write_text("")
    with (
        pytest.raises(InputError, match=r"file: can.t be written to .*Choose another"),
        writing_into(there),
    ):
        pytest.fail("there is no such folder")


def test_what_goes_wrong_while_writing_is_said_and_faults_are_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be written to"), writing_into(tmp_path):
        (tmp_path / "gone" / "a.txt").write_text("")
    with pytest.raises(ValueError, match="a fault"), writing_into(tmp_path):
        raise ValueError("a fault")
