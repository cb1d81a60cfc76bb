"""Scores synthetic patients on stratified folds of a real table, or exports the folds.

    cohorts_.py export DATASET DATA FOLDER      writes FOLDER/DATASET.foldK.train.csv and .test.csv, DATASET.columns.json and
                                                DATASET.declared.json, with ranges and categories
    cohorts_.py MODEL DATASET DATA [FOLDER]     one line of JSON; MODEL is tvae, ctgan, gaussian, or csv: the rows that
                                                another program wrote to FOLDER/DATASET.foldK.syn.csv

DATA is the folder with actg175.csv, cleveland.csv, pima.csv and wdbc.csv. Measures on each fold: SDMetrics' quality report
on at least 2,000 rows; boosted trees (scikit-learn's defaults) and logistic regression trained on as many synthetic rows
as there are real ones (and on 10,000), tested on the held-out fold; boosted trees telling real rows from as many
synthetic ones; distances to the closest record (z-scores, a different category counts 1) and what they say of membership."""

import json
import os
import pathlib
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore")
FOLDS = 5
ROWS = 10_000
TABLES = {
    "cleveland": ("disease", ["sex", "cp", "fbs", "restecg", "exang", "slope", "ca", "thal"]),
    "pima": ("diabetes", []),
    "actg175": ("cens", ["hemo", "homo", "drugs", "karnof", "oprior", "z30", "race", "gender", "str2", "strat", "symptom",
                         "treat", "offtrt", "arms"]),
    "wdbc": ("malignant", []),
}


# What differential privacy needs to be told: round numbers from what each measurement can be, not from the tables.
RANGES = {
    "cleveland": {"age": (18, 100), "trestbps": (60, 260), "chol": (80, 700), "thalach": (50, 250), "oldpeak": (0, 10)},
    "pima": {"pregnancies": (0, 25), "glucose": (0, 300), "bp": (0, 200), "skin": (0, 120), "insulin": (0, 1500),
             "bmi": (0, 90), "pedigree": (0, 5), "age": (18, 100)},
    "actg175": {"age": (12, 100), "wtkg": (30, 200), "preanti": (0, 10000), "cd40": (0, 5000), "cd420": (0, 5000),
                "cd80": (0, 10000), "cd820": (0, 10000), "days": (0, 2000)},
    "wdbc": {
        **{f"{kind}_{feature}": bounds for kind in ("mean", "worst") for feature, bounds in dict(
            radius=(0, 60), texture=(0, 80), perimeter=(0, 400), area=(0, 10000), smoothness=(0, 0.5), compactness=(0, 2),
            concavity=(0, 2), concave_points=(0, 0.5), symmetry=(0, 1), fractal_dimension=(0, 0.5)).items()},
        **{f"{feature}_error": bounds for feature, bounds in dict(
            radius=(0, 5), texture=(0, 10), perimeter=(0, 50), area=(0, 1000), smoothness=(0, 0.1), compactness=(0, 0.5),
            concavity=(0, 1), concave_points=(0, 0.1), symmetry=(0, 0.2), fractal_dimension=(0, 0.05)).items()}},
}
CATEGORIES = {"cp": "1234", "restecg": "012", "slope": "123", "ca": "0123", "thal": "367", "strat": "123", "arms": "0123"}
WHOLE = {"cleveland": ["age", "trestbps", "chol", "thalach"], "pima": ["pregnancies", "glucose", "bp", "skin", "insulin", "age"],
         "actg175": ["age", "preanti", "cd40", "cd420", "cd80", "cd820", "days"], "wdbc": []}


def as_category(value):
    return str(int(value)) if isinstance(value, (int, float, np.integer, np.floating)) else str(value)


