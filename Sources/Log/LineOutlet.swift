import Synchronization
import Workers

/// Where lines go, on a thread of its own and in order. Who takes none holds up nothing: of what waits only so much is
/// kept, and how many lines were dropped is said once there is room again.
public final class LineOutlet: Sendable {
    /// The lines that may wait.
    public static let mostWaiting = 1_000

    private struct State {
        var waiting = 0
        var dropped = 0
    }

    private let thread: Worker
    private let state = Mutex(State())
    private let write: @Sendable ([UInt8]) -> Void
    private let confess: @Sendable (Int) -> [UInt8]

    /// - Parameters:
    ///   - name: The thread's.
    ///   - confess: The line that tells of so many dropped ones.
    ///   - write: May block.
    public init(
        _ name: String, confess: @escaping @Sendable (Int) -> [UInt8], write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        thread = Worker(name)
        self.confess = confess
        self.write = write
    }

    /// Takes a line, or several that belong together. Returns at once.
    public func add(_ lines: [UInt8]) {
        let isTaken = state.withLock { state in
            let hasRoom = state.waiting < Self.mostWaiting
            if hasRoom { state.waiting += 1 } else { state.dropped += 1 }
            return hasRoom
        }
        guard isTaken else { return }
        thread.async { [self] in
            write(lines)
            let dropped = state.withLock { state in
                state.waiting -= 1
                // Said behind what was kept, where they would have stood.
                guard state.waiting == 0 else { return 0 }
                defer { state.dropped = 0 }
                return state.dropped
            }
            if dropped > 0 { write(confess(dropped)) }
        }
    }

    /// Waits until all is written, for so long at most.
    public func flush(within limit: Duration) {
        thread.wait(atMost: limit)
    }
}
