import Synchronization
import Base

/// Notices writes that do not end, such as a commit to a disk that hangs, so that their deliveries are answered before
/// their sender gives up.
///
/// Time passes in steps, and only while something is written: an idle history does not wake. A delivery has the number of
/// the step in which it was queued, so that no clock is read for it.
final class StallWatch: Sendable {
    private static let step = Duration.milliseconds(250)

    /// The number of whole steps that a delivery waits.
    let limit: Int
    /// Whether only `advance` lets time pass, for tests.
    let isManual = Atomic(false)
    private let steps = Atomic<Int>(0)
    private let isWatching = Atomic(false)
    private let isClosed = Monitor(false)
    private let thread = Worker("stall watch")

    /// - Parameter time: The time that a delivery waits to be written.
    init(_ time: Duration) {
        limit = max(1, Int(time / Self.step))
    }

    /// The number of the current step.
    var now: Int { steps.load(ordering: .relaxed) }

    /// Whether time passes.
    var isAwake: Bool { isWatching.load(ordering: .relaxed) }

    /// Lets time pass from now on, as long as something is being written.
    ///
    /// - Parameter check: Called after each step, with its number; returns whether something was written in it.
    func begin(_ check: @escaping @Sendable (Int) -> Bool) {
        guard !isWatching.load(ordering: .relaxed), !isManual.load(ordering: .relaxed),
            !isWatching.exchange(true, ordering: .relaxed)
        else { return }
        thread.async { [self] in
            repeat {
                while isClosed.wait(until: .now + Self.step, for: { $0 ? true : nil }) == nil {
                    if !advance(check) { break }
                }
                isWatching.store(false, ordering: .sequentiallyConsistent)
                // What was queued just now found somebody watching.
            } while !isClosed.withLock(\.self) && check(now)
                && !isWatching.exchange(true, ordering: .sequentiallyConsistent)
        }
    }

    /// Ends a step.
    ///
    /// - Returns: Whether something was written in it.
    func advance(_ check: (Int) -> Bool) -> Bool {
        check(steps.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    /// Lets no more time pass.
    func close() {
        isClosed.change { $0 = true }
        thread.wait()
    }
}
