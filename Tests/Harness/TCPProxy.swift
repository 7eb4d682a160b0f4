import Foundation
import TestSupport

/// A proxy between a client and a server of 127.0.0.1 that passes bytes on until a test has it stall, cut or close its connections.
package final class TCPProxy: Sendable {
    package enum Direction: Hashable, Sendable {
        case toServer, toClient
    }

    /// A connection: its end at the client, and its end at the server.
    fileprivate struct Pair: Sendable {
        let client: Int32
        let server: Int32
        var isCut = false
    }

    fileprivate struct State: Sendable {
        /// The directions in which nothing is passed on.
        var stalled: Set<Direction> = []
        var pairs: [Int: Pair] = [:]
        var count = 0
        var isStopped = false
    }

    package let port: Int
    private let listener: Int32
    private let state = Watched(State())

    /// - Parameter target: The port of the server.
    package init(to target: Int) throws {
        let (listener, port) = try Loopback.listening()
        self.listener = listener
        self.port = port
        Thread.detachNewThread { [state] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    break
                }
                Self.begin(client, target, state)
            }
            close(listener)
        }
    }

    deinit {
        stop()
    }

    /// The number of connections that are open.
    package var connections: Int { state.now.pairs.count }

    /// Passes nothing on in some directions. Connections stay open, and new ones are accepted.
    package func stall(_ directions: Set<Direction> = [.toServer, .toClient]) {
        state.change { $0.stalled = directions }
    }

    /// Passes on everything, also what has arrived in the meantime.
    package func resume() {
        state.change { $0.stalled = [] }
    }

    /// Cuts all connections, as a firewall that forgets them and answers with a reset.
    package func cut() {
        state.change { state in
            for (number, pair) in state.pairs {
                state.pairs[number]?.isCut = true
                var linger = linger(l_onoff: 1, l_linger: 0)
                for end in [pair.client, pair.server] {
                    setsockopt(end, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
                    // The threads of the connection notice this, and close it with a reset.
                    shutdown(end, Int32(SHUT_RD))
                }
            }
        }
    }

    /// Closes one direction of all connections: the receiver sees the end, and may still send.
    package func halfClose(_ direction: Direction) {
        state.change { state in
            for pair in state.pairs.values {
                shutdown(direction == .toClient ? pair.client : pair.server, Int32(SHUT_WR))
            }
        }
    }

    /// Closes everything; nothing listens there afterwards.
    package func stop() {
        let wasStopped = state.change { state in
            defer { state.isStopped = true }
            return state.isStopped
        }
        guard !wasStopped else { return }
        // `accept` returns, and its thread closes the socket.
        shutdown(listener, Int32(SHUT_RDWR))
        cut()
        resume()
    }

    // MARK: A connection

    private static func begin(_ client: Int32, _ target: Int, _ state: Watched<State>) {
        guard let server = try? Loopback.connected(to: target) else {
            close(client)
            return
        }
        for end in [client, server] {
            var isOn: Int32 = 1
            setsockopt(end, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
            // A full connection has to notice that it was cut.
            var limit = timeval(tv_sec: 0, tv_usec: 100_000)
            setsockopt(end, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        let number = state.change { state in
            state.count += 1
            state.pairs[state.count] = Pair(client: client, server: server)
            return state.count
        }
        let remaining = Watched(2)
        for (from, to, direction) in [(client, server, Direction.toServer), (server, client, .toClient)] {
            Thread.detachNewThread {
                pass(from, to, direction, number, state)
                // The second direction that ends closes both, so that no descriptor is closed while it is used.
                let isLast = remaining.change { count in
                    count -= 1
                    return count == 0
                }
                guard isLast else { return }
                state.change { state in
                    state.pairs[number] = nil
                    close(client)
                    close(server)
                }
            }
        }
    }

    /// Passes bytes on until one side ends, or the connection is cut.
    private static func pass(
        _ from: Int32, _ to: Int32, _ direction: Direction, _ number: Int, _ state: Watched<State>
    ) {
        func isCut() -> Bool { state.change { $0.pairs[number]?.isCut ?? true } }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(from, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            // What arrives during a stall stays here, and then in the buffers of the system.
            _ = state.wait(within: .seconds(3_600)) { state in
                !state.stalled.contains(direction) || state.isStopped || state.pairs[number]?.isCut != false
                    ? true : nil
            }
            var rest = buffer.prefix(count)
            while !rest.isEmpty {
                guard !isCut() else { return }
                let sent = rest.withUnsafeBytes { send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                if sent < 0, errno == EINTR || errno == EAGAIN { continue }
                guard sent > 0 else {
                    shutdown(from, Int32(SHUT_RD))
                    return
                }
                rest = rest.dropFirst(sent)
            }
        }
        if !isCut() { shutdown(to, Int32(SHUT_WR)) }
    }
}
