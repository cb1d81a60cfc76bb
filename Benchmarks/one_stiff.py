#!/usr/bin/env python3
"""What one stiff patient among a thousand costs.

y' = -k (y - cos(t)), explicit Dormand-Prince 5(4) at 1e-6, 20 days of one decision each: a thousand patients with k
between 0.5 and 1.5 a day, then the same with one of k = 20,000 a day, then a thousand of whom every patient is the
mildest. Prints CPU seconds of `lab env rollout` on one thread, less those of a rollout of one mild patient (start of the
program). Needs nothing but Python and the built program.
"""
import json, os, resource, subprocess, sys, tempfile

LAB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".build", "release", "lab")
MODEL = {
    "format": 1, "name": "one-stiff", "time_unit": "d",
    "parameters": {"k": {"value": 1, "unit": "1/d"}},
    "states": {"y": {"initial": 1, "unit": "1", "signed": True}},
    "inputs": {"u": {"unit": "1/d"}},
    "rates": {"y": "-k*(y - cos(time / 1[d])) + u"},
    "decisions": {"interval": 1, "count": 20},
    "doses": {"dose": {"input": "u", "rate": 1}},
    "actions": [{"name": "none", "doses": []}, {"name": "dose", "doses": ["dose"]}],
    "reward": {"terms": {"level": {"expression": "y"}}},
    "observations": [{"name": "y", "expression": "y"}],
    "integration": {"method": "mild", "tolerance": 1e-6},
}


def seconds(folder, rates, repeats=5):
    """Least CPU seconds of a rollout of patients with these rates."""
    with open(os.path.join(folder, "cohort.csv"), "w") as file:
        file.write("k\n" + "\n".join(repr(rate) for rate in rates) + "\n")
    best = float("inf")
    for _ in range(repeats):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [LAB, "env", "rollout", folder, "--policy", "constant:none", "--patients", str(len(rates)), "--seed", "1",
             "--cohort", os.path.join(folder, "cohort.csv"), "--jobs", "1", "--out", os.path.join(folder, "out.csv")],
            check=True, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "environment.json"), "w") as file:
        json.dump(MODEL, file)
    mild = [0.5 + index / 999 for index in range(1000)]
    start = seconds(folder, [1.0])
    alone = seconds(folder, [20000.0]) - start
    without = seconds(folder, mild) - start
    with_one = seconds(folder, mild[:-1] + [20000.0]) - start
    print(json.dumps({
        "mild_ms": round(1000 * without, 1), "with_one_stiff_ms": round(1000 * with_one, 1),
        "the_stiff_one_alone_ms": round(1000 * alone, 1),
    }))
