"""Shared fixtures."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """An empty folder of models from elsewhere, instead of that of whoever runs the tests, already at collection."""
    folder = TemporaryDirectory(prefix="second-look-models-")
    config.add_cleanup(folder.cleanup)
    os.environ["SECOND_LOOK_MODELS"] = folder.name


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """More torch threads than free cores makes everything many times slower."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real images that lies beside the checkout and is never part of it."""
    for folder in (ROOT.parent / "shared" / "data", ROOT.parent.parent / "shared" / "data"):
        if folder.is_dir():
            return folder
    pytest.skip("the real test images (shared/data) are not beside this checkout")
