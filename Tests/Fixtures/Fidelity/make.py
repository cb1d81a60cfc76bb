#!/usr/bin/env python3
"""Makes the tables of this folder and what SDMetrics and scikit-learn say about them.

    python3 Tests/Fixtures/Fidelity/make.py            golden.json from the tables that are here
    python3 Tests/Fixtures/Fidelity/make.py LAB        the tables too; LAB is the program `lab`

Needs sdmetrics==0.32.0, scikit-learn==1.9.1, pandas, numpy, scipy. real.csv and held-out.csv are 300 random patients each of
Experiments/data/actg175.csv, every 17th without `symptom`; synthetic.csv is what the default VAE made of real.csv."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
COLUMNS = {
    "age": {"type": "integer", "unit": "years"}, "wtkg": {"type": "continuous", "unit": "kg"},
    "karnof": {"type": "ordinal"}, "preanti": {"type": "integer", "unit": "days"}, "race": {"type": "categorical"},
    "gender": {"type": "categorical"}, "strat": {"type": "ordinal"}, "symptom": {"type": "categorical"},
    "arms": {"type": "categorical", "role": "treatment"},
    "cd40": {"type": "integer", "unit": "cells/mm^3"},
    "cd496": {"type": "integer", "unit": "cells/mm^3", "role": "outcome"},
    "cens": {"type": "categorical", "role": "outcome"},
}
TARGET = "cens"
DISCRETE = [c for c, s in COLUMNS.items() if s["type"] in ("categorical", "ordinal")]
NUMBERS = [c for c in COLUMNS if c not in DISCRETE]


def make(lab):
    (HERE / "columns.json").write_text(json.dumps({"columns": COLUMNS, "target": TARGET}, indent=1) + "\n")
    table = pd.read_csv(ROOT / "Experiments/data/actg175.csv", dtype=str)[list(COLUMNS)]
    order = np.random.default_rng(0).permutation(len(table))
    for name, rows in (("real", order[:300]), ("held-out", order[300:600])):
        part = table.iloc[rows].reset_index(drop=True)
        part.loc[::17, "symptom"] = ""
        part.to_csv(HERE / f"{name}.csv", index=False)
    subprocess.run([lab, "cohort", "generate", "--source", HERE / "real.csv", "--schema", HERE / "columns.json", "--rows",
                    "400", "--seed", "1", "--out", HERE / "synthetic.csv"], check=True)


def read(name):
    table = pd.read_csv(HERE / f"{name}.csv", dtype=str, keep_default_na=False)
    for c in NUMBERS:
        table[c] = pd.to_numeric(table[c].replace("", np.nan))
    for c in DISCRETE:
        table[c] = table[c].map(lambda v: None if v == "" else str(int(float(v))))
    return table


def scaled(reference, table):
    return (table[NUMBERS] - reference[NUMBERS].mean()) / reference[NUMBERS].std(ddof=0).replace(0, 1)


def features(reference, tables, drop=()):
    """z-scores of the reference, missing ones 0 with an indicator where any table has gaps; categories one-hot."""
    result = [[] for _ in tables]
    for c in COLUMNS:
        if c in drop:
            continue
        if c in NUMBERS:
            gaps = any(t[c].isna().any() for t in tables)
            for out, t in zip(result, tables):
                out.append(scaled(reference, t)[c].fillna(0).to_numpy())
                if gaps:
                    out.append(t[c].isna().to_numpy(float))
        else:
            for value in sorted(reference[c].dropna().unique()):
                for out, t in zip(result, tables):
                    out.append((t[c] == value).to_numpy(float))
    return [np.column_stack(out) for out in result]


def points(reference, tables):
    """For Euclidean distances: z-scores, missing ones 0; a category, missing included, differs by 1."""
    values = {c: sorted({str(v) for t in tables for v in t[c]}) for c in DISCRETE}
    return [np.hstack([scaled(reference, t).fillna(0).to_numpy()]
                      + [(t[c].map(str).to_numpy()[:, None] == np.array(values[c])) / np.sqrt(2) for c in DISCRETE])
            for t in tables]


def delong(labels, first, second):
    """Areas and standard errors of both and of their difference (DeLong, DeLong and Clarke-Pearson 1988)."""
    parts = []
    for scores in (first, second):
        wins = np.subtract.outer(scores[labels], scores[~labels])
        wins = (wins > 0) + 0.5 * (wins == 0)
        parts.append((wins.mean(), wins.mean(axis=1), wins.mean(axis=0)))
    error = lambda a, b: np.sqrt(np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b))
    (one, a, b), (two, c, d) = parts
    return dict(tstr=one, trtr=two, tstr_error=error(a, b), trtr_error=error(c, d), difference_error=error(a - c, b - d))


def golden():
    from sdmetrics.reports.single_table import QualityReport
    from sdmetrics.reports.single_table._properties import ColumnPairTrends
    real, synthetic, held = (read(name) for name in ("real", "synthetic", "held-out"))
    report = QualityReport()
    kinds = {c: {"sdtype": "categorical" if c in DISCRETE else "numerical"} for c in COLUMNS}
    report.generate(real, synthetic, {"columns": kinds}, verbose=False)
    shapes = report.get_details("Column Shapes")
    # Without the thresholds of the report, every pair has its score.
    every = ColumnPairTrends()
    every.get_score(real.copy(), synthetic.copy(), {"columns": kinds})
    pairs = every.details.astype(object).where(every.details.notna(), None)
    associated = report.get_details("Column Pair Trends")
    associated = set(zip(associated["Column 1"], associated["Column 2"], associated["Meets Threshold?"]))
    result = {
        "made_with": "sdmetrics 0.32.0, scikit-learn 1.9.1",
        "quality": report.get_score(),
        "properties": report.get_properties().set_index("Property")["Score"].to_dict(),
        "columns": {r.Column: [r.Metric, r.Score] for r in shapes.itertuples()},
        "pairs": [{"first": r["Column 1"], "second": r["Column 2"], "score": r["Score"],
                   "counts": (r["Column 1"], r["Column 2"], True) in associated}
                  for r in pairs.to_dict("records")],
    }
    test = (held[TARGET] == "1").to_numpy()
    models = {"boosted_trees": lambda: GradientBoostingClassifier(random_state=0),
              "logistic_regression": lambda: LogisticRegression(C=1, tol=1e-12, max_iter=100_000)}
    onreal = features(real, [real, synthetic, held], (TARGET,))
    onsynthetic = features(synthetic, [synthetic, held], (TARGET,))
    for name, model in models.items():
        scores = lambda x, table, y: model().fit(x, table[TARGET] == "1").predict_proba(y)[:, 1]
        result[name] = delong(test, scores(onsynthetic[0], synthetic, onsynthetic[1]), scores(onreal[0], real, onreal[2]))
        assert abs(result[name]["tstr"] - roc_auc_score(test, scores(onsynthetic[0], synthetic, onsynthetic[1]))) < 1e-12
    part = synthetic.sample(len(real), random_state=0)
    a, b = features(real, [real, part])
    labels = np.r_[np.ones(len(a)), np.zeros(len(b))]
    told = [roc_auc_score(labels, cross_val_predict(
        GradientBoostingClassifier(random_state=0), np.vstack([a, b]), labels, method="predict_proba",
        cv=StratifiedKFold(5, shuffle=True, random_state=seed))[:, 1]) for seed in range(10)]
    result["discriminator"] = [float(np.mean(told)), float(np.std(told, ddof=1))]
    a, s, h = points(real, [real, synthetic, held])
    nearest = lambda to, rows, k=1: NearestNeighbors(n_neighbors=k, algorithm="brute").fit(to).kneighbors(rows)[0][:, k - 1]
    members, others = nearest(s, a), nearest(s, h)
    result["closest"] = {
        "median": np.median(nearest(a, s)), "fifth_percentile": np.quantile(nearest(a, s), 0.05),
        "real_to_real_median": np.median(nearest(a, a, 2)),
        "membership_auc": roc_auc_score(np.r_[np.ones(len(members)), np.zeros(len(others))], -np.r_[members, others]),
    }
    women = lambda t: t[t["gender"] == "0"]
    from sdmetrics.single_column import KSComplement, TVComplement
    result["women"] = float(np.mean([
        (TVComplement if c in DISCRETE else KSComplement).compute(
            real_data=women(real)[c], synthetic_data=women(synthetic.head(300))[c]) for c in COLUMNS if c != "gender"]))
    (HERE / "golden.json").write_text(json.dumps(result, indent=1, default=float) + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        make(sys.argv[1])
    golden()
