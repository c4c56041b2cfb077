"""Camera nodes and calibration."""
