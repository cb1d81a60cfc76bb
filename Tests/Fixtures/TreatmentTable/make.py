"""Makes `treatment.table`: an invented illness of 4 degrees and 4 levels of toxicity, with forbidden treatments. Needs
numpy.

    python3 make.py
"""

import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "Environments"))
from lab_table import write_table  # noqa: E402

# By action: better, worse; toxicity up, down.
EFFECTS = [(0.15, 0.30, 0.0, 0.6), (0.35, 0.20, 0.25, 0.1), (0.60, 0.10, 0.7, 0.0)]


def outcome(state, action):
    severity, toxicity = divmod(state, 4)
    weights = np.zeros(20)
    if severity in (0, 4):
        weights[state] = 1
        return weights
    # Nothing strong at the highest toxicity or for the least ill, no waiting with the most ill who can take anything.
    if action == 2 and (toxicity == 3 or severity == 1) or action == 0 and severity == 3 and toxicity == 0:
        return None
    better, worse, up, down = EFFECTS[action]
    worse += 0.05 * toxicity
    for step, p in ((-1, better), (1, worse), (0, 1 - better - worse)):
        for change, q in ((1, up), (-1, down), (0, 1 - up - down)):
            weights[4 * (severity + step) + min(3, max(0, toxicity + change))] += p * q
    return weights / weights.sum()


ALL = np.arange(20)
start = np.zeros(20)
start[[4, 5, 8, 9, 12, 13]] = [0.1, 0.1, 0.3, 0.1, 0.3, 0.1]
write_table(
    os.path.join(HERE, "treatment.table"), start, outcome, {}, {"severity": ALL // 4, "toxicity": ALL % 4}, 20, 3)
