import Base
import GRDB
import Notifications
import Synchronization
import Testing
import TestSupport

@testable import History

/// A history keeps no more than its bounds, and removes nothing valid without a bound for it.
@Suite(.blocking) struct BoundsTests {
    private let folder = TemporaryFolder()

    private func open(_ kept: Kept, _ bounds: HistoryBounds) throws -> History {
        try History(kept == .inMemory ? .memory : .file(folder.file("history.sqlite")), bounds: bounds)
    }

    private static func bounds(
        notifications: Int = 100, others: Int = 100, bytes: Int = .max, valid: Int? = nil, tombstones: Int = 1_000
    ) -> HistoryBounds {
        HistoryBounds(
            notifications: .init(requests: notifications, bytes: bytes), others: .init(requests: others, bytes: bytes),
            valid: valid.map { .init(requests: $0) }, tombstones: tombstones)
    }

    /// Returns a request without events, as a scanner sends it.
    private static func junk(_ length: Int = 10) -> JudgedDelivery {
        .sample(.sample(body: [UInt8](repeating: 0x78, count: length)), .missing, answer: .missingSignature)
    }

    private static func forged(_ id: String) -> JudgedDelivery {
        .sample(ids: [id], .invalid)
    }

    /// Returns the recorded verdicts by delivery.
    private static func verdicts(_ history: History) throws -> [Int64: SignatureVerdict] {
        let rows = try history.allRows
        return Dictionary(rows.map { ($0.deliveryID, $0.verdict) }, uniquingKeysWith: { one, _ in one })
    }

    /// Waits until everything above the bounds is removed, because slices are written before this one.
    private static func settle(_ history: History) throws {
        for _ in 0..<200 { _ = try history.writer.write { _ in 0 } }
    }

