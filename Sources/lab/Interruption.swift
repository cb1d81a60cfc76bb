// Ctrl-C: the first one asks to stop where nothing is lost, the second leaves.

import Dispatch
import Foundation

/// Listens for SIGINT and SIGTERM from the moment it is made.
final class Interruption: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0
    private var sources: [any DispatchSourceSignal] = []

    var isRequested: Bool { lock.withLock { count > 0 } }

    init(message: String) {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler { [weak self] in
                guard let self else { return }
                let times = lock.withLock {
                    count += 1
                    return count
                }
                if times > 1 { _exit(130) }
                Terminal.note("\n" + message)
            }
            source.resume()
            sources.append(source)
        }
    }
}
