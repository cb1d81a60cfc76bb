"""icu-sepsis 2.0.1: the package's own Gymnasium environment, random actions of 25, 4 h a step."""

import warnings

warnings.filterwarnings("ignore")

import gymnasium
import icu_sepsis  # noqa: F401  registers the environment
import numpy

from _common import measure, report, seconds_wanted

environment = gymnasium.make("Sepsis/ICU-Sepsis-v2", disable_env_checker=True)
actions = numpy.random.default_rng(1).integers(0, 25, 100_000)
place = 0
environment.reset(seed=1)


def courses():
    global place
    steps = 0
    for _ in range(200):
        environment.reset()
        while True:
            _, _, terminated, truncated, _ = environment.step(int(actions[place % len(actions)]))
            place += 1
            steps += 1
            if terminated or truncated:
                break
    return steps


steps, used = measure(courses, seconds_wanted(3))
report(steps, used, "steps", ["icu-sepsis", "numpy", "gymnasium"])
