"""What is measured by `measure`, fixed before anything was run.

Each environment with its teacher (that of its main study, some with fewer decisions), the decisions of the grid learner
(the leaves have half as many), how often and on how many validation patients both are looked at, and the settings that are
not tuned because they belong to the task: the discount, and where all returns are far below 0 the value that actions begin
with.
"""


def ppo(decisions, slots, n_steps, batch_size, **more):
    return {"algorithm": "ppo", "decisions": decisions, "slots": slots, "n_steps": n_steps, "batch_size": batch_size,
            "learning_rate": 0.001, "anneal_learning_rate": True, "evaluate_every": decisions // 8, **more}


def patients(generator, train=2000):
    return {"source_patients": 4000, "generator": {"type": generator}, "train": train, "validation": 100, "test": 20}


def drawn(train, validation):
    return {"train": train, "validation": validation, "test": 20}


def tabular(decisions, **more):
    return {"algorithm": "q_learning", "states": "exact", "decisions": decisions, "exploration_initial_eps": 1,
            "exploration_final_eps": 0.05, "exploration_fraction": 1, "evaluate_every": decisions // 4, **more}


ENVIRONMENTS = {
    "cartpole": {
        "environment": "cartpole", "cohort": patients("copula"), "decisions": 200_000, "evaluate_every": 1000,
        "evaluation_patients": 20, "shared": {"gamma": 0.99},
        "teacher": ppo(100_000, 8, 32, 256, gae_lambda=0.8, gamma=0.98, n_epochs=20, normalisation_decisions=0)},
    "chemo": {
        "environment": "chemo", "cohort": {"source_patients": 100, "generator": {"type": "vae"}, "train": 4,
                                           "validation": 1, "test": 1},
        "decisions": 400_000, "evaluate_every": 2000, "evaluation_patients": 1, "shared": {"gamma": 0.998},
        "teacher": ppo(320_000, 32, 100, 400, ent_coef=0.005, gamma=0.998, reward_scale=0.1),
        "viper": {"iterations": 5, "patients_per_iteration": 1, "selection_patients": 1}},
    "immuno": {
        "environment": "immuno", "cohort": patients("vae"), "decisions": 100_000, "evaluate_every": 500,
        "evaluation_patients": 100, "shared": {"gamma": 0.98},
        "teacher": ppo(150_000, 256, 24, 512, ent_coef=0.01, gamma=1, reward_scale=0.3)},
    "sepsis-oberst": {
        "environment": "sepsis-oberst", "cohort": drawn(20_000, 2000), "decisions": 1_600_000, "evaluate_every": 8000,
        "evaluation_patients": 1000, "shared": {"gamma": 0.98},
        "teacher": tabular(4_000_000, gamma=0.98, learning_rate_power=0.7)},
    "icu-sepsis": {
        "environment": "icu-sepsis@admissible", "cohort": drawn(10_000, 2000), "decisions": 1_600_000,
        "evaluate_every": 8000, "evaluation_patients": 1000, "shared": {"gamma": 1},
        "teacher": tabular(4_700_000, gamma=1)},
    "nsclc": {
        "environment": "nsclc@toxicity", "cohort": patients("copula"), "decisions": 200_000, "evaluate_every": 1000,
        "evaluation_patients": 60, "shared": {},
        "teacher": ppo(200_000, 128, 52, 512, gae_lambda=0.98, ent_coef=0.003, gamma=1, reward_scale=0.3)},
    "immuno-kp": {
        "environment": "immuno-kp", "cohort": patients("vae"), "decisions": 100_000, "evaluate_every": 500,
        "evaluation_patients": 100, "shared": {"initial_value": -60},
        "teacher": ppo(150_000, 256, 24, 512, ent_coef=0.01, gamma=1, reward_scale=0.05)},
    "tacrolimus": {
        "environment": "tacrolimus", "cohort": patients("copula"), "decisions": 200_000, "evaluate_every": 1000,
        "evaluation_patients": 60, "shared": {"gamma": 0.9},
        "teacher": ppo(200_000, 128, 30, 512, ent_coef=0.001, gamma=0.9, gae_lambda=0.9)},
    "warfarin": {
        "environment": "warfarin", "cohort": patients("copula"), "decisions": 300_000, "evaluate_every": 3000,
        "evaluation_patients": 50, "shared": {"gamma": 0.97},
        "teacher": ppo(300_000, 128, 45, 768, ent_coef=0.001, gamma=0.97, gae_lambda=0.95)},
    "diabetes": {
        "environment": "diabetes@week", "cohort": {"source_patients": 2000, "generator": {"type": "copula"}, "train": 1000,
                                                   "validation": 30, "test": 10},
        "decisions": 300_000, "evaluate_every": 3000, "evaluation_patients": 10, "shared": {"gamma": 0.97},
        "teacher": ppo(200_000, 64, 64, 512, n_epochs=6, ent_coef=0.003, gamma=0.97, reward_scale=3),
        "viper": {"iterations": 6, "patients_per_iteration": 30, "selection_patients": 30}},
}

# What is tuned, on both sides alike.
RATES = {"falling": {"learning_rate_power": 0.77}, "constant": {"learning_rate": 0.1}}
EXPLORATIONS = {
    "always": {"exploration_initial_eps": 0.3, "exploration_final_eps": 0.3},
    "less": {"exploration_initial_eps": 1, "exploration_final_eps": 0.05, "exploration_fraction": 0.5},
}
# What is tuned on one side: how many observations and bins the grid has; how many leaves the tree has.
GRIDS = {"2x8": (2, 8), "3x6": (3, 6), "4x5": (4, 5)}
# Cells of a grid over all observations, about: as many bins for each as fit in, 2 at least.
CELLS = [1_000, 10_000, 100_000]
LEAVES = [16, 64]
TUNING = {"seed": 2026, "seeds": 3}
MEASURING = {"seed": 2027, "seeds": 10}
