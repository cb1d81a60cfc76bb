#!/usr/bin/env python3
"""How often the intervals of `lab policy evaluate` hold the true value: runs `lab policy coverage` where the truth is
exact and writes the table of OFF-POLICY.md.

    python3 Benchmarks/off_policy.py [--lab LAB] [--repetitions N] > table.md
"""
import argparse
import json
import subprocess
import sys

# Environment, what is logged with which epsilon, what is evaluated with which, episodes.
SETTINGS = [
    ("sepsis-oberst", "random", 0.0, "constant:none", 0.95, 500),
    ("sepsis-oberst", "random", 0.0, "constant:none", 0.9, 200),
    ("sepsis-oberst", "random", 0.0, "constant:none", 0.7, 200),
    ("sepsis-oberst", "random", 0.0, "constant:none", 0.5, 200),
    ("sepsis-oberst", "protocol:physician", 0.5, "constant:A", 0.9, 200),
    ("icu-sepsis", "optimal", 0.5, "optimal", 0.5, 200),
    ("icu-sepsis", "optimal", 0.5, "optimal", 0.3, 200),
    ("icu-sepsis", "optimal", 0.5, "optimal", 0.0, 200),
    ("icu-sepsis", "protocol:expert", 0.0, "optimal", 0.5, 200),
    ("sepsis-oberst", "random", 0.0, "constant:none", 0.9, 2000),
    ("icu-sepsis", "optimal", 0.5, "optimal", 0.5, 2000),
]
NAMES = ["fqe", "is", "pdis", "wis", "pdwis", "dr", "wdr"]


def command(lab, setting, repetitions):
    environment, logged, logged_epsilon, policy, epsilon, episodes = setting
    return [
        lab, "policy", "coverage", environment, "--log-policy", logged, "--log-epsilon", str(logged_epsilon),
        "--policy", policy, "--epsilon", str(epsilon), "--episodes", str(episodes), "--repetitions", str(repetitions),
        "--bootstrap", "100", "--seed", "1",
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab", default="lab")
    parser.add_argument("--repetitions", type=int, default=200)
    options = parser.parse_args()
    cover = ["| logged | evaluated | episodes | effective | true value | " + " | ".join(NAMES) + " |",
             "|-|-|-|-|-|" + "-|" * len(NAMES)]
    error = [cover[0], cover[1]]
    for setting in SETTINGS:
        line = command(options.lab, setting, options.repetitions)
        result = json.loads(subprocess.run(line + ["--json"], capture_output=True, check=True, text=True).stdout)
        estimators = {entry["name"]: entry for entry in result["estimators"]}
        environment, logged, logged_epsilon, policy, epsilon, episodes = setting
        head = (f"| {environment}: {logged}, ε {logged_epsilon} | {policy}, ε {epsilon} | {episodes} "
                f"| {result['median_effective_sample_size']:.1f} | {result['truth']:.3f} |")
        shares = []
        for name in NAMES:
            entry = estimators[name]
            share = entry["coverage"]
            text = "–" if share is None else f"{100 * share:.1f}"
            if share is not None and entry["intervals"] < options.repetitions:
                text += f" of {entry['intervals']}"
            shares.append(text)
        print(head, shares, file=sys.stderr, flush=True)
        cover.append(head + "".join(f" {text} |" for text in shares))
        error.append(head + "".join(
            f" {estimators[name]['bias']:+.3f} / {estimators[name]['root_mean_square_error']:.3f} |" for name in NAMES))
    print("Share of 95 % intervals that hold the true value, in percent\n")
    print("\n".join(cover))
    print("\nBias / root mean square error\n")
    print("\n".join(error))


if __name__ == "__main__":
    main()
