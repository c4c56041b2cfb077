"""Benchmarks, run by ``make bench NAME=…``."""
