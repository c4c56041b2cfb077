"""Counters of the server, in the text form that Prometheus reads."""
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ['Metrics']

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 2.0)
_BATCHES = (1, 2, 3, 4, 6, 8, 12, 16, 32)


class Metrics:
    """What the server counts, in a registry of its own: there may be two servers in a process."""

    def __init__(self, policy: str) -> None:
        self.registry = CollectorRegistry()
        Gauge('vla_policy_info', 'The policy that is served.', ['policy'],
              registry=self.registry).labels(policy=policy).set(1)
        self.clients = Gauge(
            'vla_policy_clients', 'Open connections.', registry=self.registry)
        self.requests = Counter(
            'vla_policy_requests', 'Requests by how they ended: answered, refused, failed, gone.',
            ['outcome'], registry=self.registry)
        for outcome in ('answered', 'refused', 'failed', 'gone'):
            self.requests.labels(outcome=outcome)
        self.inference = Histogram(
            'vla_policy_inference_seconds', 'Time of the batch a request was in.', buckets=_SECONDS,
            registry=self.registry)
        self.waiting = Histogram(
            'vla_policy_waiting_seconds', 'Time from the arrival of a request to its batch.',
            buckets=_SECONDS, registry=self.registry)
        self.batch = Histogram(
            'vla_policy_batch_size', 'Requests that were inferred together.', buckets=_BATCHES,
            registry=self.registry)

    def text(self) -> bytes:
        """The exposition, version 0.0.4 of its format."""
        return generate_latest(self.registry)
