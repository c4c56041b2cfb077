"""
What touching is called in words: ``TRAINING`` in demonstrations, ``HELD_OUT`` in none of them.

{object} becomes 'the red cube'.
"""

__all__ = ['HELD_OUT', 'TRAINING']

TRAINING: dict[str, tuple[str, ...]] = {
    'touch': (
        'touch {object}', 'touch {object} from above', 'touch the top of {object}',
        'tap {object}', 'tap on {object}', 'tap {object} from above', 'press on {object}',
        'press down on {object}', 'press the top of {object}', 'rest on {object}',
        'rest the fingers on {object}', 'rest the closed gripper on {object}',
        'put the fingers on {object}', 'lay the fingers on {object}',
        'lower the gripper onto {object}', 'come down on {object}',
        'please touch {object}', 'please tap {object}', 'could you touch {object}',
        'robot, touch {object}', 'now touch {object}', 'close the gripper and touch {object}',
        'touch {object} without moving it', 'touch {object} and stay there',
    ),
}

HELD_OUT: dict[str, tuple[str, ...]] = {
    'touch': (
        'make contact with {object}', 'place your fingertips on top of {object}',
        'feel {object} with the gripper', 'I want you to point at {object} until you meet it',
        'would you poke {object} gently', 'bring the hand down until it meets {object}',
    ),
}
