import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from vla_datasets import DatasetError, DatasetReader
from vla_datasets.recounting import recount
from vla_datasets.statistics import QUANTILES, ImageHistogram, ImageSample, merge, summarize

values = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 40), st.integers(1, 3)),
    elements=st.floats(-1e6, 1e6, allow_subnormal=False))
images = hnp.arrays(np.uint8, (6, 4, 5, 3))


@settings(max_examples=60, deadline=None)
@given(whole=values, cuts=st.lists(st.integers(0, 40), max_size=4))
def test_statistics_of_parts_merge_to_those_of_the_whole(whole, cuts):
    split = np.split(whole, sorted(min(cut, len(whole)) for cut in cuts))
    parts = [part for part in split if len(part)]
    merged = merge([summarize(part) for part in parts])
    scale = np.abs(whole).max() + 1
    assert merged['count'] == len(whole)
    assert np.array_equal(merged['min'], whole.min(axis=0))
    assert np.array_equal(merged['max'], whole.max(axis=0))
    assert np.allclose(merged['mean'], whole.mean(axis=0), atol=1e-9 * scale)
    assert np.allclose(merged['std'], whole.std(axis=0), atol=1e-7 * scale)
    for key in QUANTILES:
        assert (merged[key] >= merged['min'] - 1e-9 * scale).all()
        assert (merged[key] <= merged['max'] + 1e-9 * scale).all()


@settings(max_examples=30, deadline=None)
@given(whole=images, cut=st.integers(1, 5))
def test_histograms_of_parts_merge_to_that_of_the_whole(whole, cut):
    def count(part):
        histogram = ImageHistogram.empty()
        for image in part:
            histogram.add(image)
        return histogram

    merged = count(whole[:cut]).merge(count(whole[cut:])).statistics()
    pixels = whole.reshape(-1, 3) / 255
    assert merged['count'] == 6
    for key, expected in {
        'min': pixels.min(axis=0), 'max': pixels.max(axis=0), 'mean': pixels.mean(axis=0),
        'std': pixels.std(axis=0),
        **{key: np.quantile(pixels, q, axis=0, method='inverted_cdf')
           for key, q in QUANTILES.items()},
    }.items():
        assert merged[key].shape == (3, 1, 1)
        assert np.allclose(merged[key].ravel(), expected), key


def test_a_whole_data_set_has_the_statistics_of_its_values(written):
    reader = DatasetReader(written)
    for name, feature in reader.features.items():
        if not feature.is_number:
            continue
        exact = summarize(reader.column(name))
        for key, value in exact.items():
            assert np.allclose(reader.statistics[name][key], value), (name, key)


def test_image_statistics_are_those_of_the_images(sample, written):
    """Counted anew from the stored images; small images are not thinned, so they are exact."""
    reader = DatasetReader(written)
    pixels = reader.images(sample.still, range(len(reader))).reshape(-1, 3) / 255
    for statistics in (reader.statistics, recount(written)):
        assert np.allclose(statistics[sample.still]['mean'].ravel(), pixels.mean(axis=0))
        assert np.allclose(statistics[sample.still]['std'].ravel(), pixels.std(axis=0))


def test_sample_of_a_long_episode_is_even_and_small():
    sample = ImageSample(limit=10)
    for step in range(105):
        sample.add(np.full((100, 200, 3), step, dtype=np.uint8))
    histogram = sample.histogram()
    levels = np.flatnonzero(histogram.counts[0])
    assert histogram.images == len(levels) <= 10
    assert np.ptp(np.diff(levels)) == 0
    assert levels[0] == 0 and levels[-1] > 85


def test_statistics_of_nothing_are_refused():
    for action in (
        lambda: summarize(np.empty((0, 2))), lambda: merge([]),
        lambda: ImageHistogram.empty().statistics(),
    ):
        with pytest.raises(DatasetError, match='of nothing'):
            action()
