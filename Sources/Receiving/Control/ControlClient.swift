import Base
public import Foundation
import Synchronization

/// A connection to a listener's control socket. Any number of threads may ask at once.
public final class ControlClient: Sendable {
    private struct State {
        var lastID = 0
        var pending: [Int: PendingReply] = [:]
        /// The reason why no more requests are possible.
        var end: ControlFailure?
    }

    /// The time limit for the listener's greeting, and for writing a request.
    private static let patience = Duration.seconds(5)
    /// The longest line that is taken, in bytes.
    private static let longest = 64 << 20

    /// The greeting of the listener.
    public let listener: ControlHello
    private let socket: UnixSocket
    private let writing = NSLock()
    private let state = Mutex(State())

    /// Calls the listener of a history. Blocks until its greeting is received.
    ///
    /// - Parameters:
    ///   - history: The history's path, with links followed.
    ///   - version: The version of this b2watch.
    ///   - owner: The history's owner: only the owner, root and this user are accepted as its listener.
    ///   - told: Receives events, in their order, on a thread of the connection; it must not send requests there.
    ///   - ended: Called once, on that thread, after the last event.
    /// - Throws: `ControlFailure`.
    public init<Event: Codable & Sendable>(
        beside history: String, version: String, owner: uid_t, told: @escaping @Sendable (Event) -> Void,
        ended: @escaping @Sendable (ControlFailure) -> Void
    ) throws(ControlFailure) {
        let socket = try Self.call(ControlPlace.socket(beside: history))
        self.socket = socket
        guard let user = socket.peer else { throw .system("its owner cannot be determined") }
        guard user == owner || user == 0 || user == geteuid() else { throw .stranger(user: user) }
        var lines = LineReader(limit: Self.longest)
        var first: [[UInt8]] = []
        do {
            try Self.greet(socket, ControlHello(b2watch: version).controlLine())
            while first.isEmpty {
                let bytes = try socket.read()
                guard !bytes.isEmpty else { throw ControlFailure.ended }
                first = try lines.read(bytes)
            }
        } catch let failure as ControlFailure {
            throw failure
        } catch let problem as SystemProblem {
            throw problem.code == EAGAIN ? .silent : .ended
        } catch {
            throw .garbled
        }
        listener = try Self.hello(first.removeFirst())
        socket.limit(reading: .zero)
        let (rest, begun) = (first, lines)
        let thread = Thread { [weak self] in
            let end = Self.read(socket, begun, first: rest) { line in
                guard let self else { return .ended }
                return self.receive(line, told)
            }
            self?.finish(end)
            ended(end)
        }
        thread.name = "control client"
        thread.start()
    }

    deinit {
        socket.end()
    }

    /// Sends a request, and waits for the reply.
    ///
    /// - Throws: `ControlFailure`.
    public func ask<Request: ListenerRequest>(
        _ request: Request, within limit: Duration = Request.timeLimit
    ) throws(ControlFailure) -> Request.Reply {
        let reply = PendingReply()
        let (id, end) = state.withLock { state in
            state.lastID += 1
            if state.end == nil { state.pending[state.lastID] = reply }
            return (state.lastID, state.end)
        }
        if let end { throw end }
        defer { state.withLock { _ = $0.pending.removeValue(forKey: id) } }
        do {
            let line = try RequestLine(id: id, request: Request.name, body: request).controlLine()
            try writing.withLock { try socket.write(line) }
        } catch let problem as SystemProblem {
            throw problem.code == EAGAIN ? .silent : .ended
        } catch {
            throw .garbled
        }
        let line = try reply.wait(within: limit)
        guard let whole = try? ReplyLine<Request.Reply>(controlLine: line) else { throw .garbled }
        return whole.reply
    }

    /// Hangs up.
    public func close() {
        socket.end()
    }

    private func finish(_ end: ControlFailure) {
        let pending = state.withLock { state in
            state.end = state.end ?? end
            defer { state.pending = [:] }
            return Array(state.pending.values)
        }
        pending.forEach { $0.complete(.failure(end)) }
    }

    /// - Returns: Why nothing more can be read, if so.
    private func receive<Event: Codable>(_ line: [UInt8], _ told: (Event) -> Void) -> ControlFailure? {
        guard let head = try? ListenerLineHead(controlLine: line) else { return .garbled }
        if let refusal = head.refusal { return .refused(refusal) }
        if let id = head.id {
            let reply = state.withLock { $0.pending[id] }
            reply?.complete(head.failure.map { .failure(.failed($0)) } ?? .success(line))
        } else if let event = try? EventLine<Event>(controlLine: line).event {
            // Events of a later b2watch that this version does not know are ignored.
            told(event)
        }
        return nil
    }
}

extension ControlClient {
    private static func call(_ path: String) throws(ControlFailure) -> UnixSocket {
        do {
            let socket = try UnixSocket()
            socket.limit(reading: patience, writing: patience)
            let isConnected = try UnixAddress.with(path, toConnect: true) {
                connect(socket.descriptor, $0, $1) == 0
            }
            guard isConnected else { throw SystemProblem() }
            return socket
        } catch {
            switch (error as? SystemProblem)?.code {
            case ENOENT, ENOTDIR, ENOTSOCK: throw .absent
            case ECONNREFUSED: throw .deserted
            case EACCES, EPERM: throw .notPermitted
            case EAGAIN: throw .silent
            default: throw .system("\(error)")
            }
        }
    }

    /// Sends our greeting. The listener may close the connection of a refused caller before that: the reason is still
    /// there to read.
    private static func greet(_ socket: UnixSocket, _ line: [UInt8]) throws(SystemProblem) {
        do {
            try socket.write(line)
        } catch {
            guard error.code == EPIPE || error.code == ECONNRESET else { throw error }
        }
    }

    private static func hello(_ line: [UInt8]) throws(ControlFailure) -> ControlHello {
        if let refusal = try? RefusalLine(controlLine: line) { throw .refused(refusal.refusal) }
        guard let hello = try? ControlHello(controlLine: line) else { throw .garbled }
        guard hello.protocol == ControlHello.currentProtocol else { throw .otherVersion(hello) }
        return hello
    }

    /// Reads lines until there are no more, or `receive` returns a reason to stop.
    private static func read(
        _ socket: UnixSocket, _ reader: LineReader, first: [[UInt8]], _ receive: ([UInt8]) -> ControlFailure?
    ) -> ControlFailure {
        var reader = reader
        var waiting = first
        while true {
            for line in waiting {
                if let end = receive(line) { return end }
            }
            guard let bytes = try? socket.read(), !bytes.isEmpty else { return .ended }
            guard let lines = try? reader.read(bytes) else { return .garbled }
            waiting = lines
        }
    }
}

// MARK: - Pending replies

/// A reply that a thread waits for, with a time limit.
final class PendingReply: Sendable {
    private let result = Monitor<Result<[UInt8], ControlFailure>?>(nil)

    /// Provides the reply; only the first one counts.
    func complete(_ result: Result<[UInt8], ControlFailure>) {
        self.result.change { $0 = $0 ?? result }
    }

    /// Waits for the reply.
    ///
    /// - Throws: The failure received; `silent` when the time is up.
    func wait(within limit: Duration) throws(ControlFailure) -> [UInt8] {
        guard let result = result.wait(until: .now + limit, for: { $0 }) else { throw .silent }
        return try result.get()
    }
}
