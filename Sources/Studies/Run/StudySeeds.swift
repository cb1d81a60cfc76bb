// The seeds of a study's parts, all derived from its one seed.

import Numerics

extension Study {
    /// A seed for one purpose. Purposes never share random numbers; the index tells many alike apart.
    func seed(_ purpose: String, _ index: Int = 0) -> UInt64 {
        var stream = RandomStream(seed: seed, purpose: "study.\(purpose)", index: UInt64(index))
        return stream.nextBits()
    }

    /// Training seeds as folders and tables number them: 1, 2, …
    var seedNumbers: [Int] { Array(1...seeds) }

    /// The seeds of an agent: one where nothing is learned.
    func seedNumbers(of agent: Agent) -> [Int] { agent.learner.learns ? seedNumbers : [1] }
}
