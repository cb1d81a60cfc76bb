// From what a tabular environment's file says to numbers for every state, and the checks that need both.

import PositionedJSON

extension EnvironmentReader {
    /// Reads the rest of a file of kind "tabular".
    mutating func readTabular(_ file: ObjectReader) {
        var reader = TabularReader(file, folder: model.folder)
        reader.read()
        model.kind = .tabular
        model.timeUnit = reader.timeUnit
        model.decisionInterval = reader.interval
        model.decisionCount = reader.horizon
        model.terminatesAtEnd = reader.terminatesAtEnd
        model.discount = reader.discount
        // What readers of studies ask of any environment: which protocols it has.
        model.protocols = reader.protocols.map { .init(name: $0.name, meaning: $0.meaning, orders: []) }
        model.tabular = reader.model(name: model.name, title: model.title)
    }
}

extension TabularReader {
    /// Resolves every expression and puts the model together; nil where a mistake has been complained of.
    func model(name: String, title: String) -> TabularModel? {
        let time = timeUnit == "step" ? .dimensionless : (try? PhysicalUnit(parsing: timeUnit)) ?? .dimensionless
        let symbols = TabularSymbols(
            variables: variables, definitions: definitions.map(\.definition), endings: endings.map(\.ending.name),
            timeUnit: time)
        for (index, error) in symbols.definitionErrors { complain(definitions[index].node, error) }
        func term(_ placed: PlacedFormula, _ table: SymbolTable, _ unit: PhysicalUnit?) -> Term? {
            guard let formula = placed.formula else { return nil }
            do {
                guard let unit else { return try table.resolve(formula).term }
                return try table.resolve(formula, expecting: unit, what: placed.what)
            } catch {
                complain(placed.node, error)
                return nil
            }
        }
        let endingTerms = endings.map { term($0.when, symbols.state, .dimensionless) }
        let rewardTerms = terms.map { term($0.expression, symbols.state, .dimensionless) }
        let observationTerms = observations.map { term($0.expression, symbols.state, nil) }
        let outcomeTerms = outcomes.map { term($0.expression, symbols.outcome, nil) }
        for (found, observation) in zip(observationTerms, observations) {
            let hidden = found.map { symbols.graph.inputs(of: $0) }?.first {
                $0 < variables.count && variables[$0].isHidden
            }
            if let hidden {
                complaints.add(
                    observation.expression.node,
                    "this observation would show '\(variables[hidden].name)', which is hidden")
            }
        }
        guard complaints.isEmpty, let table else { return nil }
        let columns = variables.compactMap { variable in
            table.variableNames.firstIndex(of: variable.name).map { table.variables[$0] }
        }
        let values = symbols.values(
            (endingTerms + rewardTerms + observationTerms).compactMap { $0 }, columns: columns, states: table.states)
        let places = endings.map(\.when) + terms.map(\.expression) + observations.map(\.expression)
        for (column, place) in zip(values, places) {
            if let state = column.firstIndex(where: { !$0.isFinite }) {
                complaints.add(place.node, "\(place.what) is not a finite number in state \(state)")
            }
        }
        let endingValues = values[..<endings.count]
        let rewardValues = values[endings.count..<(endings.count + terms.count)]
        let observationValues = Array(values[(endings.count + terms.count)...])
        let endingOfState = (0..<table.states).map { state -> Int32 in
            Int32(endingValues.firstIndex { $0[state] != 0 } ?? -1)
        }
        checkEndings(table, endingOfState)
        guard complaints.isEmpty else { return nil }
        var outcomeBuilder = ProgramBuilder(graph: symbols.graph)
        for term in outcomeTerms.compactMap({ $0 }) { outcomeBuilder.add(term) }
        let used = Set(outcomeTerms.compactMap { $0 }.flatMap { symbols.graph.inputs(of: $0) })
        let lasting = (0..<table.states).filter { endingOfState[$0] < 0 }
        let shown = zip(observations, observationValues).map { observation, column -> ObservationDescription in
            var description = observation.description
            guard !observation.hasRange else { return description }
            let seen = lasting.map { column[$0] }
            let (low, high) = (seen.min() ?? 0, seen.max() ?? 1)
            description.range = low < high ? low...high : low...(low + 1)
            return description
        }
        return TabularModel(
            table: table, tablePath: tablePath, variables: variables, columns: columns, inadmissible: inadmissible,
            endings: endings.map(\.ending), rewardTerms: terms.map(\.term), protocols: protocols,
            task: TaskDescription(
                name: name, title: title, observations: shown, actions: actions, outcomes: outcomes.map(\.description),
                discount: discount, horizon: horizon,
                decisionInterval: timeUnit == "step" && interval == 1 ? "step" : "\(shortNumber(interval)) \(timeUnit)"),
            terminatesAtEnd: terminatesAtEnd, interval: interval, endingOfState: endingOfState,
            rewardOfState: (0..<table.states).map { state in
                rewardValues.reduce(endingOfState[state] < 0 ? 0 : endings[Int(endingOfState[state])].ending.reward) {
                    $0 + $1[state]
                }
            },
            observations: (0..<table.states).flatMap { state in observationValues.map { $0[state] } },
            outcomeProgram: outcomeBuilder.finish(inputCount: symbols.layout.rows),
            outcomeVariables: variables.indices.filter {
                used.contains($0) || used.contains($0 + symbols.layout.initial)
            })
    }

    /// Every ending can be met, nobody starts in one, and elsewhere there is something to do.
    private func checkEndings(_ table: TransitionTable, _ endingOfState: [Int32]) {
        for (index, ending) in endings.enumerated() where !endingOfState.contains(Int32(index)) {
            complaints.add(ending.when.node, "no state meets the ending '\(ending.ending.name)'")
        }
        let start = table.start
        if let state = start.indices.first(where: { start[$0] > 0 && endingOfState[$0] >= 0 }) {
            complaints.add(
                endings[Int(endingOfState[state])].when.node,
                "state \(state) is an ending, and patients start in it with probability \(shortNumber(start[state]))")
        }
        for state in 0..<table.states where endingOfState[state] < 0 {
            if (0..<table.actions).contains(where: { table.isAdmissible(state: state, action: $0) }) { continue }
            complaints.add(
                file.node["table"] ?? file.node, "state \(state) is no ending and has no admissible action")
            return
        }
    }
}
