"""The sections of the page of a model, each drawn from its card."""
