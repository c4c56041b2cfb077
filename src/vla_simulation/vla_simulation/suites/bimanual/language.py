"""
What the bimanual tasks are called in words.

``TRAINING`` is what demonstrations say. ``HELD_OUT`` says the same in other words; nothing may be
trained on it. {object} and {goal} become 'the red cube', 'the blue socket', {giver} and {receiver}
'left' and 'right'.
"""

__all__ = ['HELD_OUT', 'TRAINING']

TRAINING: dict[str, tuple[str, ...]] = {
    'transfer': (
        'hand {object} to the {receiver} arm', 'give {object} to the {receiver} arm',
        'pass {object} to the {receiver} arm', 'transfer {object} to the {receiver} arm',
        'hand {object} over to the {receiver} arm', 'pass {object} over to the {receiver} arm',
        'transfer {object} from the {giver} arm to the {receiver} arm',
        'pass {object} from the {giver} arm to the {receiver} arm',
        'hand {object} from {giver} to {receiver}', 'pass {object} from {giver} to {receiver}',
        'give {object} from the {giver} gripper to the {receiver} gripper',
        'pick up {object} and hand it to the {receiver} arm',
        'pick up {object} and pass it to the {receiver} gripper',
        'lift {object} and give it to the {receiver} arm',
        'take {object} with the {giver} arm and pass it to the {receiver} arm',
        'grab {object} with the {giver} arm and hand it to the {receiver} one',
        'please hand {object} to the {receiver} arm', 'please pass {object} to the {receiver} arm',
        'could you transfer {object} to the {receiver} arm',
        'let the {giver} arm pass {object} to the {receiver} arm',
        'robot, hand {object} to the {receiver} arm', 'now give {object} to the {receiver} gripper',
        'move {object} over to the {receiver} gripper',
    ),
    'insert': (
        'insert {object} into {goal}', 'insert {object} in {goal}', 'put {object} into {goal}',
        'put {object} in {goal}', 'push {object} into {goal}', 'plug {object} into {goal}',
        'stick {object} into {goal}', 'slide {object} into {goal}', 'fit {object} into {goal}',
        'place {object} in {goal}', 'take {object} and insert it into {goal}',
        'pick up {object} and put it into {goal}', 'pick up {object} and {goal} and join them',
        'pick up {object} and {goal} and insert one into the other',
        'grab {object} and {goal} and plug them together', 'join {object} with {goal}',
        'please insert {object} into {goal}', 'please put {object} into {goal}',
        'could you insert {object} into {goal}', 'lift {object} and {goal} and put them together',
        'robot, insert {object} into {goal}', 'now plug {object} into {goal}',
        'bring {object} and {goal} together',
    ),
}

HELD_OUT: dict[str, tuple[str, ...]] = {
    'transfer': (
        'the {receiver} arm should end up holding {object}',
        'let the {receiver} gripper receive {object}', 'I want {object} in the {receiver} gripper',
        'make the arms exchange {object}, {giver} to {receiver}',
        'relay {object} across to the {receiver} side', '{object} belongs in the {receiver} hand',
    ),
    'insert': (
        '{object} goes into {goal}', 'mate {object} with {goal}', 'assemble {object} and {goal}',
        'I want {object} seated in {goal}', 'thread {object} through the opening of {goal}',
        'let {goal} receive {object}',
    ),
}
