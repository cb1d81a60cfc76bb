// A mixture of Gaussians over latent codes: drawn from, and asked for its density.

import Foundation
import Numerics
import PositionedJSON

/// Σ wᵢ N(μᵢ, LᵢLᵢᵀ).
struct GaussianMixture: Sendable, Equatable {
    struct Component: Sendable, Equatable {
        var weight: Double
        var mean: [Double]
        /// Lower Cholesky factor of the covariance, row-major.
        var factor: [Double]
    }

    let components: [Component]
    /// Upper ends, in probability.
    private let ends: [Double]

    init(_ components: [Component]) {
        self.components = components
        let total = components.reduce(0) { $0 + $1.weight }
        var end = 0.0
        ends = components.map { component in
            end += component.weight / total
            return end
        }
    }

    var width: Int { components[0].mean.count }

    /// Draws a code; uses as many numbers of the stream whatever the component.
    func draw(_ stream: inout RandomStream, into code: UnsafeMutablePointer<Float>) {
        var component = components[0]
        if components.count > 1 {
            let uniform = stream.uniform()
            component = components[ends.firstIndex { uniform < $0 } ?? components.count - 1]
        }
        let width = self.width
        withUnsafeTemporaryAllocation(of: Double.self, capacity: width) { normal in
            for k in 0..<width { normal[k] = stream.normal() }
            for a in 0..<width {
                var value = component.mean[a]
                for b in 0...a { value += component.factor[a * width + b] * normal[b] }
                code[a] = Float(value)
            }
        }
    }

    func json() -> JSONValue {
        .array(
            components.map { component in
                [
                    "weight": .number(component.weight), "mean": .numbers(component.mean),
                    "factor": .numbers(component.factor),
                ]
            })
    }

    /// Reads what `json` writes; complains and returns nil where it cannot.
    init?(_ reader: ObjectReader, key: String, width: Int) {
        var components: [Component] = []
        let complaints = reader.complaints
        let nodes = reader.array(key) ?? []
        for node in nodes {
            let part = ObjectReader(node, what: "the component", complaints: complaints)
            let weight = part.number("weight", in: .positive)
            let mean = part.numbers("mean")
            let factor = part.numbers("factor")
            part.finish()
            guard let weight, let mean, let factor else { continue }
            if mean.count != width || factor.count != width * width {
                complaints.add(
                    node, "the component must have a mean of \(width) numbers and a factor of \(width * width)")
            } else if !(0..<width).allSatisfy({ factor[$0 * width + $0] > 0 }) {
                complaints.add(node, "the diagonal of the component's factor must be above 0")
            } else {
                components.append(Component(weight: weight, mean: mean, factor: factor))
            }
        }
        if nodes.isEmpty, let place = reader.optionalChild(key) { complaints.add(place, "\"\(key)\" has no component") }
        guard !components.isEmpty, components.count == nodes.count else { return nil }
        self.init(components)
    }
}
