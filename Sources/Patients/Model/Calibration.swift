// What an environment's patients were fitted to: published distributions of outcomes that no published link between
// covariate and parameter explains. Calibrated, not learned.

import Numerics

extension EnvironmentModel {
    /// A published distribution of an outcome under treatment in a trial. Parameters that vary among patients are
    /// accepted so that the simulated outcome follows it (Allen 2016, doi 10.1002/psp4.12063).
    ///
    /// The trial's arm is told apart from what a study compares: it is either inputs held for the time of the trial, or
    /// orders of doses that no protocol of the file gives.
    public struct Calibration: Sendable {
        public var name: String
        public var meaning: String
        public var source: String
        /// Inputs held from the start, by index; those not named are 0.
        public var inputs: [(input: Int, size: Formula, text: String)] = []
        /// Or doses ordered.
        public var orders: [TreatmentProtocol.Order] = []
        /// When the outcome is asked for, in the model's time unit.
        public var time: Double
        public var expression: Formula
        public var text: String
        public var unitText: String
        /// Of which patients it was reported; nil for all.
        public var among: Formula?
        public var amongText = ""
        /// As published.
        public var mean: Double
        public var deviation: Double
        /// The part of it that is error of measurement and variation from day to day, not difference between patients.
        public var measurementDeviation = 0.0

        /// How far patients differ without that part.
        public var trueDeviation: Double {
            (deviation * deviation - measurementDeviation * measurementDeviation).squareRoot()
        }

        /// What tells arms apart: those that agree in it are simulated once.
        var arm: String {
            let held = inputs.map { "\($0.input)=\($0.text)" }.joined(separator: ",")
            return "\(time);\(held);\(orders.map { "\($0)" }.joined(separator: ","))"
        }
    }
}

/// How often draws are accepted, from what their simulated outcomes are: for every target the ratio of the published
/// density to that of plausible draws, in bins of a quarter of a standard deviation.
public struct CalibrationAcceptance: Sendable, Equatable {
    /// Standard deviations from the mean within which there are bins; beyond is one on either side.
    static let reach = 3.5
    static let width = 0.25
    static let bins = 2 + Int(2 * reach / width)
    /// What share of the published distribution lies in each bin.
    static let shares = (0..<bins).map { bin in
        let low = bin == 0 ? 0 : normalCDF(Double(bin - 1) * width - reach)
        return (bin == bins - 1 ? 1 : normalCDF(Double(bin) * width - reach)) - low
    }
    /// Products of ratios above this quantile of the draws count as 1.
    static let certain = 0.98

    /// By target: mean and standard deviation of the published normal distribution.
    let targets: [Target]
    /// By target and bin.
    private(set) var ratios: [[Double]]
    /// What products of ratios are divided by.
    private(set) var scale = 1.0

    public struct Target: Sendable, Equatable {
        public var mean: Double
        public var deviation: Double
        public init(mean: Double, deviation: Double) {
            self.mean = mean
            self.deviation = deviation
        }

        func bin(_ value: Double) -> Int {
            let place = ((value - mean) / deviation + CalibrationAcceptance.reach) / CalibrationAcceptance.width
            return Int(min(Double(CalibrationAcceptance.bins - 1), max(0, place.rounded(.down) + 1)))
        }
    }

    /// Finds the ratios by iterative proportional fitting: target after target is met, with every patient keeping the
    /// same weight, until all fit. With one target this is Allen's ratio of densities.
    ///
    /// - Parameters:
    ///   - outcomes: by target and draw; not a number where the target is not about the patient.
    ///   - patient: by draw, whose draw it is: patients keep their covariates, so that none may lose weight to another.
    public init(_ targets: [Target], outcomes: [[Double]], patient: [Int]) {
        self.targets = targets
        ratios = targets.map { _ in Array(repeating: 1, count: CalibrationAcceptance.bins) }
        let draws = patient.count
        let places = zip(targets, outcomes).map { target, values in
            values.map { $0.isNaN ? -1 : target.bin($0) }
        }
        let patients = (patient.max() ?? -1) + 1
        var product = Array(repeating: 1.0, count: draws)
        for _ in 0..<100 {
            var largest = 0.0
            for (index, bins) in places.enumerated() {
                var sums = Array(repeating: 0.0, count: patients)
                for draw in 0..<draws { sums[patient[draw]] += product[draw] }
                var masses = Array(repeating: 0.0, count: CalibrationAcceptance.bins)
                var total = 0.0
                for draw in 0..<draws where bins[draw] >= 0 && sums[patient[draw]] > 0 {
                    let weight = product[draw] / sums[patient[draw]]
                    masses[bins[draw]] += weight
                    total += weight
                }
                guard total > 0 else { continue }
                // What no draw reaches cannot be asked for of the others.
                let shares = CalibrationAcceptance.shares
                let reached = masses.indices.reduce(0) { $0 + (masses[$1] > 0 ? shares[$1] : 0) }
                let factors = masses.indices.map { masses[$0] > 0 ? total * shares[$0] / reached / masses[$0] : 1 }
                for bin in factors.indices { ratios[index][bin] *= factors[bin] }
                for draw in 0..<draws where bins[draw] >= 0 { product[draw] *= factors[bins[draw]] }
                largest = max(largest, factors.map { abs($0 - 1) }.max() ?? 0)
            }
            if largest < 1e-3 { break }
        }
        let sorted = product.sorted()
        let top = sorted.isEmpty ? 1 : sorted[min(draws - 1, Int(CalibrationAcceptance.certain * Double(draws)))]
        scale = top > 0 ? top : 1
    }

    /// The probability that a draw with these outcomes is accepted.
    public func probability(_ outcomes: [Double]) -> Double {
        var product = 1 / scale
        for (index, target) in targets.enumerated() where !outcomes[index].isNaN {
            product *= ratios[index][target.bin(outcomes[index])]
        }
        return min(1, product)
    }
}
