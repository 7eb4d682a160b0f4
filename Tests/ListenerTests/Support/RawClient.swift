#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

import TestSupport

/// A client that sends the bytes it is given, and shows those that come back. Its calls block the
/// thread of the test, so that nothing but the system decides when a test goes on.
final class RawClient: Sendable {
    struct Problem: Error {
        let text: String
    }

    struct Response: Equatable {
        var status: Int
        var headers: [String]
        var body: String

        var closes: Bool { headers.contains("Connection: close") }
    }

    private let socket: Int32

    /// Connects to an IP address.
    init(host: String = "127.0.0.1", port: Int, receiveBuffer: Int32? = nil) throws {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0, let address = list?.pointee else {
            throw Problem(text: "no address \(host)")
        }
        defer { freeaddrinfo(list) }
        socket = Glibc.socket(address.ai_family, address.ai_socktype, 0)
        var patience = timeval(tv_sec: Int(Duration.patience.seconds), tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard connect(socket, address.ai_addr, address.ai_addrlen) == 0 else {
            throw Problem(text: "connect: errno \(errno)")
        }
    }

    deinit { close(socket) }

    func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { throw Problem(text: "send: errno \(errno)") }
            rest = rest.dropFirst(sent)
        }
    }

    /// Ends the sending half.
    func endSending() {
        shutdown(socket, Int32(SHUT_WR))
    }

    /// Reads one response.
    func response(hasBody: Bool = true) throws -> Response {
        var head = ""
        while !head.hasSuffix("\r\n\r\n") {
            guard let byte = try Self.read(socket, 1).first else { throw Problem(text: "ended after \(head)") }
            head.unicodeScalars.append(Unicode.Scalar(byte))
        }
        var lines = head.split(separator: "\r\n").map(String.init)
        let status = Int(lines.removeFirst().split(separator: " ")[1]) ?? 0
        let length = lines.first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) } ?? 0
        var body: [UInt8] = []
        while hasBody, body.count < length {
            let bytes = try Self.read(socket, length - body.count)
            guard !bytes.isEmpty else { throw Problem(text: "ended in the body") }
            body += bytes
        }
        return Response(status: status, headers: lines, body: String(decoding: body, as: UTF8.self))
    }

    /// Reads until the peer ends.
    func rest() throws -> String {
        var all: [UInt8] = []
        while case let bytes = try Self.read(socket, 4_096), !bytes.isEmpty { all += bytes }
        return String(decoding: all, as: UTF8.self)
    }

    private static func read(_ socket: Int32, _ count: Int) throws -> [UInt8] {
        Blocking.check()
        var buffer = [UInt8](repeating: 0, count: count)
        let got = recv(socket, &buffer, count, 0)
        guard got >= 0 else { throw Problem(text: "recv: errno \(errno)") }
        return Array(buffer.prefix(got))
    }
}
