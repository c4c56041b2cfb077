"""
A network camera that speaks RTSP 1.0 (RFC 2326), as a process of its own.

    python rtsp_camera.py --codec h264 --rate 30

It takes pictures at a rate, draws the wall-clock time of each capture into it as bars, encodes it
(H.264 by x264, packets after RFC 6184 with FU-A; or JPEG, packets after RFC 2435) and sends it
``--delay`` seconds after the capture, over the RTSP connection (interleaved) or by UDP, whichever
the client asks for. RTCP sender reports (RFC 3550) tell the wall-clock time of its RTP times.

The first line it prints is ``port N``. Lines on its standard input make it misbehave:

    cut            the connections end, as by a pulled plug; new ones are served
    stall, go on   nothing is sent any more, though the connection stays; and again
    hold, go on    as in a network that stalls: what is sent comes late, all at once
    freeze         the last picture is sent again and again, with new times
    size WxH       pictures come in another size
    lose N         the next N packets of RTP are not sent
"""
import argparse
import base64
import contextlib
import itertools
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import av
import cv2
import numpy as np

from vla_cameras.benchmark.bar_code import draw_time

RTP_HZ = 90_000
NTP_EPOCH_S = 2_208_988_800  # from 1900 to 1970
PAYLOAD_BYTES = 1400
TYPES = {'h264': 96, 'mjpeg': 26}
NAL_IDR, NAL_SPS, NAL_PPS, FU_A = 5, 7, 8, 28


