"""Model cards, architectures, loading, calibration and training."""
