"""
What the tabletop tasks are called in words.

``TRAINING`` is what demonstrations say. ``FURTHER`` is what else training may say of the same
scenes: other verbs, and the goal named first. ``HELD_OUT`` says the same in words of neither;
nothing may be trained on it. {object} and {goal} become 'the red cube', 'the blue tray'.
"""
import re
from functools import cache

import numpy as np

__all__ = ['FURTHER', 'HELD_OUT', 'TRAINING', 'rephrase']

TRAINING: dict[str, tuple[str, ...]] = {
    'pick': (
        'pick up {object}', 'pick {object}', 'lift {object}', 'lift up {object}',
        'grab {object}', 'grasp {object}', 'take {object}', 'raise {object}',
        'get {object}', 'grab {object} and lift it', 'pick up {object} from the table',
        'lift {object} off the table', 'take {object} from the table',
        'grasp {object} and raise it', 'please pick up {object}', 'please lift {object}',
        'could you pick up {object}', 'pick {object} up', 'lift {object} up and hold it',
        'take hold of {object} and lift it', 'hold up {object}', 'robot, pick up {object}',
        'now grab {object}', 'get {object} off the table',
    ),
    'place_in': (
        'put {object} in {goal}', 'put {object} into {goal}', 'place {object} in {goal}',
        'place {object} into {goal}', 'drop {object} in {goal}', 'drop {object} into {goal}',
        'move {object} into {goal}', 'set {object} in {goal}', 'lay {object} in {goal}',
        'pick up {object} and put it in {goal}', 'pick {object} and place it in {goal}',
        'take {object} and put it into {goal}', 'grab {object} and drop it into {goal}',
        'lift {object} and place it into {goal}', 'please put {object} in {goal}',
        'please place {object} into {goal}', 'could you put {object} in {goal}',
        'put {object} inside {goal}', 'place {object} inside {goal}', 'bring {object} to {goal}',
        'carry {object} to {goal} and drop it in', 'robot, put {object} in {goal}',
        'now place {object} in {goal}', 'transfer {object} into {goal}',
    ),
    'push_to': (
        'push {object} to {goal}', 'push {object} onto {goal}', 'slide {object} to {goal}',
        'slide {object} onto {goal}', 'shove {object} to {goal}', 'shove {object} onto {goal}',
        'move {object} to {goal} by pushing it', 'push {object} over to {goal}',
        'slide {object} over to {goal}', 'slide {object} across the table to {goal}',
        'push {object} across the table to {goal}', 'push {object} until it is on {goal}',
        'slide {object} until it is on {goal}', 'please push {object} to {goal}',
        'please slide {object} onto {goal}', 'could you push {object} to {goal}',
        'push {object} so that it ends on {goal}', 'without lifting, push {object} to {goal}',
        'robot, push {object} to {goal}', 'now slide {object} to {goal}',
        'drive {object} onto {goal}', 'scoot {object} over to {goal}',
        'push {object} toward {goal} and stop there', 'slide {object} along to {goal}',
    ),
    'stack': (
        'stack {object} on {goal}', 'stack {object} on top of {goal}', 'put {object} on {goal}',
        'put {object} on top of {goal}', 'place {object} on {goal}',
        'place {object} on top of {goal}', 'set {object} on {goal}',
        'set {object} on top of {goal}',
        'pick up {object} and put it on {goal}', 'pick {object} and stack it on {goal}',
        'take {object} and place it on top of {goal}', 'lift {object} onto {goal}',
        'grab {object} and set it on {goal}', 'please stack {object} on {goal}',
        'please put {object} on top of {goal}', 'could you stack {object} on {goal}',
        'build a tower with {object} on {goal}', 'make a stack with {object} on top of {goal}',
        'lay {object} on top of {goal}', 'robot, stack {object} on {goal}',
        'now put {object} on {goal}', 'pile {object} on {goal}',
        'move {object} on top of {goal}', 'rest {object} on {goal}',
    ),
}

