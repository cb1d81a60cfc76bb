// Several changes to one place of a tree, compared on the same patients, the hopeless ones dropped early.

import Numerics
import Trees

/// A change to a tree that is to be tried.
struct Candidate: Sendable {
    var tree: DecisionTree
    var change: String
}

/// A change that was believed.
struct RaceWinner: Sendable {
    var candidate: Candidate
    /// Places of the patients it treats otherwise, and their episodes.
    var places: [Int]
    var traces: [PatientTrace]
    /// Mean paired difference of return over all patients, and its standard error.
    var difference: Double
    var standardError: Double
}

/// A race by paired differences of return.
///
/// Candidates meet the patients whom they affect in one random order, in stages of doubling size. After each stage a
/// candidate is dropped when, going on as so far, it would be unlikely to reach the confidence at the end, and only
/// the better half goes on (successive halving: Jamieson and Talwalkar 2016). The winner has met every patient whom it
/// affects; the others' difference is 0, exactly.
///
/// The statistic is Σd / √Σd², whose tails are those of a normal variable at most where differences are symmetric
/// (Efron 1969); a sum of n equal differences gives √n, so that few patients cannot convince.
struct CandidateRace {
    /// What a candidate must show.
    enum Demand {
        /// Improvement with the configured confidence.
        case improvement
        /// No loss of mean return: for changes that make the tree smaller.
        case noLoss
    }

    private struct Contender: Sendable {
        var candidate: Candidate
        var places: [Int]
        /// Of these places, how many have been met.
        var seen = 0
        var sum = 0.0
        var squares = 0.0

        var isComplete: Bool { seen == places.count }
        var statistic: Double { squares > 0 ? sum / squares.squareRoot() : 0 }
        /// Expected sum over all whom it affects.
        var promise: Double { seen == 0 ? 0 : sum * Double(places.count) / Double(seen) }
    }

    let configuration: RefinementConfiguration
    /// The patients' places in the order in which they are met.
    let order: [Int]
    let trials: TreeTrials

    /// Runs a race; nil where nothing wins. Episodes are counted in `courses`, which otherwise stay as they are.
    func run(_ candidates: [Candidate], _ demand: Demand, _ courses: inout PatientCourses) throws -> RaceWinner? {
        var alive: [Contender] = []
        for candidate in candidates {
            // Patients in the order of the race.
            let changed = order.filter { courses.traces[$0].isChanged(by: candidate.tree) }
            if demand == .improvement, changed.count < configuration.minimumAffected { continue }
            alive.append(Contender(candidate: candidate, places: changed))
        }
        alive = CandidateRace.distinct(alive, courses)
        var finished: [Contender] = alive.filter(\.isComplete)
        alive.removeAll(where: \.isComplete)
        var stage = configuration.firstStage
        while !alive.isEmpty {
            let todo = alive.map { Array($0.places[$0.seen..<min(stage, $0.places.count)]) }
            let cost = todo.reduce(0) { $0 + $1.count }
            guard cost <= budget(of: courses) + (demand == .noLoss ? reserve : 0) else { break }
            let worth = try trials.run(
                alive.map(\.candidate.tree),
                todo.enumerated().flatMap { index, places in
                    places.map { TreeTrials.Trial(tree: index, patient: courses.traces[$0].patient) }
                })
            courses.count(episodes: cost)
            var next = 0
            for index in alive.indices {
                for place in todo[index] {
                    let difference = worth[next].value - courses.objective.value(of: courses.traces[place])
                    alive[index].sum += difference
                    alive[index].squares += difference * difference
                    next += 1
                }
                alive[index].seen += todo[index].count
            }
            finished += alive.filter(\.isComplete)
            alive = Array(
                alive.filter { !$0.isComplete && isHopeful($0, demand) }
                    .enumerated()
                    .sorted { ($1.element.promise, $0.offset) < ($0.element.promise, $1.offset) }
                    .map(\.element)
                    .prefix(max(1, (alive.count + 1) / 2)))
            stage *= 2
        }
        let winner = finished.filter { meets($0, demand) }.max { $0.sum < $1.sum }
        guard let winner else { return nil }
        // Once more, with every decision kept; that costs no new episodes.
        let traces = try courses.simulate(winner.candidate.tree, winner.places, jobs: trials.jobs)
        let count = Double(courses.count)
        let mean = winner.sum / count
        let variance = max(0, winner.squares / count - mean * mean) / max(1, count - 1)
        return RaceWinner(
            candidate: winner.candidate, places: winner.places, traces: traces, difference: mean,
            standardError: variance.squareRoot())
    }

    /// Episodes kept back for the removals at the end: a tenth of all.
    private var reserve: Int { configuration.maximumEpisodes / 10 }

    /// Episodes that may still be simulated for improvements.
    func budget(of courses: PatientCourses) -> Int {
        configuration.maximumEpisodes - reserve - courses.simulated
    }

    private var quantile: Double { normalQuantile(configuration.confidence) }

    private func meets(_ contender: Contender, _ demand: Demand) -> Bool {
        switch demand {
        case .improvement: contender.sum > 0 && contender.statistic >= quantile
        case .noLoss: contender.sum >= 0
        }
    }

    /// Whether a candidate may still do it: the statistic at the end, expected from what was seen, is within one
    /// standard deviation of what it must be (conditional power: Lan and Wittes 1988).
    private func isHopeful(_ contender: Contender, _ demand: Demand) -> Bool {
        let seen = Double(contender.seen) / Double(contender.places.count)
        let needed = demand == .improvement ? quantile : 0
        return contender.statistic / seen.squareRoot() + (1 - seen).squareRoot() >= needed
    }

    /// Candidates that decide differently somewhere: of those alike on every state seen, the first.
    private static func distinct(_ contenders: [Contender], _ courses: PatientCourses) -> [Contender] {
        var seen: Set<[Int32]> = []
        return contenders.filter { contender in
            var decisions: [Int32] = []
            for place in contender.places {
                decisions.append(Int32(place))
                decisions += courses.traces[place].decisions(of: contender.candidate.tree)
            }
            return seen.insert(decisions).inserted
        }
    }
}

extension PatientTrace {
    /// What a tree would do in each state of this course.
    func decisions(of tree: DecisionTree) -> [Int32] {
        var chosen = Array(repeating: Int32(0), count: actions.count)
        tree.act(observations: observations, allowed: allowed, count: actions.count, actions: &chosen)
        return chosen
    }
}
