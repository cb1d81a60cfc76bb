// Collects complaints, so that a reader can go on after a mistake and report every one at once.

/// Where a reader puts what it finds wrong. Used by one thread.
public final class Complaints {
    public private(set) var items: [Diagnostic] = []

    public init() {}

    public var isEmpty: Bool { items.isEmpty }

    /// A complaint about a value.
    public func add(_ node: JSONNode, _ message: String, remedy: String? = nil) {
        add(in: node.source, at: node.location, message, remedy: remedy)
    }

    /// A complaint about a place.
    public func add(in source: SourceText, at location: SourceLocation, _ message: String, remedy: String? = nil) {
        items.append(Diagnostic(source: source, location: location, message: message, remedy: remedy))
    }

    /// Takes over the complaints of another reader.
    public func add(_ diagnostics: Diagnostics) {
        items += diagnostics.items
    }

    /// All complaints so far, by file and place; the same complaint about the same place once.
    public var sorted: Diagnostics {
        let ordered = items.enumerated().sorted { a, b in
            (a.element.file, a.element.location.offset, a.offset) < (
                b.element.file, b.element.location.offset, b.offset
            )
        }
        var result: [Diagnostic] = []
        for (_, item) in ordered {
            let here = result.reversed().prefix { $0.location == item.location && $0.file == item.file }
            if !here.contains(item) { result.append(item) }
        }
        return Diagnostics(items: result)
    }

    /// Throws everything collected, sorted by place, if there is anything.
    public func throwIfAny() throws(Diagnostics) {
        if !items.isEmpty { throw sorted }
    }
}
