"""
Demonstrations by the experts: ``python -m vla_simulation.demonstrations --suite … --out DIR``.

Written as a LeRobotDataset v3: images of the contract, state, action, instruction, where target and
goal truly are (for auxiliary losses; a policy never sees them), and with each episode its task,
seed and outcome. The action of a frame is the reference to be reached one period later. With
``--states N`` an episode is N single states on the way through a scene, each with the chunk that
the expert would execute from there (`approaches`). With ``--learner`` that policy drives, and the
expert's chunk is kept of every state it is asked about, also where it fails (`corrections`). Each
worker writes a part; a run that was interrupted goes on where it stopped, and the same arguments
always give the same episodes. Episodes in which an expert that drove failed are left out.
"""
import argparse
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vla_core.observation import Observation
from vla_core.policy_contract import PolicyContract
from vla_datasets import DatasetWriter, merge
from vla_datasets.metadata import load as load_metadata
from vla_simulation import suites
from vla_simulation.approaches import Approaches
from vla_simulation.cameras import CameraGeometry
from vla_simulation.corrections import Corrections
from vla_simulation.episode import Episode, Inference, Policy
from vla_simulation.expert_policy import ExpertPolicy
from vla_simulation.observer import Observer
from vla_simulation.policy_loading import load_policy
from vla_simulation.scene import Scene, SceneError
from vla_simulation.workers import progress_bar, spread
from vla_simulation.world import World

__all__ = ['Demonstrations', 'main', 'record']

PLAN = 'demonstrations.json'
SETTLE_S = 0.4


@dataclass(frozen=True)
class Demonstrations:
    """What is demonstrated; episode i is of family i mod n and seed ``seed`` + i div n.

    ``contract`` names what is recorded; empty, the suite's own. ``states`` of a scene instead of an
    episode, where it is not 0. ``learner`` names a policy that drives, by its own contract, all but
    ``expert_share`` of the time.
    """

    suite: str
    robot: str
    families: tuple[str, ...]
    episodes: int
    seed: int
    noise_m: float = 0.0
    noise_rad: float = 0.0
    contract: str = ''
    states: int = 0
    learner: str = ''
    expert_share: float = 0.0

    def __post_init__(self) -> None:
        suite = suites.load(self.suite)
        for family in self.families:
            suite.family(family)
        if self.episodes < 1:
            raise SceneError(f'episodes: must be at least 1 (got {self.episodes})')
        if not 0.0 <= self.expert_share < 1.0:
            raise SceneError(
                f'expert_share: must be at least 0 and below 1 (got {self.expert_share})')
        if self.learner and self.states:
            raise SceneError('learner: drives through episodes; leave out states')

    @property
    def single_states(self) -> bool:
        """Frames stand for themselves, each with a chunk."""
        return bool(self.states or self.learner)

    def drawn(self, index: int) -> tuple[str, int]:
        """Family and seed of an episode."""
        turn, family = divmod(index, len(self.families))
        return self.families[family], self.seed + turn


def record(
    demonstrations: Demonstrations, out: Path, workers: int = 1,
    on_episode: Callable[[bool], None] | None = None,
) -> int:
    """
    Write the data set ``out`` and return how many episodes it has.

    Interrupted, the parts lie in ``<out>.parts`` and the same call goes on; another plan is
    refused.
    """
    if out.exists() and any(out.iterdir()) and not (out / '.staging').exists():
        raise SceneError(f'{out}: not empty; choose another folder')
    parts = out.with_name(out.name + '.parts')
    _check_plan(parts, {**asdict(demonstrations), 'families': list(demonstrations.families),
                        'workers': workers})
    places = [str(parts / f'part-{worker:03d}') for worker in range(workers)]
    jobs = [(place, worker, workers) for worker, place in enumerate(places)]
    if workers == 1:
        _write_part(demonstrations, *jobs[0], on_episode)
    else:
        # One job a process; what each has saved is read from its folder by the caller's bar.
        for _, count in spread(_start_part, (demonstrations,), jobs, workers):
            for _ in range(count if on_episode else 0):
                on_episode(True)
    merged = merge([place for place in places if (Path(place) / 'meta').exists()], out)
    shutil.rmtree(parts)
    return len(merged.episodes)


def _check_plan(parts: Path, plan: dict[str, Any]) -> None:
    path = parts / PLAN
    if path.exists() and json.loads(path.read_text()) != plan:
        raise SceneError(f'{parts}: other demonstrations were begun here; '
                         'repeat their command or remove the folder')
    parts.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plan))


def _start_part(demonstrations: Demonstrations) -> Callable[[tuple[str, int, int]], int]:
    return lambda job: _write_part(demonstrations, *job)


