import Foundation
import GRDB
import Harness
import Notifications
import TestSupport
import Testing

@testable import History

/// The record of another version of b2watch, and a row that cannot be written.
@Suite("A history of another version", .blocking)
struct SchemaTests {
    private static func home() throws -> Home {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        return home
    }

    /// Runs SQL on a history, as another program may.
    private static func meddle(_ home: Home, _ sql: String) throws {
        let database = try DatabaseQueue(path: home.history)
        try database.write { db in try db.execute(sql: sql) }
        try database.close()
    }

    /// Writes a history with the first schema, with deliveries that its version has answered 200.
    private static func older(_ count: Int, in home: Home, _ ledger: Ledger) throws {
        try FileManager.default.createDirectory(
            atPath: home.folder.file("state/b2watch"), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let database = try DatabaseQueue(path: home.history)
        _ = try database.inDatabase { db in try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") }
        try Schema.migrator.migrate(database, upTo: "1 deliveries and events")
        try database.write { db in
            try db.execute(sql: "INSERT INTO keyring VALUES (1, 1, 'prod')")
            for number in 1...count {
                let id = "of an older version \(number)"
                let request = ledger.delivery(id)
                try db.execute(
                    sql: """
                        INSERT INTO delivery
                        VALUES (?, ?, '127.0.0.1', 'POST', '/', 'HTTP/1.1', ?, ?, ?, 0, 'prod', 1, 200, 'OK', 1, ?, 1)
                        """,
                    arguments: [
                        number, 1_760_000_000_000 + number,
                        String(decoding: HeaderField.jsonBytes(request.headers), as: UTF8.self), Data(request.body),
                        request.body.count, number,
                    ])
                try db.execute(
                    sql: """
                        INSERT INTO event (id, delivery, position, trust, eventId, eventType, objectName)
                        VALUES (?, ?, 0, 2, ?, 'b2:ObjectCreated:Upload', 'photos/2026/cat.jpg')
                        """, arguments: [number, number, id])
                ledger.note(id, 200)
            }
            try db.execute(sql: "INSERT INTO tally VALUES (0, 'prod', ?, ?)", arguments: [count, count])
        }
        try database.close()
        chmod(home.history, 0o600)
    }

    @Test("that is newer is refused and not changed, and its own version finds everything there")
    func newer() throws {
        let home = try Self.home()
        let ledger = Ledger()
        let listener = try RunningListener(in: home, "--quiet")
        let client = try listener.connect()
        for number in 0..<50 { #expect(try ledger.send("\(number)", on: client) == 200) }
        try listener.stop()
        try Self.meddle(home, "INSERT INTO grdb_migrations VALUES ('99 of a newer version')")
        let before = try Data(contentsOf: URL(fileURLWithPath: home.history))
        for command in [["listen", "--listen", "127.0.0.1:0"], ["export"], ["recover"], ["compact"]] {
            let outcome = try Program.run(Program.path, command, environment: home.environment)
            #expect(outcome.ending == .exited(4), "\(command): \(outcome.ending)")
            #expect(outcome.error.contains("was written by a newer b2watch: use that one"), "\(outcome.error)")
            #expect(outcome.error.split(separator: "\n").count == 1, "\(outcome.error)")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: home.history)) == before)
        try Self.meddle(home, "DELETE FROM grdb_migrations WHERE identifier = '99 of a newer version'")
        #expect(try ledger.problems(in: home) == [])
    }

    @Test("that is older is updated with everything that was acknowledged, and knows it again")
    func older() throws {
        let home = try Self.home()
        let ledger = Ledger()
        try Self.older(500, in: home, ledger)
        let listener = try RunningListener(in: home, "--quiet")
        let client = try listener.connect()
        for number in 0..<50 { #expect(try ledger.send("\(number)", on: client) == 200) }
        try listener.stop()
        #expect(try ledger.problems(in: home) == [])
        let again = try RunningListener(in: home, "--format", "json")
        #expect(try again.answer(to: ledger.delivery("of an older version 7")).status == 200)
        let line = try #require(again.deliveries(1).first)
        #expect(line.duplicate && line.id == 551)
    }

    @Test("that is older survives kill -9 during its update, again and again")
    func killedDuringItsUpdate() throws {
        let home = try Self.home()
        let ledger = Ledger()
        try Self.older(LongTests.count(3_000, long: 50_000), in: home, ledger)
        // Each start is killed once its update has written a little more than that of the start before.
        var kills = 0
        var least = 0
        while true {
            let error = PipeEnds()
            let child = try Child(
                Program.path, ["listen", "--listen", "127.0.0.1:0"], environment: home.environment,
                streams: .init(error: error.writing))
            close(error.writing)
            let said = Output(error.reading)
            let end = ContinuousClock.now + .patience
            while Self.logSize(home) <= least, !said.text.contains("listening on"), child.isRunning, .now < end {
                Blocking.check()
                usleep(500)
            }
            child.signal(SIGKILL)
            #expect(child.end() == .signalled(SIGKILL), "\(said.text)")
            if said.text.contains("listening on") { break }
            kills += 1
            least = max(least + 200_000, Self.logSize(home))
        }
        #expect(kills > 1)
        let listener = try RunningListener(in: home, "--quiet")
        #expect(try ledger.send("after", on: listener.connect()) == 200)
        try listener.stop()
        #expect(try ledger.problems(in: home) == [])
        print("an update was killed \(kills) times: \(ledger.accepted) acknowledged, none lost or changed")
    }

    private static func logSize(_ home: Home) -> Int {
        var status = stat()
        return stat(home.history + "-wal", &status) == 0 ? Int(status.st_size) : 0
    }

    @Test("One row that cannot be written is answered 503 alone, and those of its batch are kept")
    func oneRow() throws {
        let home = try Self.home()
        // However long a busy machine takes.
        try home.configure("limits: {write-time: 1h}")
        let ledger = Ledger()
        let listener = try RunningListener(in: home, "--quiet")
        try Self.meddle(
            home,
            """
            CREATE TRIGGER bad BEFORE INSERT ON event WHEN new.objectName = 'bad'
            BEGIN SELECT RAISE(ABORT, 'this row is bad'); END
            """)
        var client = try LoadClient(32, host: listener.host, port: listener.port)
        defer { client.close() }
        var (number, current) = (0, [String](repeating: "", count: 32))
        var refused: [String] = []
        client.run { connection in
            guard number < 600 else { return nil }
            number += 1
            let object = number.isMultiple(of: 100) ? "bad" : "good"
            current[connection] = "\(object) \(number)"
            return ledger.delivery(current[connection], object: object).bytes
        } arrived: { arrival in
            ledger.note(current[arrival.connection], arrival.answer.status)
            if arrival.answer.status != 200 { refused.append(current[arrival.connection]) }
        }
        #expect(refused.sorted() == (1...6).map { "bad \($0 * 100)" })
        #expect(ledger.accepted == 594 && ledger.refused == [503: 6])
        try listener.error.line(with: "this row is bad")
        #expect(try listener.answer(to: .get("/healthz")).status == 200)
        try listener.stop()
        #expect(try ledger.problems(in: home) == [])
    }
}
