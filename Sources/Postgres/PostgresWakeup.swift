internal import Base
internal import CBase
internal import Foundation
internal import Synchronization

/// Wakes the thread of a connection from any other one.
///
/// One wakeup serves one thread, which may have one connection after the other with it.
public final class PostgresWakeup: Sendable {
    private struct State {
        var isWanted = false
        var isCancelled = false
    }

    private let state = Mutex(State())
    /// An eventfd.
    private let event: Int32

    /// - Throws: `PostgresError.system` if the process has too many descriptors.
    public init() throws(PostgresError) {
        event = terminal_event_create()
        guard event >= 0 else { throw .system(SafeText(String(cString: strerror(errno)))) }
    }

    deinit {
        if event >= 0 { close(event) }
    }

    /// Ends the current or the next `PostgresConnection.wait`. Statements continue.
    public func wake() {
        state.withLock { $0.isWanted = true }
        terminal_event_signal(event)
    }

    /// Ends every wait, for ever: connections are closed, and what they do throws `PostgresError.cancelled`.
    public func cancel() {
        state.withLock { $0.isCancelled = true }
        terminal_event_signal(event)
    }

    public var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Returns whether `wake` was called since the last call.
    func takeWish() -> Bool {
        state.withLock { state in
            defer { state.isWanted = false }
            return state.isWanted
        }
    }

    // MARK: Waiting

    /// The end of a wait.
    enum End {
        case ready, woken, timedOut
    }

    /// Waits until a descriptor is ready, `wake` or `cancel` is called, or the time is up.
    ///
    /// - Parameters:
    ///   - descriptor: Nothing is waited for if it is negative.
    ///   - deadline: The time limit; nil for none. The thread sleeps until then.
    /// - Throws: `PostgresError.cancelled`.
    func wait(
        for descriptor: Int32, _ events: Int32, until deadline: ContinuousClock.Instant?
    ) throws(PostgresError) -> End {
        while true {
            if isCancelled { throw .cancelled }
            var polled = [
                pollfd(fd: descriptor, events: Int16(events), revents: 0),
                pollfd(fd: event, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&polled, 2, PollTime.milliseconds(until: deadline))
            if polled[1].revents != 0 {
                if isCancelled { throw .cancelled }
                // Cleared before `takeWish` is asked, so that no call of `wake` is lost in between.
                terminal_event_clear(event)
                if polled[0].revents == 0 { return .woken }
            }
            if polled[0].revents != 0 { return .ready }
            if count == 0 { return .timedOut }
            if count < 0, errno != EINTR { throw .system(SafeText(String(cString: strerror(errno)))) }
        }
    }
}
