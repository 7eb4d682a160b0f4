import Foundation
import Harness
import TestSupport
import Testing

@Suite("A failing attach", .blocking)
struct NotAttachedTests {
    /// Returns the message of `attach` in a terminal, with its exit status.
    private func saying(_ arguments: String, in home: Home, before: String = "") throws -> String {
        let session = try TerminalSession(in: home, columns: 200, rows: 36)
        let script = try home.folder.write("script", "\(before)\(Program.path) attach \(arguments)\necho status $?\n")
        try session.run("sh \(script)")
        return try session.see("the status") { $0.contains("status 0") || $0.firstMatch(of: /status \d/) != nil }
    }

    @Test("names a missing history, and how to create one")
    func missing() throws {
        let home = try Home()
        let screen = try saying("--history /nowhere/x.sqlite", in: home)
        #expect(screen.contains("there is no history at /nowhere/x.sqlite") && screen.contains("b2watch listen"))
        #expect(screen.contains("status 4"))
    }

    @Test("needs a terminal")
    func noTerminal() throws {
        let outcome = try Program.run("attach", in: try Home())
        #expect(outcome.ending == .exited(1))
        #expect(outcome.error.contains("not a terminal"))
    }

    @Test("is recommended by a start on a history in use")
    func inUse() throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        let outcome = try Program.run("listen", "--listen", "127.0.0.1:0", in: home)
        #expect(outcome.ending == .exited(4))
        #expect(outcome.error.contains("b2watch attach --history \(home.history)"))
        try listener.stop()
    }

    /// A reason why a user cannot read a history, and the advice for it.
    static let barriers: [(String, String)] = [
        ("chmod 000 HISTORY", "is yours, and its permissions keep you from reading it: run chmod 600 HISTORY"),
        ("chmod 000 FOLDER", "is yours, and its permissions keep you from reading it: run chmod 700 FOLDER"),
        ("chown 0 HISTORY; chmod 600 HISTORY", "belongs to root, and you may not read it: run sudo -u root b2watch"),
        ("chown 0 FOLDER; chmod 700 FOLDER", "belongs to root, and you may not read it: run sudo -u root b2watch"),
        (
            "touch HISTORY-wal; chown 0 HISTORY-wal; chmod 600 HISTORY-wal",
            "then run sudo chown nobody HISTORY-wal; do not remove it"
        ),
        ("rm HISTORY; mkdir HISTORY", "it is a folder; name the file in it, such as HISTORY/history.sqlite"),
    ]

    @Test(
        "gives advice for an unreadable history", .enabled(if: geteuid() == 0),
        arguments: barriers, ["attach --plain", "export"])
    func unreadable(barrier: (String, String), command: String) throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        try listener.stop()
        let folder = home.folder.file("state/b2watch")
        func filled(_ text: String) -> String {
            text.replacingOccurrences(of: "HISTORY", with: home.history).replacingOccurrences(
                of: "FOLDER", with: folder)
        }
        let copy = home.folder.file("b2watch")
        try FileManager.default.copyItem(atPath: Program.path, toPath: copy)
        let script = """
            chmod 755 \(home.folder.path) \(copy)
            chown -R 65534:65534 \(home.folder.file("state"))
            \(filled(barrier.0))
            cd /
            exec setpriv --reuid=65534 --regid=65534 --clear-groups \(copy) \(command) --history \(home.history)
            """
        let outcome = try Program.run("/bin/sh", ["-c", script], environment: home.environment)
        #expect(outcome.ending == .exited(4), "\(outcome.error)")
        #expect(outcome.error.contains(filled(barrier.1)), "\(outcome.error)")
        if barrier.1.contains("run sudo -u root b2watch") {
            let words = command.split(separator: " ")[0]
            #expect(outcome.error.contains("b2watch \(words) --history"), "\(outcome.error)")
        }
    }

    @Test("names the owner of another user's history, and the command", .enabled(if: geteuid() == 0))
    func anotherUser() throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        try listener.stop()
        // Others have access to the program and the folder, but to nothing else.
        chmod(home.folder.path, 0o755)
        let copy = home.folder.file("b2watch")
        try FileManager.default.copyItem(atPath: Program.path, toPath: copy)
        chmod(copy, 0o755)
        let session = try TerminalSession(in: home, columns: 200, rows: 36)
        try session.run("setpriv --reuid=65534 --regid=65534 --clear-groups \(copy) attach; echo status $?")
        let screen = try session.see("status 4")
        #expect(screen.contains("sudo -u root b2watch attach --history"))
    }

    @Test("names a listener of another version, and shows the record")
    func otherVersion() throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        #expect(try listener.answer(to: .event("kept", object: "kept.jpg")).status == 200)
        try listener.stop()
        let future = try FutureListener(home.history + ".control")
        let session = try AttachTests.attach(home)
        try session.see("OTHER VERSION", "the listener is b2watch 9.9.9", "kept.jpg")
        try session.press("t")
        try session.see("Attach with that one")
        try session.press("q")
        future.stop()
    }
}

/// A listener that claims to be of a later version.
private final class FutureListener: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound, listen(descriptor, 4) == 0 else { throw WaitedInVain(for: "a socket", seeing: path) }
        Thread.detachNewThread {
            while case let caller = accept(descriptor, nil, nil), caller >= 0 {
                let line = Array("{\"b2watch\":\"9.9.9\",\"protocol\":99}\n".utf8)
                write(caller, line, line.count)
            }
        }
    }

    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}
