"""What the first page waits for."""

from __future__ import annotations

import subprocess
import sys

import pytest

NEEDLESS = ("captum", "gdcm", "onnx", "pandas", "pyarrow", "pydicom", "scipy.optimize", "scipy.stats", "shap", "timm")
SCRIPT = f"""
import sys
from dashboard.services import warming

warming.imports()
print(*(name for name in {NEEDLESS} if name in sys.modules))
"""


@pytest.mark.slow
def test_the_first_page_imports_nothing_that_it_does_not_need() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
