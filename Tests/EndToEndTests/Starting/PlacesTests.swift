import Foundation
import Harness
import TestSupport
import Testing

@Suite("Where files go", .blocking)
struct PlacesTests {
    private func home(without variables: String...) throws -> Home {
        var home = try Home()
        for variable in variables { home.environment[variable] = nil }
        return home
    }

    @Test("XDG_STATE_HOME is enough to start")
    func state() throws {
        let listener = try RunningListener(in: try home(without: "HOME", "XDG_CONFIG_HOME"))
        #expect(try listener.answer(to: .event("a")).status == 200)
        try listener.stop()
        #expect(FileManager.default.fileExists(atPath: listener.home.history))
    }

    @Test("XDG_CONFIG_HOME is enough to remember secrets: nothing unsigned is taken")
    func configuration() throws {
        let home = try home(without: "HOME", "XDG_STATE_HOME")
        try FileManager.default.createDirectory(
            atPath: home.folder.file("config/b2watch"), withIntermediateDirectories: true)
        _ = try home.folder.write("config/b2watch/secrets", "kept any \(Secrets.value)\n")
        let listener = try RunningListener(in: home, "--in-memory", "--format", "json")
        let client = try listener.connect()
        #expect(try client.answer(to: .event("a")).status == 401)
        #expect(try client.answer(to: .event("b", signedWith: Secrets.held)).status == 200)
        #expect(try listener.deliveries(2).map(\.secret) == [nil, "kept"])
    }

    @Test("an empty CREDENTIALS_DIRECTORY is none")
    func credentials() throws {
        var home = try Home()
        home.environment["CREDENTIALS_DIRECTORY"] = ""
        let listener = try RunningListener(in: home)
        #expect(try listener.answer(to: .event("a")).status == 200)
    }
}
