// Reads an object with known keys and collects every mistake.

/// A reader of one object. Ask for every key it may have, then call `finish()`: keys nobody asked for are complained
/// of, with the nearest known one. Nothing throws: a wrong value is complained of and read as nil or as the default.
public final class ObjectReader {
    public let node: JSONNode
    public let complaints: Complaints
    /// What the object is, for messages, such as `the study` or `the agent "dqn"`.
    public let what: String
    private let members: [JSONMember]?
    private var asked: [String] = []

    /// - Parameter node: anything; a non-object is complained of, and then every key reads as absent without further
    ///   complaint.
    public init(_ node: JSONNode, what: String, complaints: Complaints) {
        self.node = node
        self.what = what
        self.complaints = complaints
        if case .object(let members) = node.value {
            self.members = members
        } else {
            members = nil
            complaints.add(node, "\(what) must be an object, not \(node.kindName)")
        }
    }

    /// The keys present, in order.
    public var keys: [String] { members?.map(\.key) ?? [] }

    /// A complaint about the object itself.
    public func complain(_ message: String, remedy: String? = nil) {
        complaints.add(node, message, remedy: remedy)
    }

    // MARK: Nodes

    /// The value of a key that may be absent.
    public func optionalChild(_ key: String) -> JSONNode? {
        if !asked.contains(key) { asked.append(key) }
        return members?.first { $0.key == key }?.node
    }

    /// The value of a key that must be there.
    public func child(_ key: String) -> JSONNode? {
        if let child = optionalChild(key) { return child }
        // A misspelt key is complained of by `finish()`, with this one as what was meant.
        if members != nil { complaints.add(node, "\(what) lacks \"\(key)\"") }
        return nil
    }

    /// Complains about every key that nobody asked for.
    public func finish() {
        for member in members ?? [] where !asked.contains(member.key) {
            complaints.add(
                in: member.node.source, at: member.keyLocation, "unknown key \"\(member.key)\" in \(what)",
                remedy: DidYouMean.remedy(for: member.key, among: asked, known: "known keys: "))
        }
    }

    /// Complains that a value is not what it should be.
    func wrong(_ node: JSONNode, _ key: String, _ expected: String) {
        complaints.add(node, "\"\(key)\" in \(what) must be \(expected), not \(node.kindName)")
    }

    // MARK: Strings

    public func string(_ key: String) -> String? { child(key).flatMap { string($0, key) } }

    public func string(_ key: String, default fallback: String) -> String { optionalString(key) ?? fallback }

    public func optionalString(_ key: String) -> String? { optionalChild(key).flatMap { string($0, key) } }

    private func string(_ node: JSONNode, _ key: String) -> String? {
        if case .string(let text) = node.value { return text }
        wrong(node, key, "a string")
        return nil
    }

    /// One of a few words. Without a default the key is required.
    public func choice(_ key: String, of choices: [String], default fallback: String? = nil) -> String? {
        guard let node = fallback == nil ? child(key) : optionalChild(key) else { return fallback }
        guard let text = string(node, key) else { return fallback }
        if choices.contains(text) { return text }
        complaints.add(
            node, "\"\(key)\" in \(what) cannot be \"\(text)\"",
            remedy: DidYouMean.remedy(for: text, among: choices, known: "it is one of "))
        return fallback
    }

    // MARK: Booleans

    public func boolean(_ key: String) -> Bool? { child(key).flatMap { boolean($0, key) } }

    public func boolean(_ key: String, default fallback: Bool) -> Bool { optionalBoolean(key) ?? fallback }

    public func optionalBoolean(_ key: String) -> Bool? { optionalChild(key).flatMap { boolean($0, key) } }

    private func boolean(_ node: JSONNode, _ key: String) -> Bool? {
        if case .bool(let value) = node.value { return value }
        wrong(node, key, "true or false")
        return nil
    }

    // MARK: Objects and arrays

    public func object(_ key: String, what: String) -> ObjectReader? {
        child(key).flatMap { objectReader($0, what: what) }
    }

    public func optionalObject(_ key: String, what: String) -> ObjectReader? {
        optionalChild(key).flatMap { objectReader($0, what: what) }
    }

    private func objectReader(_ node: JSONNode, what: String) -> ObjectReader? {
        let reader = ObjectReader(node, what: what, complaints: complaints)
        return reader.members == nil ? nil : reader
    }

    public func array(_ key: String) -> [JSONNode]? { child(key).flatMap { array($0, key) } }

    public func optionalArray(_ key: String) -> [JSONNode]? { optionalChild(key).flatMap { array($0, key) } }

    private func array(_ node: JSONNode, _ key: String) -> [JSONNode]? {
        if case .array(let items) = node.value { return items }
        wrong(node, key, "an array")
        return nil
    }

    /// An array of strings; nil when any item is something else.
    public func strings(_ key: String) -> [String]? { array(key).flatMap { strings($0, key) } }

    public func optionalStrings(_ key: String) -> [String]? { optionalArray(key).flatMap { strings($0, key) } }

    private func strings(_ items: [JSONNode], _ key: String) -> [String]? {
        let texts = items.map { item -> String? in
            if case .string(let text) = item.value { return text }
            complaints.add(item, "every item of \"\(key)\" in \(what) must be a string, not \(item.kindName)")
            return nil
        }
        return texts.contains(nil) ? nil : texts.compactMap { $0 }
    }
}
