internal import Foundation
internal import Synchronization

/// Ends programs that run, and lets no further ones begin: once, for all that were given it.
public final class ProgramStop: Sendable {
    private let pipe: Mutex<Pipe>
    /// Becomes readable when it is stopped; -1 where the process had no descriptor left for it.
    let descriptor: Int32
    private let hasStopped = Atomic<Bool>(false)

    public init() {
        let pipe = (try? Pipe()) ?? Pipe.none
        descriptor = pipe.reading
        self.pipe = Mutex(pipe)
    }

    /// Ends what runs; does not wait for it.
    public func stop() {
        hasStopped.store(true, ordering: .sequentiallyConsistent)
        pipe.withLock { $0.closeWriting() }
    }

    public var isStopped: Bool { hasStopped.load(ordering: .sequentiallyConsistent) }
}
