"""Writes the table of a tabular environment (`"kind": "tabular"`), format 1. Needs numpy.

A table holds distributions ("rows"): the one over start states, those over next states, and those over actions that
make a policy. Equal rows are stored once. Little-endian throughout:

    8 bytes   "LABTABLE"
    8 × u32   version (1), states S, actions A, rows R, entries N, variables V, policies P, 0
    V names, then P names, each a u8 length and that many bytes of UTF-8
    R × u32   where each row ends among the entries (row 0 is the start distribution)
    N × u16   the state (or, in a policy's row, the action) of each entry, ascending within a row
    N × f64   its probability, above 0
    S·A × u32 the row of each state and action, state by state; 0xFFFFFFFF where the action is not admissible
    P·S × u32 the row of each policy and state; 0xFFFFFFFF where the policy says nothing (in ending states)
    V·S × f64 the variables, each for all states
    u32       CRC-32 (as zlib's) of everything before it
"""

import struct
import zlib

import numpy as np

NOTHING = 0xFFFFFFFF


def write_table(path, start, outcome, policies, variables, states, actions):
    """Writes a table.

    start       probabilities of the states at the start, length `states`
    outcome     function of (state, action): probabilities of the next states, or None for an action that is not
                admissible there
    policies    {name: array states × actions of probabilities; a row of zeros where the policy says nothing}
    variables   {name: array of length `states`}
    """
    known, ends, targets, probabilities = {}, [], [], []

    def row(weights):
        weights = np.asarray(weights, dtype=np.float64)
        support = np.flatnonzero(weights)
        values = weights[support]
        assert np.isfinite(values).all() and (values > 0).all() and abs(values.sum() - 1) < 1e-12
        key = (support.tobytes(), values.tobytes())
        if key not in known:
            known[key] = len(known)
            targets.append(support)
            probabilities.append(values)
            ends.append((ends[-1] if ends else 0) + len(support))
        return known[key]

    row(start)
    outcomes = np.full((states, actions), NOTHING, dtype="<u4")
    for s in range(states):
        for a in range(actions):
            weights = outcome(s, a)
            if weights is not None:
                outcomes[s, a] = row(weights)
    plans = np.full((len(policies), states), NOTHING, dtype="<u4")
    for p, table in enumerate(policies.values()):
        for s in range(states):
            if np.any(table[s]):
                plans[p, s] = row(table[s])

    names = b"".join(bytes([len(n.encode())]) + n.encode() for n in [*variables, *policies])
    body = b"LABTABLE" + struct.pack(
        "<8I", 1, states, actions, len(ends), ends[-1], len(variables), len(policies), 0)
    body += names + np.array(ends, dtype="<u4").tobytes()
    body += np.concatenate(targets).astype("<u2").tobytes()
    body += np.concatenate(probabilities).astype("<f8").tobytes()
    body += outcomes.tobytes() + plans.tobytes()
    for values in variables.values():
        values = np.asarray(values, dtype="<f8")
        assert values.shape == (states,)
        body += values.tobytes()
    with open(path, "wb") as file:
        file.write(body + struct.pack("<I", zlib.crc32(body)))
    print(f"{path}: {len(body) + 4} bytes, {len(ends)} rows, {ends[-1]} entries")
