"""Delivery of images and latency of chunks between two processes, as `make bench NAME=transport`.

A publisher process sends 640x480 RGB images at 30 Hz and action chunks at 10 Hz with the transport
of the launch files; this process receives them. The stamp in each header is the time of sending.
"""
import argparse
import array
import json
import multiprocessing
import os
import random
import sys
import time
from pathlib import Path

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from rich.console import Console
from rich.progress import Progress
from sensor_msgs.msg import Image

from vla_interfaces.msg import ActionChunk

PROFILE = Path(__file__).resolve().parents[2] / 'config' / 'dds' / 'fastdds.xml'
IMAGE_HZ = 30.0
CHUNK_HZ = 10.0
COMMANDS = QoSProfile(depth=10)


def publish(seconds: float, results: multiprocessing.Queue) -> None:
    """Send images and chunks for `seconds` from the moment both are heard; report the counts."""
    rclpy.init()
    node = rclpy.create_node('transport_source')
    images = node.create_publisher(Image, 'transport/image', QoSProfile(depth=5))
    chunks = node.create_publisher(ActionChunk, 'transport/chunk', COMMANDS)
    while images.get_subscription_count() == 0 or chunks.get_subscription_count() == 0:
        time.sleep(0.01)
    time.sleep(0.5)
    pixels = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    image = Image(height=480, width=640, encoding='rgb8', step=640 * 3)
    chunk = ActionChunk(
        steps=50, dimension=14, times=array.array('d', np.arange(50) * 0.02),
        data=array.array('f', np.zeros(700, dtype=np.float32)))
    sent_images = sent_chunks = 0
    start = time.monotonic()
    while (elapsed := time.monotonic() - start) < seconds:
        if elapsed >= sent_chunks / CHUNK_HZ:
            chunk.header.stamp = node.get_clock().now().to_msg()
            chunks.publish(chunk)
            sent_chunks += 1
        pixels[0, 0] = sent_images % 256
        image.data = array.array('B', pixels.tobytes())
        image.header.stamp = node.get_clock().now().to_msg()
        images.publish(image)
        sent_images += 1
        time.sleep(max(0.0, start + sent_images / IMAGE_HZ - time.monotonic()))
    results.put((sent_images, sent_chunks))
    time.sleep(0.5)
    node.destroy_node()
    rclpy.shutdown()


class Sink:
    """Receives both streams and notes the latency of each message in milliseconds."""

    def __init__(self) -> None:
        self.node = rclpy.create_node('transport_sink')
        self.image_latency_ms: list[float] = []
        self.chunk_latency_ms: list[float] = []
        self.node.create_subscription(
            Image, 'transport/image', self._on_image, qos_profile_sensor_data)
        self.node.create_subscription(ActionChunk, 'transport/chunk', self._on_chunk, COMMANDS)

    def _latency_ms(self, stamp) -> float:
        now = self.node.get_clock().now().nanoseconds
        return (now - stamp.sec * 1_000_000_000 - stamp.nanosec) / 1e6

    def _on_image(self, message: Image) -> None:
        self.image_latency_ms.append(self._latency_ms(message.header.stamp))

    def _on_chunk(self, message: ActionChunk) -> None:
        self.chunk_latency_ms.append(self._latency_ms(message.header.stamp))


def measure(seconds: float) -> dict:
    """Run both processes and return the metrics."""
    context = multiprocessing.get_context('spawn')
    results = context.Queue()
    source = context.Process(target=publish, args=(seconds, results))
    source.start()
    rclpy.init()
    sink = Sink()
    executor = SingleThreadedExecutor()
    executor.add_node(sink.node)
    with Progress(console=Console(file=sys.stderr)) as progress:
        task = progress.add_task('images received', total=int(seconds * IMAGE_HZ))
        while source.is_alive():
            executor.spin_once(timeout_sec=0.05)
            progress.update(task, completed=len(sink.image_latency_ms))
    sent_images, sent_chunks = results.get()
    image_ms, chunk_ms = np.array(sink.image_latency_ms), np.array(sink.chunk_latency_ms)
    sink.node.destroy_node()
    rclpy.shutdown()
    return {
        'name': 'transport',
        'duration_s': seconds,
        'image_delivery_ratio': round(len(image_ms) / sent_images, 4),
        'image_latency_p50_ms': round(float(np.percentile(image_ms, 50)), 3),
        'image_latency_p99_ms': round(float(np.percentile(image_ms, 99)), 3),
        'chunk_delivery_ratio': round(len(chunk_ms) / sent_chunks, 4),
        'chunk_latency_p50_ms': round(float(np.percentile(chunk_ms, 50)), 3),
        'chunk_latency_p99_ms': round(float(np.percentile(chunk_ms, 99)), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seconds', type=float, default=30.0)
    arguments = parser.parse_args()
    os.environ['FASTRTPS_DEFAULT_PROFILES_FILE'] = str(PROFILE)
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randrange(1, 100)))
    print(json.dumps(measure(arguments.seconds)))


if __name__ == '__main__':
    main()
