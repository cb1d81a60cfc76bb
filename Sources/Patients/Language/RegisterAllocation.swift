// Puts lowered values in an order and gives each a place.

enum RegisterAllocation {
    static func program(values: [LoweredValue], outputs: [Int32], inputCount: Int) -> Program {
        let order = schedule(values, outputs)
        // The last instruction that reads each value.
        var lastUse: [Int32: Int] = [:]
        for (time, value) in order.enumerated() {
            for operand in operands(values[Int(value)]) { lastUse[operand] = time }
        }
        let chains = order.indices.map { time in
            time == 0 ? nil : chain(values[Int(order[time])], after: order[time - 1])
        }
        // Values that somebody reads who does not find them in the processor's registers, or that are made in memory.
        var stored = Set(outputs)
        for (time, value) in order.enumerated() {
            if case .operation(let opcode, _, _, _) = values[Int(value)], opcode.worksInMemory { stored.insert(value) }
            for operand in operands(values[Int(value)]) where chains[time] == nil || operand != order[time - 1] {
                stored.insert(operand)
            }
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
            instruction.chained = chains[time]
            instruction.stores = stored.contains(value)
            if b >= 0 { instruction.b = place(b) }
            if c >= 0 { instruction.c = place(c) }
            for operand in Set(operands(values[Int(value)])) where lastUse[operand] == time {
                if let dead = places[operand], dead.area == .register { free.append(dead.row) }
            }
            if let row = outputRow[value] {
                instruction.target = Place(area: .output, row: row)
            } else if instruction.stores {
                free.sort(by: >)
                let row = free.popLast() ?? registerCount
                registerCount = max(registerCount, row + 1)
                instruction.target = Place(area: .register, row: row)
            }
            if instruction.stores { places[value] = instruction.target }
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

    /// Which operand of an operation the result of the one before is, if it can be taken over without going through
    /// memory.
    private static func chain(_ value: LoweredValue, after previous: Int32) -> Instruction.Operand? {
        guard case .operation(let opcode, let a, let b, let c) = value else { return nil }
        switch opcode {
        case .multiply where a == previous && b == previous: return .both
        case .negate where a == previous: return .a
        case .add, .subtract, .multiply, .divide:
            return a == b ? nil : a == previous ? .a : b == previous ? .b : nil
        case .multiplyAdd, .multiplySubtract, .negateMultiplyAdd:
            if a == b || a == c || b == c { return nil }
            return a == previous ? .a : b == previous ? .b : c == previous ? .c : nil
        default: return nil
        }
    }

    private static func operands(_ value: LoweredValue) -> [Int32] {
        guard case .operation(_, let a, let b, let c) = value else { return [] }
        return [a, b, c].filter { $0 >= 0 }
    }

    /// Operations that outputs need, each after its operands and close to its first user (depth first); of several
    /// operands, one that nobody else reads comes last, so that it can be taken over by its user.
    private static func schedule(_ values: [LoweredValue], _ outputs: [Int32]) -> [Int32] {
        // How many read each value, those counted that are needed themselves.
        var uses = Array(repeating: 0, count: values.count)
        for output in outputs { uses[Int(output)] += 1 }
        // Operands have smaller numbers than their users.
        for index in values.indices.reversed() where uses[index] > 0 {
            for operand in Set(operands(values[index])) { uses[Int(operand)] += 1 }
        }
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
                let waiting = operands(values[Int(value)]).filter { !done[Int($0)] }
                for operand in waiting where uses[Int(operand)] == 1 { stack.append((operand, false)) }
                for operand in waiting where uses[Int(operand)] > 1 { stack.append((operand, false)) }
            }
        }
        return order
    }
}
