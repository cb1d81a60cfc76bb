// Where the patients of a tree's courses came through: what refinement looks at before it changes something.

import Patients
import Trees

extension PatientCourses {
    /// States of some patients, spread over all of them: about two thousand.
    func someStates() -> [Double] {
        let decisions = traces.reduce(0) { $0 + $1.decisions }
        let stride = max(1, decisions / 2000)
        var rows: [Double] = []
        for place in Swift.stride(from: 0, to: traces.count, by: stride) { rows += traces[place].observations }
        return rows
    }

    /// Decisions made at each node of the tree on the way to a leaf.
    func visits() -> [Int] {
        var visits = Array(repeating: 0, count: tree.nodeCount)
        let width = tree.features.count
        for trace in traces {
            trace.observations.withUnsafeBufferPointer { observations in
                for decision in 0..<trace.decisions {
                    visits[tree.leaf(of: observations.baseAddress! + decision * width)] += 1
                }
            }
        }
        for node in visits.indices.reversed() {
            if case .split(_, _, _, let left, let right) = tree.node(node) {
                visits[node] = visits[left] + visits[right]
            }
        }
        return visits
    }

    /// The leaves, most visited first.
    func leavesByVisits() -> [Int] {
        let visits = visits()
        return tree.leaves.sorted { (visits[$1], $0) < (visits[$0], $1) }
    }

    /// The values that a split's feature had in the states that came to it, ascending; missing ones left out.
    func visitedValues(of node: Int) -> [Double] {
        guard case .split(let feature, _, _, _, _) = tree.node(node) else { return [] }
        let below = tree.subtree(of: node)
        let width = tree.features.count
        var values: [Double] = []
        for trace in traces {
            trace.observations.withUnsafeBufferPointer { observations in
                for decision in 0..<trace.decisions {
                    let row = observations.baseAddress! + decision * width
                    if below.contains(tree.leaf(of: row)), !row[feature].isNaN { values.append(row[feature]) }
                }
            }
        }
        return values.sorted()
    }
}
