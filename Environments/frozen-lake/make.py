"""Makes `frozen-lake.table`: the 4 x 4 map of Gymnasium's FrozenLake-v1, slippery. Needs numpy.

    python3 make.py

State: 4 row + column. Actions: left, down, right, up. A step goes where it was meant to, or to either side at a right
angle, each with probability 1/3; off the map it stays.
"""

import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from lab_table import write_table  # noqa: E402

MAP = "SFFFFHFHFFFHHFFG"
MOVES = [(0, -1), (1, 0), (0, 1), (-1, 0)]


def outcome(state, action):
    weights = np.zeros(16)
    if MAP[state] in "HG":
        weights[state] = 1
        return weights
    for turn in (-1, 0, 1):
        down, right = MOVES[(action + turn) % 4]
        row = min(3, max(0, state // 4 + down))
        column = min(3, max(0, state % 4 + right))
        weights[4 * row + column] += 1 / 3
    return weights / weights.sum()


start = np.zeros(16)
start[MAP.index("S")] = 1
ALL = np.arange(16)
write_table(
    os.path.join(HERE, "frozen-lake.table"), start, outcome, {},
    {"row": ALL // 4, "column": ALL % 4, "hole": [letter == "H" for letter in MAP], "goal": [letter == "G" for letter in MAP]},
    16, 4)
