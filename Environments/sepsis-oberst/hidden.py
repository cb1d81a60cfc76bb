"""What can be reached within 20 decisions, undiscounted, by a policy that does not see diabetes but remembers the whole
course: bounds from below and above. Needs numpy; `python3 hidden.py [sim-v2|master] [POINTS]`.

Diabetes never changes, so all that a course tells of it is one number, the probability b of being diabetic, and the best
return V_t(o, b) with t decisions left is convex and piecewise linear in b (Smallwood and Sondik, Operations Research 21
(1973) 1071-1088). It is computed at POINTS + 1 values of b. Between them lines through the values lie above V (upper
bound; Lovejoy, Operations Research 39 (1991) 162-175), and the returns of plans found at the points, which are lines in
b, lie below (lower bound: a policy that reaches it exists).
"""

import pathlib
import struct
import sys

import numpy as np

ACTIONS, DECISIONS = 8, 20


def read_table(path):
    """Start distribution, next states by (state, action), rewards by state."""
    data = path.read_bytes()
    _, states, actions, rows, entries, variables, policies, _ = struct.unpack("<8I", data[8:40])
    place = 40
    names = []
    for _ in range(variables + policies):
        names.append(data[place + 1 : place + 1 + data[place]].decode())
        place += 1 + data[place]

    def take(kind, count):
        nonlocal place
        found = np.frombuffer(data, kind, count, place)
        place += found.nbytes
        return found

    ends = take("<u4", rows)
    targets, probabilities = take("<u2", entries), take("<f8", entries)
    outcomes = take("<u4", states * actions).reshape(states, actions)
    take("<u4", policies * states)
    level = dict(zip(names, take("<f8", variables * states).reshape(variables, states)))
    begins = np.concatenate([[0], ends[:-1]])
    abnormal = (level["heart_rate"] != 1) * 1 + (level["blood_pressure"] != 1) + (level["oxygen"] != 1) + (
        level["glucose"] != 2)
    treated = level["antibiotic"] + level["vasopressor"] + level["ventilation"] > 0
    reward = np.where(abnormal >= 3, -1.0, np.where((abnormal == 0) & ~treated, 1.0, 0.0))

    def row(number):
        return targets[begins[number] : ends[number]], probabilities[begins[number] : ends[number]]

    start = np.zeros(states)
    start[row(0)[0]] = row(0)[1]
    return start, lambda s, a: row(outcomes[s, a]), reward


def main():
    version = sys.argv[1] if len(sys.argv) > 1 else "sim-v2"
    points = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    start, outcome, reward = read_table(pathlib.Path(__file__).parent / f"{version}.table")
    half = len(reward) // 2  # without diabetes first, then the same states with it
    lasting = np.flatnonzero(reward[:half] == 0)
    number = {state: index for index, state in enumerate(lasting)}
    count = len(lasting)

    gains = np.zeros((2, count, ACTIONS))
    pairs = []
    for o, state in enumerate(lasting):
        for a in range(ACTIONS):
            next_states = {}
            for d in range(2):
                for target, p in zip(*outcome(state + d * half, a)):
                    if reward[target] != 0:
                        gains[d, o, a] += p * reward[target]
                    else:
                        next_states.setdefault(number[target - d * half], [0.0, 0.0])[d] += p
            pairs += [(o * ACTIONS + a, to, p[0], p[1]) for to, p in next_states.items()]
    cell, to = (np.array([pair[i] for pair in pairs]) for i in range(2))
    p0, p1 = (np.array([pair[i] for pair in pairs]) for i in (2, 3))
    assert len(np.unique(cell)) == count * ACTIONS
    edges = np.searchsorted(cell, np.arange(count * ACTIONS))

    def gathered(values):
        """Sums over what follows each state and action."""
        return np.add.reduceat(values, edges).reshape(count, ACTIONS)

    upper = np.zeros((count, points + 1))
    lines = np.zeros((2, count, points + 1))  # returns without and with diabetes of the plan found at each point
    for _ in range(DECISIONS):
        new_upper, new_lines = np.empty_like(upper), np.empty_like(lines)
        for k in range(points + 1):
            b = k / points
            weight = (1 - b) * p0 + b * p1
            belief = b * p1 / np.where(weight > 0, weight, 1)
            left = np.minimum((belief * points).astype(int), points - 1)
            part = belief * points - left
            value = gathered(weight * ((1 - part) * upper[to, left] + part * upper[to, left + 1]))
            new_upper[:, k] = ((1 - b) * gains[0] + b * gains[1] + value).max(1)
            first, second = (lines[:, to, left + i] for i in range(2))
            better = (1 - belief) * first[0] + belief * first[1] >= (1 - belief) * second[0] + belief * second[1]
            plan = np.where(better, first, second)
            sums = np.stack([gains[0] + gathered(p0 * plan[0]), gains[1] + gathered(p1 * plan[1])])
            best = ((1 - b) * sums[0] + b * sums[1]).argmax(1)
            new_lines[:, :, k] = sums[:, np.arange(count), best]
        upper, lines = new_upper, new_lines

    first, second = start[lasting], start[lasting + half]
    assert abs(first.sum() + second.sum() - 1) < 1e-12
    met = np.flatnonzero(first + second)
    high = low = 0.0
    for o in met:
        total = first[o] + second[o]
        high += total * np.interp(second[o] / total, np.linspace(0, 1, points + 1), upper[o])
        low += (first[o] * lines[0, o] + second[o] * lines[1, o]).max()
    print(f"{version}: between {low:.7f} and {high:.7f}")


main()
