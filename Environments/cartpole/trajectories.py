"""Writes the reference trajectories of this folder from Gymnasium's CartPole-v1 (needs `pip install gymnasium`).

    python3 trajectories.py"""

import pathlib

import gymnasium
import numpy

FOLDER = pathlib.Path(__file__).resolve().parent / "trajectories"


def course(name, start, steps, choose):
    environment = gymnasium.make("CartPole-v1").unwrapped
    environment.reset(seed=0)
    environment.state = numpy.array(start)
    lines = ["time,rightward,x,v,theta,omega"]
    for step in range(steps + 1):
        x, v, theta, omega = (float(value) for value in environment.state)
        action = choose(step, x, v, theta, omega)
        lines.append(f"{0.02 * step!r},{action},{x!r},{v!r},{theta!r},{omega!r}")
        if step < steps:
            _, _, terminated, _, _ = environment.step(action)
            assert not terminated, (name, step)
    (FOLDER / name).write_text("\n".join(lines) + "\n")


# Balanced, disturbed at every seventh step. An upright pole is unstable: differences of rounding grow by e every quarter of
# a second, so that a longer course would compare nothing but them.
course("cartpole_balanced.csv", [0.03, -0.02, 0.04, 0.01], 200,
       lambda step, x, v, theta, omega: int((theta + 0.3*omega + 0.05*x + 0.1*v > 0) ^ (step % 7 == 6)))
# To the left until just before it falls.
course("cartpole_left.csv", [-0.01, 0.02, 0.03, -0.04], 7, lambda step, x, v, theta, omega: 0)
