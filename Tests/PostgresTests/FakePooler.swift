import Foundation
import Synchronization
import TestSupport

/// A pooler as PgBouncer is one: it answers a client's start itself, with a process number of its own, and gives it a session of the
/// server for each transaction, or for as long as it is connected.
final class FakePooler: Sendable {
    struct Unable: Error {}

    let port: Int
    private let listener: Int32
    private let target: Int
    private let keepsSessions: Bool
    private let isRoundRobin: Bool
    /// The sessions that no client has; the one that was used last is the next, unless they take turns.
    private let idle = Mutex<[Int32]>([])

    /// - Parameters:
    ///   - target: The server's port.
    ///   - idle: The sessions that are open from the beginning.
    ///   - isRoundRobin: Whether the sessions take turns.
    ///   - keepsSessions: Whether a client keeps its session.
    init(to target: Int, idle count: Int = 0, isRoundRobin: Bool = false, keepsSessions: Bool = false) throws {
        self.target = target
        self.isRoundRobin = isRoundRobin
        self.keepsSessions = keepsSessions
        (listener, port) = try Loopback.listening()
        for _ in 0..<count {
            let session = try open()
            idle.withLock { $0.append(session) }
        }
        Thread.detachNewThread { [listener, weak self] in
            while case let client = accept(listener, nil, nil), client >= 0 {
                guard let self else { break }
                Thread.detachNewThread {
                    var session: Int32?
                    try? self.serve(client, &session)
                    close(client)
                    // As PgBouncer does: a session in the middle of a transaction is of no use to others.
                    if let session { close(session) }
                }
            }
            close(listener)
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        for session in idle.withLock({ $0 }) { close(session) }
    }

    // MARK: A client

    private func serve(_ client: Int32, _ session: inout Int32?) throws {
        while true {
            // A start has no type: its length, and its version or a request for encryption, which is refused.
            let start = try message(client, hasType: false)
            if start.count == 8, start[4...] == [4, 210, 22, 47] || start[4...] == [4, 210, 22, 48] {
                try send(Array("N".utf8), to: client)
                continue
            }
            guard start.count > 8 else { return }
            break
        }
        var greeting = Self.message("R", [0, 0, 0, 0])
        for (name, value) in ["server_version": "15.0", "client_encoding": "UTF8", "standard_conforming_strings": "on"]
        {
            greeting += Self.message("S", Array("\(name)\0\(value)\0".utf8))
        }
        greeting += Self.message("K", [0x7f, 1, 2, 3, 4, 5, 6, 7]) + Self.message("Z", Array("I".utf8))
        try send(greeting, to: client)
        while true {
            let next = try message(client)
            if next[0] == UInt8(ascii: "X") {
                if let own = session { idle.withLock { $0.append(own) } }
                session = nil
                return
            }
            let own = try session ?? take()
            session = own
            try send(next, to: own)
            guard next[0] == UInt8(ascii: "Q") || next[0] == UInt8(ascii: "S") else { continue }
            // The answers, up to the one that names the state of the transaction.
            while true {
                let answer = try message(own)
                try send(answer, to: client)
                guard answer[0] == UInt8(ascii: "Z") else { continue }
                if answer[5] == UInt8(ascii: "I"), !keepsSessions {
                    idle.withLock { $0.append(own) }
                    session = nil
                }
                break
            }
        }
    }

    // MARK: Sessions

    private func take() throws -> Int32 {
        try idle.withLock { idle in
            guard !idle.isEmpty else { return nil }
            return isRoundRobin ? idle.removeFirst() : idle.removeLast()
        } ?? open()
    }

    /// Opens a session of the server.
    private func open() throws -> Int32 {
        let session = try Loopback.connected(to: target)
        let words = Array("user\0b2watch\0database\0b2watch\0client_encoding\0UTF8\0\0".utf8)
        try send(Self.number(words.count + 8) + [0, 3, 0, 0] + words, to: session)
        while try message(session)[0] != UInt8(ascii: "Z") {}
        return session
    }

    // MARK: Bytes

    private static func number(_ value: Int) -> [UInt8] { withUnsafeBytes(of: UInt32(value).bigEndian) { Array($0) } }

    private static func message(_ type: Character, _ body: [UInt8]) -> [UInt8] {
        Array(String(type).utf8) + number(body.count + 4) + body
    }

    /// Reads one message with its header.
    private func message(_ descriptor: Int32, hasType: Bool = true) throws -> [UInt8] {
        let head = try read(descriptor, hasType ? 5 : 4)
        let length = head.suffix(4).reduce(0) { $0 << 8 | Int($1) }
        return head + (try read(descriptor, length - 4))
    }

    private func read(_ descriptor: Int32, _ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var buffer = [UInt8](repeating: 0, count: count - bytes.count)
            let got = recv(descriptor, &buffer, buffer.count, 0)
            guard got > 0 else { throw Unable() }
            bytes += buffer.prefix(got)
        }
        return bytes
    }

    private func send(_ bytes: [UInt8], to descriptor: Int32) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw Unable() }
            rest = rest.dropFirst(sent)
        }
    }
}
