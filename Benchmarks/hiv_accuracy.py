"""What hiv's integration achieves for its tolerance, and SciPy's for the same and for others: errors and speeds on the
same courses under random treatment.

    hiv_accuracy.py [COURSES]

Needs SciPy and a built `lab`. Errors are relative, at the end of each of 200 intervals of 5 days, the largest over the
six states, against DOP853 at a relative tolerance of 1e-12. Speeds are SciPy's only (CPU time); ours are `lab env speed`."""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy
from scipy.integrate import solve_ivp

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(root, "Benchmarks", "peers"))
from hiv_rates import DOSES, make_rates  # noqa: E402

lab = os.path.join(root, ".build", "release", "lab")
with open(os.path.join(root, "Environments", "hiv", "environment.json")) as file:
    environment = json.load(file)
courses = int(sys.argv[1]) if len(sys.argv) > 1 else 4
tolerance = environment["integration"]["tolerance"]
names = list(environment["states"])
start = [environment["states"][name]["initial"] for name in names]
negligible = numpy.array([environment["states"][name]["negligible"] for name in names])
p = {name: entry["value"] for name, entry in environment["parameters"].items()}
rates = make_rates(p)
random = numpy.random.default_rng(1)
schedules = [[DOSES[k] for k in random.integers(4, size=200)] for _ in range(courses)]


def scipy(method, rtol):
    """States at the ends of the intervals of all courses, and decisions per CPU second."""
    begin = time.process_time()
    found = []
    for schedule in schedules:
        y = numpy.array(start)
        for decision, given in enumerate(schedule):
            y = solve_ivp(
                rates, (5.0 * decision, 5.0 * decision + 5), y, method=method, args=given, rtol=rtol,
                atol=rtol * negligible).y[:, -1]
            found.append(y)
    return numpy.array(found), 200 * courses / (time.process_time() - begin)


def ours(rtol):
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for schedule in schedules:
            paths = [os.path.join(folder, name) for name in ("schedule.csv", "times.csv", "out.csv")]
            with open(paths[0], "w") as file:
                file.write("time,e1,e2\n")
                file.writelines(f"{5 * k},{e1},{e2}\n" for k, (e1, e2) in enumerate(schedule))
            with open(paths[1], "w") as file:
                file.write("time\n" + "".join(f"{5 * k + 5}\n" for k in range(200)))
            subprocess.run(
                [lab, "env", "simulate", os.path.join(root, "Environments", "hiv"), "--schedule", paths[0], "--times",
                 paths[1], "--tolerance", str(rtol), "--out", paths[2]], check=True, stdout=subprocess.DEVNULL)
            with open(paths[2]) as file:
                found += [[float(row[name]) for name in names] for row in csv.DictReader(file)]
    return numpy.array(found)


reference, _ = scipy("DOP853", 1e-12)


def line(name, found, speed):
    errors = numpy.abs(found / reference - 1).max(axis=1)
    print(f"| {name} | {numpy.sqrt((errors ** 2).mean()):.1e} | {errors.max():.1e} | {speed} |")


print("| | error, root mean square | largest | decisions per CPU second |\n|-|-|-|-|")
line(f"lab, tolerance {tolerance:g}", ours(tolerance), "")
for rtol in (1e-6, 1e-7, 1e-8, 1e-9):
    found, speed = scipy("LSODA", rtol)
    line(f"SciPy LSODA, tolerance {rtol:g}", found, f"{speed:,.0f}")
