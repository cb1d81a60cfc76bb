// A made-up disease that uses all that the language has: what could make one patient depend on another, once.

import Numerics
import PositionedJSON

import Patients

enum EverythingModel {
    static let text = #"""
        {
          "format": 1, "name": "everything", "time_unit": "h",
          "covariates": {
            "age": { "value": 50, "unit": "1", "meaning": "age", "variability": { "distribution": "uniform", "low": 20, "high": 80 } },
            "type": { "categories": ["a", "b"], "probabilities": [0.6, 0.4], "value": "a", "meaning": "type" }
          },
          "parameters": {
            "V": { "value": "10[L] + 0.1[L]*age", "unit": "L" },
            "CL": { "value": "pick(type, 2[L/h], 4[L/h])", "unit": "L/h" },
            "ka": { "value": 1.2, "unit": "1/h" },
            "lag": { "value": "0.004[h]*age", "unit": "h" },
            "g": { "value": 0.02, "unit": "1/h", "variability": { "distribution": "log_normal", "median": 0.02, "sigma": 0.8 } }
          },
          "states": {
            "D": { "initial": 0, "unit": "mg" },
            "A": { "initial": 0, "unit": "mg" },
            "R": { "initial": 0, "unit": "mg", "meaning": "held, before a state with a rate" },
            "T": { "initial": "20 * age", "unit": "1", "log": true, "variability": { "distribution": "log_normal", "median": 1000, "sigma": 0.5 } },
            "food": { "initial": 0, "unit": "g" },
            "mood": { "initial": 0, "unit": "1" }
          },
          "random": {
            "jitter": { "distribution": "normal", "mean": 1, "sigma": 0.3, "low": 0.1, "unit": "1", "redrawn": "step" },
            "noise": { "distribution": "log_normal", "median": 1, "sigma": 0.1, "unit": "1", "redrawn": "decision" },
            "trait": { "distribution": "uniform", "low": 0.5, "high": 1.5, "unit": "1", "redrawn": "episode" }
          },
          "events": {
            "meal": { "state": "food", "amount": { "distribution": "normal", "mean": 40, "sigma": 10, "low": 0, "round": 1 },
              "time": { "distribution": "uniform", "low": 1, "high": 5 }, "every": 6, "probability": 0.9 },
            "once": { "state": "food", "amount": 5, "time": 3.5 }
          },
          "inputs": { "oral": { "unit": "mg/h", "lag": "lag" }, "drip": { "unit": "mg/h" }, "talk": { "unit": "1/h" } },
          "definitions": { "C": { "expression": "A / V", "unit": "mg/L" } },
          "step": 1,
          "at_step_start": { "food": "0.3*food", "R": "A" },
          "at_step_end": { "mood": "0.8*mood + talk*1[h] + 0.001*food/1[g]*jitter" },
          "rates": {
            "D": "oral - ka*D",
            "A": "ka*D + drip - CL/V*A*trait",
            "T": "g*T*jitter - 0.03[L/(mg h)]*C*T + 0.01[1/(mg h)]*R*(1 + sin(time/1[h]))"
          },
          "decisions": { "interval": 4, "count": 12 },
          "doses": {
            "pill": { "input": "oral", "amount": "8[mg] + 0.01[mg]*min(T, 1000)", "at": 0.2, "every": 1.5, "times": 2 },
            "drip": { "input": "drip", "rate": 3, "at": 0.5, "duration": 2.25 },
            "talk": { "input": "talk", "amount": 1, "at": 2.4 }
          },
          "actions": [
            { "name": "none", "doses": [] }, { "name": "{level}", "dose": "pill", "levels": [0.5, 1, 2] },
            { "name": "drip", "doses": ["drip"] }, { "name": "all", "doses": ["drip", "pill", { "dose": "talk", "level": 2 }] }
          ],
          "forbid": [ { "dose": "drip", "when": "total(drip) >= 4 or highest(C) > 4[mg/L]" }, { "dose": "talk", "when": "count(talk) >= 5" } ],
          "endings": [
            { "name": "well", "when": "T < 300", "reward": 5 },
            { "name": "worse", "when": "T > 3000", "reward": -5, "checked": "at_decisions", "replaces_reward": true },
            { "name": "merry", "when": "mood > 1.5", "reward": 1 }
          ],
          "reward": { "terms": {
            "burden": { "expression": "-0.1*log10(T) + 0.01*log(T/before(T))" }, "drug": { "expression": "-0.1*given(drip) - 0.01*average(C)/1[mg/L]" }
          } },
          "observations": [
            { "name": "T", "expression": "log10(T*noise)", "missing": 0.3 }, { "name": "T_seen", "measured": "T" },
            { "name": "T_before", "delay_of": "T", "by": 2 }, { "name": "T_change", "change_of": "T" },
            { "name": "C", "expression": "C" }, { "name": "C_before", "expression": "before(C)" },
            { "name": "C_sum", "expression": "sum(C*noise)" }, { "name": "T_start", "expression": "initial(T)" },
            { "name": "mood", "expression": "mood" }, { "name": "food", "expression": "food" }, { "name": "drip", "expression": "drip + talk*1[mg]" },
            { "name": "jitter", "expression": "jitter" }, { "name": "hour", "expression": "time" }
          ],
          "outcomes": [
            { "name": "well", "expression": "ended(well)", "kind": "event" }, { "name": "worse", "expression": "time_of(worse)", "unit": "h" },
            { "name": "most", "expression": "highest(C)" }, { "name": "least", "expression": "lowest(T)" }, { "name": "mood", "expression": "highest(mood)" },
            { "name": "pills", "expression": "total(pill)" }, { "name": "average", "expression": "average(T)" }
          ],
          "integration": { "method": "mild", "tolerance": 1e-4 }
        }
        """#

    static func make(_ method: EnvironmentModel.Method = .mild) throws -> EnvironmentModel {
        var model = try EnvironmentReader.read(
            SourceText(name: "everything.json", bytes: Array(text.utf8)), folder: ".")
        model.method = method
        return model
    }
}
