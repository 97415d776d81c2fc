"""The dial for the size of a change."""

from dashboard.components.epsilon.epsilon import epsilon_dial, is_epsilon, stops

__all__ = ["epsilon_dial", "is_epsilon", "stops"]
