// What goes to the terminal: results to standard output, everything else to standard error.

import Foundation
import Studies

enum Terminal {
    /// Whether progress may be drawn in place.
    static let errorIsTerminal = isatty(2) == 1
    static let outputIsTerminal = isatty(1) == 1
    static let usesColour =
        errorIsTerminal && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
        && ProcessInfo.processInfo.environment["TERM"] != "dumb"

    /// Characters a line may have.
    static var width: Int {
        var size = winsize()
        let descriptor: Int32 = outputIsTerminal ? 1 : 2
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 40 else { return 120 }
        return Int(size.ws_col)
    }

    static func print(_ text: String) {
        write(text.hasSuffix("\n") ? text : text + "\n", to: 1)
    }

    static func note(_ text: String) {
        write(text.hasSuffix("\n") ? text : text + "\n", to: 2)
    }

    static func warn(_ text: String) { note(paint("warning: ", "33") + text) }

    /// Text in a colour of the terminal, where colours are wanted.
    static func paint(_ text: String, _ code: String) -> String {
        usesColour ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