def load(name, folder):
    """Complete rows, each once. Cleveland: disease is num > 0. Pima: zeros as they are recorded. ACTG 175 without the
    identifier, a constant, and the CD4 count at week 96, of which 37 % is missing, with its indicator."""
    target, discrete = TABLES[name]
    table = pd.read_csv(pathlib.Path(folder) / f"{name}.csv")
    if name == "cleveland":
        table = table.dropna().copy()
        table["disease"] = (table.pop("num") > 0).astype(int)
    if name == "actg175":
        table = table.drop(columns=["pidnum", "zprior", "cd496", "r"])
    table = table.drop_duplicates().reset_index(drop=True)
    discrete = discrete + [target]
    for column in table.columns:
        table[column] = table[column].map(as_category) if column in discrete else table[column].astype(float)
    return table, discrete, target


def folds(table, target):
    for number, (train, test) in enumerate(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(table, table[target])):
        yield number, table.iloc[train].reset_index(drop=True), table.iloc[test].reset_index(drop=True)


def encode(reference, frames, discrete, drop=()):
    numbers = [c for c in reference.columns if c not in discrete and c not in drop]
    choices = [c for c in discrete if c not in drop]
    mean, deviation = reference[numbers].mean(), reference[numbers].std(ddof=0).replace(0, 1)
    categories = {c: np.array(sorted(reference[c].astype(str).unique())) for c in choices}
    encoded = []
    for frame in frames:
        parts = [((frame[numbers] - mean) / deviation).to_numpy(float)] if numbers else []
        parts += [(frame[c].astype(str).to_numpy()[:, None] == categories[c]) / np.sqrt(2) for c in choices]
        encoded.append(np.nan_to_num(np.hstack(parts)))
    return encoded


def area(model, train, test, discrete, target):
    if train[target].nunique() < 2:
        return 0.5
    a, b = encode(train, [train, test], discrete, (target,))
    return roc_auc_score(test[target] == "1", model.fit(a, train[target] == "1").predict_proba(b)[:, 1])


def boosted():
    return GradientBoostingClassifier(random_state=0)


def logistic():
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))


def quality(real, synthetic, discrete):
    from sdmetrics.reports.single_table import QualityReport
    kinds = {c: {"sdtype": "categorical" if c in discrete else "numerical"} for c in real.columns}
    report = QualityReport()
    report.generate(real, synthetic, {"columns": kinds}, verbose=False)
    parts = report.get_properties().set_index("Property")["Score"]
    return dict(quality=report.get_score(), shapes=parts["Column Shapes"], pairs=parts["Column Pair Trends"])


def discriminator(real, synthetic, discrete):
    part = synthetic.sample(min(len(real), len(synthetic)), random_state=0)
    a, b = encode(real, [real, part], discrete)
    labels = np.r_[np.ones(len(a)), np.zeros(len(b))]
    split = StratifiedKFold(5, shuffle=True, random_state=0)
    return roc_auc_score(
        labels, cross_val_predict(boosted(), np.vstack([a, b]), labels, cv=split, method="predict_proba")[:, 1])


def closeness(train, held_out, synthetic, discrete):
    a, h, s = encode(train, [train, held_out, synthetic], discrete)
    nearest = lambda to, rows, k=1: NearestNeighbors(n_neighbors=k).fit(to).kneighbors(rows)[0][:, k - 1]
    to_real = nearest(a, s)
    members, others = nearest(s, a), nearest(s, h)
    labels = np.r_[np.ones(len(members)), np.zeros(len(others))]
    return dict(dcr=np.median(to_real), dcr_real=np.median(nearest(a, a, 2)), copies=np.mean(to_real < 1e-9),
                membership=roc_auc_score(labels, -np.r_[members, others]))


