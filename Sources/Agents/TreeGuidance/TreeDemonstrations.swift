// A tree's decisions as examples for a network of action values.

import Networks
import Numerics
import Trees

/// The large-margin loss of a demonstrated action (Piot, Geist and Pietquin 2014; Hester et al., "Deep Q-learning from
/// demonstrations", AAAI 2018):
///
///     J = max over allowed a of [Q(s, a) + margin·(a ≠ a_E)] − Q(s, a_E)
///
/// It is zero once the demonstrated action is worth more than every other one by the margin.
package enum MarginLoss {
    /// The loss of one row; adds `share` times its gradient.
    package static func add(
        _ values: UnsafePointer<Float>, allowed: UnsafePointer<Bool>, demonstrated: Int, margin: Float, count: Int,
        share: Float, gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        var highest = demonstrated
        var value = values[demonstrated]
        for action in 0..<count where allowed[action] && action != demonstrated {
            if values[action] + margin > value {
                highest = action
                value = values[action] + margin
            }
        }
        if highest != demonstrated {
            gradient[highest] += share
            gradient[demonstrated] -= share
        }
        return value - values[demonstrated]
    }
}

/// States in which a tree has acted, and what it did. Allocates nothing after `init`.
final class TreeDemonstrations {
    let tree: DecisionTree
    private let inputs: Int
    private let outputs: Int
    private let capacity: Int
    private var count = 0
    private let observations: FloatBuffer
    private let actions: UnsafeMutableBufferPointer<Int32>
    private let allowed: UnsafeMutableBufferPointer<Bool>
    private let batch: FloatBuffer
    private let gradient: FloatBuffer
    private let places: UnsafeMutableBufferPointer<Int>

    init(_ tree: DecisionTree, capacity: Int, batch size: Int) {
        self.tree = tree
        inputs = tree.features.count
        outputs = tree.actions.count
        self.capacity = capacity
        observations = FloatBuffer(capacity * inputs)
        actions = .allocate(capacity: capacity)
        actions.initialize(repeating: 0)
        allowed = .allocate(capacity: capacity * outputs)
        allowed.initialize(repeating: true)
        batch = FloatBuffer(size * inputs)
        gradient = FloatBuffer(size * outputs)
        places = .allocate(capacity: size)
        places.initialize(repeating: 0)
    }

    deinit {
        actions.deallocate()
        allowed.deallocate()
        places.deallocate()
    }

    /// What the tree does, remembered as an example.
    ///
    /// - Parameters:
    ///   - row: as the tree sees it.
    ///   - normalised: as the network sees it.
    func decide(
        _ row: UnsafePointer<Double>, normalised: UnsafePointer<Float>, allowed mask: UnsafePointer<Bool>
    ) -> Int32 {
        let action = tree.action(atLeaf: tree.leaf(of: row), allowed: mask)
        if count < capacity {
            (observations.start + count * inputs).update(from: normalised, count: inputs)
            (allowed.baseAddress! + count * outputs).update(from: mask, count: outputs)
            actions[count] = action
            count += 1
        }
        return action
    }

    /// Adds the gradient of the mean margin loss of examples drawn with replacement to that of a network.
    func imitate(_ network: DenseNetwork, margin: Float, stream: inout RandomStream) -> Float {
        guard count > 0 else { return 0 }
        let size = places.count
        for index in 0..<size {
            places[index] = stream.below(count)
            (batch.start + index * inputs).update(from: observations.start + places[index] * inputs, count: inputs)
        }
        let values = network.forward(batch.start, batch: size)
        gradient.zero()
        var loss: Float = 0
        for index in 0..<size {
            loss += MarginLoss.add(
                values + index * outputs, allowed: allowed.baseAddress! + places[index] * outputs,
                demonstrated: Int(actions[places[index]]), margin: margin, count: outputs, share: 1 / Float(size),
                gradient: gradient.start + index * outputs)
        }
        network.backward(outputGradient: gradient.start)
        return loss / Float(size)
    }
}
