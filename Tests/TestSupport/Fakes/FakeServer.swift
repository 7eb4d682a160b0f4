import Foundation
import Synchronization

/// A fake behind a socket: HTTP/1.1 on a free port of 127.0.0.1, with threads of its own.
///
/// `.lost` and `.refused` both close the connection without an answer, `.lost` when the request was read.
package final class FakeServer: Sendable {
    package let port: Int
    private let listener: Int32
    private let connections = Connections()

    /// - Parameter greeting: The bytes sent on each connection before it reads, as a mail server does.
    package init(_ service: any FakeService, greeting: String = "") throws {
        let (listener, port) = try Loopback.listening()
        self.listener = listener
        self.port = port
        Thread { [connections] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    break
                }
                guard connections.add(descriptor) else { break }
                Thread {
                    FakeConnection(descriptor).serve(service, greeting)
                    connections.end(descriptor)
                }.start()
            }
            close(listener)
        }.start()
    }

    deinit {
        stop()
    }

    /// Such as `http://127.0.0.1:40123/hook`.
    package func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    /// Closes everything; nothing listens there afterwards.
    package func stop() {
        guard connections.stop() else { return }
        // `accept` returns, and its thread closes the socket.
        shutdown(listener, Int32(SHUT_RDWR))
    }
}

/// The connections that are open.
private final class Connections: Sendable {
    private let open = Mutex<Set<Int32>?>([])

    /// - Returns: False if it is stopped; the descriptor is then closed.
    func add(_ descriptor: Int32) -> Bool {
        open.withLock { open in
            guard open != nil else {
                close(descriptor)
                return false
            }
            open?.insert(descriptor)
            return true
        }
    }

    func end(_ descriptor: Int32) {
        open.withLock { open in
            _ = open?.remove(descriptor)
            close(descriptor)
        }
    }

    /// - Returns: False if it was stopped before.
    func stop() -> Bool {
        open.withLock { open in
            guard let all = open else { return false }
            for descriptor in all { shutdown(descriptor, Int32(SHUT_RDWR)) }
            open = nil
            return true
        }
    }
}

/// A connection, with one request after the other.
private struct FakeConnection {
    private struct Broken: Error {}

    let descriptor: Int32
    private var unread: [UInt8] = []

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    consuming func serve(_ service: any FakeService, _ greeting: String) {
        guard send(Array(greeting.utf8)) else { return }
        while let request = try? next() {
            let reply = service.reply(to: request)
            if case .bytes(let bytes) = reply { _ = send(Array(bytes.utf8)) }
            guard case .answer(let status, let headers, let body) = reply else { return }
            var head = "HTTP/1.1 \(status) \(status < 400 ? "OK" : "Problem")\r\n"
            for (name, value) in headers { head += "\(name): \(value)\r\n" }
            let isFramed = headers.contains { ["content-length", "transfer-encoding"].contains($0.name.lowercased()) }
            if !isFramed, status != 204 { head += "Content-Length: \(body.count)\r\n" }
            guard send(Array((head + "\r\n").utf8) + body),
                request.value(of: "Connection")?.lowercased() != "close"
            else { return }
        }
    }

    /// Waits for the next request.
    private mutating func next() throws -> FakeRequest {
        let head = try read(through: Array("\r\n\r\n".utf8))
        let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n").filter { !$0.isEmpty }
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3 else { throw Broken() }
        var request = FakeRequest(method: String(words[0]), target: String(words[1]), raw: head)
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw Broken() }
            request.headers.append((String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces)))
        }
        if request.value(of: "Expect")?.lowercased() == "100-continue" {
            _ = send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        }
        if request.value(of: "Transfer-Encoding")?.lowercased() == "chunked" {
            try readChunks(into: &request)
        } else if let length = request.value(of: "Content-Length").flatMap({ Int($0) }), length > 0 {
            request.body = try read(length)
            request.raw += request.body
        }
        return request
    }

    private mutating func readChunks(into request: inout FakeRequest) throws {
        while true {
            let line = try read(through: Array("\r\n".utf8))
            let digits = String(decoding: line, as: UTF8.self).prefix { $0.isHexDigit }
            guard let size = Int(digits, radix: 16) else { throw Broken() }
            let chunk = try read(size + 2)
            request.raw += line + chunk
            request.body += chunk.prefix(size)
            if size == 0 { return }
        }
    }

    private mutating func read(through end: [UInt8]) throws -> [UInt8] {
        while true {
            if let found = unread.firstRange(of: end) { return cut(found.upperBound) }
            try receive()
        }
    }

    private mutating func read(_ count: Int) throws -> [UInt8] {
        while unread.count < count { try receive() }
        return cut(count)
    }

    private mutating func cut(_ count: Int) -> [UInt8] {
        defer { unread.removeFirst(count) }
        return Array(unread.prefix(count))
    }

    private mutating func receive() throws {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0, errno == EINTR { return }
        guard count > 0 else { throw Broken() }
        unread += buffer.prefix(count)
    }

    private func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
