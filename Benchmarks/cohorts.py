#!/usr/bin/env python3
"""Synthetic patients of `lab` against TVAE, CTGAN and a Gaussian copula: the same rows, folds and measures.

    python3 Benchmarks/cohorts.py --data FOLDER                    lab, the copula and TVAE; writes COHORTS.md and cohorts.json
    python3 Benchmarks/cohorts.py --data FOLDER --models lab,gan   some of them; what was measured before stays beside it
    python3 Benchmarks/cohorts.py --data FOLDER --tables pima      some tables
    python3 Benchmarks/cohorts.py --data FOLDER --settings FILE    lab with settings of its generator
    python3 Benchmarks/cohorts.py --data FOLDER --models lab_private,copula_private
                                                                   lab with differential privacy, epsilon 3, delta 1e-5

lab is its default generator, gan another of lab's; cgan draws the same patients where there is no condition.

FOLDER holds actg175.csv, cleveland.csv, pima.csv and wdbc.csv. The others are installed from PyPI into a virtual
environment in Benchmarks/.venvs or $LAB_BENCHMARK_VENVS. What each measure is: `peers/cohorts_.py`."""

import argparse
import datetime
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
VENV = pathlib.Path(os.environ.get("LAB_BENCHMARK_VENVS", HERE / ".venvs")) / "cohorts"
PACKAGES = ["torch", "ctgan==0.12.1", "rdt==2.0.0", "sdmetrics==0.32.0", "scikit-learn==1.9.1", "pandas==2.3.3",
            "numpy==2.4.6", "scipy==1.17.1"]
TABLES = ["cleveland", "pima", "actg175", "wdbc"]
NAMES = {"lab": "lab", "gan": "lab, gan", "tvae": "TVAE", "ctgan": "CTGAN", "gaussian": "copula",
         "lab_private": "lab, epsilon 3", "copula_private": "lab's copula, epsilon 3"}
OURS = {"lab": "vae", "gan": "gan"}
PRIVATE = {"lab_private": "vae", "copula_private": "copula"}
EPSILON, DELTA = "3", "1e-5"
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


def say(text):
    print(f"Benchmarks: {text}", file=sys.stderr, flush=True)