def _write_part(
    demonstrations: Demonstrations, place: str, worker: int, workers: int,
    on_episode: Callable[[bool], None] | None = None,
) -> int:
    """Write the episodes worker, worker + workers, … and return how many were saved."""
    world = World(demonstrations.suite, demonstrations.robot or None)
    contract, learner = _contract_and_learner(demonstrations, world)
    with DatasetWriter.create_or_resume(
            Path(place), fps=round(contract.rate_hz),
            features=_features(contract, demonstrations.single_states),
            **({} if (Path(place) / 'meta').exists() else {'robot_type': world.profile.name}),
    ) as writer:
        writer.flush()
        saved = load_metadata(Path(place)).episodes
        begin = int(saved[-1].fields['draw']) + workers if saved else worker
        recorder = _Recorder(writer, world, contract)
        if learner is not None:
            source = _Corrected(world, contract, recorder, demonstrations, learner)
        elif demonstrations.states:
            source = _Ways(world, contract, recorder, demonstrations.states)
        else:
            source = _Episodes(world, contract, recorder, demonstrations)
        for _ in range(len(saved) if on_episode else 0):
            on_episode(True)
        for index in range(begin, demonstrations.episodes, workers):
            family, seed = demonstrations.drawn(index)
            outcome = source.record(world.draw(family, seed))
            if outcome is not None:
                success, task_time_s = outcome
                writer.save_episode(
                    draw=index, suite=demonstrations.suite, family=family, seed=seed,
                    outcome='success' if success else 'failure', task_time_s=task_time_s)
            else:
                writer.discard_episode()
            if on_episode:
                on_episode(outcome is not None and outcome[0])
        count = writer.episodes
    source.close()
    return count


def _contract_and_learner(
    demonstrations: Demonstrations, world: World,
) -> tuple[PolicyContract, Policy | None]:
    """What is recorded, and the policy that drives if an expert does not."""
    contract = (PolicyContract.load(demonstrations.contract) if demonstrations.contract
                else world.suite.contract(world.profile))
    if not demonstrations.learner:
        return contract, None
    learner, own = load_policy(demonstrations.learner, world, contract)
    if demonstrations.contract and own != contract:
        raise SceneError('learner: brings its own contract; leave out contract')
    return own, learner


#: Whether an episode succeeded and its simulated seconds; None where it is not to be kept.
_Outcome = tuple[bool, float] | None


class _Episodes:
    """Whole episodes by the expert."""

    def __init__(self, world: World, contract: PolicyContract, recorder: '_Recorder',
                 plan: Demonstrations) -> None:
        self._observer = Observer(world, contract)
        self._episode = Episode(
            world, self._observer, ExpertPolicy(world, contract),
            Inference(strategy='replace', replan_steps=1, noise_m=plan.noise_m,
                      noise_rad=plan.noise_rad),
            on_step=recorder.add, settle_s=SETTLE_S)

    def record(self, scene: Scene) -> _Outcome:
        """None where the expert failed."""
        result = self._episode.run(scene)
        return (True, result.task_time_s) if result.success else None

    def close(self) -> None:
        self._observer.close()


class _Ways:
    """States on the way, with the expert's chunks."""

    def __init__(self, world: World, contract: PolicyContract, recorder: '_Recorder',
                 count: int) -> None:
        self._approaches = Approaches(world, contract)
        self._recorder, self._count = recorder, count

    def record(self, scene: Scene) -> _Outcome:
        """No time passes."""
        for observation, chunk in self._approaches.of(scene, self._count):
            self._recorder.add(observation, chunk[0], chunk)
        return True, 0.0

    def close(self) -> None:
        self._approaches.close()


class _Corrected:
    """States that a learner came to, with the expert's chunks."""

    def __init__(self, world: World, contract: PolicyContract, recorder: '_Recorder',
                 plan: Demonstrations, learner: Policy) -> None:
        self._corrections = Corrections(
            world, contract, learner, plan.expert_share,
            lambda observation, chunk: recorder.add(observation, chunk[0], chunk),
            plan.noise_m, plan.noise_rad)

    def record(self, scene: Scene) -> _Outcome:
        """Failures too: they are what the learner has to be told about."""
        result = self._corrections.run(scene)
        return result.success, result.task_time_s

    def close(self) -> None:
        self._corrections.close()


