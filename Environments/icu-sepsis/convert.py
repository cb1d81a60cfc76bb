"""Makes `icu-sepsis.table` from the files that the icu-sepsis package (2.0.1) distributes.

    python3 convert.py FOLDER        FOLDER holds dynamics.npz and admissible_actions.txt

(in the package: icu_sepsis/envs/assets). Only rows of admissible actions are kept; the package's row of an
inadmissible action is their mean, which is checked here to 1e-15, and computed by the program.
"""

import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from lab_table import write_table  # noqa: E402

# In the order of the authors' build script (icu_sepsis_helpers, mdp_creation/create_rl_table.py); that the 32nd is
# the SOFA score is checked below.
FEATURES = """gender mechvent max_dose_vaso re_admission
age Weight_kg GCS HR SysBP MeanBP DiaBP RR Temp_C FiO2_1 Potassium Sodium Chloride Glucose Magnesium Calcium Hb
WBC_count Platelets_count PTT PT Arterial_pH paO2 paCO2 Arterial_BE HCO3 Arterial_lactate SOFA SIRS Shock_Index
PaO2_FiO2 cumulated_balance
SpO2 BUN Creatinine SGOT SGPT Total_bili INR input_total input_4hourly output_total output_4hourly""".split()


def main(folder):
    data = np.load(os.path.join(folder, "dynamics.npz"))
    transitions, centres, sofa = data["tx_mat"], data["state_cluster_centers"], data["sofa_scores"]
    states, actions, _ = transitions.shape
    with open(os.path.join(folder, "admissible_actions.txt")) as file:
        lines = file.read().splitlines()
    counts = [int(word) for word in lines[0].split()]
    admissible = [[int(word) for word in line.split()] for line in lines[1 : states + 1]]
    assert [len(row) for row in admissible] == counts
    patients = range(states - 3)
    assert sum(counts[s] for s in patients) == 2238
    for s in patients:
        mean = transitions[s, admissible[s]].mean(axis=0)
        for a in range(actions):
            if a not in admissible[s]:
                assert abs(transitions[s, a] - mean).max() < 1e-15
    assert len(FEATURES) == centres.shape[1] == 47
    assert np.corrcoef(centres[:-3, FEATURES.index("SOFA")], sofa[:-3])[0, 1] > 0.99

    variables = {name: centres[:, index] for index, name in enumerate(FEATURES)}
    variables["sofa_score"] = sofa
    write_table(
        os.path.join(HERE, "icu-sepsis.table"), data["d_0"],
        lambda s, a: transitions[s, a] if a in admissible[s] else None,
        {"expert": data["expert_policy"]}, variables, states, actions)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
