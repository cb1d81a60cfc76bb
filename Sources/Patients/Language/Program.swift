// A compiled set of expressions, and its evaluation over lanes of patients.

import Numerics

/// Straight-line code over registers, each a row of lanes. Every operation is elementwise, so that a lane's results
/// depend on that lane's inputs alone, never on its position or on how many lanes there are.
public struct Program: Sendable {
    public let inputCount: Int
    public let outputCount: Int
    /// Rows of scratch memory, constants included.
    public let registerCount: Int
    public var instructionCount: Int { instructions.count }
    let temporaryCount: Int
    let constants: [Double]
    let instructions: [Instruction]

    init(
        inputCount: Int, outputCount: Int, temporaryCount: Int, constants: [Double], instructions: [Instruction]
    ) {
        self.inputCount = inputCount
        self.outputCount = outputCount
        self.temporaryCount = temporaryCount
        self.constants = constants
        self.instructions = instructions
        registerCount = temporaryCount + constants.count
    }

    /// Working memory for one thread at a time. It serves any number of lanes.
    public func makeScratch() -> ProgramScratch { ProgramScratch(self) }

    /// Evaluates all outputs for the first `lanes` lanes, rounded up to the next multiple of eight. Allocates nothing.
    ///
    /// - Parameters:
    ///   - inputs: `inputCount` rows, `inputStride` doubles apart.
    ///   - outputs: `outputCount` rows, `outputStride` doubles apart; must not overlap the inputs.
    ///   - scratch: made by this program's `makeScratch`.
    public func evaluate(
        inputs: UnsafePointer<Double>, inputStride: Int, outputs: UnsafeMutablePointer<Double>, outputStride: Int,
        lanes: Int, scratch: ProgramScratch
    ) {
        scratch.settle(self, inputStride: inputStride, outputStride: outputStride)
        let padded = (lanes + 7) & ~7
        var lane = 0
        while lane < padded {
            scratch.bases[0] = UnsafeMutablePointer(mutating: inputs + lane)
            scratch.bases[2] = outputs + lane
            scratch.run(lanes: min(ProgramScratch.tile, padded - lane))
            lane += ProgramScratch.tile
        }
    }
}
