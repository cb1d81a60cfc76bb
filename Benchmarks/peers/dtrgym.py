"""DTRGym 0.1.0, AhnChemoEnv-discrete-setting1: no noise in states, parameters or observations, five doses, 6 h a step.

The package imports torch, tianshou, simglucose and its other environments at the top. None of that is used by this
environment, so empty stand-ins are imported in their place; nothing that is timed goes through them."""

import sys
import warnings
from unittest.mock import MagicMock

for name in ("torch", "torch.nn", "tianshou", "tianshou.env", "DTRGym.simglucose_env", "DTRGym.OberstSepsisEnv.env",
             "DTRGym.ghaffari_cancer_env", "numba"):
    sys.modules[name] = MagicMock()
warnings.filterwarnings("ignore")

import gymnasium
import numpy

import DTRGym  # noqa: F401  registers the environments
from _common import measure, report, seconds_wanted

environment = gymnasium.make("AhnChemoEnv-discrete-setting1", n_act=5, disable_env_checker=True)
actions = numpy.random.default_rng(1).integers(0, 5, 100_000)  # drawn beforehand, so that drawing costs nothing
place = 0


def course():
    global place
    environment.reset(seed=place)
    steps = 0
    while True:
        _, _, terminated, truncated, _ = environment.step(int(actions[place % len(actions)]))
        place += 1
        steps += 1
        if terminated or truncated:
            return steps


steps, used = measure(course, seconds_wanted(5))
report(steps, used, "steps of 0.25 d", ["DTRGym", "scipy", "numpy", "gymnasium"])
