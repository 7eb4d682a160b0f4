import Foundation
import Synchronization

/// A listener's control socket: answers what attached dashboards ask, and tells them what happens.
///
/// It has threads of its own, asleep unless somebody speaks, and takes no part in the way of a delivery.
public final class ControlServer: Sendable {
    private struct State {
        var connections: [ObjectIdentifier: ControlConnection] = [:]
        var isStopped = false
    }

    private let socket: ListeningSocket
    private let hello: ControlHello
    private let routes: ControlRoutes
    private let limits: ControlLimits
    private let subscription: String
    private let state = Mutex(State())

    /// Takes calls beside a history, whose lock the caller holds.
    ///
    /// - Parameters:
    ///   - history: The history's path, with links followed.
    ///   - version: Of this b2watch, such as `0.1.0`.
    ///   - subscription: The request by which one asks for events too.
    /// - Throws: `ControlFailure.system`.
    public init<Subscription: ControlRequest>(
        beside history: String, version: String, routes: ControlRoutes, subscription: Subscription.Type,
        limits: ControlLimits = ControlLimits()
    ) throws(ControlFailure) {
        hello = ControlHello(b2watch: version)
        self.routes = routes
        self.limits = limits
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

    /// Tells all that want events. Returns at once.
    public func push(_ event: some Codable) {
        let connections = state.withLock { Array($0.connections.values) }
        guard !connections.isEmpty, let line = try? EventLine(event: event).controlLine() else { return }
        for connection in connections { connection.tell(line) }
    }

    /// Takes no more calls and ends those there are, behind what they are still to be told.
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
            connection.refuse("this is b2watch's control socket, and that was no greeting of b2watch's")
            return false
        }
        guard other.protocol == ControlHello.currentProtocol else {
            connection.refuse("this is b2watch \(hello.b2watch), and that was \(other.b2watch)")
            return false
        }
        return true
    }

    private func answer(_ line: [UInt8], _ connection: ControlConnection) -> Bool {
        if let head = try? RequestHead(controlLine: line), head.request == subscription {
            connection.subscribe { routes.answer(line) ?? [] }
            return true
        }
        guard let answer = routes.answer(line) else {
            connection.refuse("that was no request")
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
