"""Makes visits.csv: simulated visits of 60 patients with a chronic liver disease, in the shape of the Mayo Clinic's
sequential data (irregular visits, bilirubin rising before death, gaps), but with numbers of its own throughout.

log bilirubin of patient i at t years: 0.3 + 0.8 b_i + (0.15 + 0.15 |s_i|) t + 0.2 e; albumin: 3.6 - 0.35 (log bilirubin) + 0.2 e;
platelets are missing in one visit of eight, and more often early. Visits at 0, about 183, 365 and then every 365 days with
a deviation of 20 days, until death with hazard 0.02 exp(log bilirubin) a year, or 8 years. Some patients' rows stand in
another order than that of time, and patients are interleaved, as exports are.
"""
import math
import random

random.seed(20)
rows = []
for i in range(60):
    b, s = random.gauss(0, 1), random.gauss(0, 1)
    age, sex = round(50 + 10 * random.gauss(0, 1)), random.random() < 0.85
    arm = "placebo" if random.random() < 0.5 else "penicillamine"
    day = 0
    while day < 8 * 365:
        t = day / 365
        log_bilirubin = 0.3 + 0.8 * b + (0.15 + 0.15 * abs(s)) * t + 0.2 * random.gauss(0, 1)
        albumin = 3.6 - 0.35 * log_bilirubin + 0.2 * random.gauss(0, 1)
        platelets = "" if random.random() < (0.25 if t < 1 else 0.1) else str(max(20, round(250 - 40 * b + 50 * random.gauss(0, 1))))
        stage = "" if random.random() < 0.05 else str(min(4, max(1, round(2 + b + 0.2 * t))))
        bilirubin = math.exp(log_bilirubin)
        rows.append([f"P{i + 1:03}", day, age, "f" if sex else "m", arm, f"{bilirubin:.1f}" if bilirubin >= 0.3 else "<0.3", f"{albumin:.2f}", platelets, stage])
        step = 183 if day == 0 else 182 if day < 300 else 365
        wait = max(30, round(random.gauss(step, 20)))
        if random.random() < 1 - math.exp(-0.02 * math.exp(log_bilirubin) * wait / 365):
            break
        day += wait
for _ in range(40):
    a = random.randrange(len(rows) - 1)
    rows[a], rows[a + 1] = rows[a + 1], rows[a]
with open("visits.csv", "w") as file:
    file.write("patient,day,age,sex,arm,bilirubin,albumin,platelets,stage\n")
    for row in rows:
        file.write(",".join(map(str, row)) + "\n")
