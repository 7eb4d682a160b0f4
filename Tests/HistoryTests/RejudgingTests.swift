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

    private func again(
        _ delivery: Int64, _ verdict: SignatureVerdict, _ secret: String? = nil
    ) -> (delivery: Int64, judgement: Judgement) {
        (delivery, Judgement(verdict, secret: secret))
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
        try history.rejudge([again(2, .valid, "prod"), again(1, .invalid)], generation: 2)

        let records = try history.reader.deliveries(after: 0, limit: 10)
        #expect(records.map(\.judgement) == [Judgement(.invalid), Judgement(.valid, secret: "prod")])
        #expect(records.map(\.status) == [200, 200])
        #expect(records.map(\.answer) == ["OK", "OK"])
        #expect(try history.allRows.map(\.verdict) == [.invalid, .valid, .valid])
        let tally = history.current.tally
        #expect([tally[.unverified], tally[.invalid], tally[.valid], tally.rows] == [0, 1, 1, 3])
        #expect(history.current.revision == 2)
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
        try history.rejudge([again(99, .valid, "prod"), again(1, .valid, "prod")], generation: 2)
        #expect(try history.reader.delivery(1)?.judgement == Judgement(.unjudged))
        #expect(history.current.tally[.valid] == 0)
        var asked = 0
        _ = try history.reader.judge(1...99, generation: 9, bytes: 1 << 20) { _ in
            asked += 1
            return Judgement(.valid)
        }
        #expect(asked == 0)
    }

    @Test(arguments: Kept.allCases)
    func whatIsToBeJudgedIsLentNewestFirstInBoundedParts(kept: Kept) async throws {
        let history = try kept.open(folder)
        for (number, generation) in ([1, 1, 2, 2, 3] as [Int64]).enumerated() {
            let body = [UInt8](repeating: UInt8(number + 1), count: 1_000)
            #expect(await history.keep(.sample(.sample(body: body), generation: generation)))
        }
        func judge(_ range: ClosedRange<Int64>, _ generation: Int64, bytes: Int = 1 << 20) throws -> [Int64] {
            var ids: [Int64] = []
            let result = try history.reader.judge(range, generation: generation, bytes: bytes) { request in
                #expect(request.body.count == 1_000)
                ids.append(request.body.first.map(Int64.init) ?? 0)
                return Judgement(.valid)
            }
            // What was cut short says how far it came.
            #expect(result.deliveries == (bytes < 1 << 20 ? ids.last ?? 0 : range.lowerBound)...range.upperBound)
            #expect(result.counts[.valid] ?? 0 == ids.count)
            return ids
        }
        #expect(try judge(1...5, 4) == [5, 4, 3, 2, 1])
        #expect(try judge(1...5, 3) == [4, 3, 2, 1])
        #expect(try judge(1...9, 2) == [2, 1])
        #expect(try judge(1...5, 1) == [])
        #expect(try judge(2...4, 4) == [4, 3, 2])
        #expect(try judge(1...5, 4, bytes: 1_000) == [5])
        #expect(try judge(1...5, 4, bytes: 1_001) == [5, 4])
        try history.rejudge([again(5, .valid), again(4, .valid)], generation: 4)
        #expect(try judge(1...5, 4) == [3, 2, 1])
    }

    @Test(arguments: Kept.allCases)
    func whatRemainsIsKeptAcrossAReopening(kept: Kept) async throws {
        var history = try kept.open(folder)
        func reopen() throws {
            guard kept == .onFile else { return }
            history.close()
            history = try kept.open(folder)
        }
        _ = try history.adopt(keyring: "one")
        #expect(try history.reader.toJudge() == nil)
        #expect(await history.keep((1...6).map { .sample(ids: ["\($0)"], generation: 1) }))
        #expect(try history.reader.toJudge() == nil)
        _ = try history.adopt(keyring: "two")
        try reopen()
        #expect(try history.reader.toJudge() == ToJudge(newest: 1...6, count: 6))
        #expect(try history.rejudge(Rejudgement(of: 5...6, generation: 2)))
        try reopen()
        #expect(try history.reader.toJudge() == ToJudge(newest: 1...4, count: 4))
        // Judged before the change, recorded after it.
        #expect(await history.keep(.sample(ids: ["late"], generation: 1)))
        #expect(await history.keep(.sample(ids: ["new"], generation: 2)))
        try reopen()
        #expect(try history.reader.toJudge() == ToJudge(newest: 7...7, count: 5))
        #expect(try history.rejudge(Rejudgement(of: 7...7, generation: 2)))
        #expect(try history.rejudge(Rejudgement(of: 1...4, generation: 2)))
        try reopen()
        #expect(try history.reader.toJudge() == nil)
        // The same keyring begins nothing anew, another one begins with all of it.
        _ = try history.adopt(keyring: "two")
        #expect(try history.reader.toJudge() == nil)
        _ = try history.adopt(keyring: "three")
        #expect(try history.reader.toJudge() == ToJudge(newest: 1...8, count: 8))
    }

    @Test(arguments: Kept.allCases)
    func whatAnOlderKeyringSaysIsNotWrittenOnceAnotherIsHeld(kept: Kept) async throws {
        let history = try kept.open(folder)
        _ = try history.adopt(keyring: "one")
        #expect(await history.keep(.sample(ids: ["a"], .unverified, generation: 1)))
        _ = try history.adopt(keyring: "two")
        _ = try history.adopt(keyring: "three")
        #expect(try !history.rejudge([again(1, .valid, "two")], generation: 2))
        #expect(try history.reader.delivery(1)?.judgement == Judgement(.unverified))
        #expect(try history.reader.toJudge() == ToJudge(newest: 1...1, count: 1))
        #expect(history.current.revision == 0)
        #expect(try history.rejudge([again(1, .valid, "three")], generation: 3))
        #expect(try history.reader.toJudge() == nil)
    }

    /// However the verdicts of a range are mixed, each delivery gets its own and the counts are exact.
    @Test(arguments: 0..<20)
    func mixedVerdictsAreWrittenOneByOneAndCountedExactly(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let history = try History(.memory)
        let some: [Judgement?] = [
            Judgement(.valid, secret: "a"), Judgement(.valid, secret: "b"), Judgement(.invalid), Judgement(.missing),
            nil,
        ]
        var expected: [Judgement] = []
        var rows: [Int] = []
        var old: [Int64] = []
        for _ in 0..<60 {
            let isJudged = Int.random(in: 0..<8, using: &random) > 0
            rows.append(isJudged ? Int.random(in: 1...3, using: &random) : 1)
            let ids = (0..<(rows.last ?? 0)).map { String?("\($0)") }
            let verdict: SignatureVerdict =
                isJudged ? [.unverified, .valid][Int.random(in: 0...1, using: &random)] : .unjudged
            let generation = Int64.random(in: 1...2, using: &random)
            #expect(await history.keep(.sample(ids: ids, verdict, generation: generation)))
            if isJudged, generation == 1 { old.append(Int64(rows.count)) }
            expected.append(Judgement(verdict))
        }
        // Some have a verdict of the second keyring already, and keep it.
        var new = Rejudgement(of: 1...60, generation: 2)
        var last = Judgement(.invalid)
        for delivery in old.reversed() {
            last = some[Int.random(in: 0..<some.count, using: &random)] ?? last
            new.add(last, of: delivery)
            expected[Int(delivery) - 1] = last
        }
        #expect(try history.rejudge(new))
        #expect(try history.reader.deliveries(after: 0, limit: 100).map(\.judgement) == expected)
        var tally = Tally(rows: rows.reduce(0, +))
        for judgement in expected { tally[judgement.verdict] += 1 }
        #expect(history.current.tally.rows == tally.rows)
        #expect(history.current.tally.deliveries.filter { $0.value > 0 } == tally.deliveries)
        var matches: [String: Int] = [:]
        for judgement in expected where judgement.verdict == .valid { matches[judgement.secret ?? "", default: 0] += 1 }
        #expect(try history.reader.matches().filter { $0.value > 0 } == matches)
    }

    @Test(arguments: Kept.allCases)
    func answerTimesAreWrittenBehindTheAnswersAndTold(kept: Kept) async throws {
        var history = try kept.open(folder)
        let observer = Observer(history)
        #expect(await history.keep([.sample(ids: ["a"]), .sample(ids: ["b"]), .sample(ids: ["c"])]))
        #expect(try history.reader.delivery(2)?.answerTime == nil)
        history.answered(1, in: .microseconds(1_234))
        history.answered(2, in: .seconds(2))
        // Whatever is asked of the writer now comes behind.
        #expect(await history.probe())
        #expect(
            try history.reader.deliveries(after: 0, limit: 9).map(\.answerTime) == [
                .microseconds(1_234), .seconds(2), nil,
            ])
        #expect(history.current.latestAnswered == 2)
        #expect(observer.changes.last?.latestAnswered == 2)
        history.answered(3, in: .milliseconds(3))
        history.close()
        guard kept == .onFile else { return }
        history = try kept.open(folder)
        #expect(try history.reader.delivery(3)?.answerTime == .milliseconds(3))
        // Nobody hears of it, and nothing breaks.
        history.close()
        history.answered(1, in: .milliseconds(1))
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
                        _ = try history.rejudge(.all(1...20, verdict, generation: generation))
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

extension Rejudgement {
    fileprivate static func all(
        _ deliveries: ClosedRange<Int64>, _ verdict: SignatureVerdict, generation: Int64
    ) -> Rejudgement {
        var rejudgement = Rejudgement(of: deliveries, generation: generation)
        for delivery in deliveries.reversed() { rejudgement.add(Judgement(verdict), of: delivery) }
        return rejudgement
    }
}
