"""Images there and back, and damaged ones."""
import array

import cv2
import numpy as np
import pytest
from cv_bridge import CvBridge, CvBridgeError
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

BRIDGE = CvBridge()
NAMES = {'uint8': '8U', 'int8': '8S', 'uint16': '16U', 'int16': '16S', 'int32': '32S',
         'float32': '32F', 'float64': '64F'}


def noise(*shape, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, 100, shape).astype(dtype)


def message(encoding, height, width, step, data, is_bigendian=0):
    return Image(encoding=encoding, height=height, width=width, step=step,
                 is_bigendian=is_bigendian, data=array.array('B', bytes(data)))


@pytest.mark.parametrize('channels', [1, 2, 3, 4, 6])
@pytest.mark.parametrize('dtype', NAMES)
def test_every_element_type_there_and_back(dtype, channels):
    image = noise(5, 7, dtype=dtype) if channels == 1 else noise(5, 7, channels, dtype=dtype)
    header = Header(frame_id='camera')
    sent = BRIDGE.cv2_to_imgmsg(image, header=header)
    assert (sent.encoding, sent.height, sent.width) == (f'{NAMES[dtype]}C{channels}', 5, 7)
    assert sent.step == 7 * channels * image.itemsize
    assert sent.header.frame_id == 'camera'
    found = BRIDGE.imgmsg_to_cv2(sent)
    assert found.dtype == image.dtype
    np.testing.assert_array_equal(found, image)


def test_an_unconverted_image_is_a_view_of_the_message():
    sent = BRIDGE.cv2_to_imgmsg(noise(4, 6, 3), 'rgb8')
    found = BRIDGE.imgmsg_to_cv2(sent, 'rgb8')
    sent.data[0] = 255
    assert found[0, 0, 0] == 255


def test_the_message_owns_its_pixels_and_slices_are_sent_right():
    image = noise(8, 8, 3)
    sent = BRIDGE.cv2_to_imgmsg(image[::2, 1:5], 'bgr8')
    expected = image[::2, 1:5].copy()
    image[:] = 0
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(sent), expected)


@pytest.mark.parametrize('channels', [1, 3])
def test_padded_rows_are_read_even_if_the_last_is_not_padded(channels):
    image = noise(4, 5, channels)
    rows = b''.join(row.tobytes() + b'\xff\xff\xff' for row in image)
    step = 5 * channels + 3
    for data in (rows, rows[:-3]):
        found = BRIDGE.imgmsg_to_cv2(message(f'8UC{channels}', 4, 5, step, data))
        np.testing.assert_array_equal(found.reshape(image.shape), image)


@pytest.mark.parametrize('encoding, dtype', [('mono16', '>u2'), ('32FC1', '>f4'), ('64F', '>f8')])
def test_either_byte_order_is_read(encoding, dtype):
    image = noise(3, 4, dtype=dtype)
    found = BRIDGE.imgmsg_to_cv2(
        message(encoding, 3, 4, 4 * image.itemsize, image.tobytes(), is_bigendian=1))
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, image)
    sent = BRIDGE.cv2_to_imgmsg(image)
    assert sent.is_bigendian
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(sent), image)


COLOURS = {'rgb': lambda rgb: rgb, 'bgr': lambda rgb: rgb[..., ::-1],
           'rgba': lambda rgb: np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]),
           'bgra': lambda rgb: np.dstack([rgb[..., ::-1], np.full(rgb.shape[:2], 255, np.uint8)])}


@pytest.mark.parametrize('target', COLOURS)
@pytest.mark.parametrize('source', COLOURS)
def test_colours_are_reordered(source, target):
    rgb = noise(6, 8, 3)
    sent = BRIDGE.cv2_to_imgmsg(np.ascontiguousarray(COLOURS[source](rgb)), f'{source}8')
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(sent, f'{target}8'), COLOURS[target](rgb))


def test_grey_is_the_weighted_sum_and_becomes_colour():
    rgb = noise(6, 8, 3)
    grey = BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(rgb, 'rgb8'), 'mono8')
    np.testing.assert_allclose(grey, rgb @ [0.299, 0.587, 0.114], atol=1.0)
    colour = BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(grey, 'mono8'), 'bgr8')
    np.testing.assert_array_equal(colour, np.dstack([grey] * 3))


def test_depth_is_scaled_over_the_whole_range():
    grey = np.array([[0, 1, 128, 255]], np.uint8)
    wide = BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(grey, 'mono8'), 'mono16')
    np.testing.assert_array_equal(wide, [[0, 257, 32896, 65535]])
    narrow = BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(wide, 'mono16'), 'mono8')
    np.testing.assert_array_equal(narrow, grey)
    floats = BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(wide, '16UC1'), '32FC1')
    assert floats.dtype == np.float32 and floats[0, 3] == 65535.0
    clipped = BRIDGE.imgmsg_to_cv2(
        BRIDGE.cv2_to_imgmsg(np.array([[-5.0, 1.6, 300.0]], np.float32)), '8UC1')
    np.testing.assert_array_equal(clipped, [[0, 2, 255]])


