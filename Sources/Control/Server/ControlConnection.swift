import Foundation
import Synchronization
import Workers

/// One who is attached: a thread reads what he asks, another writes what he is told.
///
/// What waits to be written is bounded, and nobody who leaves something there waits: who does not read is sent away.
final class ControlConnection: Sendable {
    private struct State {
        var waiting = 0
        var isEnded = false
        var events = Events.unwanted
    }

    /// Events are told to who has asked for them, and none of them before the reply to that.
    private enum Events {
        case unwanted
        case held([[UInt8]])
        case wanted
    }

    private let socket: UnixSocket
    private let limits: ControlLimits
    private let writer = Worker("control writer")
    private let state = Mutex(State())

    init(_ socket: UnixSocket, limits: ControlLimits) {
        self.socket = socket
        self.limits = limits
    }

    /// Whose it is.
    var peer: uid_t? { socket.peer }

    /// Leaves a line to be written.
    func send(_ line: [UInt8]) {
        if !state.withLock({ leave(line, &$0) }) { end() }
    }

    /// Leaves an event to be written, if they are wanted.
    func tell(_ line: [UInt8]) {
        let isFine = state.withLock { state in
            switch state.events {
            case .unwanted: return true
            case .held(let lines):
                state.events = .held(lines + [line])
                return true
            case .wanted: return leave(line, &state)
            }
        }
        if !isFine { end() }
    }

    /// Wants events from now on, in the order in which they happen, behind the reply that `body` makes.
    func subscribe(_ body: () -> [UInt8]) {
        state.withLock { $0.events = .held([]) }
        let reply = body()
        let isFine = state.withLock { state in
            defer { state.events = .wanted }
            guard case .held(let lines) = state.events else { return leave(reply, &state) }
            return ([reply] + lines).allSatisfy { leave($0, &state) }
        }
        if !isFine { end() }
    }

    /// Leaves a line, under the lock so that lines keep their order.
    ///
    /// - Returns: False where too much waits already.
    private func leave(_ line: [UInt8], _ state: inout State) -> Bool {
        guard !state.isEnded else { return true }
        if state.waiting > 0, state.waiting + line.count > limits.waiting { return false }
        state.waiting += line.count
        writer.async { [self] in
            if (try? socket.write(line)) == nil { end() }
            self.state.withLock { $0.waiting -= line.count }
        }
        return true
    }

    /// Ends it at once.
    func end() {
        state.withLock { $0.isEnded = true }
        socket.end()
    }

    /// Ends it behind what waits to be written.
    func finish() {
        writer.async { [self] in end() }
    }

    /// Says why, and ends it.
    func refuse(_ reason: String) {
        if let line = try? RefusalLine(refusal: reason).controlLine() { send(line) }
        finish()
    }

    /// Reads lines until the end, or until `body` says false.
    func read(_ body: ([UInt8]) -> Bool) {
        socket.limit(reading: limits.hello, writing: .zero)
        var lines = LineReader(limit: limits.request)
        var hasSpoken = false
        while let bytes = try? socket.read(), !bytes.isEmpty {
            do {
                for line in try lines.take(bytes) {
                    guard body(line) else { return }
                    if !hasSpoken { socket.limit(reading: .zero) }
                    hasSpoken = true
                }
            } catch {
                return refuse("a line is longer than \(error.limit) bytes")
            }
        }
        end()
    }
}