    private static func count(_ table: String, _ history: History) throws -> Int {
        try history.reader.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0 }
    }

    @Test(arguments: Kept.allCases) func aFloodOfJunkRemovesOnlyJunk(_ kept: Kept) async throws {
        let history = try open(kept, Self.bounds())
        defer { history.close() }
        var valid: Set<Int64> = []
        for number in 1...1_500 {
            let isReal = number.isMultiple(of: 50)
            #expect(await history.keep(isReal ? .sample(ids: ["real \(number)"]) : Self.junk()))
            if isReal { valid.insert(Int64(number)) }
        }
        try Self.settle(history)
        let verdicts = try Self.verdicts(history)
        #expect(Set(verdicts.filter { $0.value == .valid }.keys) == valid)
        let junk = verdicts.filter { $0.value == .missing }.keys.sorted()
        #expect(junk.count <= 100 && junk.count >= 95)
        // The newest of it stays, and ids go on.
        #expect(junk.last == 1_499 && history.current.latestDelivery == 1_500)
        #expect(
            try Self.count("outcome", history) == verdicts.count && Self.count("delivery", history) == verdicts.count)
        let change = history.current
        #expect(change.kept.others.requests == junk.count && change.kept.valid.requests == 30)
        #expect(change.tally == Tally(deliveries: [.valid: 30, .missing: 1_470], rows: 1_500))
        #expect(change.rows == verdicts.count && change.kept.removed == 1_470 - junk.count)
    }

    @Test(arguments: Kept.allCases) func bytesAreBoundedToo(_ kept: Kept) async throws {
        let history = try open(kept, Self.bounds(others: 100_000, bytes: 1 << 20))
        defer { history.close() }
        for _ in 1...100 { #expect(await history.keep(Self.junk(100_000))) }
        try Self.settle(history)
        let amount = history.current.kept.others
        #expect(amount.bytes <= 1 << 20 && amount.bytes > 800_000 && amount.requests == 10)
        #expect(try Self.count("delivery", history) == 10)
    }

    /// Each kind has its own bound.
    @Test func junkDoesNotRemoveWhatLooksLikeANotification() async throws {
        let history = try open(.inMemory, Self.bounds(notifications: 50, others: 50))
        defer { history.close() }
        for number in 1...40 { #expect(await history.keep(Self.forged("\(number)"))) }
        for _ in 1...500 { #expect(await history.keep(Self.junk())) }
        try Self.settle(history)
        #expect(history.current.kept.notifications.requests == 40)
        #expect(try Self.verdicts(history).values.count { $0 == .invalid } == 40)
    }

    @Test func withoutASecretTwiceAsManyNotificationsAreKept() async throws {
        let history = try open(.inMemory, Self.bounds(notifications: 50))
        defer { history.close() }
        history.note(hasSecrets: false)
        for number in 1...300 { #expect(await history.keep(.sample(ids: ["\(number)"], .unverified))) }
        try Self.settle(history)
        #expect((97...100).contains(history.current.kept.notifications.requests))
        history.note(hasSecrets: true)
        #expect(await history.keep(Self.forged("last")))
        try Self.settle(history)
        #expect((49...50).contains(history.current.kept.notifications.requests))
    }

    /// While a new secret is tried, the deliveries that it may verify have twice the bound.
    @Test func whatIsStillToBeVerifiedIsNotRemoved() async throws {
        let history = try open(.inMemory, Self.bounds(notifications: 50))
        defer { history.close() }
        history.note(hasSecrets: false)
        _ = try history.adopt()
        for number in 1...90 { #expect(await history.keep(.sample(ids: ["\(number)"], .unverified))) }
        let generation = try history.adopt("prod")
        history.note(hasSecrets: true)
        #expect(await history.keep(.sample(ids: ["last"], generation: generation)))
        try Self.settle(history)
        #expect(history.current.kept.notifications.requests == 90)
        try history.rejudge(
            (1...90).reversed().map { ($0, Judgement(.valid, secret: .sample("prod"))) }, generation: generation)
        #expect(history.current.kept.notifications.requests == 0 && history.current.kept.valid.requests == 91)
        #expect(try Self.verdicts(history).values.allSatisfy { $0 == .valid })
    }

    @Test(arguments: Kept.allCases) func countsAndPlacesSurviveARestart(_ kept: Kept) async throws {
        guard kept == .onFile else { return }
        let first = try open(kept, Self.bounds())
        for number in 1...250 {
            #expect(await first.keep(number.isMultiple(of: 2) ? Self.junk() : Self.forged("\(number)")))
        }
        try Self.settle(first)
        let before = first.current
        first.close()
        let again = try open(kept, Self.bounds(notifications: 10, others: 10))
        defer { again.close() }
        #expect(again.current.kept == before.kept && again.current.tally == before.tally)
        #expect(again.current.latestRow == 250)
        #expect(await again.keep(Self.junk()))
        try Self.settle(again)
        #expect(again.current.kept.others.requests == 10 && again.current.kept.notifications.requests == 10)
        #expect(try again.allRows.last?.id == 251)
    }

    @Test func whatIsMarkedStaysAndCounts() async throws {
        let history = try open(.inMemory, Self.bounds(others: 10))
        defer { history.close() }
        #expect(await history.keep([Self.junk(), Self.junk(), Self.junk()]))
        history.keep(marked: [1, 3])
        for _ in 1...50 { #expect(await history.keep(Self.junk())) }
        try Self.settle(history)
        let there = try history.allRows.map(\.id)
        #expect(there.starts(with: [1, 3]) && there.count == 10 && there.last == 53)
    }

    /// If everything in the list is needed, it is kept, and the user is warned.
    @Test func aBoundFilledByMarkedRowsIsReported() async throws {
        let history = try open(.inMemory, Self.bounds(others: 10))
        defer { history.close() }
        let observer = Observer(history)
        history.keep(marked: Set(1...40))
        for _ in 1...30 { #expect(await history.keep(Self.junk())) }
        try Self.settle(history)
        #expect(history.current.kept.others.requests == 30)
        #expect(Self.lasting(observer).count == 1)
        #expect(Self.lasting(observer).first??.contains("requests that are not notifications") == true)
        #expect(history.room(for: Self.junk()) == .some)
        // Without the marks they are removed, and the warning ends.
        history.keep(marked: [])
        #expect(await history.keep(Self.junk()))
        try Self.settle(history)
        #expect(history.current.kept.others.requests == 10)
        #expect(Self.lasting(observer).count == 2 && Self.lasting(observer).last == .some(nil))
    }

    /// The conditions that were reported to last, one after the other.
    private static func lasting(_ observer: Observer) -> [String?] {
        observer.events.compactMap { event -> String?? in
            if case .lasting(_, let all) = event { .some(all) } else { .none }
        }
    }

    /// The proof of a rule that does not sign is nothing that a stranger has.
    @Test func whatIsUnsignedStaysAsWhatIsValidDoes() async throws {
        let history = try open(.inMemory, Self.bounds(notifications: 10, valid: 100))
        defer { history.close() }
        for number in 1...50 {
            #expect(await history.keep([.sample(ids: ["real \(number)"], .unsigned), Self.forged("\(number)")]))
        }
        try Self.settle(history)
        #expect(try Self.verdicts(history).values.count { $0 == .unsigned } == 50)
        #expect(history.current.kept.valid.requests == 50 && history.current.kept.notifications.requests == 10)
        #expect(history.room(for: .sample(ids: ["a"], .unsigned)) == .some)
        // --keep applies to it too, and a removed one is remembered.
        for number in 51...200 { #expect(await history.keep(.sample(ids: ["real \(number)"], .unsigned))) }
        try Self.settle(history)
        #expect((100...101).contains(history.current.kept.valid.requests))
        #expect(await history.keep(.sample(ids: ["real 1"], .unsigned)))
        #expect(try history.allRows.last?.isDuplicate == true)
    }

    @Test(arguments: Kept.allCases) func aFloodIsOneRowWithACount(_ kept: Kept) async throws {
        let history = try open(kept, Self.bounds(others: 10))
        defer { history.close() }
        #expect(await history.keep([Self.junk(), Self.junk()]))
        history.count([2: Flood(address: "203.0.113.7", requests: 5)], more: 5)
        history.count([2: Flood(address: "203.0.113.7", requests: 12_345)], more: 12_340)
        #expect(try history.allRows.map(\.flood) == [nil, Flood(address: "203.0.113.7", requests: 12_345)])
        #expect(history.current.kept.flooded == 12_345 && history.current.revision == 2)
        #expect(try history.reader.read { db in try HistoryChange.read(db).kept } == history.current.kept)
        // It goes with its delivery.
        for _ in 1...50 { #expect(await history.keep(Self.junk())) }
        try Self.settle(history)
        #expect(try Self.count("flood", history) == 0)
        history.count([2: Flood(address: "203.0.113.7", requests: 12_346)], more: 1)
        #expect(try Self.count("flood", history) == 0 && history.current.kept.flooded == 12_346)
    }

    // MARK: - Valid deliveries

    @Test(arguments: Kept.allCases) func aRemovedEventThatArrivesAgainIsADuplicate(_ kept: Kept) async throws {
        let history = try open(kept, Self.bounds(valid: 64))
        defer { history.close() }
        for number in 1...200 { #expect(await history.keep(.sample(ids: ["\(number)"]))) }
        try Self.settle(history)
        #expect((64...65).contains(history.current.kept.valid.requests))
        #expect(try Self.count("tombstone", history) == 200 - history.current.kept.valid.requests)
        #expect(
            await history.keep([
                .sample(ids: ["1"]), .sample(ids: ["new"]), Self.forged("2"), .sample(ids: ["3", "x"]),
            ]))
        let rows = try history.allRows.suffix(5)
        #expect(rows.map(\.isDuplicate) == [true, false, true, true, false])
        let repeated = try history.reader.repeatedEvents()
        #expect(rows.map { repeated.mayContain($0.id) }.first == true)
        #expect(try history.reader.duplicates(among: 201...205) == [201, 203])
    }

    @Test func theVersionOfARemovedEventIsKnown() async throws {
        let history = try open(.inMemory, Self.bounds(valid: 1))
        defer { history.close() }
        for number in 1...3 {
            #expect(await history.keep(.sample(.sample([SampleEvent(id: "\(number)", version: "version \(number)")]))))
        }
        try Self.settle(history)
        var removed: [RemovedVersion] = []
        try history.reader.removedVersions { removed += $0 }
        #expect(
            removed.map(\.number) == [
                RemovedVersion.number(.created, "version 1"), RemovedVersion.number(.created, "version 2"),
            ])
        #expect(removed.allSatisfy { $0.isValid && !$0.isReconciled })
    }

    @Test func tombstonesAreBounded() async throws {
        let history = try open(.inMemory, Self.bounds(valid: 64, tombstones: 20))
        defer { history.close() }
        for number in 1...500 { #expect(await history.keep(.sample(ids: ["\(number)"]))) }
        try Self.settle(history)
        #expect(try Self.count("tombstone", history) <= 20)
        #expect(await history.keep([.sample(ids: ["1"]), .sample(ids: ["430"])]))
        #expect(try history.allRows.suffix(2).map(\.isDuplicate) == [false, true])
        // Nothing is left of those that are forgotten.
        let stray = try history.reader.read { db in
            try Int.fetchOne(
                db,
                sql: """
                    SELECT count(*) FROM eventKey
                    WHERE row NOT IN (SELECT id FROM event UNION SELECT row FROM tombstone)
                    """)
        }
        #expect(stray == 0)
    }

    @Test func aRemovedEventNeverActsAgain() async throws {
        let history = try open(.inMemory, Self.bounds(valid: 64))
        defer { history.close() }
        let action = try #require(
            try history.outbox.declare([.init(name: "sheet", kind: "csv", summary: "")])["sheet"])
        func walk() throws -> Int {
            var added = 0
            while true {
                let walk = try history.outbox.walk(
                    action, through: history.current.latestRow, matching: .everything, at: Timestamp(milliseconds: 1))
                added += walk.added
                if walk.cursor >= history.current.latestRow { return added }
            }
        }
        for number in 1...70 { #expect(await history.keep(.sample(ids: ["\(number)"]))) }
        // What an action has not passed yet stays.
        try Self.settle(history)
        #expect(history.current.kept.valid.requests == 70)
        #expect(try walk() == 70)
        // So does what is queued.
        #expect(await history.keep(.sample(ids: ["71"])))
        try Self.settle(history)
        #expect(history.current.kept.valid.requests == 71)
        _ = try walk()
        let entries = try history.reader.outboxDue(action, at: Timestamp(milliseconds: 2), limit: 100).map(\.id)
        _ = try history.outbox.skip(entries, at: Timestamp(milliseconds: 2))
        for number in 72...200 {
            #expect(await history.keep(.sample(ids: ["\(number)"])))
            if number.isMultiple(of: 16) { _ = try walk() }
        }
        _ = try walk()
        #expect(await history.keep(.sample(ids: ["201"])))
        try Self.settle(history)
        #expect(try history.reader.outboxEntries(ofRow: 1).isEmpty)
        #expect(try Self.count("entry WHERE identity = 'e1'", history) == 0)
        _ = try walk()
        #expect(await history.keep(.sample(ids: ["1", "fresh"])))
        #expect(try walk() == 1)
        #expect(try history.reader.missed(action, matching: .everything).count == 0)
        // A person may still ask for it.
        let row = history.current.latestRow - 1
        #expect(try history.add(action, rows: [row], at: Timestamp(milliseconds: 3)).added == 1)
    }

    @Test func oldValidDeliveriesLeaveByTheirAge() async throws {
        var bounds = Self.bounds()
        bounds.age = .seconds(3_600)
        let history = try open(.inMemory, bounds)
        defer { history.close() }
        for minute in 0..<120 {
            var delivery = Delivery.sample([SampleEvent(id: "\(minute)")])
            delivery.receivedAt = Timestamp(milliseconds: 1_700_000_000_000 + Int64(minute) * 60_000)
            #expect(await history.keep(.sample(delivery)))
        }
        try Self.settle(history)
        #expect(history.current.kept.valid.requests == 61)
        #expect(try history.allRows.first?.id == 60)
    }

    // MARK: - Files

    @Test func aNewFileGivesSpaceBack() async throws {
        let history = try open(.onFile, Self.bounds(others: 100_000, bytes: 64 << 20))
        defer { history.close() }
        for _ in 1...60 { #expect(await history.keep(Self.junk(1 << 20))) }
        let full = try Self.pages(history)
        history.writer.bound { $0.bounds = Self.bounds(others: 100_000, bytes: 2 << 20) }
        #expect(await history.keep(Self.junk()))
        for _ in 0..<40 { try Self.settle(history) }
        #expect(try Self.pages(history) < full / 2)
    }

    /// The file of an older version returns pages to the file system after it was written again.
    @Test func anOldFileGivesSpaceBackAfterItIsCompacted() async throws {
        let path = folder.file("history.sqlite")
        let database = try DatabaseQueue(path: path)
        try await database.write { db in EventKeys.install(on: db) }
        try Schema.migrator.migrate(database)
        try database.close()
        let history = try History(.file(path))
        for number in 1...20 { #expect(await history.keep(Self.junk(100_000 + number))) }
        try history.writer.write { db in try db.execute(sql: "DELETE FROM delivery WHERE id > 1 AND id < 20") }
        history.close()
        let result = try History.compact(path)
        #expect(result.before > 1_800_000 && result.after < 500_000)
        let again = try History(.file(path))
        defer { again.close() }
        #expect(try again.reader.read { db in try Int.fetchOne(db, sql: "PRAGMA auto_vacuum") } == 2)
        #expect(try again.reader.delivery(20)?.delivery.body.count == 100_020)
        #expect(await again.keep(.sample()) && again.current.latestDelivery == 21)
    }

    private static func pages(_ history: History) throws -> Int {
        try history.reader.read { db in try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0 }
    }

    /// An update removes nothing, and deliveries of an older version stay.
    @Test func whatAnOlderVersionRecordedStays() async throws {
        let path = folder.file("history.sqlite")
        let database = try DatabaseQueue(path: path)
        try await database.write { db in EventKeys.install(on: db) }
        try Schema.migrator.migrate(database, upTo: "9 keys of events")
        try await database.write { db in
            for id in 1...30 {
                try db.execute(
                    sql: """
                        INSERT INTO delivery (receivedAt, remoteAddress, method, target, httpVersion, headers, body,
                            bodyLength, answer, eventCount, firstRow, rowCount)
                        VALUES (1000, 'a', 'POST', '/', 'HTTP/1.1', '[]', x'', 0, '', 0, \(id), 1);
                        INSERT INTO event (delivery) VALUES (\(id));
                        INSERT INTO outcome (delivery, receivedAt, verdict, status) VALUES (\(id), 1000, 2, 401)
                        """)
            }
            try db.execute(sql: "INSERT INTO tally VALUES (2, 0, 30, 30)")
        }
        try database.close()
        let history = try History(.file(path), bounds: Self.bounds(others: 10))
        defer { history.close() }
        #expect(history.current.kept.others.requests == 0 && history.current.tally[.missing] == 30)
        for _ in 1...30 { #expect(await history.keep(Self.junk())) }
        try Self.settle(history)
        #expect(try history.allRows.map(\.id) == Array(1...30) + Array(51...60))
    }

    @Test func aRecoveredHistoryKeepsItsCounts() async throws {
        let history = try open(.onFile, Self.bounds(valid: 64))
        for number in 1...120 { #expect(await history.keep([.sample(ids: ["\(number)"]), Self.junk()])) }
        try Self.settle(history)
        let before = history.current
        history.close()
        let report = try HistoryRecovery.run(folder.file("history.sqlite"), to: folder.file("new.sqlite"))
        #expect(report.lost == 0 && report.parts == 0)
        let again = try History(.file(folder.file("new.sqlite")), bounds: Self.bounds(valid: 64))
        defer { again.close() }
        #expect(again.current.kept.valid == before.kept.valid && again.current.kept.others == before.kept.others)
        #expect(again.current.latestRow == before.latestRow)
        #expect(await again.keep(.sample(ids: ["1"])))
        #expect(try again.allRows.last?.isDuplicate == true)
    }
}

/// Below a floor of free space only valid deliveries are recorded.
@Suite struct FreeSpaceTests {
    /// A disk with a settable amount of free space, and the warnings about it.
    private final class Disk: Sendable {
        private let state: Mutex<(free: Int, asked: Int, warnings: Int)>

        init(free: Int) { state = Mutex((free, 0, 0)) }

        var asked: Int { state.withLock { $0.asked } }
        var warnings: Int { state.withLock { $0.warnings } }

        func set(_ free: Int) { state.withLock { $0.free = free } }

        func space(floor: Int) -> FreeSpace {
            FreeSpace("/x", floor: floor) { _ in
                self.state.withLock { state in
                    state.asked += 1
                    return state.free
                }
            } report: { _, sentence in
                self.state.withLock { $0.warnings += sentence == nil ? 0 : 1 }
            }
        }
    }

    @Test func theFileSystemIsAskedTenTimesASecondAtMost() {
        let disk = Disk(free: 1_000)
        let space = disk.space(floor: 500)
        let start = ContinuousClock.now
        #expect(!space.isLow(at: start))
        disk.set(400)
        #expect(!space.isLow(at: start + .milliseconds(50)))
        #expect(space.isLow(at: start + .milliseconds(100)) && space.isLow(at: start + .milliseconds(101)))
        #expect(disk.asked == 2 && disk.warnings == 1)
        disk.set(500)
        #expect(!space.isLow(at: start + .seconds(1)))
    }

    @Test func aLargeHistoryIsReportedOnce() {
        let disk = Disk(free: 100 << 30)
        let space = disk.space(floor: 0)
        space.check(size: 3 << 30)
        #expect(disk.warnings == 0)
        space.check(size: 4 << 30)
        #expect(disk.warnings == 1)
        let full = Disk(free: 10 << 20)
        full.space(floor: 0).check(size: 100 << 20)
        #expect(full.warnings == 1)
    }

    /// From 80 % of 4 GiB on, or of what the disk has for it.
    @Test func theSizeThatIsReportedFollowsTheDisk() {
        let disk = Disk(free: 100 << 30)
        disk.space(floor: 0).check(size: (4 << 30) * 79 / 100)
        #expect(disk.warnings == 0)
        disk.space(floor: 0).check(size: (4 << 30) * 81 / 100)
        #expect(disk.warnings == 1)
        let small = Disk(free: 250 << 20)
        small.space(floor: 0).check(size: 750 << 20)
        #expect(small.warnings == 0)
        small.set(150 << 20)
        small.space(floor: 0).check(size: 850 << 20)
        #expect(small.warnings == 1)
    }

    @Test func belowTheFloorOnlyValidDeliveriesAreRecorded() throws {
        let folder = TemporaryFolder()
        var bounds = HistoryBounds.file
        bounds.freeSpace = .max
        let history = try History(.file(folder.file("history.sqlite")), bounds: bounds)
        defer { history.close() }
        #expect(history.room(for: .sample(ids: ["a"], .invalid)) == .low)
        #expect(history.room(for: .sample(ids: ["a"])) == .some)
    }
}
