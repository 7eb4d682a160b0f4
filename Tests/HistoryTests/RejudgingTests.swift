import Base
import Foundation
import GRDB
import Notifications
import Synchronization
import Testing
import TestSupport

@testable import History

@Suite struct RejudgingTests {
    private let folder = TemporaryFolder()

    private func again(
        _ delivery: Int64, _ verdict: SignatureVerdict, _ secret: String? = nil
    ) -> (delivery: Int64, judgement: Judgement) {
        (delivery, Judgement(verdict, secret: secret.map { .sample($0) }))
    }

    @Test(arguments: Kept.allCases)
    func theSameKeyringHasTheSameGeneration(kept: Kept) throws {
        let history = try kept.open(folder)
        #expect(try history.adopt("one") == 1)
        #expect(try history.adopt("one") == 1)
        #expect(try history.adopt("two") == 2)
        #expect(try history.adopt("two") == 2)
        #expect(try history.adopt("one") == 3)
    }

    @Test func aGenerationIsKeptOverAReopening() throws {
        var history = try Kept.onFile.open(folder)
        #expect(try history.adopt("one") == 1)
        #expect(try history.adopt("two") == 2)
        history.close()
        history = try Kept.onFile.open(folder)
        #expect(try history.adopt("two") == 2)
        history.close()
        history = try Kept.onFile.open(folder)
        #expect(try history.adopt("three") == 3)
    }

