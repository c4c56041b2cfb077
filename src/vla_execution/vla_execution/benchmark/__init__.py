"""Benchmarks of the execution, found by name."""
