// Names that a study gives: they become folders and columns.

import PositionedJSON

enum StudyNames {
    static func check(_ name: String, _ place: JSONNode, _ what: String, _ complaints: Complaints) {
        let allowed = name.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0) || $0 == "_" || $0 == "-"
        }
        if name.isEmpty || !allowed || name.count > 64 || name.hasPrefix("-") {
            complaints.add(
                place, "\(what) cannot be \"\(name.prefix(80))\"",
                remedy: "up to 64 letters, digits, hyphens and underscores; it names a folder")
        }
    }

    static func check(_ member: JSONMember, _ what: String, _ complaints: Complaints) {
        let place = JSONNode(value: .null, location: member.keyLocation, source: member.node.source)
        check(member.key, place, what, complaints)
    }
}
