"""
REST servers as OpenVLA's and OpenVLA-OFT's: POST /act, from the facts of the protocol alone.

A request with an image 'image' gets one action [7]; one with 'full_image' a list of 8 actions of
14 or 8 numbers, by the length of its state. The numbers are [mean of the first image, sum of the
state, number of images, characters of the instruction, 0 …]. The instruction 'fail' gets the text
"error" with status 200, 'crash' status 500, 'hang' no answer, 'text' something else.

usage: fake_openvla_server.py PORT
"""
import base64
import json
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def numbers(value):
    data = base64.b64decode(value['__numpy__'])
    form = {'|u1': 'B', '<f4': 'f'}[value['dtype']]
    return struct.unpack(f'<{len(data) // struct.calcsize(form)}{form}', data)


def as_array(row):
    data = struct.pack(f'<{len(row)}d', *row)
    return {'__numpy__': base64.b64encode(data).decode(), 'dtype': '<f8', 'shape': [len(row)]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        payload = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        encoded = 'encoded' in payload
        if encoded:
            payload = json.loads(payload['encoded'])
        words = payload['instruction'].split()
        if 'hang' in words:
            time.sleep(3600)
        if 'crash' in words or self.path != '/act':
            return self.answer(500, '{"detail": "Internal Server Error"}')
        if 'fail' in words:
            return self.answer(200, json.dumps('error'))
        if 'text' in words:
            return self.answer(200, json.dumps({'action': None}))
        images = [key for key in payload if 'image' in key]
        state = numbers(payload['state']) if 'state' in payload else ()
        pixels = numbers(payload[images[0]])
        row = [sum(pixels) / len(pixels), sum(state), len(images), len(payload['instruction'])]
        if 'full_image' in payload:
            width = len(state) or 8
            reply = [as_array([*row, *[0.0] * (width - 4)]) for _ in range(8)]
        else:
            reply = as_array([*row, len(payload.get('unnorm_key', '')), 0.0, 0.0])
        text = json.dumps(reply)
        return self.answer(200, json.dumps(text) if encoded else text)

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep the terminal quiet."""


if __name__ == '__main__':
    server = ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