FURTHER: dict[str, tuple[str, ...]] = {
    'pick': (
        'collect {object}', 'go and get {object}', 'hoist {object}', 'snatch {object}',
        'hand me {object}', 'clutch {object} and go up', 'I need {object} lifted',
        'have the arm hold {object}', '{object} has to come off the table',
        'reach for {object} and pick it up', 'the thing to pick up is {object}',
        'let me see {object} in the air',
        'bring {object} up from the table', 'close the fingers on {object} and lift',
        'can you catch {object} and heave it', 'you should now hold {object}',
    ),
    'place_in': (
        'into {goal} goes {object}', 'in {goal}, place {object}', 'fill {goal} with {object}',
        'use {goal} to hold {object}', '{goal} should receive {object}',
        'pack {object} into {goal}', '{object} goes into {goal}', '{object} has to be in {goal}',
        'tidy {object} away into {goal}', 'store {object} in {goal}', 'leave {object} in {goal}',
        'load {goal} with {object}', 'find {goal} and put {object} in it',
        'I want {object} in {goal}', 'have {goal} filled with {object}',
        'release {object} once it is over {goal}', 'toss {object} into {goal}',
    ),
    'push_to': (
        'onto {goal}, push {object}', 'the way to {goal} is along the table: push {object} there',
        'guide {object} over to {goal}', 'press against {object} until it arrives at {goal}',
        'herd {object} toward {goal}', '{goal} is the place for {object}, push it',
        '{object} must slide to {goal}', '{object} has to be pushed onto {goal}',
        'keep {object} on the table and bring it to {goal}', 'propel {object} to {goal}',
        'drag {object} along the table to {goal}', 'do not grasp {object}, push it to {goal}',
        'slip {object} onto {goal}', 'I want {object} pushed onto {goal}',
        'with closed fingers, work {object} over to {goal}', 'take {object} to {goal} by sliding',
    ),
    'stack': (
        'on {goal}, put {object}', 'onto {goal} goes {object}', 'on top of {goal} place {object}',
        'let {goal} carry {object}', 'with {goal} at the bottom, add {object}',
        '{goal} should bear {object}', 'cover {goal} with {object}', 'have {object} lie on {goal}',
        '{object} goes on {goal}', '{object} has to be on {goal}', 'put down {object} upon {goal}',
        'find {goal} and set {object} on it', 'start from {goal} and stack {object}',
        'make {goal} the lower one and {object} the upper one', 'leave {object} on {goal}',
        'I want {object} on {goal}', 'raise {object} and lower it onto {goal}',
    ),
}

HELD_OUT: dict[str, tuple[str, ...]] = {
    'pick': (
        'get hold of {object} and bring it up', 'I want you to have {object} in your gripper',
        'elevate {object}', 'would you fetch {object} for me', 'remove {object} from the surface',
        'seize {object} and carry it upward',
    ),
    'place_in': (
        'deposit {object} in {goal}', '{goal} is where {object} belongs, put it there',
        'I would like {object} to end up inside {goal}', 'stow {object} within {goal}',
        'let {goal} contain {object}', 'relocate {object} so that it lies in {goal}',
    ),
    'push_to': (
        'nudge {object} along until it reaches {goal}', 'make {object} glide onto {goal}',
        'get {object} onto {goal} without picking it up', 'shift {object} over the table to {goal}',
        '{object} should be shoved all the way to {goal}',
        'use the gripper to sweep {object} to {goal}',
    ),
    'stack': (
        'balance {object} on {goal}', '{object} should sit on top of {goal}',
        'use {goal} as a base for {object}', 'I want {object} standing on {goal}',
        'position {object} above {goal} and let it rest there', 'top {goal} with {object}',
    ),
}


def rephrase(instruction: str, random: np.random.Generator) -> str:
    """The same request in other words of training; ValueError for what no training scene says."""
    for family, pattern in _patterns():
        said = pattern.fullmatch(instruction)
        if said:
            words = TRAINING[family] + FURTHER[family]
            return words[int(random.integers(len(words)))].format(**said.groupdict())
    raise ValueError(f'no training scene says {instruction!r}')


@cache
def _patterns() -> list[tuple[str, re.Pattern]]:
    thing = r'(?P<{}>the \w+ \w+)'
    return [(family, re.compile(template.format(
                object=thing.format('object'), goal=thing.format('goal'))))
            for family, templates in TRAINING.items() for template in templates]
