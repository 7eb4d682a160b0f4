import Base
import Foundation
import Glibc
import History
import Notifications
import Sending
import TestSupport

extension EventRow {
    /// Returns a row of one event.
    static func sample(
        id: Int64 = 1, delivery: Int64 = 1, position: Int? = 0, type: FieldValue = .string("b2:ObjectCreated:Upload"),
        object: FieldValue = .string("cat.jpg"), size: FieldValue = .integer(1_024),
        version: FieldValue = .string("4_z1"), time: FieldValue = .integer(1_767_262_272_345),
        verdict: SignatureVerdict = .valid, secret: String? = "prod"
    ) -> EventRow {
        var event = NotificationEvent()
        event.eventId = .string("e\(id)")
        event.eventType = type
        event.objectName = object
        event.objectSize = size
        event.objectVersionId = version
        event.eventTimestamp = time
        event.bucketName = .string("photos")
        event.matchedRuleName = .string("all")
        return EventRow(
            id: id, deliveryID: delivery, position: position, eventCount: 1,
            receivedAt: Timestamp(milliseconds: 1_767_262_273_000), verdict: verdict, secret: secret, event: event)
    }
}

extension ExportWriter {
    /// Returns a record as text.
    func text(_ row: EventRow) -> String {
        var bytes = OutputBytes()
        append(ExportItem(row), to: &bytes)
        return String(decoding: bytes.array, as: UTF8.self)
    }
}

extension History {
    /// Returns a history in memory with these bodies, a delivery each.
    static func holding(_ deliveries: [Delivery], _ verdict: SignatureVerdict = .valid) async throws -> History {
        let history = try History(.memory)
        for delivery in deliveries {
            let events = Payload(scanning: delivery.body).events
            let judged = JudgedDelivery(
                delivery: delivery, judgement: Judgement(verdict, secret: "prod"), answer: .accepted, events: events,
                generation: 1)
            await answer("a record", orElse: ()) { give in
                if !history.record(judged, completion: { _ in give(()) }) { give(()) }
            }
        }
        return history
    }
}

extension Export {
    /// Returns the whole output as text.
    func text(of history: History) throws -> String {
        var bytes: [UInt8] = []
        _ = try run(reading: history.reader) { bytes += $0 }
        return String(decoding: bytes, as: UTF8.self)
    }
}

// MARK: - Running a curl command

/// A server on the loopback interface that receives one request and records its bytes.
struct OneRequestServer {
    struct Request {
        var line = ""
        var headers: [String] = []
        var body: [UInt8] = []
    }

    let port: Int
    private let listener: Int32

    init() throws {
        (listener, port) = try Loopback.listening()
    }

    /// Receives the request and answers 200; returns nil if none arrives in time.
    func take() -> Request? {
        defer { close(listener) }
        guard isReadable(listener) else { return nil }
        let connection = accept(listener, nil, nil)
        defer { close(connection) }
        var bytes: [UInt8] = []
        while true {
            if let request = Self.whole(bytes) {
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                _ = send(connection, answer, answer.utf8.count, Int32(MSG_NOSIGNAL))
                return request
            }
            guard isReadable(connection) else { return nil }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            bytes += chunk.prefix(count)
        }
    }

    private func isReadable(_ descriptor: Int32) -> Bool {
        Blocking.check()
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&poller, 1, Int32(Duration.patience / .milliseconds(1))) > 0
    }

    private static func whole(_ bytes: [UInt8]) -> Request? {
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: Array("\r\n\r\n".utf8)) }) else {
            return nil
        }
        let head = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        let body = Array(bytes[(end + 4)...])
        let length = head.compactMap { line in
            line.lowercased().hasPrefix("content-length: ") ? Int(line.dropFirst(16)) : nil
        }.first
        guard body.count >= length ?? 0 else { return nil }
        return Request(line: head[0], headers: Array(head.dropFirst()), body: body)
    }
}

/// The result of a command in a shell.
struct ShellRun {
    let request: OneRequestServer.Request?
    let end: ProgramOutcome.End
    /// The files in the folder in which it ran.
    let files: [String]

    /// - Parameter script: Read from a file; otherwise the shell reads typed text.
    init(
        _ arguments: [String], script: String? = nil, typing input: String? = nil, server: OneRequestServer
    ) throws {
        // Otherwise no request ever arrives.
        _ = try NeededProgram("curl")
        let folder = TemporaryFolder()
        let scripts = TemporaryFolder()
        let words = try arguments + (script.map { [try scripts.write("script", $0)] } ?? [])
        let shell = ExternalProgram(
            [try NeededProgram(words[0]).path] + words.dropFirst(),
            environment: [
                "PATH": NeededProgram.folders, "HOME": folder.path, "LC_ALL": "C.UTF-8", "HISTFILE": "/dev/null",
            ], folder: folder.path, input: Array((input ?? "").utf8), limit: .patience)
        let end = Watched<ProgramOutcome.End?>(nil)
        Thread.detachNewThread {
            let outcome = shell.run()
            end.change { $0 = outcome.end }
        }
        request = server.take()
        self.end = try end.require("the end of the shell", within: .patience * 2) { $0 }
        files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    }
}
