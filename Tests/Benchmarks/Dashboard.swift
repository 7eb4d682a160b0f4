import Harness
import Foundation
import TestSupport

/// `b2watch` on a separate terminal, whose output is read and timed.
final class Dashboard: Sendable {
    struct Problem: Error {
        let what: String
    }

    /// The output so far, with times.
    struct Seen: Sendable {
        var bytes: [UInt8] = []
        /// The starts of frames: output within two milliseconds of the last belongs to the same frame.
        var frames: [ContinuousClock.Instant] = []
        var last: ContinuousClock.Instant?
    }

    let home: Home
    let child: Child
    let port: UInt16
    let seen = Watched(Seen())
    private let terminal: Int32

    /// - Parameters:
    ///   - history: The file of a history; nil for a new one.
    ///   - prepare: Writes the files of its home before it starts.
    init(
        columns: UInt16, rows: UInt16, history: String? = nil, prepare: (Home) throws -> Void = { _ in }
    ) throws {
        home = try SampleRequests.home()
        try prepare(home)
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        var (own, other) = (Int32(-1), Int32(-1))
        var name = [CChar](repeating: 0, count: 256)
        guard openpty(&own, &other, &name, nil, &size) == 0 else { throw Problem(what: "no terminal is available") }
        terminal = own
        // Kept open here until the child process has it: a terminal that nobody has open hangs up.
        defer { close(other) }
        var environment = home.environment
        environment["TERM"] = "xterm-256color"
        child = try Child(
            Program.path, ["--listen", "127.0.0.1:0"] + (history.map { ["--history", $0] } ?? []),
            environment: environment,
            terminal: String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        Thread.detachNewThread { [terminal, seen] in
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(terminal, &buffer, buffer.count)
                guard count > 0 else { return }
                let now = ContinuousClock.now
                seen.change { seen in
                    if seen.last.map({ now - $0 > .milliseconds(2) }) ?? true { seen.frames.append(now) }
                    seen.last = now
                    // Only the beginning is searched for the port.
                    if seen.bytes.count < 65_536 { seen.bytes += buffer.prefix(count) }
                }
            }
        }
        let port = seen.wait { seen -> UInt16? in
            let text = String(decoding: seen.bytes, as: UTF8.self)
            return text.firstMatch(of: /http:\/\/127\.0\.0\.1:(\d+)\//).flatMap { UInt16($0.output.1) }
        }
        guard let port else {
            throw Problem(what: "no screen appeared: \(String(decoding: seen.now.bytes, as: UTF8.self))")
        }
        self.port = port
    }

    deinit {
        child.signal(SIGKILL)
        _ = child.end()
        close(terminal)
    }

    /// Presses a key and waits for the next change of the screen.
    ///
    /// - Returns: The time until then; nil if the screen does not change within a second.
    func press(_ key: String) -> Duration? {
        let bytes = Array(key.utf8)
        let start = ContinuousClock.now
        _ = write(terminal, bytes, bytes.count)
        return seen.wait(within: .seconds(1)) { seen in seen.last.flatMap { $0 > start ? $0 - start : nil } }
    }
}
