"""scikit-learn: DecisionTreeClassifier with its default settings (Gini, exact splits) on 100,000 rows of 10 columns.

    sklearn_.py data FILE                writes the rows for the other program: columns as float64, row by row, then labels
                                         as int32
    sklearn_.py fit LEAVES [REPEATS]     LEAVES 0: no limit

Columns are standard normal; four classes by a hidden tree of depth 6, and 5 % of the labels drawn anew. Timed is `fit`
alone, one thread, the least of the repeats, in CPU time of the process."""

import json
import platform
import sys
import time
from importlib import metadata

import numpy as np

ROWS, COLUMNS, CLASSES, DEPTH, NOISE = 100_000, 10, 4, 6, 0.05


def data():
    random = np.random.RandomState(0)
    values = random.standard_normal((ROWS, COLUMNS)).astype(np.float32)
    labels = np.zeros(ROWS, dtype=np.int64)

    def grow(rows, depth):
        if depth == 0 or len(rows) < 2:
            labels[rows] = random.randint(CLASSES)
            return
        column = random.randint(COLUMNS)
        threshold = np.quantile(values[rows, column], random.uniform(0.3, 0.7))
        left = values[rows, column] <= threshold
        grow(rows[left], depth - 1)
        grow(rows[~left], depth - 1)

    grow(np.arange(ROWS), DEPTH)
    flipped = random.rand(ROWS) < NOISE
    labels[flipped] = random.randint(CLASSES, size=int(flipped.sum()))
    return values, labels


def fit(leaves, repeats):
    from sklearn.tree import DecisionTreeClassifier

    values, labels = data()
    used = []
    for _ in range(repeats):
        tree = DecisionTreeClassifier(max_leaf_nodes=leaves or None, random_state=0)
        begin = time.process_time()
        tree.fit(values, labels)
        used.append(time.process_time() - begin)
    versions = {name: metadata.version(name) for name in ["scikit-learn", "numpy"]}
    versions["Python"] = platform.python_version()
    print(json.dumps({
        "maximum_leaves": leaves, "cpu_seconds": min(used), "repeats": repeats, "leaves": int(tree.get_n_leaves()),
        "depth": int(tree.get_depth()), "accuracy": float((tree.predict(values) == labels).mean()), "versions": versions}))


if sys.argv[1] == "data":
    values, labels = data()
    with open(sys.argv[2], "wb") as file:
        file.write(values.astype("<f8").tobytes())
        file.write(labels.astype("<i4").tobytes())
else:
    fit(int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 5)
