"""Chunk scheduler and jerk-limited interpolator: from action chunks to one continuous reference."""
