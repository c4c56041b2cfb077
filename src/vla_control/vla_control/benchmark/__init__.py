"""Benchmarks: progress to standard error, one JSON object as the last line of standard output."""
