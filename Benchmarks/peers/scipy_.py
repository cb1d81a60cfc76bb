"""SciPy's solve_ivp, one patient at a time, on a model of ours: the same equations, patients drawn from the same ranges,
the same treatments at the same times, the same relative tolerance, the same ends of a course.

    scipy_.py immuno|hiv|hiv-random ENVIRONMENT.json SECONDS

Right-hand sides are plain Python on floats, which solve_ivp calls faster than NumPy on six numbers. Every method is
tried on a few patients and the fastest is measured."""

import json
import math
import sys
import time

import numpy
from scipy.integrate import solve_ivp

from _common import report
from hiv_rates import DOSES, make_rates

name, path, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
with open(path) as file:
    environment = json.load(file)
tolerance = environment["integration"]["tolerance"]
interval = environment["decisions"]["interval"]
count = environment["decisions"]["count"]
random = numpy.random.default_rng(1)


def drawn(section):
    """Values by name: from the declared range, else the nominal one."""
    values = {}
    for key, entry in environment[section].items():
        value = entry.get("value", entry.get("initial"))
        spread = entry.get("variability")
        if spread:
            if spread["distribution"] != "log_uniform":
                raise SystemExit(f"{key}: write its distribution into scipy_.py")
            low, high = math.log(spread["low"]), math.log(spread["high"])
            value = math.exp(random.uniform(low, high))
        values[key] = value
    return values


def negligible(state):
    return environment["states"][state].get("negligible", 1)


def immuno(method):
    """One course under "both whenever the rules allow"; the decisions made."""
    p = drawn("parameters")
    start = drawn("states")
    a, b, c, d, l, s, e, f, g, h = (p[k] for k in ("a", "b", "c", "d", "l", "s", "e", "f", "g", "h"))
    pp, m, j, k, q, r1, r2, u = (p[x] for x in ("p", "m", "j", "k", "q", "r1", "r2", "u"))
    kt, kn, kl, kc, alpha, beta = (p[x] for x in ("K_T", "K_N", "K_L", "K_C", "alpha", "beta"))
    gamma, pi, gi, mu = (p[x] for x in ("gamma", "p_I", "g_I", "mu_I"))
    exp = math.exp

    def rates(_, y, vm, vl):
        z, n, t8, lymphocytes, drug, il2 = y.tolist()
        t = exp(z)
        kill = 1 - exp(-drug)
        killing = d / (1 + s * (t / t8) ** l) if t8 > 1e-100 else 0.0
        t2 = t * t
        lysed = killing * killing * t2
        return (
            a * (1 - b * t) - c * n - killing - kt * kill,
            e * lymphocytes - f * n + g * t2 / (h + t2) * n - pp * n * t - kn * kill * n,
            -m * t8 + j * lysed / (k + lysed) * t8 - q * t8 * t + (r1 * n + r2 * lymphocytes) * t - u * n * t8 * t8
            - kl * kill * t8 + pi * t8 * il2 / (gi + il2) + vl,
            alpha - beta * lymphocytes - kc * kill * lymphocytes,
            vm - gamma * drug,
            -mu * il2,
        )

    def cured(_, y, vm, vl):
        return y[0]

    def progressed(_, y, vm, vl):
        return y[0] - math.log(9e8)

    cured.terminal = progressed.terminal = True
    y = numpy.array([math.log(start["T"]), start["N"], start["L"], start["C"], 0.0, 0.0])
    absolute = tolerance * numpy.array([1.0] + [negligible(x) for x in "NLCMI"])
    given = False
    for decision in range(count):
        day = decision * interval
        chemo = 5.0 if y[3] >= 1e9 else 0.0
        cells = 1e9 if day >= 20 and not given else 0.0
        given = given or cells > 0
        parts = [(day, day + 1, chemo, cells), (day + 1, day + interval, 0.0, 0.0)]
        if not chemo and not cells:
            parts = [(day, day + interval, 0.0, 0.0)]
        for begin, end, vm, vl in parts:
            found = solve_ivp(
                rates, (begin, end), y, method=method, args=(vm, vl), events=(cured, progressed), rtol=tolerance,
                atol=absolute)
            if found.status < 0:
                raise RuntimeError(found.message)
            y = found.y[:, -1]
            if found.status == 1:
                return decision + 1
    return count


def hiv(method):
    """One course with both drugs all the time, or with a random one of none, either and both in each interval."""
    p = drawn("parameters")
    start = drawn("states")
    rates = make_rates(p)
    y = numpy.array(list(start.values())[:6])
    absolute = tolerance * numpy.array([negligible(x) for x in list(environment["states"])[:6]])
    for decision in range(count):
        given = DOSES[random.integers(4)] if name == "hiv-random" else DOSES[3]
        found = solve_ivp(
            rates, (decision * interval, (decision + 1) * interval), y, method=method, args=given, rtol=tolerance,
            atol=absolute)
        if found.status < 0:
            raise RuntimeError(found.message)
        y = found.y[:, -1]
    return count


course = {"immuno": immuno, "hiv": hiv, "hiv-random": hiv}[name]
trial = {}
for method in ("RK45", "DOP853", "LSODA", "BDF", "Radau"):
    random = numpy.random.default_rng(1)
    begin = time.process_time()
    try:
        decisions = sum(course(method) for _ in range(2))
        trial[method] = decisions / (time.process_time() - begin)
    except RuntimeError as problem:
        print(f"{method}: {problem}", file=sys.stderr)
fastest = max(trial, key=trial.get)
random = numpy.random.default_rng(2)
steps = courses = 0
begin = time.process_time()
while True:
    steps += course(fastest)
    courses += 1
    used = time.process_time() - begin
    if used >= seconds and courses >= 8:
        break
report(
    steps, used, f"decisions of {interval} {environment['time_unit']}", ["scipy", "numpy"], method=fastest,
    courses=courses, tolerance=tolerance, tried={k: round(v, 2) for k, v in trial.items()})
