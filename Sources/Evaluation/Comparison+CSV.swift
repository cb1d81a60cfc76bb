// The comparison as tables of comma-separated values.

import Numerics

extension Comparison {
    /// `evaluation/comparison.csv`: `policy,kind,metric,estimate,low,high,seeds,patients`.
    public func comparisonCSV() -> String {
        var text = "policy,kind,metric,estimate,low,high,seeds,patients\n"
        for row in rows {
            text += CSV.line(
                [row.policy, row.kind.column, row.metric] + numbers(row.estimate)
                    + ["\(row.seeds)", "\(row.patients)"])
        }
        return text
    }

    /// `evaluation/differences.csv`: policy minus baseline, paired by patient.
    public func differencesCSV() -> String {
        var text = "policy,baseline,metric,estimate,low,high,seeds,baseline_seeds,patients\n"
        for row in differences {
            text += CSV.line(
                [row.policy, row.baseline, row.metric] + numbers(row.estimate)
                    + ["\(row.seeds)", "\(row.baselineSeeds)", "\(row.patients)"])
        }
        return text
    }

    /// `evaluation/subgroups.csv`; a line with a `baseline` is the paired difference `policy` − `baseline`.
    public func subgroupsCSV() -> String {
        var text = "subgroup,level,policy,baseline,metric,estimate,low,high,patients\n"
        for row in subgroups {
            text += CSV.line(
                [row.subgroup, row.level, row.policy, row.baseline ?? "", row.metric] + numbers(row.estimate) + [
                    "\(row.patients)"
                ])
        }
        return text
    }

    /// `evaluation/return_statistics.csv`: the interquartile mean and the worst tenth of the patients.
    public func returnStatisticsCSV() -> String {
        var text = "policy,kind,statistic,estimate,low,high\n"
        for row in returnStatistics {
            text += CSV.line([row.policy, row.kind.column, row.statistic] + numbers(row.estimate))
        }
        return text
    }

    private func numbers(_ estimate: Estimate) -> [String] {
        [estimate.value, estimate.low, estimate.high].map(CSV.number)
    }
}
