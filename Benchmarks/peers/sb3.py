"""Stable-Baselines3: DQN or PPO with its default settings on Gymnasium's CartPole-v1, one thread.

    sb3.py dqn|ppo [SEED]

50,000 steps for DQN, 51,200 for PPO (25 of its rollouts of 2,048). Timed is `learn` alone: the CPU time of the process,
imports and evaluation not counted."""

import json
import platform
import sys
import time
import warnings
from importlib import metadata

warnings.filterwarnings("ignore")

import stable_baselines3
import torch
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy

algorithm = sys.argv[1]
seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
steps = {"dqn": 50_000, "ppo": 51_200}[algorithm]
torch.set_num_threads(1)
model = getattr(stable_baselines3, algorithm.upper())(
    "MlpPolicy", make_vec_env("CartPole-v1", seed=seed), seed=seed, device="cpu", verbose=0)
begin = time.process_time()
model.learn(steps)
used = time.process_time() - begin
mean, _ = evaluate_policy(model, make_vec_env("CartPole-v1", seed=seed + 10_000), n_eval_episodes=20)
versions = {name: metadata.version(name) for name in ["stable-baselines3", "torch", "gymnasium", "numpy"]}
versions["Python"] = platform.python_version()
print(json.dumps({"algorithm": algorithm, "seed": seed, "decisions": int(model.num_timesteps), "cpu_seconds": used,
                  "test_return": float(mean), "versions": versions}))
