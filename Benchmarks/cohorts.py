#!/usr/bin/env python3
"""Synthetic patients of `lab` against TVAE, CTGAN and a Gaussian copula: the same rows, folds and measures.

    python3 Benchmarks/cohorts.py --data FOLDER                    lab, the copula and TVAE; writes COHORTS.md and cohorts.json
    python3 Benchmarks/cohorts.py --data FOLDER --models lab,gan   some of them; what was measured before stays beside it
    python3 Benchmarks/cohorts.py --data FOLDER --tables pima      some tables
    python3 Benchmarks/cohorts.py --data FOLDER --settings FILE    lab with settings of its generator
    python3 Benchmarks/cohorts.py --data FOLDER --private          only what differential privacy leaves

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
NAMES = {"lab": "lab", "gan": "lab, gan", "tvae": "TVAE", "ctgan": "CTGAN", "gaussian": "copula"}
OURS = {"lab": "vae", "gan": "gan"}
PRIVATE = {"as it is": [], "epsilon 3": ["--epsilon", "3", "--delta", "1e-5"],
           "copula, epsilon 3": ["--generator", "copula", "--epsilon", "3", "--delta", "1e-5"]}
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


def ours(python, table, data, settings, model):
    """Fits every fold, keeps the generator, draws from it; both are timed with start-up, reading and writing."""
    lab = ROOT / ".build/release/lab"
    fit, sample = [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        output([python, HERE / "peers/cohorts_.py", "export", table, data, folder])
        for fold in range(5):
            generator = folder / "generator.json"
            fit.append(cpu_of([lab, "cohort", "fit", "--source", folder / f"{table}.fold{fold}.train.csv", "--schema",
                               folder / f"{table}.columns.json", "--seed", fold, "--out", generator,
                               *(["--settings", settings] if settings else ["--generator", OURS[model]])]))
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


def private(python, table, data):
    """What differential privacy leaves, by `lab cohort evaluate` on the held-out folds: its measures know gaps, which noise
    may bring into a table without any."""
    lab = ROOT / ".build/release/lab"
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        output([python, HERE / "peers/cohorts_.py", "export", table, data, folder])
        schema, generator, made = folder / f"{table}.declared.json", folder / "generator.json", folder / "synthetic.csv"
        for words, options in PRIVATE.items():
            rows = []
            for fold in range(5):
                train, test = (folder / f"{table}.fold{fold}.{part}.csv" for part in ("train", "test"))
                output([lab, "cohort", "fit", "--source", train, "--schema", schema, "--seed", fold, "--out", generator,
                        "--held-out", test, *options])
                output([lab, "cohort", "sample", "--from", generator, "--seed", fold + 100, "--out", made, "--rows",
                        len(train.read_text().splitlines()) - 1, "--force"])
                report = json.loads(output([lab, "cohort", "evaluate", "--real", train, "--synthetic", made, "--schema", schema,
                                            "--held-out", test, "--seed", fold, "--json"]))
                rows.append({
                    "tstr": report["utility"]["tstr_auc"], "trtr": report["utility"]["trtr_auc"],
                    "shapes": report["column_shapes"], "pairs": report["pair_trends"],
                    "discriminator": report["discriminator_auc"], "membership": report["closest_record"]["membership_auc"]})
            found[words] = {key: sum(row[key] for row in rows) / 5 for key in rows[0]}
    return found


def private_lines(tables, rows):
    lines = [
        "", "## What differential privacy leaves", "",
        "Epsilon 3, delta 1e-5, of one row more or less, for everything that leaves the table: number of rows, "
        "distributions, gaps, correlations, gradients. Ranges and categories are declared beforehand "
        "(`Benchmarks/peers/cohorts_.py`), not found in the table. The split of the budget was chosen on validation "
        "parts of the training folds. The autoencoder learns rows of a private copula, then noisy gradients of real rows "
        "(DP-SGD) with 8 % of the budget: on validation parts they neither helped nor harmed at this epsilon, and the copula "
        "with the whole budget is as good or better. Models keep most of their worth; the likeness of columns and pairs is lost, and "
        "a classifier tells these patients from real ones. " + rows + " Measured by `lab cohort evaluate` and its own boosted "
        "trees; TRTR is what real rows reach there.", "",
        "| | | TSTR | TRTR | shapes | pairs | discriminator | membership |", "|-|-|-|-|-|-|-|-|",
    ]
    for table, found in tables.items():
        for words, row in found.items():
            cells = [f"{row[key]:.3f}" for key in ("tstr", "trtr", "shapes", "pairs", "discriminator", "membership")]
            lines.append(f"| {table} | {words} | " + " | ".join(cells) + " |")
    return lines


def markdown(results):
    lines = [
        "# Synthetic patients against TVAE, CTGAN and a Gaussian copula", "",
        f"Measured on {results['date']} with the measures of `Benchmarks/peers/cohorts_.py` (`Benchmarks/cohorts.py` "
        "repeats it): means over five stratified folds, generators learned on "
        "four fifths with their default settings, 10,000 rows drawn, judged on the rest. TSTR: area under the ROC curve of "
        "boosted trees trained on as many synthetic rows as there are real ones, tested on held-out real ones. Distance: "
        "median to the closest real record. Membership: how well the distance to the synthetic table tells learned rows from "
        "held-out ones. CPU seconds on a machine shared with others; ours with start, reading and writing, and with the "
        "privacy checks, for which a second generator is learned" + results.get("fit_note", "") + ". `lab, gan` "
        "is lab's Wasserstein GAN; the conditional one, `cgan`, draws the same patients where nothing is asked of them.",
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
    if results.get("private"):
        lines += private_lines(results["private"], "Means over the same folds, as many synthetic rows as learned ones "
                               "(`--private` repeats it).")
    if results.get("private_validation"):
        lines += ["", "Yet to be measured on held-out folds; means over validation parts, a fifth of some training folds, on "
                  "which the split of the budget was chosen:", "", *private_lines(results["private_validation"], "")[-2 - sum(map(len, results["private_validation"].values())):]]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description="Synthetic patients of lab against others.")
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--models", default="lab,gaussian,tvae", help="of " + ", ".join(NAMES))
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--settings", type=pathlib.Path, help="of lab's generator")
    parser.add_argument("--private", action="store_true", help="only what differential privacy leaves")
    parser.add_argument("--out", type=pathlib.Path, default=HERE, help="folder for COHORTS.md and cohorts.json")
    options = parser.parse_args()
    data = options.data.resolve()
    output([ROOT / "lab", "--version"])  # builds
    python = interpreter()
    kept = options.out / "cohorts.json"
    results = json.loads(kept.read_text()) if kept.exists() else {"format": 1, "tables": {}}
    results["date"] = datetime.date.today().isoformat()
    for table in options.tables.split(","):
        if options.private:
            say(f"differential privacy on {table}")
            results.setdefault("private", {})[table] = private(python, table, data)
            kept.write_text(json.dumps(results, indent=1) + "\n")
        for model in [] if options.private else options.models.split(","):
            say(f"{NAMES[model]} on {table}")
            results["tables"].setdefault(table, {})[model] = (
                ours(python, table, data, options.settings and options.settings.resolve(), model)
                if model in OURS else
                json.loads(output([python, HERE / "peers/cohorts_.py", model, table, data]).splitlines()[-1]))
            kept.write_text(json.dumps(results, indent=1) + "\n")
    (options.out / "COHORTS.md").write_text(markdown(results))
    print(markdown(results))


if __name__ == "__main__":
    main()
