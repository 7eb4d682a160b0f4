import Base
import Foundation
import Harness
import Synchronization
import TestSupport
import Testing

@testable import Postgres

@Suite(.blocking) struct StatementTests {
    private let connection: PostgresConnection

    init() throws {
        connection = try PostgresCluster.shared.get().connect()
    }

    @Test("values of every type arrive as they were sent")
    func scalars() throws {
        let bytes = (0...255).map { UInt8($0) }
        let row = try #require(
            try connection.run(
                "SELECT $1::int2, $2::int4, $3::int8, $4::bool, $5::float8, $6::text, $7::bytea, $8::timestamptz, $9::text",
                [
                    PostgresValue(Int16.min), PostgresValue(Int32.max), PostgresValue(Int64.min), PostgresValue(true),
                    PostgresValue(-1.5), PostgresValue("ä\u{202e}\n🙂"), PostgresValue(bytes),
                    PostgresValue(PostgresTime(microseconds: 1_790_000_000_123_456)), PostgresValue(String?.none),
                ]
            ).first)
        #expect(try row.value(0) == Int16.min)
        #expect(try row.value(1) == Int32.max)
        #expect(try row.value(2) == Int64.min)
        #expect(try row.value(3) == true)
        #expect(try row.value(4) == -1.5)
        #expect(try row.value(5) == "ä\u{202e}\n🙂")
        #expect(try row.value(6) == bytes)
        #expect(try row.value(7) == PostgresTime(microseconds: 1_790_000_000_123_456))
        #expect(try row.optional(8, as: String.self) == nil)
        #expect(row.withBytes(6) { $0.map { Array($0) } } == bytes)
        // Smaller numbers are read as larger ones, and nothing else as something else.
        #expect(try row.value(0, as: Int64.self) == Int64(Int16.min))
        for (column, read) in [
            (0, { _ = try row.value($0, as: String.self) }), (2, { _ = try row.value($0, as: Int32.self) }),
            (8, { _ = try row.value($0, as: String.self) }), (5, { _ = try row.array($0, of: Int64.self) }),
        ] as [(Int, (Int) throws -> Void)] {
            guard case .unexpected = try failure({ try read(column) }) else {
                Issue.record("column \(column)")
                continue
            }
        }
    }

    @Test("the server sees the values itself, not only what it sends back")
    func meaning() throws {
        let time = PostgresTime(microseconds: 1_000_001)
        #expect(
            try connection.number(
                "SELECT count(*) WHERE $1 = '1970-01-01 00:00:01.000001+00'::timestamptz", [PostgresValue(time)]) == 1)
        #expect(
            try connection.number("SELECT count(*) WHERE $1 = '\\x00ff'::bytea", [PostgresValue([0, 255] as [UInt8])])
                == 1)
        #expect(try connection.number("SELECT count(*) WHERE $1 = '' AND $1 IS NOT NULL", [PostgresValue("")]) == 1)
        #expect(
            try connection.number("SELECT count(*) WHERE $1::int8[] = '{}'", [PostgresValue(PostgresArray<Int64>())])
                == 1)
        #expect(
            try connection.number(
                "SELECT count(*) WHERE $1::bool[] = '{t,f}'", [PostgresValue(PostgresArray([true, false]))]) == 1)
    }

    @Test("columns of a batch become rows by unnest, with NULLs")
    func arrays() throws {
        var (ids, ages, kinds, names, bodies) = (
            PostgresArray<Int64>(), PostgresArray<Int32>(), PostgresArray<Int16>(), PostgresArray<String>(),
            PostgresArray<[UInt8]>()
        )
        for number in 0..<100 {
            ids.append(Int64(number) << 40)
            ages.append(number % 3 == 0 ? nil : Int32(number))
            kinds.append(Int16(number))
            if number % 5 == 0 { names.append(nil) } else { names.append("n\(number)") }
            bodies.append(bytes: repeatElement(UInt8(number), count: number))
        }
        let result = try connection.run(
            """
            SELECT * FROM unnest($1::int8[], $2::int4[], $3::int2[], $4::text[], $5::bytea[]) WITH ORDINALITY
            AS batch (id, age, kind, name, body, place) ORDER BY place DESC
            """,
            [
                PostgresValue(ids), PostgresValue(ages), PostgresValue(kinds), PostgresValue(names),
                PostgresValue(bodies),
            ])
        #expect(result.count == 100)
        for (row, number) in zip(result.rows, (0..<100).reversed()) {
            #expect(try row.value(0, as: Int64.self) == Int64(number) << 40)
            #expect(try row.optional(1, as: Int32.self) == (number % 3 == 0 ? nil : Int32(number)))
            #expect(try row.value(2, as: Int16.self) == Int16(number))
            #expect(try row.optional(3, as: String.self) == (number % 5 == 0 ? nil : "n\(number)"))
            #expect(try row.value(4, as: [UInt8].self) == Array(repeating: UInt8(number), count: number))
        }
        let whole = try #require(try connection.run("SELECT $1::int4[]", [PostgresValue(ages)]).first)
        #expect(try whole.array(0, of: Int32.self) == (0..<100).map { $0 % 3 == 0 ? nil : Int32($0) })
    }

    @Test("a statement is prepared once, and again for other types; their number is bounded")
    func prepared() throws {
        for _ in 0..<3 { _ = try connection.number("SELECT $1::int8", [PostgresValue(Int64(1))]) }
        _ = try connection.number("SELECT $1::int8", [PostgresValue(Int32(1))])
        let names = "SELECT count(*) FROM pg_prepared_statements"
        #expect(try connection.number("\(names) WHERE statement = 'SELECT $1::int8'") == 2)
        for number in 0..<150 { #expect(try connection.number("SELECT \(number)::int8") == Int64(number)) }
        #expect(try connection.number(names) <= 101)
    }

    @Test("the statements of a pipeline take effect together, or none does")
    func pipeline() throws {
        try connection.run("CREATE TEMP TABLE item (id int8 PRIMARY KEY)")
        func insert(_ id: Int64) -> PostgresCall {
            PostgresCall(PostgresStatement("INSERT INTO item VALUES ($1)"), [PostgresValue(id)])
        }
        let count = PostgresCall(PostgresStatement("SELECT count(*) FROM item"))
        let results = try connection.pipeline([insert(1), insert(2), count], by: .soon)
        #expect(results.map(\.affected) == [1, 1, 1])
        #expect(try #require(results[2].first).value(0, as: Int64.self) == 2)

        let error = try failure { try connection.pipeline([insert(3), insert(1), insert(4)], by: .soon) }
        guard case .rejected(let rejection) = error else { throw error }
        #expect(rejection.state == "23505")
        #expect(rejection.constraint == "item_pkey")
        #expect(rejection.table == "item")
        #expect(!error.isTemporary)
        #expect(!error.isOutcomeUnknown)
        // The connection goes on, and nothing of the pipeline is there.
        #expect(try connection.number("SELECT count(*) FROM item") == 2)
    }

    @Test("an error of the commit itself is reported, and the connection is usable or closed")
    func failingCommit() throws {
        try connection.run("CREATE TEMP TABLE parent (id int8 PRIMARY KEY)")
        try connection.run("CREATE TEMP TABLE child (id int8 REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
        let error = try failure { try connection.run("INSERT INTO child VALUES (1)") }
        guard case .rejected(let rejection) = error else { throw error }
        #expect(rejection.state == "23503")
        if connection.isOpen { #expect(try connection.number("SELECT count(*) FROM child") == 0) }
    }

    @Test("a transaction is undone when its body throws, and not committed after a statement has failed")
    func transactions() throws {
        struct Own: Error {}
        try connection.run("CREATE TEMP TABLE item (id int8 PRIMARY KEY)")
        try connection.transaction(by: .soon) { try $0.run("INSERT INTO item VALUES (1)") }
        #expect(throws: Own.self) {
            try connection.transaction(by: .soon) { connection in
                try connection.run("INSERT INTO item VALUES (2)")
                throw Own()
            }
        }
        let error = try failure {
            try connection.transaction(by: .soon) { connection in
                try connection.run("INSERT INTO item VALUES (3)")
                _ = try? connection.run("INSERT INTO item VALUES (1)")
            }
        }
        guard case .unexpected = error else { throw error }
        #expect(try connection.number("SELECT sum(id)::int8 FROM item") == 1)
        // Several statements of a script are one transaction too.
        _ = try failure { try connection.script("INSERT INTO item VALUES (4); SELECT 1/0", by: .soon) }
        #expect(try connection.number("SELECT count(*) FROM item") == 1)
    }

    @Test("rows are passed on one by one; one that is refused ends the connection")
    func streaming() throws {
        struct Enough: Error {}
        var sum: Int64 = 0
        try connection.forEachRow(
            of: PostgresStatement("SELECT n FROM generate_series(1, $1) n"), [PostgresValue(Int64(20_000))], by: .soon
        ) { sum += try $0.value(0, as: Int64.self) }
        #expect(sum == 20_000 * 20_001 / 2)
        #expect(connection.isOpen)
        let error = try failure {
            try connection.forEachRow(
                of: PostgresStatement("SELECT 10 / (5 - n) FROM generate_series(1, 9) n"), by: .soon
            ) { _ in }
        }
        guard case .rejected(let rejection) = error else { throw error }
        #expect(rejection.state == "22012")
        #expect(connection.isOpen)
        // The rows have to be read before anything else.
        try connection.forEachRow(of: PostgresStatement("SELECT generate_series(1, 9)"), by: .soon) { [connection] _ in
            guard case .unexpected = try failure({ try connection.run("SELECT 1") }) else {
                Issue.record("a statement within another")
                return
            }
        }
        // Nothing of it changes the statements that follow.
        for _ in 0..<3 {
            #expect(try connection.run("SELECT generate_series(1, 5)").count == 5)
            try connection.forEachRow(of: PostgresStatement("SELECT generate_series(1, 9)"), by: .soon) { _ in }
        }
        #expect(throws: Enough.self) {
            try connection.forEachRow(of: PostgresStatement("SELECT generate_series(1, 9)"), by: .soon) { _ in
                throw Enough()
            }
        }
        #expect(!connection.isOpen)
    }

    @Test("hundreds of megabytes of rows, row by row, need little memory")
    func memory() throws {
        let before = Self.residentBytes()
        var count = 0
        let size = LongTests.count(400, long: 4_096)
        try connection.forEachRow(
            of: PostgresStatement("SELECT repeat('x', 1048576) FROM generate_series(1, $1)"),
            [PostgresValue(Int32(size))],
            by: .soon
        ) { row in
            count += row.withBytes(0) { $0?.count ?? 0 }
        }
        #expect(count == size << 20)
        // Other tests need memory at the same time.
        #expect(Self.residentBytes() - before < 200 << 20 * Sanitizer.greed)
    }

    private static func residentBytes() -> Int {
        let words = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
    }

    @Test("a pipeline that is larger than all buffers does not stall")
    func largePipeline() throws {
        let body = PostgresValue([UInt8](repeating: 7, count: 1 << 20))
        let calls = (0..<24).map { _ in PostgresCall(PostgresStatement("SELECT $1::bytea"), [body]) }
        let results = try connection.pipeline(calls, by: .soon)
        #expect(results.count == 24)
        for result in results { #expect(result.first?.withBytes(0) { $0?.count } == 1 << 20) }
    }

    @Test("a statement that takes too long closes the connection; one that the server ends does not")
    func deadlines() throws {
        let cluster = try PostgresCluster.shared.get()
        let own = try cluster.connect(settings: ["statement_timeout": "30ms"])
        let rejected = try failure { try own.run("SELECT pg_sleep(60)") }
        guard case .rejected(let rejection) = rejected else { throw rejected }
        #expect(rejection.state == "57014")
        #expect(rejected.isTemporary)
        #expect(!rejected.isOutcomeUnknown)
        #expect(try own.number("SELECT 1::int8") == 1)

        let error = try failure {
            try connection.run(PostgresStatement("SELECT pg_sleep(60)"), by: .now + .milliseconds(50))
        }
        guard case .deadline = error else { throw error }
        #expect(error.isOutcomeUnknown)
        #expect(!connection.isOpen)
        guard case .closed = try failure({ try connection.run("SELECT 1") }) else { throw error }
    }

    @Test("the text of the server is escaped where it is shown")
    func escaped() throws {
        let error = try failure {
            try connection.script(
                "DO $$ BEGIN RAISE EXCEPTION E'a\\x1b[2Jb' USING ERRCODE = 'P0999'; END $$", by: .soon)
        }
        #expect("\(error)".contains("a\\x1b[2Jb"))
        #expect(error.safe.string == "\(error)")
    }

    @Test("what a server warns of is printed nowhere, and harms nothing")
    func notices() throws {
        try connection.script("DO $$ BEGIN RAISE WARNING 'look'; END $$", by: .soon)
        #expect(try connection.number("SELECT 1::int8") == 1)
    }
}