    @Test func theSameKeyringWritesNothing() async throws {
        let history = try Kept.onFile.open(folder)
        _ = try history.adopt("one", "two")
        #expect(await history.keep(.sample(ids: ["a"])))
        let log = try Data(contentsOf: URL(fileURLWithPath: folder.file("history.sqlite-wal")))
        _ = try history.adopt("one", "two")
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file("history.sqlite-wal"))) == log)
    }

    /// A secret is tried only on deliveries on which it was not tried before.
    @Test(arguments: Kept.allCases)
    func aSecretIsTriedOnWhatItHasNotSeen(kept: Kept) async throws {
        let history = try kept.open(folder)
        func arrive(_ count: Int) async {
            for _ in 0..<count { #expect(await history.keep(.sample(ids: ["x"], generation: 99))) }
        }
        func toJudge(_ labels: String...) throws -> ClosedRange<Int64>? {
            _ = try history.adopt(
                keyring: labels.joined(separator: " "), of: labels.map { .sample($0) })
            defer { try? history.tryAll() }
            return try history.reader.toJudge()?.newest
        }
        #expect(try toJudge() == nil)
        await arrive(3)
        // Never tried.
        #expect(try toJudge("one") == 1...3)
        await arrive(2)
        // Fewer secrets, none, or others: only a new secret is tried, on the deliveries it has not seen.
        #expect(try toJudge() == nil)
        #expect(try toJudge("two") == 1...5)
        await arrive(4)
        #expect(try toJudge("one", "two") == 6...9)
        #expect(try toJudge("two", "one") == nil)
        #expect(try toJudge("one") == nil)
        #expect(try toJudge("one", "two") == nil)
        // The same value with another binding, or another value with the same label, is another secret.
        _ = try history.adopt(keyring: "bound", of: [.sample("one", binding: .bucket("b"))])
        #expect(try history.reader.toJudge()?.newest == 1...9)
    }

    /// A secret that was removed before it was tried on everything continues where it ended when it is back.
    @Test(arguments: Kept.allCases)
    func aSecretThatLeavesHalfWayGoesOnOnceItIsBack(kept: Kept) async throws {
        let history = try kept.open(folder)
        #expect(await history.keep((1...10).map { .sample(ids: ["\($0)"], .unverified) }))
        let first = try history.adopt("one")
        #expect(try history.rejudge(Rejudgement(of: 5...10, generation: first, at: .at(1))))
        _ = try history.adopt("two")
        #expect(try history.reader.toJudge() == ToJudge(newest: 1...10, count: 10))
        let back = try history.adopt("two", "one")
        #expect(try history.rejudge(Rejudgement(of: 1...10, generation: back, at: .at(1))))
        #expect(try history.reader.toJudge() == nil)
    }

    @Test(arguments: Kept.allCases)
    func aVerdictKeepsItsSecretAndItsTime(kept: Kept) async throws {
        var history = try kept.open(folder)
        let secret = SecretIdentity.sample("prod", binding: .rule("r"))
        #expect(
            await history.keep([
                .sample(.sample(), .valid, secret: "prod"), .sample(.sample(), .unverified),
                .sample(.sample(method: "GET"), .unjudged),
            ]))
        var rejudgement = Rejudgement(of: 2...2, generation: 1, at: .at(5_000))
        rejudgement.add(Judgement(.valid, secret: secret), of: 2, recorded: .init(.unverified))
        #expect(try history.rejudge(rejudgement))
        if kept == .onFile {
            history.close()
            history = try kept.open(folder)
        }
        let records = try history.reader.deliveries(after: 0, limit: 9)
        #expect(records.map(\.judgement.secret) == [.sample("prod"), secret, nil])
        #expect(records[0].judgement.secret?.fingerprint?.bytes.count == 16)
        #expect(records.map(\.judgedAt) == [records[0].delivery.receivedAt, .at(5_000), nil])
        #expect(try history.allRows.map(\.secret) == ["prod", "prod", nil])
    }

    /// A secret is identified by its value: another label is another name for it, also for earlier verdicts.
    @Test func aSecretUnderAnotherLabelIsTheSame() async throws {
        let history = try History(.memory)
        let secret = SecretIdentity.sample("main")
        let renamed = SecretIdentity(label: "prod", fingerprint: secret.fingerprint)
        _ = try history.adopt(keyring: "main", of: [secret])
        #expect(await history.keep(.sample(.sample(), .valid, secret: "main")))
        _ = try history.adopt(keyring: "prod", of: [renamed])
        #expect(try history.reader.toJudge() == nil)
        #expect(try history.reader.delivery(1)?.judgement == Judgement(.valid, secret: renamed))
        #expect(try history.reader.secrets().map(\.verified) == [1])
    }

    // MARK: - Leaked

    @Test(arguments: Kept.allCases)
    func whatALeakedSecretVerifiedReadsSoEverywhere(kept: Kept) async throws {
        var history = try kept.open(folder)
        let (one, two) = (SecretIdentity.sample("one"), SecretIdentity.sample("two"))
        _ = try history.adopt("one", "two")
        for label in ["one", "two", "one"] {
            #expect(await history.keep(.sample(.sample([SampleEvent(id: "same")]), .valid, secret: label)))
        }
        #expect(await history.keep(.sample(.sample(), .invalid)))
        let before = history.current
        let observer = Observer(history)
        _ = try history.adopt("two", because: .leaked(one, at: .at(9)))
        #expect(history.current.tally[.removed] == 2 && history.current.tally[.valid] == 1)
        #expect(history.current.revision > before.revision && observer.changes.last == history.current)
        // If a file contains it again, it verifies with the same result.
        _ = try history.adopt("one", "two")
        #expect(await history.keep(.sample(ids: ["new"], .valid)))
        #expect(await history.keep(.sample(.sample([SampleEvent(id: "late")]), .valid, secret: "one")))
        #expect(history.current.tally[.removed] == 3)

        func shown() throws {
            let removed = [true, false, true, false, false, true]
            #expect(try history.allRows.map { $0.verdict == .removed } == removed)
            #expect(
                try history.reader.deliveries(after: 0, limit: 9).map { $0.judgement.verdict == .removed } == removed)
            #expect(try history.reader.delivery(1)?.judgement.secret == one)
            func ids(_ predicate: RowPredicate) throws -> [Int64] {
                try history.reader.ids(matching: predicate, in: 1...99, newestFirst: false)
            }
            #expect(try ids(.verdict([.removed])) == [1, 3, 6])
            #expect(try ids(.verdict([.valid])) == [2, 5])
            #expect(try ids(.verdict([.valid, .removed])) == [1, 2, 3, 5, 6])
            #expect(try ids(.not(.verdict([.valid, .invalid]))) == [1, 3, 6])
            #expect(try ids(.verdict([.removed, .invalid])) == [1, 3, 4, 6])
            #expect(
                try history.reader.ids(matching: .everything, by: .by(.signature, isDescending: true)).prefix(3) == [
                    1, 3, 6,
                ])
            #expect(
                try history.reader.deliveries(ofEvent: .string("same"), limit: 9).map(\.verdict) == [
                    .removed, .valid, .removed,
                ])
            // It has less trust than a verdict by a current secret, so it hides no real event.
            #expect(try history.allRows.prefix(3).map(\.isDuplicate) == [false, false, true])
            let pulse = try #require(try history.reader.pulse(PulseRequest(barWidth: 86_400_000, barCount: 2)))
            #expect(pulse[1, .removed] == 3 && pulse[1, .valid] == 2)
            #expect(history.current.tally[.removed] == 3)
            #expect(try history.reader.secrets().filter { $0.leakedAt != nil }.map(\.identity) == [one])
        }
        try shown()
        if kept == .onFile {
            history.close()
            history = try kept.open(folder)
            try shown()
        }
        // A person who types it again has decided otherwise.
        _ = try history.adopt("one", "two", because: .entered(one))
        #expect(history.current.tally[.removed] == 0 && history.current.tally[.valid] == 5)
        #expect(try history.reader.secrets().filter { $0.leakedAt != nil }.isEmpty)
        #expect(try history.reader.secrets().map(\.identity).contains(two))
    }

    @Test func aSecretIsLeakedWhateverItIsBoundTo() async throws {
        let history = try History(.memory)
        let bound = SecretIdentity.sample("one", binding: .bucket("b"))
        var judged = JudgedDelivery.sample(.sample(), .valid, secret: "one")
        #expect(await history.keep(judged))
        judged = JudgedDelivery(
            delivery: .sample(), judgement: Judgement(.valid, secret: bound), answer: .accepted, events: [],
            generation: 1)
        #expect(await history.keep(judged))
        _ = try history.adopt("two", because: .leaked(bound, at: .at(9)))
        #expect(try history.allRows.map(\.verdict) == [.removed, .removed])
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
        #expect([tally[.unverified], tally[.invalid], tally[.valid], tally.rows] as [Int] == [0, 1, 1, 3])
        #expect(history.current.revision == 2)
        #expect(observer.changes.last == history.current)

        history.close()
        if kept == .onFile { #expect(try kept.open(folder).current.tally == tally) }
    }

    @Test(arguments: Kept.allCases)
    func aLaterKeyringWins(kept: Kept) async throws {
        let history = try kept.open(folder)
        _ = try history.adopt("one")
        #expect(await history.keep([.sample(ids: ["a"], .unverified), .sample(ids: ["b"], .unverified)]))
        _ = try history.adopt("two")
        #expect(try !history.rejudge([again(1, .invalid)], generation: 1))
        #expect(try history.rejudge([again(1, .valid, "new")], generation: 2))
        #expect(try history.reader.delivery(1)?.judgement == Judgement(.valid, secret: "new"))
        #expect(history.current.tally[.invalid] == 0)
        #expect(history.current.tally[.valid] == 1)
    }

    @Test(arguments: Kept.allCases)
    func whatIsNotThereNeverJudgedOrValidIsNotTried(kept: Kept) async throws {
        let history = try kept.open(folder)
        #expect(await history.keep(.sample(.sample(method: "GET", body: []), .unjudged, answer: .methodNotAllowed)))
        #expect(await history.keep(.sample(.sample(), .valid, secret: "prod")))
        var asked = 0
        _ = try history.reader.verify(1...99, generation: 9, at: .at(1), bytes: 1 << 20) { _ in
            asked += 1
            return Judgement(.invalid)
        }
        #expect(asked == 0)
    }

    /// The possible changes of a recorded verdict, whatever the later one is.
    @Test(arguments: SignatureVerdict.allCases.filter { $0 != .removed })
    func aVerdictIsNeverTakenBack(recorded: SignatureVerdict) async throws {
        let verdicts: [SignatureVerdict] = [.valid, .invalid, .missing, .malformed, .unsupported, .unverified]
        for verdict in verdicts {
            let history = try History(.memory)
            let secret = recorded == .valid ? "prod" : nil
            #expect(await history.keep(.sample(.sample(), recorded, secret: secret)))
            let rejudgement = try history.reader.verify(1...1, generation: 1, at: .at(1), bytes: 9_999) { _ in
                Judgement(verdict, secret: verdict == .valid ? "other" : nil)
            }
            #expect(try history.rejudge(rejudgement))
            let now = try #require(try history.reader.delivery(1)?.judgement)
            switch (recorded, verdict) {
            case (.unverified, _): #expect(now.verdict == verdict)
            case (.valid, _): #expect(now == Judgement(.valid, secret: "prod"))
            case (.unjudged, _), (.reconciled, _): #expect(now.verdict == recorded)
            case (_, .valid): #expect(now == Judgement(.valid, secret: "other"))
            default: #expect(now.verdict == recorded)
            }
            var tally = Tally(rows: 1)
            tally[now.verdict] = 1
            #expect(history.current.tally.deliveries.filter { $0.value != 0 } == tally.deliveries)
        }
    }

    @Test(arguments: Kept.allCases)
    func whatIsToBeTriedIsLentNewestFirstInBoundedParts(kept: Kept) async throws {
        let history = try kept.open(folder)
        for number in 1...5 {
            let body = [UInt8](repeating: UInt8(number), count: 1_000)
            #expect(await history.keep(.sample(.sample(body: body), number == 3 ? .valid : .invalid)))
        }
        func verify(_ range: ClosedRange<Int64>, bytes: Int = 1 << 20) throws -> [Int64] {
            var ids: [Int64] = []
            let result = try history.reader.verify(range, generation: 1, at: .at(1), bytes: bytes) { request in
                #expect(request.body.count == 1_000)
                ids.append(request.body.first.map(Int64.init) ?? 0)
                return Judgement(.valid)
            }
            // An interrupted run reports how far it came.
            #expect(result.deliveries == (bytes < 1 << 20 ? ids.last ?? 0 : range.lowerBound)...range.upperBound)
            #expect(result.counts[.valid] ?? 0 == ids.count)
            return ids
        }
        #expect(try verify(1...5) == [5, 4, 2, 1])
        #expect(try verify(1...9) == [5, 4, 2, 1])
        #expect(try verify(2...4) == [4, 2])
        #expect(try verify(3...3) == [])
        #expect(try verify(1...5, bytes: 1_000) == [5])
        #expect(try verify(1...5, bytes: 1_001) == [5, 4])
        try history.rejudge([again(5, .valid), again(4, .valid)], generation: 1)
        #expect(try verify(1...5) == [2, 1])
    }

    @Test(arguments: Kept.allCases)
    func whatRemainsIsKeptAcrossAReopening(kept: Kept) async throws {
        var history = try kept.open(folder)
        func reopen() throws {
            guard kept == .onFile else { return }
            history.close()
            history = try kept.open(folder)
        }
        func tried(_ range: ClosedRange<Int64>, _ generation: Int64) throws {
            #expect(try history.rejudge(Rejudgement(of: range, generation: generation, at: .at(1))))
        }
        _ = try history.adopt("one")
        #expect(try history.reader.toJudge() == nil)
        #expect(await history.keep((1...6).map { .sample(ids: ["\($0)"], generation: 1) }))
        #expect(try history.reader.toJudge() == nil)
        _ = try history.adopt("one", "two")
        try reopen()
        #expect(try history.reader.toJudge() == ToJudge(newest: 1...6, count: 6))
        try tried(5...6, 2)
        try reopen()
        #expect(try history.reader.toJudge() == ToJudge(newest: 1...4, count: 4))
        // Verified before the change, recorded after it.
        #expect(await history.keep(.sample(ids: ["late"], generation: 1)))
        #expect(await history.keep(.sample(ids: ["new"], generation: 2)))
        try reopen()
        #expect(try history.reader.toJudge() == ToJudge(newest: 7...7, count: 5))
        try tried(7...7, 2)
        try tried(1...4, 2)
        try reopen()
        #expect(try history.reader.toJudge() == nil)
        // The same keyring, or fewer secrets, begin nothing; another keyring begins with everything.
        _ = try history.adopt("one", "two")
        _ = try history.adopt("two")
        #expect(try history.reader.toJudge() == nil)
        _ = try history.adopt("three")
        #expect(try history.reader.toJudge() == ToJudge(newest: 1...8, count: 8))
    }

    @Test(arguments: Kept.allCases)
    func whatAnOlderKeyringSaysIsNotWrittenOnceThereIsAnother(kept: Kept) async throws {
        let history = try kept.open(folder)
        _ = try history.adopt("one")
        #expect(await history.keep(.sample(ids: ["a"], .unverified, generation: 1)))
        _ = try history.adopt("two")
        _ = try history.adopt("three")
        #expect(try !history.rejudge([again(1, .valid, "two")], generation: 2))
        #expect(try history.reader.delivery(1)?.judgement == Judgement(.unverified))
        #expect(try history.reader.toJudge() == ToJudge(newest: 1...1, count: 1))
        #expect(history.current.revision == 0)
        #expect(try history.rejudge([again(1, .valid, "three")], generation: 3))
        #expect(try history.reader.toJudge() == nil)
    }

    /// However the verdicts of a range are mixed, each delivery receives its own, and the counts are exact.
    @Test(arguments: 0..<20)
    func mixedVerdictsAreWrittenOneByOneAndCountedExactly(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let history = try History(.memory)
        let some: [Judgement] = [
            Judgement(.valid, secret: "a"), Judgement(.valid, secret: "b"), Judgement(.invalid), Judgement(.missing),
            Judgement(.invalid, secret: "bound"), Judgement(.unverified),
        ]
        var expected: [Judgement] = []
        var rows: [Int] = []
        for _ in 0..<60 {
            let isJudged = Int.random(in: 0..<8, using: &random) > 0
            rows.append(isJudged ? Int.random(in: 1...3, using: &random) : 1)
            let ids = (0..<(rows.last ?? 0)).map { String?("\($0)") }
            // Mostly unverified, as before the first secret.
            let isUnverified = Int.random(in: 0..<4, using: &random) > 0
            let before =
                !isJudged
                ? Judgement(.unjudged)
                : isUnverified ? Judgement(.unverified) : some[Int.random(in: 0..<some.count, using: &random)]
            #expect(
                await history.keep(
                    .sample(
                        .sample(ids.map { SampleEvent(id: $0) }), before.verdict, secret: before.secret?.label,
                        generation: 1)))
            expected.append(before)
        }
        var last = some[0]
        let isOfOneKind = Bool.random(using: &random)
        let new = try history.reader.verify(1...60, generation: 2, at: .at(1), bytes: .max) { _ in
            if Int.random(in: 0..<3, using: &random) == 0 {
                last = some[Int.random(in: 0..<(isOfOneKind ? 2 : some.count), using: &random)]
            }
            return last
        }
        // The reader decides on the changes, and exactly these are written.
        for run in new.runs {
            guard let after = run.after else { continue }
            for delivery in run.deliveries where try history.recorded(delivery) == run.before {
                expected[Int(delivery) - 1] = after
            }
        }
        #expect(try history.rejudge(new))
        #expect(try history.reader.deliveries(after: 0, limit: 100).map(\.judgement) == expected)
        var tally = Tally(rows: rows.reduce(0, +))
        for judgement in expected { tally[judgement.verdict] += 1 }
        #expect(history.current.tally.rows == tally.rows)
        #expect(history.current.tally.deliveries.filter { $0.value > 0 } == tally.deliveries)
        var matches: [String: Int] = [:]
        for judgement in expected where judgement.verdict == .valid {
            matches[judgement.secret?.label ?? "", default: 0] += 1
        }
        #expect(try history.matches == matches)
    }

    @Test(.blocking, arguments: Kept.allCases)
    func answerTimesAreWrittenBehindTheAnswersAndTold(kept: Kept) async throws {
        var history = try kept.open(folder)
        let latest = Monitor<Int64>(0)
        history.observe { event in
            if case .changed(let change) = event { latest.change { $0 = change.latestAnswered } }
        }
        func times() throws -> [Duration?] {
            try history.reader.deliveries(after: 0, limit: 9).map(\.answerTime)
        }
        #expect(await history.keep([.sample(ids: ["a"]), .sample(ids: ["b"]), .sample(ids: ["c"])]))
        #expect(try history.reader.delivery(2)?.answerTime == nil)
        // With the next delivery, in its transaction.
        history.answered(1, in: .microseconds(1_234))
        history.answered(2, in: .seconds(2))
        #expect(await history.keep(.sample(ids: ["d"])))
        #expect(try times() == [.microseconds(1_234), .seconds(2), nil, nil])
        #expect(history.current.latestAnswered == 2)
        // Separately, if no delivery arrives.
        history.answered(3, in: .milliseconds(3))
        try latest.require("the time of the third") { $0 == 3 ? true : nil }
        #expect(try times() == [.microseconds(1_234), .seconds(2), .milliseconds(3), nil])
        // At the end.
        history.answered(4, in: .milliseconds(4))
        history.close()
        guard kept == .onFile else { return }
        history = try kept.open(folder)
        #expect(try history.reader.delivery(4)?.answerTime == .milliseconds(4))
        history.close()
        // Nobody observes this, and nothing fails.
        history.answered(1, in: .milliseconds(1))
    }

    @Test(arguments: Kept.allCases)
    func whatAnOlderKeyringHasJudgedIsReportedAsStale(kept: Kept) async throws {
        let history = try kept.open(folder)
        let observer = Observer(history)
        #expect(await history.keep(.sample(ids: ["a"], generation: 1)))
        #expect(observer.stales == 0)
        _ = try history.adopt("one")
        #expect(await history.keep(.sample(ids: ["a"], generation: 1)))
        #expect(observer.stales == 0)
        _ = try history.adopt("two")
        #expect(await history.keep(.sample(ids: ["a"], generation: 1)))
        #expect(observer.stales == 1)
        #expect(await history.keep(.sample(ids: ["a"], generation: 2)))
        #expect(await history.keep(.sample(.sample(), .unjudged)))
        #expect(observer.stales == 1)
    }

    /// The observers of a history are never called by two threads at once, nor with an older state after a newer one.
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
                    let (before, after): (SignatureVerdict, SignatureVerdict) =
                        generation == 1
                        ? (.unverified, .invalid)
                        : generation.isMultiple(of: 2) ? (.invalid, .valid) : (.valid, .invalid)
                    #expect(throws: Never.self) {
                        _ = try history.rejudge(.all(1...20, before, after, generation: generation))
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
        _ deliveries: ClosedRange<Int64>, _ before: SignatureVerdict, _ after: SignatureVerdict, generation: Int64
    ) -> Rejudgement {
        var rejudgement = Rejudgement(of: deliveries, generation: generation, at: .at(1))
        for delivery in deliveries.reversed() {
            rejudgement.add(Judgement(after), of: delivery, recorded: .init(before))
        }
        return rejudgement
    }
}

extension History {
    /// Marks everything as verified, without results.
    fileprivate func tryAll() throws {
        let generation = try reader.read(HeldKeyring.generation)
        while let rest = try reader.toJudge() {
            _ = try rejudge(Rejudgement(of: rest.newest, generation: generation, at: .at(1)))
        }
    }
}
