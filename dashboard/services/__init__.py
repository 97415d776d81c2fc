"""Models, cases and computations: what the components show, without a widget."""
