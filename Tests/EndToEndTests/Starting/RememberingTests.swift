import Foundation
import Harness
import Notifications
import TestSupport
import Testing

@Suite("A remembered secret that a file gives too", .blocking)
struct RememberingTests {
    @Test("stays in the file when that is written anew")
    func given() throws {
        let home = try Home()
        try FileManager.default.createDirectory(
            atPath: home.folder.file("config/b2watch"), withIntermediateDirectories: true)
        _ = try home.folder.write(
            "config/b2watch/secrets", "kept any \(Secrets.value)\nother any \(Secrets.otherValue)\n")
        let file = try home.secretFile(Secrets.value)
        let session = try TerminalSession(in: home)
        try session.run("\(Program.path) watch --listen 127.0.0.1:0 --secret-file prod=\(file)")
        try session.see("Nothing has arrived yet.")
        // Deletes the other one: the file is written again.
        try session.press("s")
        try session.see("prod", "other")
        try session.press("j", "f")
        try session.see("Delete other")
        try session.press("r")
        try session.see("where the other one is gone") {
            !$0.contains(Secrets.other.fingerprint) && $0.contains("f delete") && $0.contains("yes    file")
        }
        #expect(try String(contentsOfFile: home.secrets, encoding: .utf8).contains("prod any \(Secrets.value)\n"))
        #expect(try !String(contentsOfFile: home.secrets, encoding: .utf8).contains(Secrets.otherValue))
        // Deletes the last one: it is gone from the file too, where the start's own file gives it again.
        try session.press("f")
        try session.see("Delete prod", "It is the last secret")
        try session.press("r")
        try session.see("The secret prod is deleted")
        #expect(try !String(contentsOfFile: home.secrets, encoding: .utf8).contains(Secrets.value))
    }
}
