import Foundation
import Testing
import TestSupport

@testable import Receiving

@Suite("A hostile client of the socket", .blocking)
struct HostileClientTests {
    private static let greeting = "{\"b2watch\":\"1.2.3\",\"protocol\":\(ControlHello.currentProtocol)}\n"

    @Test(
        "is notified of its error and disconnected, and others are served",
        arguments: [
            "GET / HTTP/1.1\r\n\r\n", "\n", "{}\n", "{\"b2watch\":1}\n", "\u{0}\u{1}\u{2}\n",
            String(repeating: "[", count: 100_000) + "\n", greeting + "nonsense\n", greeting + "{\"id\":\"x\"}\n",
            greeting + String(repeating: "[", count: 100_000) + "\n", "{\"b2watch\":\"9\",\"protocol\":99}\n",
        ])
    func nonsense(text: String) throws {
        let place = try Place()
        let server = try place.serve()
        defer { server.stop() }
        let caller = try place.call()
        try caller.say(text)
        #expect(try caller.rest().contains("{\"refusal\":"))
        #expect(try place.attach().ask(Echo(text: "served")) == "served")
    }

    @Test("that sends without end uses no more memory than the limit")
    func endless() throws {
        let place = try Place()
        let server = try place.serve()
        defer { server.stop() }
        let caller = try place.call()
        let megabyte = [UInt8](repeating: 0x61, count: 1 << 20)
        // It hangs up long before the thousandth.
        #expect(throws: SystemProblem.self) { for _ in 0..<1_000 { try caller.write(megabyte) } }
        #expect(try place.attach().ask(Echo(text: "served")) == "served")
    }

    @Test("in excess of the limit is notified, even if the listener hangs up first")
    func oneTooMany() throws {
        let place = try Place()
        var limits = ControlLimits()
        limits.connections = 1
        let server = try place.serve(limits)
        defer { server.stop() }
        let only = try place.attach()
        #expect(try only.ask(Echo(text: "served")) == "served")
        for _ in 0..<300 {
            #expect(throws: ControlFailure.refused("1 are attached already: end one of them")) {
                try place.attach()
            }
        }
    }

    @Test("that sends nothing is disconnected after a while")
    func silent() throws {
        let place = try Place()
        var limits = ControlLimits()
        limits.hello = .seconds(2)
        let server = try place.serve(limits)
        defer { server.stop() }
        let mute = try place.call()
        #expect(try mute.rest().contains("\"b2watch\":\"1.2.3\""))
        let half = try place.call()
        try half.say("{\"b2wat")
        #expect(try half.rest().contains("\"b2watch\":\"1.2.3\""))
        // A client that has sent its greeting may be silent for any time.
        let client = try place.attach()
        _ = try mute.rest()
        #expect(try client.ask(Echo(text: "later")) == "later")
    }

    @Test("that does not read its lines is dropped, and delays nobody")
    func slow() throws {
        let place = try Place()
        var limits = ControlLimits()
        limits.waiting = 64 << 10
        let server = try place.serve(limits)
        defer { server.stop() }
        let told = Told<String>()
        let reading = try place.attach(told: told.tell)
        _ = try reading.ask(Subscribe())
        let slow = try place.call()
        try slow.say(Self.greeting + "{\"id\":1,\"request\":\"subscribe\",\"body\":{}}\n")
        // The reply is read, so that the client is subscribed; nothing else is read.
        var heard = ""
        while !heard.contains("\"reply\"") { heard += String(decoding: try slow.read(), as: UTF8.self) }
        let event = String(repeating: "e", count: 10_000)
        for number in 1...500 {
            server.push(event)
            // The reader keeps up, and so is not dropped.
            _ = try told.first(number)
        }
        let rest = try slow.rest().utf8.count
        #expect(rest < 500 * 10_000)
        #expect(try reading.ask(Echo(text: "fine")) == "fine")
    }

    @Test("is admitted together with more clients than a person would open")
    func crowd() throws {
        let place = try Place()
        let server = try place.serve()
        defer { server.stop() }
        let clients = try (0..<100).map { _ in try place.attach() }
        for client in clients { #expect(try client.ask(Echo(text: "in")) == "in") }
    }

    @Test("is refused at the limit of clients, and admitted after one has left")
    func many() throws {
        let place = try Place()
        var limits = ControlLimits()
        limits.connections = 3
        let server = try place.serve(limits)
        defer { server.stop() }
        var clients = try (0..<3).map { _ in try place.attach() }
        do {
            _ = try place.attach()
            Issue.record("a fourth was let in")
        } catch {
            #expect("\(error)".contains("3 are attached already"))
        }
        clients.removeFirst().close()
        // The listener notices the end some time later.
        let fourth = try wait(for: "the place of one that left") { try? place.attach() }
        #expect(try fourth.ask(Echo(text: "in")) == "in")
    }
}
