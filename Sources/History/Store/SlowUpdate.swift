import Dispatch
import Foundation

/// Tells that bringing a history up to date takes its time, while it does.
enum SlowUpdate {
    /// What is over within that is not worth a word, in seconds.
    private static let patience = 1.0

    /// Runs `body`; where it takes longer than a second, `tell` is called meanwhile from another thread.
    static func run(_ tell: @escaping @Sendable () -> Void, _ body: () throws -> Void) rethrows {
        let isOver = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            if isOver.wait(timeout: .now() + patience) == .timedOut { tell() }
        }
        defer { isOver.signal() }
        try body()
    }
}
