// Networks as files: shape, activation and weights in decimal numbers that read back to the same bits.

import Numerics
import PositionedJSON

extension DenseNetwork {
    /// `{"widths": […], "activation": …, "layers": [{"weights": [inputs × outputs, row-major], "biases": […]}]}`
    public func json() -> JSONValue {
        func numbers(_ offset: Int, _ count: Int) -> JSONValue {
            .array((0..<count).map { .number(shortest(parameterMemory.start[offset + $0])) })
        }
        return [
            "widths": .array(widths.map { .integer($0) }),
            "activation": .string(activation.rawValue),
            "layers": .array(
                layers.map { layer in
                    [
                        "weights": numbers(layer.weights, layer.inputs * layer.outputs),
                        "biases": numbers(layer.biases, layer.outputs),
                    ]
                }),
        ]
    }

    /// Reads what `json` writes; complains and returns nil where it cannot.
    public convenience init?(_ node: JSONNode, complaints: Complaints) {
        let before = complaints.items.count
        let reader = ObjectReader(node, what: "the network", complaints: complaints)
        let widthNumbers = reader.numbers("widths")
        let name = reader.choice("activation", of: Activation.allCases.map(\.rawValue))
        let layerNodes = reader.array("layers")
        reader.finish()
        guard let widthNumbers, let activation = name.flatMap(Activation.init(rawValue:)), let layerNodes else {
            return nil
        }
        let widths = widthNumbers.compactMap { Int(exactly: $0) }.filter { (1...65_536).contains($0) }
        guard widths.count == widthNumbers.count, widths.count >= 2 else {
            complaints.add(
                reader.node["widths"] ?? node, "widths must be at least two whole numbers from 1 to 65536")
            return nil
        }
        guard layerNodes.count == widths.count - 1 else {
            complaints.add(
                reader.node["layers"] ?? node,
                "\(widths.count) widths need \(widths.count - 1) layers, not \(layerNodes.count)")
            return nil
        }
        // Counted before anything is allocated, so that a file cannot claim more than it holds.
        var values: [[Double]] = []
        for (index, layerNode) in layerNodes.enumerated() {
            let layer = ObjectReader(layerNode, what: "the layer", complaints: complaints)
            let sizes = [("weights", widths[index] * widths[index + 1]), ("biases", widths[index + 1])]
            for (key, size) in sizes {
                guard let numbers = layer.numbers(key) else { continue }
                if numbers.count != size {
                    complaints.add(layerNode, "\(key) must hold \(size) numbers, not \(numbers.count)")
                } else if !numbers.allSatisfy({ Float($0).isFinite }) {
                    complaints.add(layerNode, "\(key) holds a number beyond Float32")
                }
                values.append(numbers)
            }
            layer.finish()
        }
        guard complaints.items.count == before else { return nil }
        self.init(widths: widths, activation: activation)
        for (index, number) in values.joined().enumerated() { parameterMemory.start[index] = Float(number) }
    }
}

/// The double with the fewest digits that rounds to this Float32.
func shortest(_ value: Float) -> Double {
    if let number = Double(value.description), Float(number) == value { return number }
    return Double(value)
}
