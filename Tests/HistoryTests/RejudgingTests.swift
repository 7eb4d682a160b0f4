import History
import Notifications
import Synchronization
import TestSupport
import Testing

@Suite struct RejudgingTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func again(_ delivery: Int64, _ verdict: SignatureVerdict, _ secret: String? = nil) -> Rejudgement {
        Rejudgement(delivery: delivery, judgement: Judgement(verdict, secret: secret))
    }

    @Test(arguments: Kept.allCases)
    func theSameKeyringHasTheSameGeneration(kept: Kept) throws {
        let history = try kept.open(folder)
        #expect(try history.adopt(keyring: "one") == 1)
        #expect(try history.adopt(keyring: "one") == 1)
        #expect(try history.adopt(keyring: "two") == 2)
        #expect(try history.adopt(keyring: "two") == 2)
        // What the second has judged is not known to be what the first would: it is a third.
        #expect(try history.adopt(keyring: "one") == 3)
    }

    @Test func aGenerationIsKeptOverAReopening() throws {
        var history = try Kept.onFile.open(folder)
        #expect(try history.adopt(keyring: "one") == 1)
        #expect(try history.adopt(keyring: "two") == 2)
        history.close()
        history = try Kept.onFile.open(folder)
        #expect(try history.adopt(keyring: "two") == 2)
        history.close()
        history = try Kept.onFile.open(folder)
        #expect(try history.adopt(keyring: "three") == 3)
    }

    @Test(arguments: Kept.allCases)
    func newVerdictsReplaceTheOldOnesAndTheAnswerStays(kept: Kept) async throws {
        let history = try kept.open(folder)
        let observer = Observer(history)
        #expect(await history.keep([.sample(ids: ["a"], .unverified), .sample(ids: ["b", "c"], .unverified)]))
        try history.rejudge([again(1, .invalid), again(2, .valid, "prod")], generation: 2)

        let records = try history.reader.deliveries(after: 0, limit: 10)
        #expect(records.map(\.judgement) == [Judgement(.invalid), Judgement(.valid, secret: "prod")])
        #expect(records.map(\.status) == [200, 200])
        #expect(records.map(\.answer) == ["OK", "OK"])
        #expect(try history.allRows.map(\.verdict) == [.invalid, .valid, .valid])
        let tally = history.current.tally
        #expect([tally[.unverified], tally[.invalid], tally[.valid], tally.rows] == [0, 1, 1, 3])
        #expect(history.current.revision == 1)
        #expect(observer.changes.last == history.current)

        history.close()
        if kept == .onFile { #expect(try kept.open(folder).current.tally == tally) }
    }

    @Test(arguments: Kept.allCases)
    func aLaterGenerationWins(kept: Kept) async throws {
        let history = try kept.open(folder)
        #expect(await history.keep([.sample(ids: ["a"], .unverified, generation: 1)]))
        try history.rejudge([again(1, .valid, "new")], generation: 3)
        try history.rejudge([again(1, .invalid)], generation: 2)
        try history.rejudge([again(1, .invalid)], generation: 3)
        #expect(try history.reader.delivery(1)?.judgement == Judgement(.valid, secret: "new"))
        #expect(history.current.tally[.invalid] == 0)
        #expect(history.current.tally[.valid] == 1)
    }

    @Test(arguments: Kept.allCases)
    func whatIsNotThereOrNeverJudgedIsLeftAlone(kept: Kept) async throws {
        let history = try kept.open(folder)
        #expect(await history.keep(.sample(.sample(method: "GET", body: []), .unjudged, answer: .methodNotAllowed)))
        try history.rejudge([again(1, .valid, "prod"), again(99, .valid, "prod")], generation: 2)
        #expect(try history.reader.delivery(1)?.judgement == Judgement(.unjudged))
        #expect(history.current.tally[.valid] == 0)
        #expect(try history.reader.deliveries(judgedBefore: 9, limit: 10, bytes: 1 << 20).isEmpty)
    }

    @Test(arguments: Kept.allCases)
    func whatIsToBeJudgedIsGivenNewestFirstInBoundedSlices(kept: Kept) async throws {
        let history = try kept.open(folder)
        let body = [UInt8](repeating: 0x20, count: 1_000)
        for generation in [1, 1, 2, 2, 3] as [Int64] {
            #expect(await history.keep(.sample(.sample(body: body), generation: generation)))
        }
        func ids(before generation: Int64, limit: Int = 10, bytes: Int = 1 << 20) throws -> [Int64] {
            try history.reader.deliveries(judgedBefore: generation, limit: limit, bytes: bytes).map(\.id)
        }
        #expect(try ids(before: 4) == [5, 4, 3, 2, 1])
        #expect(try ids(before: 3) == [4, 3, 2, 1])
        #expect(try ids(before: 2) == [2, 1])
        #expect(try ids(before: 1) == [])
        #expect(try ids(before: 4, limit: 2) == [5, 4])
        #expect(try ids(before: 4, bytes: 1_000) == [5])
        #expect(try ids(before: 4, bytes: 1_001) == [5, 4])
        try history.rejudge([again(5, .valid), again(4, .valid)], generation: 4)
        #expect(try ids(before: 4) == [3, 2, 1])
    }

    @Test(arguments: Kept.allCases)
    func whatAnOlderKeyringHasJudgedIsReportedAsStale(kept: Kept) async throws {
        let history = try kept.open(folder)
        let observer = Observer(history)
        #expect(await history.keep(.sample(ids: ["a"], generation: 1)))
        #expect(observer.stales == 0)
        _ = try history.adopt(keyring: "one")
        #expect(await history.keep(.sample(ids: ["a"], generation: 1)))
        #expect(observer.stales == 0)
        _ = try history.adopt(keyring: "two")
        #expect(await history.keep(.sample(ids: ["a"], generation: 1)))
        #expect(observer.stales == 1)
        #expect(await history.keep(.sample(ids: ["a"], generation: 2)))
        #expect(await history.keep(.sample(.sample(), .unjudged)))
        #expect(observer.stales == 1)
    }

    /// The observers of a history are never told by two threads at once, nor of an older state behind a newer.
    @Test(arguments: Kept.allCases)
    func changesAreToldInOrder(kept: Kept) async throws {
        let history = try kept.open(folder)
        let observer = Observer(history)
        #expect(await history.keep((0..<20).map { _ in .sample(ids: ["a"], .unverified, generation: 0) }))
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for _ in 0..<200 { #expect(await history.keep(.sample(ids: ["b"], generation: 1_000))) }
            }
            group.addTask {
                for generation in 1...200 as ClosedRange<Int64> {
                    let verdict: SignatureVerdict = generation.isMultiple(of: 2) ? .valid : .invalid
                    #expect(throws: Never.self) {
                        try history.rejudge((1...20).map { again($0, verdict) }, generation: generation)
                    }
                }
            }
        }
        let changes = observer.changes
        #expect(changes.last == history.current)
        for (one, next) in zip(changes, changes.dropFirst()) {
            #expect(one.latestDelivery <= next.latestDelivery)
            #expect(one.revision <= next.revision)
        }
        #expect(history.current.revision == 200)
        #expect(history.current.tally.notifications == 220)
        #expect(history.current.tally[.valid] == 220)
    }
}
