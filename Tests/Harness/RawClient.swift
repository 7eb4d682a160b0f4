import Foundation
import TestSupport

/// An answer as it was received.
package struct WireAnswer: Equatable {
    package let status: Int
    package let headers: [String: String]
    package let text: String

    /// Removes an answer from the front of the received bytes.
    ///
    /// - Returns: Nil if it is not complete.
    package static func dequeue(from bytes: inout [UInt8]) -> WireAnswer? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        let status = words.count > 1 ? Int(words[1]) ?? 0 : 0
        let length = status == 100 ? 0 : Int(headers["content-length"] ?? "") ?? 0
        let body = bytes[end.upperBound...]
        guard body.count >= length else { return nil }
        let answer = WireAnswer(
            status: status, headers: headers, text: String(decoding: body.prefix(length), as: UTF8.self))
        bytes.removeFirst(end.upperBound + length)
        return answer
    }
}

/// A connection on which a test sends any bytes.
package final class RawClient {
    package struct Broken: Error, CustomStringConvertible {
        package init(description: String) { self.description = description }
        package let description: String
    }

    package let descriptor: Int32
    private var unread: [UInt8] = []

    package init(host: String, port: UInt16, from source: String? = nil) throws {
        descriptor = try Self.connected(host: host, port: port, from: source)
    }

    deinit {
        close(descriptor)
    }

    /// Returns a socket that is connected there.
    ///
    /// - Parameter source: The address of IPv4 from which it connects, such as `127.0.0.9`; nil for the system's choice.
    package static func connected(host: String, port: UInt16, from source: String? = nil) throws -> Int32 {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &found) == 0, let address = found else {
            throw Broken(description: "\(host) is not an address")
        }
        defer { freeaddrinfo(found) }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.pointee.ai_family, type, 0)
        // Connecting and sending wait too.
        var limit = timeval(tv_sec: Int(Duration.patience.seconds), tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        if let source {
            var own = sockaddr_in()
            own.sin_family = sa_family_t(AF_INET)
            own.sin_addr.s_addr = inet_addr(source)
            let isBound = withUnsafePointer(to: &own) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            guard isBound else {
                close(descriptor)
                throw Broken(description: "cannot connect from \(source): \(String(cString: strerror(errno)))")
            }
        }
        guard descriptor >= 0, Foundation.connect(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0
        else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw Broken(description: "cannot connect to \(host):\(port): \(reason)")
        }
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    package func send(_ bytes: some Collection<UInt8>) throws {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Broken(description: "cannot send: \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
    }

    /// Waits for the next answer.
    package func answer() throws -> WireAnswer {
        while true {
            if let answer = WireAnswer.dequeue(from: &unread) { return answer }
            guard try receive() else {
                throw Broken(
                    description: "closed before an answer; there was “\(String(decoding: unread, as: UTF8.self))”")
            }
        }
    }

    package func answer(to request: WireRequest) throws -> WireAnswer {
        try send(request.bytes)
        return try answer()
    }

    /// Waits until the other side closes.
    ///
    /// - Returns: The bytes received before.
    package func rest() throws -> [UInt8] {
        while try receive() {}
        return unread
    }

    /// - Returns: False at the end.
    private func receive() throws -> Bool {
        Blocking.check()
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else {
            let reason = errno == EAGAIN ? "nothing arrived for \(Duration.patience)" : String(cString: strerror(errno))
            throw Broken(description: "cannot receive: \(reason)")
        }
        unread += buffer.prefix(count)
        return count > 0
    }
}
