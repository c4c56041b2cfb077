"""Grippers are moved at their own speed, and let go from where their fingers are."""
import numpy as np
import pytest

MS = 1_000_000


@pytest.fixture
def opened(execute, chunk, franka, poses, home):
    """Return a function that grasps, is told to open, and gives the openings [n] of each 10 ms."""
    def run(felt):
        closed = [*home[:-1], 0.0]
        executor = execute(franka, poses, closed)
        if felt is not None:
            executor.feel(np.array([felt]))
        executor.add(chunk(poses, 0, [home] * 16), 0)
        return np.array([float(executor.reference(10 * k * MS).openings[0]) for k in range(60)])
    return run


def test_a_grasp_is_let_go_as_soon_as_it_is_told_to(opened):
    openings = opened(0.7)
    assert openings[13] > 0.7  # the first action lies at 100 ms; in between it is interpolated
    assert np.diff(openings[openings > 0.7]).max() <= 1.25 * 0.01 + 1e-9


def test_without_a_measured_opening_the_reference_comes_all_the_way(opened):
    openings = opened(None)
    assert openings[40] < 0.7
    assert np.diff(openings).max() <= 1.25 * 0.01 + 1e-9
