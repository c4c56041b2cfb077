"""
A session of openpi's own client against a policy server; the last line printed is one JSON object.

Run by the interpreter of the client's environment.
usage: openpi_session.py PORT
"""
import json
import sys

import numpy as np
from openpi_client.action_chunk_broker import ActionChunkBroker
from openpi_client.websocket_client_policy import WebsocketClientPolicy

HEIGHT, WIDTH = 24, 32


def image(brightness, channels_first=False):
    shape = (3, HEIGHT, WIDTH) if channels_first else (HEIGHT, WIDTH, 3)
    return np.full(shape, brightness, np.uint8)


REQUESTS = {
    'contract': {
        'observation.images.front': image(10), 'observation.images.wrist': image(20),
        'observation.state': np.ones(8), 'prompt': 'pick it'},
    'droid': {
        'observation/exterior_image_1_left': image(10), 'observation/wrist_image_left': image(20),
        'observation/joint_position': np.ones(7, np.float32),
        'observation/gripper_position': np.ones(1, np.float32), 'prompt': 'pick it'},
    'libero': {
        'observation/image': image(10), 'observation/wrist_image': image(20),
        'observation/state': np.ones(8), 'prompt': np.str_('pick it')},
    'aloha': {
        'images': {'cam_high': image(10, True), 'cam_low': image(20, True)},
        'state': np.ones(8), 'prompt': 'pick it'},
}


def main(port):
    policy = WebsocketClientPolicy('127.0.0.1', port)
    report = {'numpy': np.__version__, 'metadata': policy.get_server_metadata()['policy'],
              'rows': {}}
    for name, request in REQUESTS.items():
        reply = policy.infer(request)
        report['rows'][name] = reply['actions'][0].tolist()
    report['reply'] = sorted(reply)
    report['timing'] = sorted(reply['server_timing'])
    report['actions'] = [str(reply['actions'].dtype), list(reply['actions'].shape)]
    broker = ActionChunkBroker(policy, action_horizon=6)
    report['broker'] = [broker.infer(REQUESTS['droid'])['actions'].shape for _ in range(13)]
    try:
        policy.infer({'prompt': 'pick it'})
    except RuntimeError as error:
        report['refusal'] = str(error)
    report['after'] = WebsocketClientPolicy('127.0.0.1', port).infer(
        REQUESTS['droid'])['actions'][0].tolist()
    print(json.dumps(report))


if __name__ == '__main__':
    main(int(sys.argv[1]))
