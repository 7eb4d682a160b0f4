import Foundation
import Harness
import Notifications
import TestSupport
import Testing

/// One history for many machines: each has a home folder of its own here.
@Suite("A shared history", .blocking)
struct SharedTests {
    private let cluster: PostgresCluster

    init() throws {
        cluster = try PostgresCluster()
        let made = try Program.run("shared", "init", cluster.address(), in: Home())
        try #require(made.ending == .exited(0), "\(made.error)")
        #expect(made.output.contains("the shared history is created"))
    }

    private func home() throws -> Home {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        return home
    }

    private func listener(_ node: String, in home: Home, _ address: String? = nil) throws -> RunningListener {
        try RunningListener(
            in: home, "--shared", address ?? cluster.address(), "--node", node, "--quiet")
    }

    /// Returns the events of the shared history, as another machine exports them.
    private func exported() throws -> [String] {
        let outcome = try Program.run(
            "export", "--format", "jsonl", "--shared", cluster.address(), in: Home())
        #expect(outcome.ending == .exited(0), "\(outcome.error)")
        return try outcome.output.split(separator: "\n").map { try DeliveryLine($0) }.compactMap {
            $0.events.first?.eventId
        }
    }

    @Test("has what two listeners receive, and a dashboard elsewhere shows it")
    func live() throws {
        let (one, two) = (try listener("berlin", in: home()), try listener("paris", in: home()))
        let session = try TerminalSession(in: Home(), columns: 140, rows: 36)
        try session.run("\(Program.path) attach --shared \(cluster.address())")
        try session.see("Nothing has arrived yet.")
        #expect(try one.answer(to: .event("a", object: "berlin.jpg", signedWith: Secrets.held)).status == 200)
        #expect(try two.answer(to: .event("b", object: "paris.jpg", signedWith: Secrets.held)).status == 200)
        try session.see("✓ valid", "berlin.jpg", "paris.jpg")
        // A duplicate is one wherever it arrives.
        #expect(try two.answer(to: .event("a", object: "again.jpg", signedWith: Secrets.held)).status == 200)
        try session.see("dup again.jpg")
        #expect(try exported() == ["a", "b", "a"])
        let csv = try Program.run(
            "export", "--columns", "node", "--filter", "node:paris", "--shared", cluster.address(), in: Home())
        #expect(csv.output.contains("paris.jpg") && csv.output.contains(",paris") && !csv.output.contains("berlin"))
        let status = try Program.run("shared", "status", cluster.address(), in: Home())
        #expect(
            status.output.contains("3 deliveries") && status.output.contains("berlin  listener"), "\(status.output)")
        try session.press("q")
        try one.stop()
        try two.stop()
        // It is read without any listener, too.
        #expect(try exported().count == 3)
    }

    @Test("loses nothing that was acknowledged when listeners are killed, and their copies go on")
    func killed() throws {
        let homes = [try home(), try home()]
        let ledger = Ledger()
        for round in 0..<LongTests.count(3, long: 50) {
            let listeners = try homes.enumerated().map { try listener("node-\($0.offset)", in: $0.element) }
            var clients = try listeners.map { try LoadClient(8, host: $0.host, port: $0.port) }
            let running = Watched(2)
            for (index, victim) in listeners.enumerated() {
                let opened = clients[index]
                let name = "\(round)-\(index)"
                Thread.detachNewThread {
                    var client = opened
                    var (made, arrived) = (0, 0)
                    var ids = [Int: String]()
                    client.run { connection in
                        made += 1
                        guard made < 400 else { return nil }
                        ids[connection] = "\(name)-\(made)"
                        return ledger.delivery("\(name)-\(made)").bytes
                    } arrived: { arrival in
                        arrived += 1
                        if let id = ids[arrival.connection] { ledger.note(id, arrival.answer.status) }
                        if index == round % 2, arrived == 150 { victim.child.signal(SIGKILL) }
                    }
                    running.change { $0 -= 1 }
                }
            }
            _ = try running.require("the end of the load") { $0 == 0 ? true : nil }
            for index in clients.indices { clients[index].close() }
            for (index, listener) in listeners.enumerated() where index != round % 2 { try listener.stop() }
        }
        let events = try exported()
        #expect(Set(events).count == events.count)
        #expect(ledger.accepted > 300)
        // Whatever was not acknowledged may be there, or not.
        #expect(ledger.missing(from: Set(events)) == [])
    }

    @Test("is away: answers are 503, the dashboard says so, and all goes on by itself")
    func away() throws {
        let running = try listener("berlin", in: home())
        #expect(try running.answer(to: .event("a", signedWith: Secrets.held)).status == 200)
        try cluster.stop()
        _ = try running.error.line(with: "NOT RECORDING, answering 503: ")
        #expect(try running.answer(to: .event("b", signedWith: Secrets.held)).status == 503)
        // A start goes on by itself, too.
        let second = try listener("paris", in: home())
        #expect(try second.answer(to: .event("c", signedWith: Secrets.held)).status == 503)
        #expect(second.error.text.contains("is away; this goes on by itself once it is there"))
        try cluster.start()
        for listener in [running, second] {
            _ = try wait(for: "a delivery to be recorded") {
                try listener.answer(to: .event(UUID().uuidString, signedWith: Secrets.held)).status == 200 ? true : nil
            }
        }
        #expect(try exported().first == "a")
        #expect(try !exported().contains("b"))
        try running.stop()
        try second.stop()
    }

    @Test("is refused where it is not what it should be, with a remedy")
    func mistakes() throws {
        let empty = try PostgresCluster()
        let missing = try Program.run("listen", "--listen", "127.0.0.1:0", "--shared", empty.address(), in: home())
        #expect(missing.ending == .exited(4) && missing.error.contains("b2watch shared init"), "\(missing.error)")
        let wrong = try Program.run("listen", "--shared", "postgresql://u:geheim@h:x/y", in: home())
        #expect(wrong.ending == .exited(64) && !wrong.error.contains("geheim"), "\(wrong.error)")
        let both = try Program.run("listen", "--in-memory", "--shared", empty.address(), in: home())
        #expect(both.ending == .exited(64) && both.error.contains("exclude each other"))

        var acting = try home()
        try acting.configure("actions:\n  a:\n    kind: command\n    run: [/bin/true]\n")
        acting.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        let actions = try Program.run("listen", "--listen", "127.0.0.1:0", "--shared", cluster.address(), in: acting)
        #expect(actions.ending == .exited(4) && actions.error.contains("actions do not run on a shared history yet"))

        // A copy is not recorded into without the shared history.
        let home = try home()
        let running = try listener("berlin", in: home)
        #expect(try running.answer(to: .event("a", signedWith: Secrets.held)).status == 200)
        try running.stop()
        let folder = home.folder.file("state/b2watch")
        let copy = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasSuffix(".sqlite") })
        let alone = try Program.run("listen", "--history", "\(folder)/\(copy)", in: home)
        #expect(alone.ending == .exited(4) && alone.error.contains("give --shared"), "\(alone.error)")
        let sql = try Program.run("shared", "init", "--print", "--role", "b2watch", in: home)
        #expect(sql.output.contains("CREATE TABLE b2watch.delivery") && sql.output.contains("TO \"b2watch\""))
    }
}
