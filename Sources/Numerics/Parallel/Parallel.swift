// Work spread over cores: seeds, patients and stages run in parallel, never the inside of one computation, so that
// results cannot depend on the number of threads.

import Dispatch
import Foundation

/// Runs independent pieces of work on a stated number of threads.
public enum Parallel {
    /// The number of processors this process may use.
    public static var processors: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// Calls `body` once for every index of 0..<count, at most `jobs` at a time, and returns the results in order.
    ///
    /// Threads take the next free index, so `body` must not depend on which thread runs it or in what order. The
    /// error of the lowest failing index is thrown, whatever the number of jobs.
    public static func map<Result: Sendable>(
        _ count: Int, jobs: Int, _ body: @escaping @Sendable (Int) throws -> Result
    ) throws -> [Result] {
        guard count > 0 else { return [] }
        let board = Board<Result>(count: count)
        let workers = max(1, min(jobs, count))
        if workers == 1 {
            for index in 0..<count { board.finish(index, Swift.Result { try body(index) }) }
        } else {
            DispatchQueue.concurrentPerform(iterations: workers) { _ in
                while let index = board.take() {
                    board.finish(index, Swift.Result { try body(index) })
                }
            }
        }
        return try board.results.map { try $0!.get() }
    }

    /// Hands out indices and collects results; every access is under the lock.
    private final class Board<Value: Sendable>: @unchecked Sendable {
        private let lock = NSLock()
        private var next = 0
        private(set) var results: [Result<Value, any Error>?]

        init(count: Int) { results = Array(repeating: nil, count: count) }

        func take() -> Int? {
            lock.withLock {
                guard next < results.count else { return nil }
                defer { next += 1 }
                return next
            }
        }

        func finish(_ index: Int, _ result: Result<Value, any Error>) {
            lock.withLock { results[index] = result }
        }
    }
}
