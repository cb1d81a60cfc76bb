#!/usr/bin/env python3
"""Visits over time: `lab`'s recurrent autoencoder against visits resampled without memory, on the same patients and folds.

    Rscript -e 'write.csv(survival::pbcseq, "pbcseq.csv", row.names = FALSE, na = "")'
    python3 Benchmarks/visits.py --data pbcseq.csv [--lab .build/release/lab]

Five folds of patients (seed 1): learned from four fifths, as many patients drawn, held against these and the rest by
`lab cohort evaluate`. Without memory: a patient's constants, number and times of visits are kept together and drawn with
replacement, every visit's values are those of a random visit of anybody in the same sixth of the times. Real patients of the
held-out fold in the place of synthetic ones show what chance alone gives. Prints a table in Markdown and every fold as JSON."""

import argparse
import csv
import json
import os
import pathlib
import random
import resource
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONSTANT = ["age", "sex", "trt", "futime", "death"]
CHANGING = ["ascites", "hepato", "spiders", "edema", "bili", "chol", "albumin", "alk.phos", "ast", "platelet", "protime",
            "stage"]
SCHEMA = {
    "columns": {
        "day": {"type": "integer", "unit": "days"},
        "age": {"type": "continuous", "unit": "years", "role": "baseline"},
        "sex": {"type": "categorical", "role": "baseline"}, "trt": {"type": "categorical", "role": "treatment"},
        "futime": {"type": "integer", "unit": "days", "event": "death", "role": "outcome"},
        "death": {"type": "categorical", "categories": [0, 1], "role": "outcome"},
        "ascites": {"type": "categorical"}, "hepato": {"type": "categorical"}, "spiders": {"type": "categorical"},
        "edema": {"type": "ordinal", "categories": [0, 0.5, 1]}, "bili": {"type": "continuous", "unit": "mg/dL"},
        "chol": {"type": "integer", "unit": "mg/dL"}, "albumin": {"type": "continuous", "unit": "g/dL"},
        "alk.phos": {"type": "integer", "unit": "U/L"}, "ast": {"type": "continuous", "unit": "U/mL"},
        "platelet": {"type": "integer", "unit": "10^9/L"}, "protime": {"type": "continuous", "unit": "s"},
        "stage": {"type": "ordinal", "categories": [1, 2, 3, 4]},
    },
    "patient": "id", "time": "day",
}


def read(path):
    """Death as an event, other ends of the follow-up as lost sight of; age to a tenth of a year."""
    patients = {}
    for row in csv.DictReader(open(path)):
        row["death"] = "1" if row["status"] == "2" else "0"
        row["age"] = f"{float(row['age']):.1f}"
        patients.setdefault(row["id"], []).append(row)
    return patients


def write(path, patients):
    with open(path, "w") as file:
        writer = csv.DictWriter(file, ["id", "day", *CONSTANT, *CHANGING], extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for visits in patients:
            writer.writerows(visits)


def without_memory(patients, seed):
    stream = random.Random(seed)
    visits = [visit for patient in patients for visit in patient]
    days = sorted(int(visit["day"]) for visit in visits)
    ends = [days[len(days) * k // 6] for k in range(1, 6)]
    place = lambda visit: sum(int(visit["day"]) >= end for end in ends)
    bins = [[visit for visit in visits if place(visit) == k] for k in range(6)]
    drawn = []
    for number in range(len(patients)):
        shape = stream.choice(patients)
        drawn.append([{**visit,
                       **{name: other[name] for name in CHANGING}, "id": str(number + 1)}
                      for visit in shape for other in [stream.choice(bins[place(visit)])]])
    return drawn


def run(arguments):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


MEASURES = [
    ("visits a patient", lambda r: r["visits_per_patient"]["score"]), ("gaps", lambda r: r["gaps"]["score"]),
    ("shapes", lambda r: r["visit_shapes"]), ("band shift", lambda r: r["band_shift"]),
    ("band spread", lambda r: r["band_spread"]), ("autocorrelation, error", lambda r: r["autocorrelation_error"]),
    ("between patients, error", lambda r: r["intraclass_error"]), ("discriminator", lambda r: r["discriminator"]),
    ("accuracy - 1/2", lambda r: r["discriminator_excess"]),
    ("next visit, synthetic", lambda r: r["next_visit"]["trained_on_synthetic"]),
    ("next visit, real", lambda r: r["next_visit"]["trained_on_real"]),
    ("survival", lambda r: r["events"][0]["distance"]),
    ("distance / real", lambda r: r["closest"]["median"] / r["closest"]["real_to_real_median"]),
    ("membership", lambda r: r["closest"]["membership"]),
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--lab", default=str(ROOT / ".build/release/lab"))
    parser.add_argument("--other", action="append", default=[], metavar="NAME=FOLDER",
                        help="FOLDER/fold0.csv … fold4.csv of another generator, measured beside")
    parser.add_argument("--folds", help="keeps the tables of the folds in this folder")
    options = parser.parse_args()
    patients = read(options.data)
    order = list(patients)
    random.Random(1).shuffle(order)
    rows, cpu = {}, []
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(options.folds or scratch)
        os.makedirs(folder, exist_ok=True)
        (folder / "columns.json").write_text(json.dumps(SCHEMA))
        for fold in range(5):
            held = set(order[fold::5])
            learned = [patients[name] for name in patients if name not in held]
            train, test, drawn = (folder / f"fold{fold}.{part}.csv" for part in ("train", "test", "drawn"))
            write(train, learned)
            write(test, [patients[name] for name in patients if name in held])

            def judge(name, path, held_out=True):
                text, _ = run([options.lab, "cohort", "evaluate", "--real", train, "--synthetic", path, "--schema",
                               folder / "columns.json", "--json", "--jobs", 1,
                               *(["--held-out", test] if held_out else [])])
                rows.setdefault(name, []).append(json.loads(text))

            _, seconds = run([options.lab, "cohort", "generate", "--source", train, "--schema", folder / "columns.json",
                              "--rows", len(learned), "--seed", fold, "--held-out", test, "--out", drawn, "--force"])
            cpu.append(seconds)
            judge("rvae", drawn)
            write(drawn, without_memory(learned, fold))
            judge("without memory", drawn)
            for other in options.other:
                name, path = other.split("=", 1)
                judge(name, pathlib.Path(path) / f"fold{fold}.csv")
            judge("held-out real patients", test, held_out=False)
    print("| | " + " | ".join(name for name, _ in MEASURES) + " |")
    print("|-" * (len(MEASURES) + 1) + "|")
    for name, folds in rows.items():
        cells = []
        for _, measure in MEASURES:
            values = [measure(fold) for fold in folds]
            cells.append("" if None in values else f"{sum(values) / len(values):.3f}")
        print(f"| {name} | " + " | ".join(cells) + " |")
    print(f"\nfit, checks and drawing, CPU s: {sum(cpu) / len(cpu):.2f}")
    print(json.dumps({name: [{words: measure(fold) for words, measure in MEASURES} for fold in folds]
                      for name, folds in rows.items()}))


if __name__ == "__main__":
    main()
