import Base
import Foundation
import Synchronization

/// A listener's control socket: answers the requests of attached dashboards, and reports events to them.
///
/// The server has its own threads, which sleep when there are no requests, and does not slow down deliveries.
public final class ControlServer: Sendable {
    private struct State {
        var connections: [ObjectIdentifier: ControlConnection] = [:]
        var isStopped = false
    }

    private let socket: ListeningSocket
    private let hello: ControlHello
    private let answers: ControlAnswers
    private let limits: ControlLimits
    private let subscription: String
    private let ended: @Sendable (ControlCaller) -> Void
    private let state = Mutex(State())

    /// Listens for calls about a history, whose lock the caller has taken.
    ///
    /// - Parameters:
    ///   - history: The history's path, with links followed.
    ///   - version: The version of this b2watch, such as `0.1.0`.
    ///   - subscription: The request that also subscribes to events.
    ///   - ended: Called when a caller has gone, on the thread of its connection.
    /// - Throws: `ControlFailure.system`.
    public init<Subscription: ListenerRequest>(
        beside history: String, version: String, answers: ControlAnswers, subscription: Subscription.Type,
        limits: ControlLimits = ControlLimits(), ended: @escaping @Sendable (ControlCaller) -> Void = { _ in }
    ) throws(ControlFailure) {
        hello = ControlHello(b2watch: version)
        self.answers = answers
        self.limits = limits
        self.ended = ended
        self.subscription = Subscription.name
        do {
            socket = try ListeningSocket(at: ControlPlace.socket(beside: history))
        } catch {
            throw .system("\(ControlPlace.socket(beside: history)): \(error)")
        }
        start("control") { [weak self, socket] in
            while let caller = socket.accept() { self?.welcome(caller) }
        }
    }

    /// Sends an event to all subscribers. Returns at once.
    public func push(_ event: some Codable) {
        let connections = state.withLock { Array($0.connections.values) }
        guard !connections.isEmpty, let line = try? EventLine(event: event).controlLine() else { return }
        for connection in connections { connection.sendEvent(line) }
    }

    /// Accepts no more calls and ends the existing ones, after their waiting events.
    public func stop() {
        socket.close()
        let connections = state.withLock { state in
            state.isStopped = true
            defer { state.connections = [:] }
            return Array(state.connections.values)
        }
        connections.forEach { $0.finish() }
    }

    private func welcome(_ caller: UnixSocket) {
        let connection = ControlConnection(caller, limits: limits)
        guard let user = connection.peer, user == geteuid() || user == 0 else {
            return connection.refuse("the listener belongs to another user")
        }
        let isTaken = state.withLock { state in
            guard !state.isStopped, state.connections.count < limits.connections else { return false }
            state.connections[ObjectIdentifier(connection)] = connection
            return true
        }
        guard isTaken else {
            return connection.refuse("\(limits.connections) are attached already: end one of them")
        }
        start("control reader") { [weak self] in
            self?.serve(connection)
            self?.ended(ControlCaller(connection))
            _ = self?.state.withLock { $0.connections.removeValue(forKey: ObjectIdentifier(connection)) }
        }
    }

    private func serve(_ connection: ControlConnection) {
        if let line = try? hello.controlLine() { connection.send(line) }
        var isKnown = false
        connection.read { line in
            guard isKnown else {
                isKnown = isUnderstood(line, connection)
                return isKnown
            }
            return answer(line, connection)
        }
    }

    private func isUnderstood(_ line: [UInt8], _ connection: ControlConnection) -> Bool {
        guard let other = try? ControlHello(controlLine: line) else {
            connection.refuse("this is b2watch's control socket, and that was not a greeting from b2watch")
            return false
        }
        guard other.protocol == ControlHello.currentProtocol else {
            connection.refuse("this is b2watch \(hello.b2watch), and that was \(other.b2watch)")
            return false
        }
        return true
    }

    private func answer(_ line: [UInt8], _ connection: ControlConnection) -> Bool {
        if let head = try? RequestLineHead(controlLine: line), head.request == subscription {
            connection.subscribe { answers.answer(line, ControlCaller(connection)) ?? [] }
            return true
        }
        guard let answer = answers.answer(line, ControlCaller(connection)) else {
            connection.refuse("that was not a request")
            return false
        }
        connection.send(answer)
        return true
    }

    private func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = name
        thread.start()
    }
}

// MARK: - Answers

