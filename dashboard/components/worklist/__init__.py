"""The list of cases."""

from dashboard.components.worklist.worklist import worklist

__all__ = ["worklist"]
