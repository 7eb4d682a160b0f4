internal import Base
internal import CBase
internal import Glibc

/// An input that is read and an output that is written line by line: a terminal, a pipe or a file.
///
/// Only the given text is sent, without escape sequences. Belongs to one thread.
public final class LineTerminal {
    /// The result of reading.
    public enum Reading: Sendable, Hashable {
        /// Whole lines, without their ends; there may be none yet.
        case lines([[UInt8]])
        /// These lines, the last one perhaps without its end, and there will be no more.
        case end([[UInt8]])
    }

    /// The most bytes of a line, which is cut there: a person never types more.
    public static let longestLine = 1 << 20
    /// The most bytes that a pipe accepts at once.
    private static let portion = 4_096

    let input: Int32
    let output: Int32
    /// Whether a person types.
    public let isInteractive: Bool
    private var begun: [UInt8] = []
    private var waiting: [UInt8] = []
    private var usualModes: termios?
    /// The system's number for why the output takes nothing any more, once it does not.
    public private(set) var failure: Int32?

    /// Creates a terminal from a pair of descriptors, which stay open at its end.
    public init(input: Int32 = 0, output: Int32 = 1) {
        self.input = input
        self.output = output
        isInteractive = isatty(input) == 1
    }

    deinit {
        showTyping()
    }

    /// Reads the bytes that are available. Call it only when the loop reports input: otherwise it would wait.
    public func read() -> Reading {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(input, &buffer, buffer.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return .lines([]) }
        guard count > 0 else {
            defer { begun = [] }
            return .end(begun.isEmpty ? [] : [begun])
        }
        let parts = buffer[..<count].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var lines: [[UInt8]] = []
        for (index, part) in parts.enumerated() {
            if index > 0 {
                if begun.last == UInt8(ascii: "\r") { begun.removeLast() }
                lines.append(begun)
                begun = []
            }
            begun += part.prefix(Self.longestLine - begun.count)
        }
        return .lines(lines)
    }

    // MARK: Output

    /// The number of bytes that wait for the output.
    public var waitingCount: Int { waiting.count }

    /// Adds bytes to the waiting ones. `send()` writes them.
    public func put(_ bytes: some Sequence<UInt8>) {
        waiting += bytes
    }

    /// Writes as much as the output accepts without making the caller wait.
    ///
    /// - Returns: False if it accepts nothing any more.
    public func send() -> Bool {
        var sent = 0
        defer { waiting.removeFirst(sent) }
        while sent < waiting.count {
            var room = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
            guard poll(&room, 1, 0) > 0 else { return true }
            let count = waiting[sent...].prefix(Self.portion).withUnsafeBytes {
                Glibc.write(output, $0.baseAddress, $0.count)
            }
            if count > 0 {
                sent += count
            } else if errno != EINTR {
                if errno != EAGAIN { failure = errno }
                return failure == nil
            }
        }
        return true
    }

    // MARK: Typing

    /// Stops showing typed text, except the ends of lines. Does nothing if the input is not a terminal.
    public func hideTyping() {
        var modes = termios()
        guard isInteractive, usualModes == nil, tcgetattr(input, &modes) == 0 else { return }
        usualModes = modes
        modes.c_lflag &= ~tcflag_t(ECHO | ECHOE | ECHOK)
        modes.c_lflag |= tcflag_t(ECHONL)
        tcsetattr(input, TCSADRAIN, &modes)
    }

    /// Shows typed text again.
    public func showTyping() {
        guard var modes = usualModes else { return }
        usualModes = nil
        tcsetattr(input, TCSADRAIN, &modes)
    }
}

// MARK: - The loop

/// The wait of a program in plain mode: for input, for room in the output, for its mailbox and for a deadline, all
/// at once. The system handles the signals of the terminal, and stops and continues the program as usual.
public enum LineLoop {
    /// Sleeps until there is something to do, and returns the reasons. Without a deadline only an event ends the sleep.
    ///
    /// - Parameters:
    ///   - readsInput: Whether to wake up for input, and for its end.
    ///   - wantsRoom: Whether to wake up once the output accepts more.
    public static func wait(
        _ terminal: LineTerminal, _ mailbox: Mailbox<some Sendable>, readsInput: Bool, wantsRoom: Bool,
        until deadline: ContinuousClock.Instant? = nil
    ) -> Wake {
        // poll ignores a descriptor of -1. It always reports the end of the output.
        var sources = [
            pollfd(fd: readsInput ? terminal.input : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: mailbox.fileDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: terminal.output, events: wantsRoom ? Int16(POLLOUT) : 0, revents: 0),
        ]
        var wake: Wake = []
        while wake.isEmpty {
            let timeout = PollTime.milliseconds(until: deadline)
            let count = poll(&sources, nfds_t(sources.count), timeout)
            if count == 0, timeout >= 0, PollTime.milliseconds(until: deadline) == 0 { wake.insert(.deadline) }
            guard count > 0 else { continue }  // interrupted, or not quite there yet

            if sources[0].revents != 0 { wake.insert(.input) }
            if sources[1].revents != 0 { wake.insert(.mail) }
            if sources[2].revents & Int16(POLLOUT) != 0 { wake.insert(.room) }
            if sources[2].revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 { wake.insert(.hangUp) }
        }
        return wake
    }
}