@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
@pytest.mark.parametrize('bits', [8, 16])
def test_bayer_patterns_give_back_a_plain_colour(pattern, bits):
    colour = {'r': 200, 'g': 100, 'b': 50}
    cell = np.array([colour[c] for c in pattern], f'uint{bits}').reshape(2, 2)
    sent = BRIDGE.cv2_to_imgmsg(np.tile(cell, (4, 4)), f'bayer_{pattern}{bits}')
    found = BRIDGE.imgmsg_to_cv2(sent, f'rgb{bits}')
    assert found.dtype == cell.dtype
    assert (found[2:-2, 2:-2] == [200, 100, 50]).all()


@pytest.mark.parametrize('encoding, order', [('yuv422', (0, 1)), ('yuv422_yuy2', (1, 0))])
def test_yuv_grey_is_its_luminance(encoding, order):
    luminance = noise(4, 6)
    chroma = np.full((4, 6), 128, np.uint8)
    planes = np.dstack([(chroma, luminance)[index] for index in order])
    found = BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(planes, encoding), 'mono8')
    np.testing.assert_array_equal(found, luminance)


@pytest.mark.parametrize('damage, reason', [
    ({'encoding': 'rgb9'}, "encoding 'rgb9' is not known"),
    ({'encoding': ''}, "encoding '' is not known"),
    ({'step': 11}, 'step is 11, less than a row of 4 pixels'),
    ({'data': array.array('B', bytes(35))}, r'data holds 35 bytes.*3 \* 12 = 36'),
    ({'data': array.array('B')}, 'data holds 0 bytes'),
    ({'height': 0}, 'height and width are 0 and 4'),
    ({'width': 0}, 'height and width are 3 and 0'),
    ({'width': 4_000_000_000}, 'step is 12'),
])
def test_damaged_messages_are_refused_by_field(damage, reason):
    damaged = message('rgb8', 3, 4, 12, bytes(36))
    for field, value in damage.items():
        setattr(damaged, field, value)
    with pytest.raises(CvBridgeError, match=reason):
        BRIDGE.imgmsg_to_cv2(damaged, 'bgr8')


@pytest.mark.parametrize('source, target, reason', [
    ('32FC1', 'mono8', 'tells no colours'),
    ('rgb8', '8UC1', '3 and 1 channels'),
    ('8UC3', '8UC4', '3 and 4 channels'),
    ('rgb8', 'bayer_rggb8', 'cannot be converted'),
    ('rgb8', 'hsv8', "'hsv8' is not known"),
])
def test_conversions_without_sense_are_refused(source, target, reason):
    dtype, channels = BRIDGE.encoding_to_dtype_with_channels(source)
    image = noise(3, 4, channels, dtype=dtype)
    with pytest.raises(CvBridgeError, match=reason):
        BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(image, source), target)


def test_what_is_no_image_is_refused():
    with pytest.raises(TypeError, match='not list'):
        BRIDGE.cv2_to_imgmsg([[1]])
    with pytest.raises(CvBridgeError, match='shape'):
        BRIDGE.cv2_to_imgmsg(np.zeros(4, np.uint8))
    with pytest.raises(CvBridgeError, match='int64'):
        BRIDGE.cv2_to_imgmsg(np.zeros((2, 2), np.int64))
    with pytest.raises(CvBridgeError, match="'rgb8' wants 8UC3, the image is 8UC1"):
        BRIDGE.cv2_to_imgmsg(noise(4, 4), 'rgb8')


def test_png_there_and_back_is_exact_in_any_order():
    image = noise(6, 8, 3)
    sent = BRIDGE.cv2_to_compressed_imgmsg(image, 'png')
    assert sent.format == 'png'
    np.testing.assert_array_equal(BRIDGE.compressed_imgmsg_to_cv2(sent), image)
    np.testing.assert_array_equal(BRIDGE.compressed_imgmsg_to_cv2(sent, 'rgb8'), image[..., ::-1])
    depth = noise(6, 8, dtype=np.uint16)
    sent = BRIDGE.cv2_to_compressed_imgmsg(depth, 'png')
    np.testing.assert_array_equal(BRIDGE.compressed_imgmsg_to_cv2(sent, 'mono16'), depth)
    grey = noise(6, 8)
    sent = BRIDGE.cv2_to_compressed_imgmsg(grey, 'png')
    np.testing.assert_array_equal(
        BRIDGE.compressed_imgmsg_to_cv2(sent, 'rgb8'), np.dstack([grey] * 3))


def test_jpeg_is_close():
    image = cv2.GaussianBlur(noise(32, 32, 3), (9, 9), 3)
    found = BRIDGE.compressed_imgmsg_to_cv2(BRIDGE.cv2_to_compressed_imgmsg(image), 'bgr8')
    assert np.abs(found.astype(int) - image).mean() < 3


def test_compressed_damage_is_refused():
    for data in (b'', b'not an image'):
        with pytest.raises(CvBridgeError, match=r"data .* of format 'jpg'"):
            BRIDGE.compressed_imgmsg_to_cv2(CompressedImage(format='jpg', data=data))
    with pytest.raises(CvBridgeError, match="dst_format 'nothing'"):
        BRIDGE.cv2_to_compressed_imgmsg(noise(4, 4), 'nothing')


def test_names_of_types():
    assert BRIDGE.encoding_to_cvtype2('bgr8') == cv2.CV_8UC3
    assert BRIDGE.dtype_with_channels_to_cvtype2(np.dtype('float32'), 2) == '32FC2'
    assert BRIDGE.encoding_to_dtype_with_channels('rgba16') == ('uint16', 4)
