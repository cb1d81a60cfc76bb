// How many patients a study has and how they are learned, from its file.

import PositionedJSON

/// How many patients a study needs, and how they are learned.
public struct VirtualCohortConfiguration: Sendable, Equatable {
    public var generator: GeneratorSpecification
    public var training: Int
    public var validation: Int
    public var test: Int
    /// Share of generated patients that must be plausible; below it the generator is held to have failed.
    public var leastAccepted: Double
    /// What every patient must be; asked of a conditional generator, so that nobody is drawn in vain.
    public var conditions = CohortConditions()

    public init(
        generator: GeneratorSpecification = .vae(VAEConfiguration()), training: Int = 2000, validation: Int = 500,
        test: Int = 1000, leastAccepted: Double = 0.05
    ) {
        self.generator = generator
        self.training = training
        self.validation = validation
        self.test = test
        self.leastAccepted = leastAccepted
    }

    /// Reads `{"patients": {"training": …, "validation": …, "test": …}, "least_accepted": …, "generator": …}`; the
    /// options of the generator stand beside its name. The caller finishes the reader.
    public init(reader: ObjectReader) {
        self.init()
        if let patients = reader.optionalObject("patients", what: "the numbers of patients") {
            training = patients.integer("training", default: training, in: 1...10_000_000)
            validation = patients.integer("validation", default: validation, in: 0...10_000_000)
            test = patients.integer("test", default: test, in: 0...10_000_000)
            patients.finish()
        }
        leastAccepted = reader.number("least_accepted", default: leastAccepted, in: 0.001...1)
        if let specification = GeneratorSpecification.read(reader) { generator = specification }
    }
}