def output(arguments):
    done = subprocess.run([str(a) for a in arguments], cwd=ROOT, env={**os.environ, **ONE_THREAD}, capture_output=True,
                          text=True)
    if done.returncode:
        raise RuntimeError((done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}")[-2000:])
    return done.stdout


def interpreter():
    python, note = VENV / "bin" / "python", VENV / "installed.json"
    if not note.exists() or json.loads(note.read_text()) != PACKAGES:
        say(f"installing the others in {VENV}")
        shutil.rmtree(VENV, ignore_errors=True)
        output([sys.executable, "-m", "venv", VENV])
        output([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES])
        note.write_text(json.dumps(PACKAGES))
    return python


def cpu_of(arguments):
    """CPU seconds of a program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output(arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ours(python, table, data, settings, model="lab"):
    """Fits every fold, keeps the generator, draws from it; both are timed with start-up, reading and writing."""
    private = ["--generator", PRIVATE[model], "--epsilon", EPSILON, "--delta", DELTA] if model in PRIVATE else []
    schema = "declared" if private else "columns"
    lab = ROOT / ".build/release/lab"
    fit, sample = [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        output([python, HERE / "peers/cohorts_.py", "export", table, data, folder])
        for fold in range(5):
            generator = folder / "generator.json"
            fit.append(cpu_of([lab, "cohort", "fit", "--source", folder / f"{table}.fold{fold}.train.csv", "--schema",
                               folder / f"{table}.{schema}.json", "--seed", fold, "--out", generator, *private,
                               *([] if private else ["--settings", settings] if settings else
                                 ["--generator", OURS[model]])]))
            sample.append(cpu_of([lab, "cohort", "sample", "--from", generator, "--rows", 10000, "--seed", fold, "--out",
                                  folder / f"{table}.fold{fold}.syn.csv"]))
        row = json.loads(output([python, HERE / "peers/cohorts_.py", "csv", table, data, folder]).splitlines()[-1])
    return {**row, "model": model, "fit": sum(fit) / 5, "sample": sum(sample) / 5}


def aims(row, rows):
    """What was aimed at, and whether it is reached."""
    get = lambda model, key: rows.get(model, {}).get(key)
    tvae = get("tvae", "tstr")
    found = [
        ("quality >= .95", row["quality"] >= 0.95), ("shapes >= .98", row["shapes"] >= 0.98),
        ("pairs >= .93", row["pairs"] >= 0.93), ("TSTR >= TRTR - .03", row["tstr"] >= row["trtr"] - 0.03),
        ("discriminator within .5 +- .1", abs(row["discriminator"] - 0.5) <= 0.1),
        ("membership <= .55", row["membership"] <= 0.55), ("no copies", row["copies"] == 0),
        ("distance >= .95 real to real", row["dcr"] >= 0.95 * row["dcr_real"]), ("no category lost", row["lost"] == 0),
        ("prevalence within .02", abs(row["prevalence"] - row["prevalence_real"]) <= 0.02),
    ]
    if tvae is not None:
        found += [("TSTR >= TVAE's", row["tstr"] >= tvae), ("fit faster than TVAE", row["fit"] < get("tvae", "fit"))]
    for key in ("tstr", "tstr_10k", "tstr_logistic"):
        if get("gaussian", key) is not None:
            found.append((f"{key} above the copula's", row[key] > get("gaussian", key)))
    return found


COLUMNS = [("quality", "quality"), ("shapes", "shapes"), ("pairs", "pairs"), ("tstr", "TSTR"), ("tstr_10k", "TSTR, 10,000 rows"),
           ("tstr_logistic", "TSTR logistic"), ("discriminator", "discriminator"), ("membership", "membership"),
           ("dcr", "distance"), ("lost", "categories lost"), ("prevalence", "prevalence"), ("fit", "fit, CPU s")]


def private_lines(tables):
    """What differential privacy costs."""
    if not any("lab_private" in rows for rows in tables.values()):
        return []
    lines = [
        "", "## What is left with differential privacy", "",
        f"Epsilon {EPSILON}, delta {DELTA}, of one row more or less, for everything that leaves the table: number of rows, "
        "distributions, gaps, correlations, gradients. Ranges and categories are declared beforehand "
        "(`Benchmarks/peers/cohorts_.py`), not found in the table. Shares of the budget and settings were chosen on validation "
        "parts of the training folds. The autoencoder learns rows of a private copula and then noisy gradients on real rows "
        "(DP-SGD), which spend 8 % of the budget; at this epsilon these tables are too small for the gradients to add "
        "much, and the copula alone, with the whole budget for it, is as good. What is lost is the likeness of columns "
        "and pairs: a classifier tells these patients from real ones.", "",
        "| | " + " | ".join(f"{words}: as it is / epsilon {EPSILON} / copula, epsilon {EPSILON}" for words in
                            ("TSTR", "TSTR logistic", "quality", "discriminator")) + " | TRTR |",
        "|-" * 6 + "|",
    ]
    for table in TABLES:
        rows = tables.get(table, {})
        if not all(model in rows for model in ("lab", *PRIVATE)):
            continue
        cells = [" / ".join(f"{rows[model][key]:.3f}" for model in ("lab", *PRIVATE))
                 for key in ("tstr", "tstr_logistic", "quality", "discriminator")]
        lines.append(f"| {table} | " + " | ".join(cells) + f" | {rows['lab']['trtr']:.3f} |")
    return lines


def markdown(results):
    lines = [
        "# Synthetic patients against TVAE, CTGAN and a Gaussian copula", "",
        f"Measured on {results['date']} with the measures of `Benchmarks/peers/cohorts_.py` (`Benchmarks/cohorts.py` "
        "repeats it): means over five stratified folds, generators learned on "
        "four fifths with their default settings, 10,000 rows drawn, judged on the rest. TSTR: area under the ROC curve of "
        "boosted trees trained on as many synthetic rows as there are real ones, tested on held-out real ones. Distance: "
        "median to the closest real record. Membership: how well the distance to the synthetic table tells learned rows from "
        "held-out ones. CPU seconds on a machine shared with others; ours with start, reading, writing and the privacy checks, "
        "for which a second generator is learned.",
    ]
    for table in TABLES:
        rows = results["tables"].get(table, {})
        if not rows:
            continue
        first = next(iter(rows.values()))
        lines += [
            "", f"## {table}", "",
            f"{first['rows']} rows, {first['columns']} columns. Trained on real rows: boosted trees {first['trtr']:.3f}, "
            f"logistic regression {first['trtr_logistic']:.3f}; prevalence {first['prevalence_real']:.3f}; median distance "
            f"from real to real {first['dcr_real']:.2f}.", "",
            "| | " + " | ".join(words for _, words in COLUMNS) + " |", "|-" * (len(COLUMNS) + 1) + "|",
        ]
        for model, words in NAMES.items():
            if model in rows:
                cells = [f"{rows[model][key]:.3g}" if key in ("fit", "lost") else f"{rows[model][key]:.3f}"
                         for key, _ in COLUMNS]
                lines.append(f"| {words} | " + " | ".join(cells) + " |")
        if "lab" in rows:
            missed = [words for words, reached in aims(rows["lab"], rows) if not reached]
            lines += ["", "Aims missed: " + ("; ".join(missed) if missed else "none") + "."]
    lines += private_lines(results["tables"])
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description="Synthetic patients of lab against others.")
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--models", default="lab,gaussian,tvae", help="of " + ", ".join(NAMES))
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--settings", type=pathlib.Path, help="of lab's generator")
    parser.add_argument("--out", type=pathlib.Path, default=HERE, help="folder for COHORTS.md and cohorts.json")
    options = parser.parse_args()
    data = options.data.resolve()
    output([ROOT / "lab", "--version"])  # builds
    python = interpreter()
    kept = options.out / "cohorts.json"
    results = json.loads(kept.read_text()) if kept.exists() else {"format": 1, "tables": {}}
    results["date"] = datetime.date.today().isoformat()
    for table in options.tables.split(","):
        for model in options.models.split(","):
            say(f"{NAMES[model]} on {table}")
            results["tables"].setdefault(table, {})[model] = (
                ours(python, table, data, options.settings and options.settings.resolve(), model)
                if model in OURS or model in PRIVATE else
                json.loads(output([python, HERE / "peers/cohorts_.py", model, table, data]).splitlines()[-1]))
            kept.write_text(json.dumps(results, indent=1) + "\n")
    (options.out / "COHORTS.md").write_text(markdown(results))
    print(markdown(results))


if __name__ == "__main__":
    main()