class _Recorder:
    """Frames of one episode into a writer."""

    def __init__(self, writer: DatasetWriter, world: World, contract: PolicyContract) -> None:
        self._writer, self._world, self._contract = writer, world, contract

    def add(
        self, observation: Observation, action: np.ndarray, chunk: np.ndarray | None = None,
    ) -> None:
        told = {} if chunk is None else {'expert.chunk': np.asarray(chunk, np.float32)}
        self._writer.add_frame({
            **told,
            **observation.images,
            self._contract.state.key: observation.state,
            self._contract.action.key: np.asarray(action, np.float32),
            'time': np.array([observation.stamp_ns / 1e9], np.float32),
            'truth.target': self._place(self._world.scene.target),
            'truth.goal': self._place(self._world.scene.goal),
            'truth.pixels': self._pixels(),
        }, observation.instruction)

    def _pixels(self) -> np.ndarray:
        """Target and goal [V, 2, 2] in each image, column and row in [−1, 1]; 2 if not seen."""
        world, result = self._world, np.full((len(self._contract.images), 2, 2), 2.0, np.float32)
        for view, entry in zip(result, self._contract.images):
            camera = world.profile.camera(entry.topic.strip('~/').split('/')[0])
            crop = entry.processing.crop
            if crop is None:
                continue
            geometry = CameraGeometry.of(
                world.model, world.data, camera.name, camera.width, camera.height)
            corner, size = np.array([crop.left, crop.top]), np.array([crop.width, crop.height])
            for pixel, body in zip(view, (world.scene.target, world.scene.goal)):
                if not body:
                    continue
                column, row, depth = geometry.project(world.position(body))
                place = 2.0 * (np.array([column, row]) + 0.5 - corner) / size - 1.0
                if depth > 0 and np.all(np.abs(place) <= 1.0):
                    pixel[:] = place
        return result

    def _place(self, body: str) -> np.ndarray:
        """Position [3] in the world, m; the origin, inside the arm, where there is no such body."""
        place = self._world.position(body) if body else np.zeros(3)
        return place.astype(np.float32)


def _features(contract: PolicyContract, chunks: bool = False) -> dict[str, dict[str, Any]]:
    """Features of the data set, as LeRobot declares them."""
    space = contract.action.space
    return {
        **{image.key: {'dtype': 'video', 'names': ['height', 'width', 'channels'],
                       'shape': (image.processing.height, image.processing.width, 3)}
           for image in contract.images},
        contract.state.key: {'dtype': 'float32', 'shape': (contract.state.dimension,),
                             'names': list(contract.state.labels)},
        contract.action.key: {'dtype': 'float32', 'shape': (space.dimension,),
                              'names': list(space.labels)},
        'time': {'dtype': 'float32', 'shape': (1,), 'names': ['simulated_s']},
        'truth.target': {'dtype': 'float32', 'shape': (3,), 'names': ['x', 'y', 'z']},
        'truth.goal': {'dtype': 'float32', 'shape': (3,), 'names': ['x', 'y', 'z']},
        'truth.pixels': {'dtype': 'float32', 'names': None,
                         'shape': (len(contract.images), 2, 2)},
        **({'expert.chunk': {'dtype': 'float32', 'names': None,
                             'shape': (contract.action.horizon, space.dimension)}}
           if chunks else {}),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 2 for anything a person got wrong."""
    parser = argparse.ArgumentParser(
        prog='python -m vla_simulation.demonstrations', description=__doc__.splitlines()[1])
    parser.add_argument('--suite', default='tabletop')
    parser.add_argument('--robot', default='', help="robot profile (default: the suite's first)")
    parser.add_argument('--families', nargs='+', default=[], help='tasks (default: all)')
    parser.add_argument('--episodes', type=int, required=True, help='of all tasks together')
    parser.add_argument('--seed', type=int, default=1_000_000,
                        help='the first seed; evaluations count from 0')
    parser.add_argument('--workers', type=int, default=1)
    parser.add_argument('--noise-mm', type=float, default=0.0,
                        help='disturb what is executed, not what is recorded (tip, mm)')
    parser.add_argument('--noise-rad', type=float, default=0.0, help='the same for joint actions')
    parser.add_argument('--states', type=int, default=0, metavar='N',
                        help='record N states on the way through each scene, no episodes')
    parser.add_argument('--learner', default='', metavar='POLICY',
                        help='a policy that drives while the expert says what it should have done')
    parser.add_argument('--expert-share', type=float, default=0.0,
                        help="of the learner's chunks that the expert's are executed instead of")
    parser.add_argument('--contract', default='',
                        help="policy contract by name or path (default: the suite's own)")
    parser.add_argument('--out', type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        families = tuple(options.families) or tuple(suites.load(options.suite).families)
        demonstrations = Demonstrations(
            options.suite, options.robot, families, options.episodes, options.seed,
            options.noise_mm / 1000, options.noise_rad, options.contract,
            options.states, options.learner, options.expert_share)
        with progress_bar() as bar:
            task = bar.add_task('demonstrations', total=options.episodes, note='')
            failed = 0

            def note(success: bool) -> None:
                nonlocal failed
                failed += not success
                bar.update(task, advance=1, note=f'{failed} failed')

            count = record(demonstrations, options.out, options.workers, note)
    except (ValueError, RuntimeError) as error:
        print(f'demonstrations: {error}', file=sys.stderr)
        return 2
    print(f'{options.out}: {count} episodes')
    return 0


if __name__ == '__main__':
    sys.exit(main())
