"""
What the policy server costs and how well it batches: ``make bench NAME=policy_server``.

A server process serves a policy that takes 26 ms for one request and 33 ms for eight (as a model
on a GPU does). Overhead is the time of ``client.infer()``, two 224 × 224 images over
loopback included, less the inference. Throughput is counted over ``--seconds`` for one client
that asks without pause, and for eight.
"""
import argparse
import json
import subprocess
import sys
import threading
import time

import numpy as np

from vla_core.observation import Observation
from vla_policies.benchmark import _fixed_cost
from vla_policies.clients import RemotePolicy, connect
from vla_policies.serving.loading import example_observation

CLIENTS = 8
WARM_UP = 20


def overhead_ms(client: RemotePolicy, observation: Observation, requests: int) -> np.ndarray:
    """Round trip less inference of each of ``requests``, [requests]."""
    overheads = []
    for _ in range(WARM_UP + requests):
        begin = time.perf_counter()
        client.infer(observation)
        overheads.append(1000 * (time.perf_counter() - begin) - client.server_ms)
    return np.array(overheads[WARM_UP:])


def throughput_hz(address: str, observation: Observation, clients: int, seconds: float) -> float:
    """Answers a second to ``clients`` that ask without pause."""
    counts = [0] * clients
    ready, stop = threading.Barrier(clients + 1), threading.Event()

    def ask(index: int) -> None:
        with connect(address) as client:
            client.infer(observation)
            ready.wait()
            while not stop.is_set():
                client.infer(observation)
                counts[index] += 1
    threads = [threading.Thread(target=ask, args=(index,)) for index in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    begin = time.perf_counter()
    stop.wait(seconds)
    answered, elapsed = sum(counts), time.perf_counter() - begin
    stop.set()
    for thread in threads:
        thread.join()
    return answered / elapsed


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--requests', type=int, default=400)
    parser.add_argument('--seconds', type=float, default=10.0)
    options = parser.parse_args()
    server = subprocess.Popen(
        [sys.executable, '-m', 'vla_policies.serve', '--port', '0', '--policy',
         f'{_fixed_cost.__name__}:FixedCost'], stdout=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline()
        if not line:
            sys.exit('the server did not start')
        address = line.split()[-1]
        observation = example_observation(_fixed_cost.contract())
        print(f'{options.requests} requests to {address} …', file=sys.stderr)
        with connect(address) as client:
            overheads = overhead_ms(client, observation, options.requests)
        rates = {}
        for clients in (1, CLIENTS):
            print(f'{clients} client(s) for {options.seconds:g} s …', file=sys.stderr)
            rates[clients] = throughput_hz(address, observation, clients, options.seconds)
    finally:
        server.terminate()
        server.wait()
    print(json.dumps({
        'name': 'policy_server',
        'overhead_p50_ms': round(float(np.percentile(overheads, 50)), 3),
        'overhead_p99_ms': round(float(np.percentile(overheads, 99)), 3),
        'inference_ms': round(1000 * (_fixed_cost.BATCH_S + _fixed_cost.REQUEST_S), 3),
        'clients_1_hz': round(rates[1], 1), f'clients_{CLIENTS}_hz': round(rates[CLIENTS], 1),
        f'clients_{CLIENTS}_throughput_ratio': round(rates[CLIENTS] / rates[1], 2)}))


if __name__ == '__main__':
    main()
