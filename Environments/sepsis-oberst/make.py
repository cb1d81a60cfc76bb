"""Makes `sim-v2.table` and `master.table`: the exact transition tables of the sepsis simulator of Oberst and Sontag
(ICML 2019), from its rules. Needs numpy; takes about a minute.

    python3 make.py

State: diabetic, heart rate, blood pressure, oxygen, glucose, antibiotic, vasopressor, ventilation (most significant
first; treatments in that order). Action: 4·antibiotic + 2·ventilation + vasopressor (treatments in *that* order).
"""

import itertools
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from lab_table import write_table  # noqa: E402

NAMES = ["diabetic", "heart_rate", "blood_pressure", "oxygen", "glucose", "antibiotic", "vasopressor", "ventilation"]
LEVELS = [2, 3, 3, 2, 5, 2, 2, 2]
LOW, NORMAL, HIGH = 0, 1, 2
ALL = list(itertools.product(*map(range, LEVELS)))
INDEX = {state: index for index, state in enumerate(ALL)}
S, A = len(ALL), 8


def abnormal(state):
    _, hr, bp, oxygen, glucose, *_ = state
    return (hr != NORMAL) + (bp != NORMAL) + (oxygen != 1) + (glucose != 2)


def died(state):
    return abnormal(state) >= 3


def discharged(state):
    return abnormal(state) == 0 and not any(state[5:])


def split(outcomes, change):
    """Replaces every (values, probability) by what `change(values)` makes of it: a list of (values, probability)."""
    merged = {}
    for values, probability in outcomes.items():
        for new, share in change(values):
            merged[new] = merged.get(new, 0.0) + probability * share
    return {values: probability for values, probability in merged.items() if probability > 0}


def chance(place, p, to):
    """With probability p, the value at `place` becomes to(value)."""

    def change(values):
        moved = list(values)
        moved[place] = to(values[place])
        return [(tuple(moved), p), (values, 1 - p)] if moved[place] != values[place] else [(values, 1.0)]

    return change


def drift(place, p, up, top):
    """One down and one up with probability p each, within 0 and `top`; `up` gives the value above."""

    def change(values):
        value = values[place]
        low, high = list(values), list(values)
        low[place], high[place] = max(0, value - 1), min(top, up(value))
        return [(tuple(low), p), (tuple(high), p), (values, 1 - 2 * p)]

    return change


def transition(state, action, version):
    """The distribution of the next state, in the order in which the source applies its rules."""
    diabetic, *vitals, was_antibiotic, was_vasopressor, was_ventilation = state
    antibiotic, ventilation, vasopressor = action >> 2 & 1, action >> 1 & 1, action & 1
    HR, BP, OXYGEN, GLUCOSE = range(4)
    outcomes = {tuple(vitals): 1.0}
    free = {HR, BP, OXYGEN, GLUCOSE}
    is_high = lambda to: lambda value: to if value == HIGH else value  # noqa: E731
    is_normal = lambda to: lambda value: to if value == NORMAL else value  # noqa: E731

    if antibiotic or was_antibiotic:
        for vital in (HR, BP):
            rule = chance(vital, 0.5, is_high(NORMAL)) if antibiotic else chance(vital, 0.1, is_normal(HIGH))
            outcomes = split(outcomes, rule)
        free -= {HR, BP}
    if ventilation or was_ventilation:
        outcomes = split(
            outcomes, chance(OXYGEN, 0.7, lambda _: 1) if ventilation else chance(OXYGEN, 0.1, lambda _: 0))
        free -= {OXYGEN}
    if vasopressor:
        if diabetic:
            def pressure(values):
                def at(level):
                    return (*values[:BP], level, *values[BP + 1 :])
                if values[BP] == NORMAL:
                    return [(at(HIGH), 0.9), (values, 0.1)]
                if values[BP] == LOW:
                    return [(at(NORMAL), 0.5), (at(HIGH), 0.4), (values, 0.1)]
                return [(values, 1.0)]
            outcomes = split(outcomes, pressure)
            outcomes = split(outcomes, chance(GLUCOSE, 0.5, lambda value: min(4, value + 1)))
        else:
            outcomes = split(outcomes, chance(BP, 0.7, lambda value: min(HIGH, value + 1)))
        free -= {BP, GLUCOSE}
    elif was_vasopressor:
        outcomes = split(outcomes, chance(BP, 0.05 if diabetic else 0.1, lambda value: max(LOW, value - 1)))
        free -= {BP}

    for vital, top in ((HR, HIGH), (BP, HIGH), (OXYGEN, 1)):
        if vital in free:
            outcomes = split(outcomes, drift(vital, 0.1, lambda value: value + 1, top))
    if GLUCOSE in free:
        # The branch `master` of the source lets the glucose of a non-diabetic rise to min(1, glucose + 1): from 2, 3
        # and 4 it falls to 1.
        faulty = version == "master" and not diabetic
        rise = (lambda value: min(1, value + 1)) if faulty else (lambda value: value + 1)
        outcomes = split(outcomes, drift(GLUCOSE, 0.3 if diabetic else 0.1, rise, 4))

    weights = np.zeros(S)
    for values, probability in outcomes.items():
        weights[INDEX[(diabetic, *values, antibiotic, vasopressor, ventilation)]] += probability
    return weights


def start():
    """Drawn at random, treatments off; redrawn, diabetes included, while the draw would end at once."""
    glucose = {0: [0.05, 0.15, 0.6, 0.15, 0.05], 1: [0.01, 0.05, 0.15, 0.6, 0.19]}
    weights = np.zeros(S)
    for state in ALL:
        diabetic, hr, bp, oxygen, sugar, *treatments = state
        if any(treatments) or died(state) or discharged(state):
            continue
        weights[INDEX[state]] = (
            [0.8, 0.2][diabetic] * [0.25, 0.5, 0.25][hr] * [0.25, 0.5, 0.25][bp] * [0.2, 0.8][oxygen]
            * glucose[diabetic][sugar])
    return weights / weights.sum()


def physician(table):
    """0.95 on the best action for a discount of 0.99 (all of the state known, diabetes too), 0.05/7 on each other."""
    ended = np.array([died(s) or discharged(s) for s in ALL])
    reward = np.array([-1.0 if died(s) else 1.0 if discharged(s) else 0.0 for s in ALL])
    columns = [table[:, a, :] for a in range(A)]
    value = np.zeros(S)
    while True:
        scores = np.stack([column @ (reward + 0.99 * value) for column in columns], axis=1)
        new = np.where(ended, 0.0, scores.max(axis=1))
        if abs(new - value).max() < 1e-14:
            break
        value = new
    # Equal within rounding counts as equal; the lowest action is taken.
    best = (scores > scores.max(axis=1, keepdims=True) - 1e-10).argmax(axis=1)
    policy = np.full((S, A), 0.05 / 7)
    policy[np.arange(S), best] = 0.95
    policy[ended] = 0
    return policy


def main():
    for version in ("sim-v2", "master"):
        table = np.array([[transition(state, action, version) for action in range(A)] for state in ALL])
        print(version, np.count_nonzero(table), "transitions above 0; row sums within", abs(table.sum(axis=2) - 1).max())
        variables = {name: [float(state[index]) for state in ALL] for index, name in enumerate(NAMES)}
        write_table(
            os.path.join(HERE, f"{version}.table"), start(), lambda s, a: table[s, a],
            {"physician": physician(table)}, variables, S, A)


if __name__ == "__main__":
    main()
