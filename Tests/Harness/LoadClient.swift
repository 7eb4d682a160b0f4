import Foundation
import TestSupport

/// Keeps many requests in flight: each connection always has one, and sends the next when its answer has arrived.
///
/// One thread serves all connections, so that the figures describe the listener and not the client.
package struct LoadClient {
    /// A received answer.
    package struct Arrival {
        package let connection: Int
        package let answer: WireAnswer
        /// The time from the last byte sent to the last byte received.
        package let time: Duration
    }

    private struct Connection {
        package let descriptor: Int32
        package var unread: [UInt8] = []
        package var sent: ContinuousClock.Instant
        package var isWaiting = false
        package var isOpen = true
    }

    private var connections: [Connection]
    /// The last answer. Most are alike, and equal bytes are not parsed again.
    private var usual: (bytes: [UInt8], answer: WireAnswer)?

    /// - Parameter source: The address from which a connection is made, by its number; nil for the system's choice.
    package init(_ count: Int, host: String, port: UInt16, from source: (Int) -> String? = { _ in nil }) throws {
        connections = try (0..<count).map { number in
            Connection(
                descriptor: try RawClient.connected(host: host, port: port, from: source(number)), sent: .now)
        }
    }

    /// Ends all connections.
    package mutating func close() {
        for connection in connections { Foundation.close(connection.descriptor) }
        connections = []
    }

    /// Runs until no request is in flight, because no more are made or the other side has gone.
    ///
    /// - Parameters:
    ///   - rate: The number of requests a second; nil for as many as are answered.
    ///   - make: Returns the next request of the connection with this number; nil for no more.
    ///   - arrived: Receives each answer.
    package mutating func run(
        rate: Double? = nil, make: (Int) -> [UInt8]?, arrived: (Arrival) -> Void
    ) {
        var hasMore = true
        let start = ContinuousClock.now
        var made = 0
        while true {
            let allowed = rate.map { Int((ContinuousClock.now - start).seconds * $0) + 1 } ?? .max
            for index in connections.indices
            where hasMore && made < allowed && connections[index].isOpen && !connections[index].isWaiting {
                guard let bytes = make(index) else {
                    hasMore = false
                    break
                }
                made += 1
                send(bytes, on: index)
            }
            let waiting = connections.indices.filter { connections[$0].isWaiting }
            if waiting.isEmpty, !hasMore || !connections.contains(where: \.isOpen) { return }
            var polled = waiting.map { pollfd(fd: connections[$0].descriptor, events: Int16(POLLIN), revents: 0) }
            Blocking.check()
            // With a rate, the next request may be due before the next answer.
            guard poll(&polled, nfds_t(polled.count), rate == nil || !hasMore ? 30_000 : 1) >= 0 else { return }
            for (index, state) in zip(waiting, polled) where state.revents != 0 {
                if let arrival = receive(on: index) { arrived(arrival) }
            }
        }
    }

    private mutating func send(_ bytes: [UInt8], on index: Int) {
        let count = bytes.withUnsafeBytes {
            Foundation.send(connections[index].descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        // A request is far smaller than a socket's buffer, so it goes whole or the other side has gone.
        connections[index].isOpen = count == bytes.count
        connections[index].isWaiting = connections[index].isOpen
        connections[index].sent = .now
    }

    private mutating func receive(on index: Int) -> Arrival? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = recv(connections[index].descriptor, &buffer, buffer.count, 0)
        guard count > 0 else {
            connections[index].isOpen = false
            connections[index].isWaiting = false
            return nil
        }
        connections[index].unread += buffer.prefix(count)
        guard let answer = dequeueAnswer(on: index) else { return nil }
        connections[index].isWaiting = false
        return Arrival(connection: index, answer: answer, time: .now - connections[index].sent)
    }

    private mutating func dequeueAnswer(on index: Int) -> WireAnswer? {
        if let usual, usual.bytes == connections[index].unread {
            connections[index].unread.removeAll(keepingCapacity: true)
            return usual.answer
        }
        let bytes = connections[index].unread
        guard let answer = WireAnswer.dequeue(from: &connections[index].unread) else { return nil }
        if connections[index].unread.isEmpty { usual = (bytes, answer) }
        return answer
    }
}
