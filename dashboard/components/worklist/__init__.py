"""The list of cases."""

from dashboard.components.worklist.worklist import reading_order, worklist

__all__ = ["reading_order", "worklist"]
