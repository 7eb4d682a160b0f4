import Foundation
import Testing
import TestSupport

@testable import Receiving

@Suite("A conversation with a listener", .blocking)
struct ConversationTests {
    @Test("answers requests of many threads at once")
    func answers() async throws {
        let place = try Place()
        let server = try place.serve()
        defer { server.stop() }
        let client = try place.attach()
        #expect(client.listener == ControlHello(b2watch: "1.2.3", protocol: ControlHello.currentProtocol))
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<50 {
                group.addTask { try client.ask(Echo(text: "line\n\(number) ⇥\u{0}")) == "line\n\(number) ⇥\u{0}" }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test("returns a failure as its sentence, and answers the next request")
    func failures() throws {
        let place = try Place()
        let server = try place.serve()
        defer { server.stop() }
        let client = try place.attach()
        #expect(throws: ControlFailure.failed("It cannot be done: press s.")) { try client.ask(Fail()) }
        do {
            _ = try client.ask(Fly())
            Issue.record("flew")
        } catch {
            #expect("\(error)".contains("another one than yours"))
        }
        #expect(throws: ControlFailure.self) { try client.ask(BadEcho(text: [1])) }
        #expect(try client.ask(Echo(text: "still here")) == "still here")
    }

    @Test("sends events in order to all subscribers, and to nobody else")
    func events() throws {
        let place = try Place()
        let server = try place.serve()
        defer { server.stop() }
        let (one, two, none) = (Told<String>(), Told<String>(), Told<String>())
        let clients = [try place.attach(told: one.tell), try place.attach(told: two.tell)]
        let silent = try place.attach(told: none.tell)
        for client in clients { _ = try client.ask(Subscribe()) }
        let events = (0..<100).map { "event \($0)" }
        events.forEach { server.push($0) }
        #expect(try one.first(100) == events)
        #expect(try two.first(100) == events)
        // Everything sent before a reply has arrived when the reply does.
        _ = try silent.ask(Echo(text: ""))
        #expect(none.count == 0)
    }

    @Test("reports the listener's end after its last event; later requests fail at once")
    func ends() throws {
        let place = try Place()
        let server = try place.serve()
        let told = Told<String>()
        let client = try place.attach(told: told.tell, ended: { told.tell("\($0)") })
        _ = try client.ask(Subscribe())
        server.push("last words")
        server.stop()
        #expect(try told.first(2) == ["last words", "\(ControlFailure.ended)"])
        #expect(throws: ControlFailure.ended) { try client.ask(Echo(text: "")) }
        #expect(!FileManager.default.fileExists(atPath: place.socket))
        #expect(throws: ControlFailure.absent) { try place.attach() }
    }

    @Test("leaves no threads behind when the listener ends, and finds a listener that returns")
    func again() throws {
        let place = try Place()
        try place.serve().stop()
        let server = try place.serve()
        defer { server.stop() }
        #expect(try place.attach().ask(Echo(text: "again")) == "again")
    }
}

// MARK: - Versions

@Suite("Another version", .blocking)
struct VersionTests {
    @Test(
        "and programs other than b2watch are distinguished",
        arguments: [
            (
                "{\"b2watch\":\"9.9.9\",\"protocol\":99,\"more\":[1]}\n",
                ControlFailure.otherVersion(ControlHello(b2watch: "9.9.9", protocol: 99))
            ),
            ("{\"refusal\":\"32 are attached already\"}\n", .refused("32 are attached already")),
            ("220 smtp ready\r\n", .garbled), ("{}\n", .garbled), ("", .ended),
        ])
    func hello(line: String, failure: ControlFailure) throws {
        let place = try Place()
        let socket = try ListeningSocket(at: place.socket)
        let thread = Thread {
            guard let caller = socket.accept() else { return }
            try? caller.say(line)
            // Its line is read, so that the end does not overtake it.
            _ = try? caller.read()
        }
        thread.start()
        #expect(throws: failure) { try place.attach() }
        socket.close()
    }

    @Test("is named with both versions of the protocol")
    func sentence() {
        let sentence = "\(ControlFailure.otherVersion(ControlHello(b2watch: "9.9.9", protocol: 99)))"
        #expect(sentence.contains("9.9.9") && sentence.contains("99"))
    }
}

// MARK: - Lines

@Suite("Lines of the protocol")
struct LineReaderTests {
    private func lines(_ pieces: [String], limit: Int = 8) throws -> [String] {
        var reader = LineReader(limit: limit)
        return try pieces.flatMap { try reader.read(Array($0.utf8)) }.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        "are the same however the bytes are divided",
        arguments: [
            ["one\ntwo\nhalf"], ["o", "n", "e", "\n", "two\nha", "lf"], ["one\ntw", "o\n", "half"],
            ["one", "\ntwo", "\n"],
        ])
    func pieces(pieces: [String]) throws {
        #expect(try lines(pieces) == ["one", "two"])
    }

    @Test("may be empty")
    func empty() throws {
        #expect(try lines(["\n\na\n"]) == ["", "", "a"])
        #expect(try lines([]).isEmpty)
    }

    @Test("may be as long as the limit and no longer, complete or not")
    func limit() throws {
        #expect(try lines(["12345678\n12345678\n"]) == ["12345678", "12345678"])
        #expect(throws: LineReader.TooLong(limit: 8)) { try lines(["123456789\n"]) }
        #expect(throws: LineReader.TooLong(limit: 8)) { try lines(["1234", "5678", "9"]) }
    }
}
