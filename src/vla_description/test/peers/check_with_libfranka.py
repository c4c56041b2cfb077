"""Check the FR3 against the genuine libfranka, served by franka-sim; run by hand.

    run-franka-sim-server &          # in the environment that has franka-sim and pylibfranka,
    python check_with_libfranka.py > libfranka.json
    python check_with_libfranka.py libfranka.json          # in this project's environment

The first form asks libfranka for mass matrix, gravity and Jacobian at 1,000 random configurations;
the second compares them with ours. With FR3_MJCF franka-sim serves our own arm, written by
`python -m vla_simulation.export franka --bare fr3_link8 hand=false cameras=false`.
"""
import json
import sys
from pathlib import Path

import numpy as np

LOWER = [-2.7437, -1.7837, -2.9007, -3.0421, -2.8065, 0.5445, -3.0159]
UPPER = [2.7437, 1.7837, 2.9007, -0.1518, 2.8065, 4.5169, 3.0159]


def ask(address: str = '127.0.0.1', configurations: int = 1000) -> list[dict]:
    """What libfranka computes, without a hand and with gravity straight down."""
    import pylibfranka

    robot = pylibfranka.Robot(address, pylibfranka.RealtimeConfig.kIgnore)
    model = robot.load_model()
    state = robot.read_once()
    state.O_ddP_O = [0.0, 0.0, -9.81]
    answers = []
    for q in np.random.default_rng(20).uniform(LOWER, UPPER, (configurations, 7)):
        state.q = list(q)
        answers.append({
            'q': list(q), 'mass': np.ravel(model.mass(state)).tolist(),
            'gravity': np.ravel(model.gravity(state)).tolist(),
            'jacobian': np.ravel(model.zero_jacobian(state)).tolist()})
    return answers


def compare(answers: list[dict]) -> dict[str, float]:
    """Largest differences between libfranka's answers and Pinocchio's from our description."""
    import pinocchio

    from vla_core.description import robot_description
    from vla_core.profile import RobotProfile

    text = robot_description(RobotProfile.load('franka'), hand='false', cameras='false')
    model = pinocchio.buildModelFromXML(text)
    data = model.createData()
    flange = model.getFrameId('fr3_link8')
    worst = {'mass_relative': 0.0, 'gravity_nm': 0.0, 'jacobian': 0.0}
    for answer in answers:
        q = np.array(answer['q'])
        mass = np.triu(pinocchio.crba(model, data, q))
        theirs = np.triu(np.reshape(answer['mass'], (7, 7)))
        gravity = pinocchio.computeGeneralizedGravity(model, data, q)
        jacobian = pinocchio.computeFrameJacobian(
            model, data, q, flange, pinocchio.LOCAL_WORLD_ALIGNED)
        for name, error in (
                ('mass_relative', np.linalg.norm(mass - theirs) / np.linalg.norm(theirs)),
                ('gravity_nm', np.abs(gravity - answer['gravity']).max()),
                ('jacobian', np.abs(jacobian.T.ravel() - answer['jacobian']).max())):
            worst[name] = max(worst[name], float(error))
    return worst


if __name__ == '__main__':
    if len(sys.argv) == 1:
        json.dump(ask(), sys.stdout)
    else:
        print(json.dumps(compare(json.loads(Path(sys.argv[1]).read_text()))))