/// The requests that a listener answers.
public struct ControlAnswers: Sendable {
    /// Makes the reply, as a line, of a request's line.
    private typealias Answer = @Sendable (_ id: Int, _ line: [UInt8], ControlCaller) throws -> [UInt8]

    private var answers: [String: Answer] = [:]

    /// Creates answers to no request.
    public init() {}

    /// Adds requests.
    ///
    /// - Parameter answerer: The part of this process that answers them, on a thread of the connection, for one request
    ///   of a connection after the other. The text of an error that an answer throws is sent back.
    public mutating func add<Answerer: Sendable>(
        _ requests: [any ListenerRequest<Answerer>.Type], by answerer: Answerer
    ) {
        for request in requests { add(request, by: answerer) }
    }

    private mutating func add<Answerer: Sendable, Request: ListenerRequest<Answerer>>(
        _ request: Request.Type, by answerer: Answerer
    ) {
        add(request) { _ in answerer }
    }

    /// Adds a request whose answer depends on who asks.
    ///
    /// - Parameter answerer: Returns the part of this process that answers a caller.
    public mutating func add<Answerer, Request: ListenerRequest<Answerer>>(
        _ request: Request.Type, by answerer: @escaping @Sendable (ControlCaller) -> Answerer
    ) {
        answers[Request.name] = { id, line, caller in
            let request = try RequestBody<Request>(controlLine: line).body
            return try ReplyLine(id: id, reply: try request.answer(answerer(caller))).controlLine()
        }
    }

    /// Returns the answer to a line; nil if the line is not a request at all.
    func answer(_ line: [UInt8], _ caller: ControlCaller) -> [UInt8]? {
        guard let head = try? RequestLineHead(controlLine: line) else { return nil }
        let failure: String
        do {
            if let answer = answers[head.request] { return try answer(head.id, line, caller) }
            failure = "This listener does not know how to do that: its b2watch is another one than yours."
        } catch is DecodingError {
            failure = "The listener does not understand this request: its b2watch is another one than yours."
        } catch {
            failure = String(describing: error)
        }
        return try? FailureLine(id: head.id, failure: failure).controlLine()
    }
}

/// A connection to a control socket, as long as it lasts.
public struct ControlCaller: Sendable, Hashable {
    private let id: ObjectIdentifier

    init(_ connection: ControlConnection) { id = ObjectIdentifier(connection) }
}

// MARK: - Limits

/// The limits of a control socket.
public struct ControlLimits: Sendable, Hashable {
    /// The most connections at a time: more than a person opens by hand. Each costs two threads that sleep, and only
    /// the listener's own user and root can open one.
    public var connections = 1_024
    /// The longest request, in bytes.
    public var request = 4 << 20
    /// The most bytes that may wait to be read by one connection, besides one line.
    public var waiting = 4 << 20
    /// The time limit for the greeting of a connection.
    public var hello = Duration.seconds(10)

    /// Creates the default limits.
    public init() {}
}

// MARK: - A connection

/// The connection of an attached dashboard: one thread reads its requests, another writes replies and events.
///
/// The waiting output is bounded, and adding to it never waits: a connection that does not read is closed.
final class ControlConnection: Sendable {
    private struct State {
        var waiting = 0
        var isEnded = false
        var events = Events.unwanted
    }

    /// Events are sent only to subscribers, and only after the reply to the subscription.
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

    /// The user of the other side.
    var peer: uid_t? { socket.peer }

    /// Queues a line to be written.
    func send(_ line: [UInt8]) {
        if !state.withLock({ leave(line, &$0) }) { end() }
    }

    /// Queues an event to be written, if the client asked for events.
    func sendEvent(_ line: [UInt8]) {
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

    /// Subscribes to events from now on, in the order in which they happen, after the reply that `body` makes.
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

    /// Queues a line, under the lock so that lines keep their order.
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

    /// Ends the connection after its waiting output.
    func finish() {
        writer.async { [self] in end() }
    }

    /// Sends the reason, and ends the connection.
    func refuse(_ reason: String) {
        if let line = try? RefusalLine(refusal: reason).controlLine() { send(line) }
        finish()
    }

    /// Reads lines until the end, or until `body` returns false.
    func read(_ body: ([UInt8]) -> Bool) {
        socket.limit(reading: limits.hello, writing: .zero)
        var lines = LineReader(limit: limits.request)
        var hasSpoken = false
        while let bytes = try? socket.read(), !bytes.isEmpty {
            do {
                for line in try lines.read(bytes) {
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