def copula(train, discrete, seed):
    """A Gaussian copula on empirical marginals, categories as ordered codes with ties in random order."""
    from scipy.stats import norm, rankdata
    draws, n = np.random.default_rng(seed), len(train)
    codes = {c: train[c].astype("category") for c in discrete}
    scores = np.column_stack([
        norm.ppf((rankdata(train[c] if c not in codes else codes[c].cat.codes + 1e-6 * draws.standard_normal(n),
                           method="ordinal") - 0.5) / n) for c in train.columns])
    correlation = np.corrcoef(scores.T) + 1e-6 * np.eye(scores.shape[1])
    places = norm.cdf(draws.multivariate_normal(np.zeros(len(correlation)), correlation, ROWS))
    made = {}
    for i, c in enumerate(train.columns):
        if c in codes:
            ordered = np.sort(codes[c].cat.codes)
            made[c] = codes[c].cat.categories.to_numpy()[ordered[np.minimum((places[:, i] * n).astype(int), n - 1)]]
        else:
            made[c] = np.quantile(train[c], places[:, i])
    return pd.DataFrame(made)


def synthesise(model, train, discrete, number, folder, name):
    if model == "csv":
        return pd.read_csv(pathlib.Path(folder) / f"{name}.fold{number}.syn.csv"), {}
    start = time.process_time()
    if model == "gaussian":
        return copula(train, discrete, number), dict(fit=time.process_time() - start)
    import torch
    from ctgan import CTGAN, TVAE
    torch.set_num_threads(1)
    torch.manual_seed(number)
    np.random.seed(number)
    fitted = (TVAE if model == "tvae" else CTGAN)(epochs=300, enable_gpu=False)
    start = time.process_time()
    fitted.fit(train, discrete)
    middle = time.process_time()
    made = fitted.sample(ROWS)
    return made, dict(fit=middle - start, sample=time.process_time() - middle)


def score(model, name, data, folder):
    table, discrete, target = load(name, data)
    rows = []
    for number, train, test in folds(table, target):
        made, cost = synthesise(model, train, discrete, number, folder, name)
        made = made[table.columns].copy()
        for c in table.columns:
            made[c] = made[c].map(as_category) if c in discrete else made[c].astype(float)
        part = made.head(len(train))
        prevalence = [float((t[target] == "1").mean()) for t in (train, made)]
        rows.append(dict(
            **cost, **quality(train, made.head(max(len(train), 2000)), discrete),
            tstr=area(boosted(), part, test, discrete, target), trtr=area(boosted(), train, test, discrete, target),
            tstr_10k=area(boosted(), made, test, discrete, target),
            tstr_logistic=area(logistic(), part, test, discrete, target),
            trtr_logistic=area(logistic(), train, test, discrete, target),
            discriminator=discriminator(train, made, discrete), prevalence_real=prevalence[0], prevalence=prevalence[1],
            lost=sum(len(set(train[c]) - set(made[c])) for c in discrete), **closeness(train, test, part, discrete)))
    mean = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    return dict(model=model, dataset=name, rows=len(table), columns=table.shape[1], **mean,
                deviation={key: float(np.std([row[key] for row in rows], ddof=1)) for key in rows[0]})


def export(name, data, folder):
    table, discrete, target = load(name, data)
    columns = {c: {"type": "categorical" if c in discrete else "continuous"} for c in table.columns}
    pathlib.Path(folder, f"{name}.columns.json").write_text(json.dumps({"columns": columns, "target": target}))
    declared = {}
    for c in table.columns:
        if c in discrete:
            names = ["70", "80", "90", "100"] if c == "karnof" else list(CATEGORIES.get(c, "01"))
            declared[c] = {"type": "categorical", "categories": names}
        else:
            declared[c] = {"type": "integer" if c in WHOLE[name] else "continuous", "range": RANGES[name][c]}
    pathlib.Path(folder, f"{name}.declared.json").write_text(json.dumps({"columns": declared, "target": target}))
    for number, train, test in folds(table, target):
        train.to_csv(pathlib.Path(folder, f"{name}.fold{number}.train.csv"), index=False)
        test.to_csv(pathlib.Path(folder, f"{name}.fold{number}.test.csv"), index=False)
    return dict(exported=name, folds=FOLDS)


if __name__ == "__main__":
    what, name, data = sys.argv[1:4]
    folder = sys.argv[4] if len(sys.argv) > 4 else None
    print(json.dumps(export(name, data, folder) if what == "export" else score(what, name, data, folder)))
