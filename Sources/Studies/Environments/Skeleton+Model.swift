// The environment.json that `lab env new` writes: small, but with one of everything that most diseases need. The file
// cannot hold comments, so every member says in its `meaning` what it is there for.

extension Skeleton {
    static func model(_ name: String) -> String {
        template.replacingOccurrences(of: "NAME", with: name)
    }

    private static let template = """
        {
          "format": 1,
          "name": "NAME",
          "title": "A drug that holds a marker down",
          "kind": "ode",
          "time_unit": "d",
          "source": "Skeleton made by `lab env new`; invented numbers. Put the publication and its DOI here.",
          "limits": [
            "An invented example: nothing may be concluded from it.",
            "Side effects other than a high concentration are not modelled."
          ],

          "covariates": {
            "weight": { "value": 70, "unit": "kg", "meaning": "body weight: what is known of a patient, here drawn around 70 kg",
                        "variability": { "distribution": "normal", "mean": 70, "sigma": 12, "low": 40, "high": 120 } }
          },

          "parameters": {
            "V":    { "value": "0.7[L/kg] * weight", "unit": "L", "meaning": "volume of distribution: follows from the weight, and varies about it",
                      "variability": { "distribution": "log_normal", "cv": 0.15 } },
            "k":    { "value": 0.5, "unit": "1/d", "meaning": "elimination of the drug",
                      "variability": { "distribution": "log_normal", "cv": 0.3 } },
            "made": { "value": 2, "unit": "U/(L d)", "meaning": "production of the marker" },
            "lost": { "value": 0.1, "unit": "1/d", "meaning": "loss of the marker",
                      "variability": { "distribution": "log_normal", "cv": 0.2 } },
            "most": { "value": 0.9, "unit": "1", "meaning": "largest share of the production that the drug stops" },
            "half": { "value": 0.5, "unit": "mg/L", "meaning": "concentration at half that effect" }
          },

          "states": {
            "A": { "initial": 0, "unit": "mg", "meaning": "drug in the body" },
            "M": { "initial": "made / lost", "unit": "U/L", "meaning": "marker: begins at its level without treatment" }
          },

          "inputs": {
            "dose": { "unit": "mg/d", "meaning": "drug that is given; a rate, so that an amount in mg is a dose given at once" }
          },

          "random": {
            "assay": { "distribution": "log_normal", "median": 1, "sigma": 0.05, "unit": "1", "redrawn": "decision",
                       "meaning": "error of the marker's measurement, about 5 %" }
          },

          "definitions": {
            "C": { "expression": "A / V", "unit": "mg/L", "output": true, "meaning": "concentration of the drug" }
          },

          "rates": {
            "A": "dose - k*A",
            "M": "made * (1 - most * C / (half + C)) - lost*M"
          },

          "decisions": { "interval": 1, "count": 60 },

          "doses": {
            "drug": { "input": "dose", "amount": 1, "meaning": "1 mg; the actions below give multiples of it" }
          },

          "actions": [
            { "name": "{level} mg", "dose": "drug", "levels": [0, 10, 20, 40], "meaning": "{level} mg of the drug at once" }
          ],

          "forbid": [
            { "dose": "drug", "when": "C > 2[mg/L]", "reason": "no drug while there is much in the blood" }
          ],

          "endings": [
            { "name": "toxic", "when": "C > 3[mg/L]", "reward": -10, "meaning": "so much drug that treatment is given up" }
          ],

          "reward": {
            "discount": 1,
            "terms": {
              "in_range": { "expression": "if(M > 5[U/L] and M < 10[U/L], 1, 0)", "meaning": "a day with the marker in its range" },
              "burden":   { "expression": "-0.005 * given(drug)", "meaning": "burden of the drug, by its amount" }
            }
          },

          "observations": [
            { "name": "marker", "expression": "M * assay", "unit": "U/L", "range": [0, 60], "step": 0.1,
              "meaning": "marker as measured" },
            { "name": "marker_change", "change_of": "marker", "unit": "U/L", "range": [-20, 20], "step": 0.1,
              "meaning": "change since the last decision" },
            { "name": "concentration", "expression": "C", "unit": "mg/L", "range": [0, 4], "step": 0.01, "missing": 0.8,
              "meaning": "concentration of the drug, measured on one day in five; in between the last value is shown" },
            { "name": "weight", "expression": "weight", "unit": "kg", "range": [40, 120], "step": 1, "meaning": "body weight" },
            { "name": "day", "expression": "time", "unit": "d", "range": [0, 60], "step": 1, "meaning": "days since the first decision" }
          ],

          "outcomes": [
            { "name": "toxic",         "expression": "ended(toxic)", "kind": "event", "better": "lower", "meaning": "treatment given up" },
            { "name": "days_in_range", "expression": "sum(if(M > 5[U/L] and M < 10[U/L], 1, 0))", "kind": "quantity", "better": "higher",
              "unit": "d", "meaning": "days with the marker in its range" },
            { "name": "drug",          "expression": "total(drug)", "kind": "quantity", "better": "lower", "unit": "mg",
              "meaning": "drug given in all" }
          ],

          "protocols": {
            "none":     { "meaning": "no treatment", "give": [] },
            "fixed":    { "meaning": "20 mg every day", "give": [{ "dose": "drug", "level": 20, "every": 1 }] },
            "adjusted": { "meaning": "40 mg while the marker is above 9, else 10 mg", "rules": [
                            { "when": "marker > 9", "dose": "drug", "level": 40 },
                            { "dose": "drug", "level": 10 } ] }
          },

          "plausible": {
            "at_start": [{ "when": "M > 10[U/L]", "meaning": "the marker would have been found raised" }]
          },

          "steady_states": [
            { "name": "untreated", "states": { "A": 0, "M": 20 }, "stable": true, "meaning": "made / lost without the drug" }
          ],

          "integration": { "method": "mild", "tolerance": 1e-6 },

          "variants": {
            "slow": { "meaning": "a drug that stays four times as long", "change": { "parameters": { "k": { "value": 0.125 } } } }
          }
        }

        """
}
