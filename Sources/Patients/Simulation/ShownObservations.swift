// What is seen at a decision: values as they are, changes since the last decision, earlier values, and measurements that
// were not made.

import Numerics

/// The observations of a batch. One batch's own.
final class ShownObservations {
    let count: Int
    /// slots × observations
    let values: UnsafeMutableBufferPointer<Double>
    /// By observation: what it shows.
    private let sources: [Source]
    private let scratch: UnsafeMutableBufferPointer<Double>
    /// slots × observations: measured at this decision.
    private let measured: UnsafeMutableBufferPointer<Bool>
    /// For each delayed observation what its source showed at the last decisions, slots × delay.
    private let histories: [UnsafeMutableBufferPointer<Double>?]

    private enum Source {
        /// An output of the decision program; `missing` is the probability that it is not measured.
        case value(output: Int, missing: Double, numbers: KeyedNumbers)
        case change(of: Int)
        case delay(of: Int, by: Int)
        case measured(of: Int)
    }

    /// - Parameter firstOutput: the decision program's output that is the first observation's.
    init(_ model: EnvironmentModel, firstOutput: Int, slots: Int, seed: UInt64) {
        count = model.observations.count
        var next = firstOutput
        sources = model.observations.map { observation in
            if let source = observation.changeOf { return .change(of: source) }
            if let source = observation.delayOf { return .delay(of: source, by: max(1, observation.delay)) }
            if let source = observation.measuredOf { return .measured(of: source) }
            defer { next += 1 }
            return .value(
                output: next, missing: observation.missing,
                numbers: KeyedNumbers(
                    seed: seed, purpose: "course.\(model.name).missing.\(observation.description.name)"))
        }
        values = allocated(slots * count, 0)
        scratch = allocated(count, 0)
        measured = allocated(slots * count, true)
        histories = sources.map { source in
            if case .delay(_, let by) = source { return allocated(slots * by, 0) }
            return nil
        }
    }

    deinit {
        values.deallocate()
        scratch.deallocate()
        measured.deallocate()
        for history in histories { history?.deallocate() }
    }

    /// Takes over what has been shown of a patient in another batch.
    func copy(slot: Int, of source: ShownObservations, to target: Int) {
        for index in 0..<count {
            values[target * count + index] = source.values[slot * count + index]
            measured[target * count + index] = source.measured[slot * count + index]
        }
        for index in histories.indices {
            guard case .delay(_, let by) = sources[index] else { continue }
            let from = source.histories[index].unsafelyUnwrapped.baseAddress.unsafelyUnwrapped + slot * by
            let to = histories[index].unsafelyUnwrapped.baseAddress.unsafelyUnwrapped + target * by
            if from != to { to.update(from: from, count: by) }
        }
    }

    /// Shows a slot's patient before a decision. Returns the first observation that is not a finite number, or −1.
    func show(_ slot: Int, decision: Int, identity: UInt64, outputs: LaneMemory, column: Int) -> Int {
        let shown = values.baseAddress.unsafelyUnwrapped + slot * count
        let isMeasured = measured.baseAddress.unsafelyUnwrapped + slot * count
        var bad = -1
        // What has an expression first: the others are made of it.
        for index in 0..<count {
            guard case .value(let output, let missing, let numbers) = sources[index] else { continue }
            isMeasured[index] = true
            if missing > 0, decision > 0 {
                let bits = numbers.bits(index: identity, position: UInt64(decision)).first
                isMeasured[index] = Double(bits >> 11) * 0x1p-53 >= missing
            }
            let value = outputs.row(output)[column]
            scratch[index] = isMeasured[index] ? value : shown[index]
            if !value.isFinite, bad < 0 { bad = index }
        }
        for index in 0..<count {
            switch sources[index] {
            case .value: break
            case .change(let source): scratch[index] = decision == 0 ? 0 : scratch[source] - shown[source]
            case .measured(let source): scratch[index] = isMeasured[source] ? 1 : 0
            case .delay(let source, let by):
                let history = histories[index].unsafelyUnwrapped.baseAddress.unsafelyUnwrapped + slot * by
                let now = scratch[source]
                scratch[index] = decision == 0 ? now : history[decision < by ? 0 : decision % by]
                history[decision % by] = now
            }
        }
        for index in 0..<count { shown[index] = scratch[index] }
        return bad
    }
}
