import Foundation
import Testing
import TestSupport

@testable import Receiving

@Suite("The socket's file", .blocking)
struct SocketPlaceTests {
    @Test("is accessible only to its owner")
    func mode() throws {
        let place = try Place()
        let server = try place.serve()
        #expect(try TemporaryFolder.mode(of: place.socket) == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.folder.path) == ["history.sqlite.control"])
        server.stop()
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.folder.path).isEmpty)
    }

    @Test("left by a crash is recognized as deserted, and replaced")
    func stale() throws {
        let place = try Place()
        // Bound and never removed, as after a kill.
        let left = try UnixSocket()
        _ = try UnixAddress.with(place.socket, toConnect: false) { bind(left.descriptor, $0, $1) }
        #expect(throws: ControlFailure.deserted) { try place.attach() }
        let server = try place.serve()
        defer { server.stop() }
        #expect(try place.attach().ask(Echo(text: "new")) == "new")
    }

    @Test("does not replace a file that is not a socket")
    func foreign() throws {
        let place = try Place()
        _ = try place.folder.write("history.sqlite.control", "precious")
        #expect(throws: ControlFailure.self) { try place.serve() }
        #expect(try String(contentsOfFile: place.socket, encoding: .utf8) == "precious")
        #expect(throws: ControlFailure.self) { try place.attach() }
    }

    @Test("of another listener, which was created in between, is not removed at the end")
    func successor() throws {
        let place = try Place()
        let first = try place.serve()
        let second = try place.serve()
        first.stop()
        #expect(try place.attach().ask(Echo(text: "second")) == "second")
        second.stop()
    }

    @Test("may have a path longer than the kernel's limit for addresses")
    func long() throws {
        let folder = TemporaryFolder()
        let deep = folder.path + "/" + String(repeating: "deep/", count: 40)
        try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
        var place = try Place()
        place.history = deep + String(repeating: "h", count: 200)
        let server = try place.serve()
        defer { server.stop() }
        #expect(try place.attach().ask(Echo(text: "far")) == "far")
    }

    @Test("is not used if another user answers at it")
    func stranger() throws {
        let place = try Place()
        let server = try place.serve()
        defer { server.stop() }
        // The history belongs to another user, who cannot be imitated here; this process's own user is trusted.
        let client = try ControlClient(
            beside: place.history, version: "1", owner: geteuid() &+ 1, told: { (_: String) in }, ended: { _ in })
        #expect(try client.ask(Echo(text: "own")) == "own")
    }
}

// MARK: - The place

@Suite("The place of the control socket")
struct ControlPlaceTests {
    @Test("is next to the history")
    func beside() {
        #expect(ControlPlace.socket(beside: "/a/history.sqlite") == "/a/history.sqlite.control")
    }
}
