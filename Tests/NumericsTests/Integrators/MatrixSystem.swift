// Linear systems for the tests of the matrix exponential.

import Numerics

/// x′ = A·x + b with the entries of A and b among the inputs, so that every lane has its own: rows x, A by rows, b.
final class MatrixSystem: LaneSystem {
    let stateCount: Int
    let pattern: [(row: Int, column: Int)]
    var inputCount: Int { stateCount + pattern.count + stateCount }
    var timeInput: Int? { nil }
    var jacobianPattern: [(row: Int, column: Int)] { pattern }

    /// The pattern is that of the entries that are not zero in any of the matrices.
    init(_ matrices: [[[Double]]]) {
        let size = matrices[0].count
        stateCount = size
        pattern = (0..<size).flatMap { row in (0..<size).map { (row, $0) } }
            .filter { place in matrices.contains { $0[place.0][place.1] != 0 } }
    }

    func evaluateRates(
        _ inputs: UnsafePointer<Double>, _ rates: UnsafeMutablePointer<Double>, stride: Int, lanes: Int
    ) {
        let constant = stateCount + pattern.count
        for lane in Swift.stride(from: 0, to: lanes, by: 8) {
            for row in 0..<stateCount {
                storeLanes(loadLanes(inputs + (constant + row) * stride + lane), rates + row * stride + lane)
            }
            for (index, place) in pattern.enumerated() {
                let entry = loadLanes(inputs + (stateCount + index) * stride + lane)
                let target = rates + place.row * stride + lane
                let state = loadLanes(inputs + place.column * stride + lane)
                storeLanes(loadLanes(target).addingProduct(entry, state), target)
            }
        }
    }

    func evaluateRatesAndJacobian(
        _ inputs: UnsafePointer<Double>, _ values: UnsafeMutablePointer<Double>, stride: Int, lanes: Int
    ) {
        evaluateRates(inputs, values, stride: stride, lanes: lanes)
        for index in pattern.indices {
            for lane in Swift.stride(from: 0, to: lanes, by: 8) {
                let entry = loadLanes(inputs + (stateCount + index) * stride + lane)
                storeLanes(entry, values + (stateCount + index) * stride + lane)
            }
        }
    }

    /// Puts a matrix, a constant and states into a lane.
    func begin(
        _ solver: any LaneStepper, _ lane: Int, matrix: [[Double]], constant: [Double], states: [Double], step: Double
    ) {
        for (index, place) in pattern.enumerated() {
            solver.inputs.row(stateCount + index)[lane] = matrix[place.row][place.column]
        }
        for (row, value) in constant.enumerated() { solver.inputs.row(stateCount + pattern.count + row)[lane] = value }
        solver.begin(lane, at: states, step: step)
    }

    /// The states after one step of one lane.
    static func carried(
        _ matrix: [[Double]], constant: [Double]? = nil, from states: [Double], step: Double
    ) -> [Double] {
        let system = MatrixSystem([matrix])
        let solver = LinearExponential(system: system, width: 8)
        system.begin(
            solver, 0, matrix: matrix, constant: constant ?? states.map { _ in 0 }, states: states, step: step)
        solver.attempt(lanes: 1)
        return solver.course(0)
    }
}
