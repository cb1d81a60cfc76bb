// Puts lowered values in an order and gives each a place.

enum RegisterAllocation {
    static func program(values: [LoweredValue], outputs: [Int32], inputCount: Int) -> Program {
        let order = schedule(values, outputs)
        // The last instruction that reads each value.
        var lastUse: [Int32: Int] = [:]
        for (time, value) in order.enumerated() {
            for operand in operands(values[Int(value)]) { lastUse[operand] = time }
        }
        // A value that is an output is written where it is wanted, and read from there.
        var outputRow: [Int32: Int32] = [:]
        for (row, value) in outputs.enumerated() where outputRow[value] == nil {
            if case .operation = values[Int(value)] { outputRow[value] = Int32(row) }
        }
        var places: [Int32: Place] = [:]
        var constants: [Double] = []
        var constantRow: [Int32: Int32] = [:]
        var largestInput = -1
        var free: [Int32] = []
        var registerCount: Int32 = 0
        var instructions: [Instruction] = []

        func place(_ value: Int32) -> Place {
            switch values[Int(value)] {
            case .input(let slot):
                largestInput = max(largestInput, Int(slot))
                return Place(area: .input, row: slot)
            case .constant(let bits):
                // Constants follow the registers; their rows are known when all registers are.
                let row = constantRow[value] ?? Int32(constants.count)
                if constantRow[value] == nil {
                    constantRow[value] = row
                    constants.append(Double(bitPattern: bits))
                }
                return Place(area: .register, row: -1 - row)
            case .operation: return places[value] ?? .none
            }
        }

        for (time, value) in order.enumerated() {
            guard case .operation(let opcode, let a, let b, let c) = values[Int(value)] else { continue }
            var instruction = Instruction(opcode: opcode, target: .none, a: place(a))
            if b >= 0 { instruction.b = place(b) }
            if c >= 0 { instruction.c = place(c) }
            for operand in Set(operands(values[Int(value)])) where lastUse[operand] == time {
                if let dead = places[operand], dead.area == .register { free.append(dead.row) }
            }
            if let row = outputRow[value] {
                instruction.target = Place(area: .output, row: row)
            } else {
                free.sort(by: >)
                let row = free.popLast() ?? registerCount
                registerCount = max(registerCount, row + 1)
                instruction.target = Place(area: .register, row: row)
            }
            places[value] = instruction.target
            instructions.append(instruction)
        }
        for (row, value) in outputs.enumerated() where outputRow[value] != Int32(row) {
            let target = Place(area: .output, row: Int32(row))
            instructions.append(Instruction(opcode: .copy, target: target, a: place(value)))
        }
        func settle(_ place: inout Place) {
            if place.area == .register, place.row < 0 { place.row = registerCount + (-1 - place.row) }
        }
        for index in instructions.indices {
            settle(&instructions[index].a)
            settle(&instructions[index].b)
            settle(&instructions[index].c)
        }
        return Program(
            inputCount: max(inputCount, largestInput + 1), outputCount: outputs.count,
            temporaryCount: Int(registerCount), constants: constants, instructions: instructions)
    }

    private static func operands(_ value: LoweredValue) -> [Int32] {
        guard case .operation(_, let a, let b, let c) = value else { return [] }
        return [a, b, c].filter { $0 >= 0 }
    }

    /// Operations that outputs need, each after its operands and close to its first user (depth first).
    private static func schedule(_ values: [LoweredValue], _ outputs: [Int32]) -> [Int32] {
        var order: [Int32] = []
        var done = [Bool](repeating: false, count: values.count)
        for output in outputs {
            var stack: [(value: Int32, expanded: Bool)] = [(output, false)]
            while let (value, expanded) = stack.popLast() {
                if done[Int(value)] { continue }
                guard case .operation = values[Int(value)] else { continue }
                if expanded {
                    done[Int(value)] = true
                    order.append(value)
                    continue
                }
                stack.append((value, true))
                for operand in operands(values[Int(value)]).reversed() where !done[Int(operand)] {
                    stack.append((operand, false))
                }
            }
        }
        return order
    }
}
