"""
A GR00T policy server over ZeroMQ, from the facts of the protocol alone.

It takes both array encodings and answers in the one named on its command line. The actions are
'arm' of 7 numbers, [mean of the first video, sum of the state, resets, 0 …], and 'gripper' of one.
The text 'fail' gets {"error": …}, 'hang' no answer for two seconds, 'objects' an array of objects.

usage: fake_groot_server.py PORT n1.5|n1.6 npy|msgpack_numpy [API_TOKEN]
"""
import io
import sys
import time

import msgpack
import numpy as np
import zmq

HORIZON = 4


def encode(value):
    if form == 'npy':
        stream = io.BytesIO()
        np.save(stream, value)
        return {'__ndarray_class__': True, 'as_npy': stream.getvalue()}
    return {b'nd': True, b'type': value.dtype.str, b'kind': b'', b'shape': value.shape,
            b'data': value.tobytes()}


def decode(value):
    if '__ndarray_class__' in value:
        return np.load(io.BytesIO(value['as_npy']), allow_pickle=False)
    if value.get(b'nd'):
        return np.ndarray(value[b'shape'], value[b'type'], value[b'data'])
    return value


def get_action(data):
    if version == 'n1.5':
        video = {key[6:]: item for key, item in data.items() if key.startswith('video.')}
        state = {key[6:]: item for key, item in data.items() if key.startswith('state.')}
        [text] = data['annotation.human.task_description']
        assert all(item.ndim == 4 for item in video.values())
        assert all(item.ndim == 2 and item.dtype == np.float64 for item in state.values())
    else:
        observation = data['observation']
        video, state = observation['video'], observation['state']
        [[text]] = observation['language']['task']
        assert all(item.ndim == 5 for item in video.values())
        assert all(item.ndim == 3 and item.dtype == np.float32 for item in state.values())
    if 'fail' in text:
        raise ValueError('the embodiment is unknown')
    if 'hang' in text:
        time.sleep(2.0)
    arm = np.zeros((HORIZON, 7), np.float32)
    arm[:, 0] = next(iter(video.values())).mean()
    arm[:, 1] = sum(item.sum() for item in state.values())
    arm[:, 2] = resets
    gripper = np.full(HORIZON if version == 'n1.5' else (HORIZON, 1), 0.25, np.float32)
    if 'objects' in text:
        return {'action.arm': {b'nd': True, b'type': '|O', b'kind': b'O', b'shape': [1],
                               b'data': b'cos\nsystem\n(S"true"\ntR.'}}
    if version == 'n1.5':
        return {'action.arm': arm, 'action.gripper': gripper}
    return [{'arm': arm[None], 'gripper': gripper[None]}, {}]


if __name__ == '__main__':
    port, version, form = sys.argv[1:4]
    token = sys.argv[4] if len(sys.argv) > 4 else None
    socket = zmq.Context().socket(zmq.REP)
    socket.bind(f'tcp://127.0.0.1:{"*" if port == "0" else port}')
    print(socket.getsockopt_string(zmq.LAST_ENDPOINT).rsplit(':', 1)[1], flush=True)
    resets = 0
    while True:
        request = msgpack.unpackb(socket.recv(), object_hook=decode)
        try:
            if token and request.get('api_token') != token:
                raise PermissionError('Unauthorized: Invalid API token')
            endpoint = request['endpoint']
            if endpoint == 'ping':
                reply = {'status': 'ok', 'message': 'Server is running'}
            elif endpoint == 'reset' and version != 'n1.5':
                resets += 1
                reply = {}
            elif endpoint == 'get_action':
                reply = get_action(request['data'])
            else:
                raise ValueError(f'Unknown endpoint: {endpoint}')
        except Exception as error:
            reply = {'error': str(error)}
        socket.send(msgpack.packb(reply, default=encode))
