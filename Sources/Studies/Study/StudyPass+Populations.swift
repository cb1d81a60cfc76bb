// Reads `evaluation.populations`: who else the policies of a study are tried on.

import Patients
import PositionedJSON

extension Study {
    /// Patients unlike those at home, on whom every policy of the study is tried.
    public struct Population: Sendable {
        public var name: String
        public var meaning: String
        public var shift = PopulationShift()
        /// Another environment with the same observations and actions, where the disease itself is another.
        public var environment: LoadedEnvironment?
        /// Which policies are trained on with how many of its patients; nil for none.
        public var adaptation: Adaptation?

        /// Counterparts of the test patients, and the environment they are treated in.
        func patients(
            _ cohort: CohortTable, of home: EnvironmentModel, seed: UInt64
        ) throws -> (model: EnvironmentModel, patients: CohortTable, stayed: Int) {
            let model = environment?.model ?? home
            guard model.tabular == nil else { return (model, cohort, 0) }
            var table = cohort
            if environment != nil {
                let known = Set(model.patientNames)
                let kept = cohort.names.indices.filter { known.contains(cohort.names[$0]) }
                table = CohortTable(
                    names: kept.map { cohort.names[$0] }, rows: cohort.rows.map { row in kept.map { row[$0] } })
                table = try model.complete(table, seed: seed).table
            }
            let (patients, stayed) = try model.moved(table, by: shift, seed: seed)
            return (model.measured(shift), patients, stayed)
        }
    }
}

extension StudyPass {
    /// `{NAME: {"meaning", "covariates": {NAME: {"shift", "scale"} or {"probabilities"}}, "parameters": {"scale",
    /// "spread"}, "observations": {"missing": {NAME: probability}}, "environment": NAME@VARIANT, "adapt": …}}`
    func readPopulations(_ evaluation: ObjectReader) -> [Study.Population] {
        guard let node = evaluation.optionalChild("populations") else { return [] }
        guard case .object(let members) = node.value else {
            complaints.add(node, "\"populations\" must be an object, not \(node.kindName)")
            return []
        }
        return members.map { member in
            checkName(member, "a population's name")
            if member.key == "home" {
                complaints.add(member.node, "\"home\" is the study's own population", remedy: "choose another name")
            }
            let reader = ObjectReader(
                member.node, what: "the population \"\(member.key)\"", complaints: complaints)
            var population = Study.Population(
                name: member.key, meaning: reader.string("meaning", default: member.key))
            population.environment = otherEnvironment(reader)
            let target = population.environment?.model ?? model
            readCovariates(reader, target, &population.shift)
            if let part = reader.optionalObject("parameters", what: "the parameters of \"\(member.key)\"") {
                population.shift.parameterScale = part.number("scale", default: 1, in: 1e-3...1e3)
                population.shift.parameterSpread = part.number("spread", default: 0, in: 0...0.99)
                part.finish()
            }
            if let part = reader.optionalObject("observations", what: "the observations of \"\(member.key)\"") {
                readMissing(part, target, &population.shift)
                part.finish()
            }
            population.adaptation = reader.optionalObject("adapt", what: "the adaptation to \"\(member.key)\"")
                .map(readAdaptation)
            reader.finish()
            if let target, target.tabular != nil, population.shift != PopulationShift() {
                complaints.add(
                    member.node,
                    "patients of a tabular environment have no covariates, parameters or measurements to move",
                    remedy: "name another \"environment\" with the same actions")
            }
            return population
        }
    }

    /// The environment named, if what policies see, do and report is the same there.
    private func otherEnvironment(_ reader: ObjectReader) -> LoadedEnvironment? {
        guard let place = reader.node["environment"], let name = reader.optionalString("environment") else {
            return nil
        }
        do {
            guard let found = try load(name) else {
                complaints.add(place, "there is no environment \"\(name)\"")
                return nil
            }
            guard let model else { return nil }
            let (here, there) = (model.task, found.model.task)
            if here.observations.map(\.name) != there.observations.map(\.name)
                || here.actions.map(\.name) != there.actions.map(\.name)
                || here.outcomes.map(\.name) != there.outcomes.map(\.name)
            {
                complaints.add(
                    place, "\(found.model.fullName) has other observations, actions or outcomes than \(model.fullName)",
                    remedy: "policies can only be tried where they see and do the same")
                return nil
            }
            return found
        } catch {
            complaints.add(error)
            return nil
        }
    }

    private func readCovariates(_ reader: ObjectReader, _ model: EnvironmentModel?, _ shift: inout PopulationShift) {
        guard let part = reader.optionalObject("covariates", what: "the covariates of \(reader.what)"),
            case .object(let members) = part.node.value
        else { return }
        for member in members {
            let change = ObjectReader(
                member.node, what: "the change of \"\(member.key)\"", complaints: complaints)
            _ = part.optionalChild(member.key)
            if let model, !model.patientNames.contains(member.key) {
                complaints.add(
                    member.node,
                    "\"\(member.key)\" is neither a covariate, a parameter nor a state of \(model.fullName)",
                    remedy: DidYouMean.remedy(for: member.key, among: model.patientNames, known: "known: "))
            }
            var result = PopulationShift.Change()
            if let place = change.optionalChild("probabilities") {
                result.probabilities = change.optionalNumbers("probabilities") ?? []
                let categories = model?.categories[member.key] ?? []
                let total = result.probabilities.reduce(0, +)
                if result.probabilities.count != categories.count || abs(total - 1) > 1e-3
                    || result.probabilities.contains(where: { $0 < 0 })
                {
                    complaints.add(
                        place, "probabilities are one number for each category, none below 0, that sum to 1",
                        remedy: categories.isEmpty
                            ? "\"\(member.key)\" has no categories"
                            : "categories: " + categories.joined(separator: ", "))
                } else {
                    result.probabilities = result.probabilities.map { $0 / total }
                }
            } else {
                result.shift = change.number("shift", default: 0, in: -1e300...1e300)
                result.scale = change.number("scale", default: 1, in: -1e300...1e300)
            }
            change.finish()
            shift.covariates[member.key] = result
        }
        part.finish()
    }

    private func readMissing(_ reader: ObjectReader, _ model: EnvironmentModel?, _ shift: inout PopulationShift) {
        guard let part = reader.optionalObject("missing", what: "\"missing\" of \(reader.what)"),
            case .object(let members) = part.node.value
        else { return }
        let known = model?.observations.filter { $0.expression != nil }.map(\.description.name) ?? []
        for member in members {
            let probability = part.number(member.key, default: 0, in: 0...1)
            if model != nil, !known.contains(member.key) {
                complaints.add(
                    member.node, "no measurement is called \"\(member.key)\"",
                    remedy: DidYouMean.remedy(for: member.key, among: known, known: "measurements: "))
            }
            shift.missing[member.key] = probability
        }
        part.finish()
    }
}
