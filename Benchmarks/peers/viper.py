"""VIPER (Bastani, Pu and Solar-Lezama 2018) as one writes it with Stable-Baselines3, Gymnasium and scikit-learn.

    viper.py [SEED]

CartPole, a DQN teacher (not timed), then 10 iterations of 10,000 samples: the teacher acts in iteration 0, the latest
student after it; all states are labelled by the teacher and weighted by max Q - min Q; DecisionTreeClassifier with 16
leaves and sample weights on everything so far; every student is judged by 10 episodes. Students act by plain lists, not
through `predict`. Timed is the loop alone, in CPU seconds of the process, one thread."""

import json
import platform
import sys
import time
import warnings
from importlib import metadata

warnings.filterwarnings("ignore")

import gymnasium
import numpy as np
import torch
from sklearn.tree import DecisionTreeClassifier
from stable_baselines3 import DQN

ITERATIONS, SAMPLES, LEAVES, SELECTION = 10, 10_000, 16, 10
seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.set_num_threads(1)
model = DQN("MlpPolicy", "CartPole-v1", learning_rate=2.3e-3, batch_size=64, buffer_size=100_000, learning_starts=1000,
            gamma=0.99, target_update_interval=10, train_freq=256, gradient_steps=128, exploration_fraction=0.16,
            exploration_final_eps=0.04, policy_kwargs=dict(net_arch=[256, 256]), seed=seed, device="cpu")
model.learn(50_000)


def values(states):
    with torch.no_grad():
        return model.q_net(torch.as_tensor(states, dtype=torch.float32)).numpy()


def teacher(state):
    return int(values(state[None]).argmax())


def student(classifier):
    tree = classifier.tree_
    left, right, feature, threshold = (
        part.tolist() for part in (tree.children_left, tree.children_right, tree.feature, tree.threshold))
    action = classifier.classes_[tree.value[:, 0, :].argmax(1)].tolist()

    def act(state):
        node = 0
        while left[node] != -1:
            node = left[node] if state[feature[node]] <= threshold[node] else right[node]
        return action[node]

    return act


environment = gymnasium.make("CartPole-v1")
episode = seed * 1_000_003


def rollout(act, steps=None, episodes=None):
    global episode
    states, returns, made = [], [], 0
    while (steps is not None and made < steps) or (episodes is not None and len(returns) < episodes):
        episode += 1
        state, _ = environment.reset(seed=episode)
        total, done = 0.0, False
        while not done:
            if steps is not None:
                states.append(state)
            state, reward, terminated, truncated, _ = environment.step(act(state))
            total += reward
            made += 1
            done = terminated or truncated
            if steps is not None and made >= steps:
                break
        returns.append(total)
    return np.asarray(states, np.float32), float(np.mean(returns))


begin = time.process_time()
best, actor = (-np.inf, None), teacher
for iteration in range(ITERATIONS):
    fresh, _ = rollout(actor, steps=SAMPLES)
    scores = values(fresh)
    labels, weights = scores.argmax(1), scores.max(1) - scores.min(1)
    if iteration == 0:
        seen, wanted, weight = fresh, labels, weights
    else:
        seen, wanted, weight = np.r_[seen, fresh], np.r_[wanted, labels], np.r_[weight, weights]
    classifier = DecisionTreeClassifier(max_leaf_nodes=LEAVES, random_state=seed).fit(seen, wanted, sample_weight=weight)
    actor = student(classifier)
    _, value = rollout(actor, episodes=SELECTION)
    if value > best[0]:
        best = (value, actor)
used = time.process_time() - begin
_, value = rollout(best[1], episodes=100)
versions = {name: metadata.version(name)
            for name in ["stable-baselines3", "scikit-learn", "torch", "gymnasium", "numpy"]}
versions["Python"] = platform.python_version()
print(json.dumps({"seed": seed, "samples": len(seen), "cpu_seconds": used, "test_return": value, "versions": versions}))
