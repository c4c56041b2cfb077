"""Images as a policy sees them: geometry, colours, and the same bytes every time."""
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from vla_core.image_processing import Crop, ImageError, ImageProcessing, process_image


def picture(height, width, channels=3):
    shape = (height, width, channels) if channels else (height, width)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_padding_keeps_the_aspect_ratio_and_centres():
    white = np.full((480, 640, 3), 255, np.uint8)
    seen = process_image(white, 'rgb8', ImageProcessing(width=224, height=224))
    assert seen.shape == (224, 224, 3)
    assert np.all(seen[28:196] == 255)
    assert not seen[:28].any()
    assert not seen[196:].any()


def test_cropping_to_fit_cuts_both_sides_alike():
    image = np.zeros((4, 8, 3), np.uint8)
    image[:, 2:6] = 200
    seen = process_image(image, 'rgb8', ImageProcessing(width=4, height=4, fit='crop'))
    assert np.all(seen == 200)


def test_stretching_fills_the_whole_image():
    white = np.full((10, 30, 3), 255, np.uint8)
    assert np.all(process_image(
        white, 'rgb8', ImageProcessing(width=8, height=8, fit='stretch')) == 255)


def test_a_crop_and_a_centre_area_come_first():
    image = np.zeros((100, 100, 3), np.uint8)
    image[20:60, 30:70] = 90
    crop = Crop(left=30, top=20, width=40, height=40)
    assert np.all(process_image(
        image, 'rgb8', ImageProcessing(width=40, height=40, crop=crop)) == 90)
    image = np.zeros((100, 100, 3), np.uint8)
    image[5:95, 5:95] = 90
    assert np.all(process_image(
        image, 'rgb8', ImageProcessing(width=50, height=50, centre_area=0.81)) == 90)


@pytest.mark.parametrize('colour', ['rgb', 'bgr'])
def test_colours_come_out_in_the_order_asked_for(colour):
    rgb = picture(6, 6)
    settings = ImageProcessing(width=6, height=6, colour=colour)
    expected = rgb if colour == 'rgb' else rgb[..., ::-1]
    assert np.array_equal(process_image(rgb, 'rgb8', settings), expected)
    assert np.array_equal(process_image(rgb[..., ::-1], 'bgr8', settings), expected)
    rgba = np.dstack([rgb, np.full((6, 6), 7, np.uint8)])
    assert np.array_equal(process_image(rgba, 'rgba8', settings), expected)
    grey = picture(6, 6, 0)
    assert np.array_equal(process_image(grey, 'mono8', settings), np.dstack([grey] * 3))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(1, 24), st.integers(1, 24),
    st.sampled_from(['pad', 'crop', 'stretch']),
    st.sampled_from(['nearest', 'linear', 'area', 'cubic', 'lanczos4']),
    st.sampled_from([('rgb8', 3), ('bgra8', 4), ('mono8', 0)]), st.booleans())
def test_any_image_becomes_one_of_the_size_asked_for(
        height, width, high, wide, fit, interpolation, encoding, strided):
    name, channels = encoding
    image = picture(height, width, channels)
    if strided:
        image = np.concatenate([image, image], axis=1)[:, :width]
    before = image.copy()
    asked = ImageProcessing(width=wide, height=high, fit=fit, interpolation=interpolation)
    seen = process_image(image, name, asked)
    assert (seen.shape, seen.dtype) == ((high, wide, 3), np.uint8)
    assert seen.flags.c_contiguous
    assert not np.shares_memory(seen, image)
    assert np.array_equal(image, before)
    assert np.array_equal(seen, process_image(before, name, asked))


@pytest.mark.parametrize(('image', 'encoding', 'text'), [
    (picture(4, 4), '16UC1', "encoding '16UC1' is not a colour image"),
    (picture(4, 4).astype(np.float32), 'rgb8', 'is uint8, not float32'),
    (picture(4, 4, 0), 'rgb8', r'has shape \[h, w, 3\], not \(4, 4\)'),
    (picture(0, 4), 'rgb8', r'not \(0, 4, 3\)'),
])
def test_what_is_no_picture_is_refused(image, encoding, text):
    with pytest.raises(ImageError, match=text):
        process_image(image, encoding, ImageProcessing(width=4, height=4))


def test_a_crop_beyond_the_image_is_refused():
    crop = Crop(left=3, top=0, width=3, height=2)
    with pytest.raises(ImageError, match=r'reaches to \(6, 2\), beyond the image of 4×4'):
        process_image(picture(4, 4), 'rgb8', ImageProcessing(width=4, height=4, crop=crop))
