"""
A server that follows openpi's own: metadata first, then strict request and reply.

It is written from the facts of the protocol with msgpack alone, and shares no code with the client
that it tests. It echoes what it saw: row i of its actions is [mean of the first image, sum of the
state's parts, i, 0 …] of 8 numbers. The text of the prompt makes it misbehave:

    fail     a text frame with a traceback, then close    garbage  a frame that is no msgpack
    hang     no answer                                    drop     close without an answer
    few      too few numbers a step                       nan      a number that is none

usage: fake_openpi_server.py PORT [API_KEY]
"""
import asyncio
import json
import math
import struct
import sys

import msgpack
from websockets.asyncio.server import serve

HORIZON = 5


def array(flat, shape):
    return {b'__ndarray__': True, b'dtype': '<f4', b'shape': shape,
            b'data': struct.pack(f'<{len(flat)}f', *flat)}


def values(packed):
    """Numbers of an array as it lies on the wire."""
    form = {'|u1': 'B', '<f4': 'f', '<f8': 'd'}[packed[b'dtype']]
    count = math.prod(packed[b'shape'])
    return struct.unpack(f'<{count}{form}', packed[b'data'])


def seen(request):
    """Keys, types and shapes of the request, as the reply reports them."""
    described = {}
    for key, value in request.items():
        if isinstance(value, dict) and b'__ndarray__' in value:
            described[key] = [value[b'dtype'], list(value[b'shape'])]
        elif isinstance(value, dict):
            described[key] = seen(value)
        else:
            described[key] = value
    return described


def arrays(request):
    for value in request.values():
        if isinstance(value, dict) and b'__ndarray__' in value:
            yield value
        elif isinstance(value, dict):
            yield from arrays(value)


async def converse(connection):
    await connection.send(msgpack.packb({'robot': 'fake'}))
    async for frame in connection:
        request = msgpack.unpackb(frame)
        words = request['prompt'].split()
        if 'fail' in words:
            await connection.send("Traceback (most recent call last):\n  …\nKeyError: 'image'")
            await connection.close(1011, 'Internal server error.')
            return
        if 'garbage' in words:
            await connection.send(b'\xc1\xc1')
            continue
        if 'drop' in words:
            connection.transport.abort()
            return
        if 'hang' in words:
            await asyncio.sleep(3600)
        pixels = [values(item) for item in arrays(request) if item[b'dtype'] == '|u1']
        state = [number for item in arrays(request) if item[b'dtype'] != '|u1'
                 for number in values(item)]
        width = 3 if 'few' in words else 8
        rows = [[sum(pixels[0]) / len(pixels[0]), sum(state), step] + [0.0] * (width - 3)
                for step in range(HORIZON)]
        if 'nan' in words:
            rows[1][0] = math.nan
        await connection.send(msgpack.packb({
            'actions': array([number for row in rows for number in row], [HORIZON, width]),
            'policy_timing': {'infer_ms': 1.0},
            'server_timing': {'infer_ms': 1.5}, 'seen': json.dumps(seen(request))}))


async def main(port, api_key):
    def check(connection, request):
        if api_key and request.headers.get('Authorization') != f'Api-Key {api_key}':
            return connection.respond(401, 'no\n')
        return None
    async with serve(converse, '127.0.0.1', port, compression=None, max_size=None,
                     process_request=check) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == '__main__':
    asyncio.run(main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ''))