class Sensor:
    """Takes pictures; what is done to it is done to every client."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)
        self.frozen = False
        self.stalled = False
        self.held = False
        self.to_lose = 0
        self._generator = np.random.default_rng(0)
        self._last: np.ndarray | None = None

    def picture(self, wall_ns: int) -> np.ndarray:
        """rgb8 [h, w, 3] with ``wall_ns`` drawn into it."""
        if self.frozen and self._last is not None:
            return self._last
        width, height = self.size
        image = np.full((height, width, 3), (120, 90, 60), np.uint8)
        cv2.circle(image, (int(wall_ns // 5_000_000 % width), height // 2), 30, (200, 80, 60), -1)
        image[40:] += self._generator.integers(0, 5, (height - 40, width, 1), dtype=np.uint8)
        draw_time(image, wall_ns)
        self._last = image
        return image


class H264:
    """H.264 without delay of its own: no B pictures, no lookahead, ``slices`` a picture."""

    def __init__(self, rate_hz: int, slices: int) -> None:
        self._rate_hz, self._slices = rate_hz, slices
        self._encoder: av.CodecContext | None = None
        self._index = 0

    def _open(self, width: int, height: int) -> None:
        encoder = av.CodecContext.create('libx264', 'w')
        encoder.width, encoder.height, encoder.pix_fmt = width, height, 'yuv420p'
        encoder.time_base, encoder.framerate = Fraction(1, self._rate_hz), self._rate_hz
        encoder.options = {
            'preset': 'ultrafast', 'tune': 'zerolatency', 'crf': '20',
            'x264-params': f'keyint={self._rate_hz}:scenecut=0:repeat-headers=1:'
                           f'sliced-threads=0:threads=1:slices={self._slices}'}
        encoder.open()
        self._encoder = encoder

    def sdp(self, width: int, height: int) -> list[str]:
        probe = H264(self._rate_hz, self._slices)
        picture = np.zeros((height, width, 3), np.uint8)
        sets = [nal for nal in probe.nals(picture) if nal[0] & 31 in (NAL_SPS, NAL_PPS)]
        sprop = ','.join(base64.b64encode(nal).decode() for nal in sets)
        return ['a=rtpmap:96 H264/90000', 'a=fmtp:96 ' + ';'.join([
            'packetization-mode=1', f'profile-level-id={sets[0][1:4].hex()}',
            f'sprop-parameter-sets={sprop}'])]

    def nals(self, image: np.ndarray) -> list[bytes]:
        """The units of one picture, without start codes."""
        height, width = image.shape[:2]
        if self._encoder is None or (self._encoder.width, self._encoder.height) != (width, height):
            self._open(width, height)
        frame = av.VideoFrame.from_ndarray(image, format='rgb24').reformat(format='yuv420p')
        frame.pts = self._index
        self._index += 1
        data = b''.join(bytes(packet) for packet in self._encoder.encode(frame))
        parts = data.replace(b'\0\0\0\1', b'\0\0\1').split(b'\0\0\1')
        return [part for part in parts if part]

    def payloads(self, image: np.ndarray) -> Iterator[bytes]:
        for nal in self.nals(image):
            if len(nal) <= PAYLOAD_BYTES:
                yield nal
                continue
            indicator, kind = nal[0] & 0xE0 | FU_A, nal[0] & 31
            pieces = [nal[at:at + PAYLOAD_BYTES] for at in range(1, len(nal), PAYLOAD_BYTES)]
            for index, piece in enumerate(pieces):
                begins, ends = index == 0, index == len(pieces) - 1
                yield bytes([indicator, begins << 7 | ends << 6 | kind]) + piece


class MotionJpeg:
    """Baseline JPEG, 4:2:0, its quantisation tables in the first packet of each picture."""

    @staticmethod
    def sdp(width: int, height: int) -> list[str]:
        return ['a=rtpmap:26 JPEG/90000']

    @staticmethod
    def payloads(image: np.ndarray) -> Iterator[bytes]:
        height, width = image.shape[:2]
        data = cv2.imencode('.jpg', image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
        tables, at = b'', 2
        while data[at + 1] != 0xDA:
            length = int.from_bytes(data[at + 2:at + 4], 'big')
            if data[at + 1] == 0xDB:
                segment = data[at + 4:at + 2 + length]
                tables += b''.join(segment[start + 1:start + 65]
                                   for start in range(0, len(segment), 65))
            at += 2 + length
        at += 2 + int.from_bytes(data[at + 2:at + 4], 'big')
        scan = data[at:-2]
        for offset in range(0, len(scan), PAYLOAD_BYTES):
            header = struct.pack('>B3sBBBB', 0, offset.to_bytes(3, 'big'), 1, 255,
                                 width // 8, height // 8)
            if offset == 0:
                header += struct.pack('>BBH', 0, 0, len(tables)) + tables
            yield header + scan[offset:offset + PAYLOAD_BYTES]


class Session(threading.Thread):
    """One client: answers its requests, and from PLAY on sends it pictures."""

    def __init__(self, connection: socket.socket, sensor: Sensor, options: argparse.Namespace):
        super().__init__(daemon=True)
        self._connection, self._sensor, self._options = connection, sensor, options
        self._sending = threading.Lock()
        self._over = threading.Event()
        self._udp: tuple[socket.socket, socket.socket] | None = None
        self._ssrc, self._sequence = struct.unpack('>IH', os.urandom(6))
        self._rtp_start = int.from_bytes(os.urandom(4), 'big')
        self._count = self._octets = 0
        self._held: list[tuple[int, bytes]] = []

    def cut(self) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        with self._connection, contextlib.suppress(OSError):
            stream = self._connection.makefile('rb')
            while not self._over.is_set() and (first := stream.read(1)):
                if first == b'$':  # a receiver report
                    stream.read(int.from_bytes(stream.read(3)[1:], 'big'))
                else:
                    self._answer((first + stream.readline()).decode(), stream)
        self._over.set()

    def _answer(self, request: str, stream) -> None:
        fields = {}
        while line := stream.readline().decode().strip():
            name, _, value = line.partition(':')
            fields[name.strip().lower()] = value.strip()
        method, url = request.split()[:2]
        status, headers, body = '200 OK', {}, ''
        login = base64.b64encode(self._options.login.encode()).decode()
        if self._options.login and fields.get('authorization') != f'Basic {login}':
            status, headers = '401 Unauthorized', {'WWW-Authenticate': 'Basic realm="camera"'}
        elif method == 'OPTIONS':
            headers['Public'] = 'OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER'
        elif method == 'DESCRIBE' and not url.rstrip('/').endswith(self._options.path):
            status = '404 Not Found'
        elif method == 'DESCRIBE':
            headers |= {'Content-Type': 'application/sdp', 'Content-Base': f'{url}/'}
            body = self._sdp()
        elif method == 'SETUP':
            status, headers['Transport'] = self._transport(fields['transport'])
        headers |= {'CSeq': fields['cseq'], 'Session': '1'}
        if body:
            headers['Content-Length'] = str(len(body))
        answer = f'RTSP/1.0 {status}\r\n' + ''.join(
            f'{name}: {value}\r\n' for name, value in headers.items()) + f'\r\n{body}'
        with self._sending:
            self._connection.sendall(answer.encode())
        if method == 'PLAY' and status == '200 OK':
            threading.Thread(target=self._play, daemon=True).start()
        elif method == 'TEARDOWN':
            self._over.set()

    def _coder(self) -> H264 | MotionJpeg:
        options = self._options
        return H264(options.rate, options.slices) if options.codec == 'h264' else MotionJpeg()

    def _sdp(self) -> str:
        kind = TYPES[self._options.codec]
        sound = ['m=audio 0 RTP/AVP 0', 'a=control:trackID=1'] if self._options.sound else []
        return '\r\n'.join([
            'v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=camera', 'c=IN IP4 0.0.0.0', 't=0 0',
            f'm=video 0 RTP/AVP {kind}', *self._coder().sdp(*self._sensor.size),
            'a=control:trackID=0', *sound, ''])

    def _transport(self, asked: str) -> tuple[str, str]:
        if 'interleaved=' in asked:
            return '200 OK', 'RTP/AVP/TCP;unicast;interleaved=0-1'
        if self._options.no_udp:
            return '461 Unsupported Transport', ''
        ports = [int(port) for port in asked.partition('client_port=')[2].partition(';')[0]
                 .split('-')]
        host = self._connection.getpeername()[0]
        pair = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for sender, port in zip(pair, ports):
            sender.bind(('127.0.0.1', 0))
            sender.connect((host, port))
        self._udp = tuple(pair)
        own = '-'.join(str(sender.getsockname()[1]) for sender in pair)
        return '200 OK', f'RTP/AVP;unicast;client_port={ports[0]}-{ports[1]};server_port={own}'

    def _play(self) -> None:
        with contextlib.suppress(OSError):
            self._stream_pictures()
        self.cut()

    def _stream_pictures(self) -> None:
        options, sensor, coder = self._options, self._sensor, self._coder()
        start_ns, period_ns = time.monotonic_ns(), round(1e9 / options.rate)
        report_ns = 0
        for index in itertools.count():
            captured_ns = start_ns + index * period_ns
            if (left_ns := captured_ns - time.monotonic_ns()) > 0:
                time.sleep(left_ns / 1e9)
            elif left_ns < -period_ns:
                continue  # a sensor does not wait for its network
            if self._over.is_set():
                return
            if sensor.stalled:
                continue
            wall_ns = captured_ns + time.time_ns() - time.monotonic_ns()
            rtp_time = self._rtp_start + captured_ns * RTP_HZ // 1_000_000_000 & 0xFFFFFFFF
            if options.report_s and captured_ns >= report_ns:
                self._report(wall_ns + round(options.clock_offset * 1e9), rtp_time)
                report_ns = captured_ns + round(options.report_s * 1e9)
            payloads = list(coder.payloads(sensor.picture(wall_ns)))
            time.sleep(max(0.0, options.delay - (time.monotonic_ns() - captured_ns) / 1e9))
            for payload in payloads:
                self._send_payload(payload, rtp_time, last=payload is payloads[-1])

    def _send_payload(self, payload: bytes, rtp_time: int, last: bool) -> None:
        kind = last << 7 | TYPES[self._options.codec]
        packet = struct.pack('>BBHII', 0x80, kind, self._sequence, rtp_time, self._ssrc) + payload
        self._sequence = self._sequence + 1 & 0xFFFF
        if self._sensor.to_lose > 0:
            self._sensor.to_lose -= 1
            return
        self._count += 1
        self._octets += len(payload)
        self._send(0, packet)

    def _report(self, wall_ns: int, rtp_time: int) -> None:
        seconds, part_ns = divmod(wall_ns, 1_000_000_000)
        self._send(1, struct.pack(
            '>BBHIIIIII', 0x80, 200, 6, self._ssrc, seconds + NTP_EPOCH_S,
            (part_ns << 32) // 1_000_000_000, rtp_time, self._count, self._octets & 0xFFFFFFFF))

    def _send(self, channel: int, packet: bytes) -> None:
        self._held.append((channel, packet))
        if not self._sensor.held:
            for held in self._held:
                self._transmit(*held)
            self._held.clear()

    def _transmit(self, channel: int, packet: bytes) -> None:
        if self._udp is not None:
            with contextlib.suppress(ConnectionRefusedError):
                self._udp[channel].send(packet)
            return
        with self._sending:
            self._connection.sendall(struct.pack('>cBH', b'$', channel, len(packet)) + packet)


def obey(line: str, sensor: Sensor, sessions: list[Session]) -> None:
    """Do what a line on standard input says."""
    match line.split():
        case ['cut']:
            for session in sessions:
                session.cut()
        case ['stall']:
            sensor.stalled = True
        case ['hold']:
            sensor.held = True
        case ['go', 'on']:
            sensor.stalled = sensor.held = sensor.frozen = False
        case ['freeze']:
            sensor.frozen = True
        case ['size', size]:
            sensor.size = tuple(int(side) for side in size.split('x'))
        case ['lose', count]:
            sensor.to_lose = int(count)
        case _:
            raise SystemExit(f'error: no command {line.strip()!r}')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--port', type=int, default=0)
    parser.add_argument('--path', default='/main')
    parser.add_argument('--codec', choices=tuple(TYPES), default='h264')
    parser.add_argument('--size', default='640x480', help='at least 576 wide for the bars')
    parser.add_argument('--rate', type=int, default=30)
    parser.add_argument('--slices', type=int, default=1, help='of each picture of H.264')
    parser.add_argument('--delay', type=float, default=0.02, help='from capture to sending, s')
    parser.add_argument('--report-s', type=float, default=1.0, help='between reports; 0: none')
    parser.add_argument('--clock-offset', type=float, default=0.0, help='of its clock, s')
    parser.add_argument('--login', default='', help='user:password that it asks for')
    parser.add_argument('--sound', action='store_true', help='offer sound that never comes')
    parser.add_argument('--no-udp', action='store_true', help='refuse UDP')
    options = parser.parse_args()
    with contextlib.suppress(PermissionError):
        os.nice(-10)  # no camera waits for this machine
    sensor = Sensor(*(int(side) for side in options.size.split('x')))
    sessions: list[Session] = []
    server = socket.create_server(('127.0.0.1', options.port))

    def serve() -> None:
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sessions.append(Session(connection, sensor, options))
            sessions[-1].start()

    threading.Thread(target=serve, daemon=True).start()
    print(f'port {server.getsockname()[1]}', flush=True)
    for line in sys.stdin:
        obey(line, sensor, sessions)


if __name__ == '__main__':
    main()
