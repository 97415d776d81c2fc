"""Ranks of the values of a map."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata

from core.values import Floats
from explainers.metrics import mean_ranks


@given(
    arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.sampled_from([-1, -0.0, 0, 2, 3]))
)
def test_equal_values_share_the_mean_of_their_ranks(values: Floats) -> None:
    assert np.array_equal(mean_ranks(values), rankdata(values, axis=None))
