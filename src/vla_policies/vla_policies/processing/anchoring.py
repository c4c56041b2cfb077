"""
Actions relative to the state they are predicted from.

Positions and joints of a chunk are predicted as differences to the observed ones, rotations and
grippers as they are: what an action shares with the state is found by its label.
"""
import numpy as np

from vla_core.policy_contract import PolicyContract

__all__ = ['Anchor']


class Anchor:
    """
    Which numbers of an action [D] are differences to which numbers of a state [n].

    Of poses the positions, of joints all; nothing where the state does not hold them.
    """

    def __init__(self, contract: PolicyContract) -> None:
        space = contract.action.space
        labels = list(contract.state.labels) if contract.state else []
        columns = []
        if space.kind == 'pose':
            columns = [i for part in space.slices
                       for i in range(part.translation.start, part.translation.stop)]
        elif space.kind == 'joint_position':
            columns = [i for part in space.slices for i in range(part.arm.start, part.arm.stop)]
        pairs = [(i, labels.index(space.labels[i])) for i in columns if space.labels[i] in labels]
        self.actions = np.array([i for i, _ in pairs], np.int64)
        self.states = np.array([j for _, j in pairs], np.int64)

    def relative(self, actions: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Actions [..., H, D] less the state [..., n]."""
        result = np.array(actions, np.float32)
        result[..., self.actions] -= np.asarray(state, np.float32)[..., None, self.states]
        return result

    def absolute(self, actions: np.ndarray, state: np.ndarray) -> np.ndarray:
        """The inverse of `relative`."""
        result = np.array(actions, np.float32)
        result[..., self.actions] += np.asarray(state, np.float32)[..., None, self.states]
        return result
