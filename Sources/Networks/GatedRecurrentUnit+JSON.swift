// A gated recurrent unit as JSON, there and back.

import PositionedJSON

extension GatedRecurrentUnit {
    /// `{"inputs": …, "hidden": …, "parameters": […]}`, the parameters in the order of the buffer.
    public func json() -> JSONValue {
        [
            "inputs": .integer(inputs), "hidden": .integer(hidden),
            "parameters": .array(parameters.map { .number(shortest($0)) }),
        ]
    }

    /// Reads what `json` writes; complains and returns nil where it cannot.
    public convenience init?(_ node: JSONNode, complaints: Complaints) {
        let before = complaints.items.count
        let part = ObjectReader(node, what: "the recurrent unit", complaints: complaints)
        let inputs = part.integer("inputs", in: 1...65_536)
        let hidden = part.integer("hidden", in: 1...65_536)
        let numbers = part.numbers("parameters")
        part.finish()
        guard let inputs, let hidden, let numbers else { return nil }
        // Counted before anything is allocated, so that a file cannot claim more than it holds.
        let count = (inputs + hidden + 2) * 3 * hidden
        if numbers.count != count {
            complaints.add(node, "parameters must hold \(count) numbers, not \(numbers.count)")
        } else if !numbers.allSatisfy({ Float($0).isFinite }) {
            complaints.add(node, "parameters holds a number beyond Float32")
        }
        guard complaints.items.count == before else { return nil }
        self.init(inputs: inputs, hidden: hidden)
        for (index, number) in numbers.enumerated() { parameters[index] = Float(number) }
    }
}
