internal import Glibc

/// Where a program that speaks by lines waits: for its input, for room in its output, its mailbox and a moment, all at
/// once. It leaves the signals of the terminal to the system, which stops and continues such a program as it should.
public enum LineLoop {
    /// Sleeps until there is something to do, and says what. Without a deadline nothing but an event ends the sleep.
    ///
    /// - Parameters:
    ///   - readsInput: Whether to wake up for input, and for its end.
    ///   - wantsRoom: Whether to wake up once the output takes more.
    public static func wait(
        _ terminal: LineTerminal, _ mailbox: Mailbox<some Sendable>, readsInput: Bool, wantsRoom: Bool,
        until deadline: ContinuousClock.Instant? = nil
    ) -> Wake {
        // A descriptor of -1 is one that poll passes over. The output's end is told of without being asked for.
        var sources = [
            pollfd(fd: readsInput ? terminal.input : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: mailbox.fileDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: terminal.output, events: wantsRoom ? Int16(POLLOUT) : 0, revents: 0),
        ]
        var wake: Wake = []
        while wake.isEmpty {
            let timeout = TerminalLoop.milliseconds(until: deadline)
            let count = poll(&sources, nfds_t(sources.count), timeout)
            if count == 0, timeout >= 0, TerminalLoop.milliseconds(until: deadline) == 0 { wake.insert(.deadline) }
            guard count > 0 else { continue }  // interrupted, or not quite there yet

            if sources[0].revents != 0 { wake.insert(.input) }
            if sources[1].revents != 0 { wake.insert(.mail) }
            if sources[2].revents & Int16(POLLOUT) != 0 { wake.insert(.room) }
            if sources[2].revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 { wake.insert(.hangUp) }
        }
        return wake
    }
}
