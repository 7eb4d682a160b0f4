import Base
import History
import Notifications
import Receiving
import Synchronization
import Testing
import TestSupport

/// A new secret is tried on recorded deliveries that are not valid. No verdict is ever withdrawn.
@Suite(.timeLimit(.minutes(Sanitizer.minutes))) struct RejudgingTests {
    private let one = SigningSecret.sample("one", "first value")
    private let two = SigningSecret.sample("two", "second value")

    @Test func aNewKeyringJudgesAllAgainAndReportsIt() async throws {
        let rig = try await Rig()
        _ = await rig.reports.complete()
        for _ in 0..<37 { #expect(await rig.intake.answer(.sample(signedWith: one)) == .accepted) }
        for _ in 0..<3 { _ = await rig.intake.answer(.sample(signedWith: two)) }
        _ = await rig.intake.answer(.sample())
        _ = await rig.intake.answer(.sample(method: "GET"), as: .wrongMethod)

        try rig.keys.use(try Keyring([one]))
        #expect(rig.keys.keyring.secrets.map(\.label) == ["one"])
        let report = await rig.reports.complete()
        #expect(report.deliveries == [.valid: 37, .invalid: 3, .missing: 1])
        #expect(report.total == 41)
        #expect(report.failure == nil)
        let counts: [SignatureVerdict: Int] = [.valid: 37, .invalid: 3, .missing: 1, .unjudged: 1]
        #expect(rig.history.current.tally.deliveries.filter { $0.value > 0 } == counts)
        #expect(try rig.matches == ["one": 37])
        #expect(try rig.verdicts.prefix(37).allSatisfy { $0 == .valid })
        #expect(try rig.verdicts.dropFirst(37) == [.invalid, .invalid, .invalid, .missing, .unjudged])
        // The recorded answers are those that were sent.
        #expect(try rig.history.reader.delivery(38)?.status == 200)
    }

    /// Verdicts stay when secrets are removed. Deliveries that arrive without a secret are unverified until there is
    /// one.
    @Test func deletingASecretChangesNoVerdict() async throws {
        let rig = try await Rig([one])
        _ = await rig.reports.complete()
        for delivery in [Delivery.sample(signedWith: one), .sample(), .sample(signedWith: two)] {
            _ = await rig.intake.answer(delivery)
        }
        try rig.keys.use(Keyring())
        #expect(await rig.reports.complete().total == 0)
        _ = await rig.intake.answer(.sample(signedWith: one))
        #expect(try rig.verdicts == [.valid, .missing, .invalid, .unverified])
        try rig.keys.use(try Keyring([two]))
        #expect(await rig.reports.complete().deliveries == [.missing: 1, .valid: 1, .invalid: 1])
        #expect(try rig.verdicts == [.valid, .missing, .valid, .invalid])
        try rig.keys.use(try Keyring([two, one]))
        _ = await rig.reports.complete()
        #expect(try rig.verdicts == [.valid, .missing, .valid, .valid])
        #expect(try rig.history.reader.delivery(1)?.judgement.secret == one.identity)
        #expect(try rig.history.reader.delivery(3)?.judgement.secret == two.identity)
        #expect(try rig.history.reader.delivery(3)?.judgedAt == Timestamp(milliseconds: 1_795_452_999_000))
    }

    @Test func aLeakedSecretTakesItsVerdictsWithItUntilItIsTypedAgain() async throws {
        let rig = try await Rig([one, two])
        _ = await rig.reports.complete()
        for secret in [one, two] { _ = await rig.intake.answer(.sample(signedWith: secret)) }
        let action = try rig.history.outbox.declare([
            Outbox.Declaration(name: "rows", kind: "csv", summary: "rows")
        ])
        _ = try rig.history.add(try #require(action["rows"]), rows: [1, 2], at: Timestamp(milliseconds: 1))
        // Queued entries for its events go on hold, and are counted.
        #expect(try rig.keys.use(try Keyring([two]), because: .leaked(one.identity)) == 1)
        #expect(try rig.verdicts == [.removed, .valid])
        #expect(rig.keys.leakedSecrets == [one.identity])
        // A file still contains it: it verifies with the same result, and B2 is answered as before.
        try rig.keys.use(try Keyring([two, one]))
        #expect(await rig.intake.answer(.sample(signedWith: one)) == .accepted)
        #expect(try rig.verdicts == [.removed, .valid, .removed])
        try rig.keys.use(try Keyring([two, one]), because: .entered(one))
        #expect(try rig.verdicts == [.valid, .valid, .valid])
    }

    @Test func aBindingIsJudgedByTheEventsOfEachBody() async throws {
        let rig = try await Rig()
        _ = await rig.reports.complete()
        for bucket in ["a", "b", "b"] {
            _ = await rig.intake.answer(.sample([SampleEvent(bucket: bucket)], signedWith: one))
        }
        let bound = one.bound(to: .bucket("b"))
        try rig.keys.use(try Keyring([bound]))
        #expect(await rig.reports.complete().deliveries == [.valid: 2, .invalid: 1])
        #expect(try rig.history.reader.delivery(1)?.judgement == Judgement(.invalid, secret: bound.identity))
        // Without its binding it is another secret, which was not tried yet.
        try rig.keys.use(try Keyring([one]))
        #expect(await rig.reports.complete().deliveries == [.valid: 1])
        #expect(try rig.history.reader.delivery(1)?.judgement == Judgement(.valid, secret: one.identity))
        #expect(try rig.history.reader.delivery(2)?.judgement == Judgement(.valid, secret: bound.identity))
    }

    @Test(arguments: [true, false])
    func manySlicesAreJudgedNewestFirst(isOnFile: Bool) async throws {
        let folder = TemporaryFolder()
        let history = try History(isOnFile ? .file(folder.file("history.sqlite")) : .memory)
        let rig = try await Rig([], history)
        _ = await rig.reports.complete()
        let slice = isOnFile ? 2_048 : 256
        let count = 3 * slice + 7
        try await rig.fill(count, signedWith: one)

        let seen = Mutex<[Int]>([])
        history.observe { event in
            guard case .changed(let change) = event else { return }
            seen.withLock { $0.append(change.tally[.valid]) }
        }
        try rig.keys.use(try Keyring([one]))
        let report = await rig.reports.complete()
        #expect(report.deliveries == [.valid: count])
        #expect(report.remaining == 0)
        #expect(seen.withLock { $0 } == [slice, 2 * slice, 3 * slice, count])
        #expect(history.current.tally == Tally(deliveries: [.valid: count, .unverified: 0], rows: count))
        #expect(try rig.verdicts.allSatisfy { $0 == .valid })
        history.close()
        withExtendedLifetime(folder) {}
    }

    @Test func aBodyLargerThanASliceMayBeIsASliceOfItsOwn() async throws {
        let rig = try await Rig()
        _ = await rig.reports.complete()
        let body = SampleBody.notification([SampleEvent()]) + [UInt8](repeating: 0x20, count: 9 << 20)
        let large = Delivery.sample(body: body, signedWith: one)
        for delivery in [.sample(signedWith: one), large, large, .sample(signedWith: two)] {
            _ = await rig.intake.answer(delivery)
        }
        try rig.keys.use(try Keyring([one]))
        #expect(await rig.reports.complete().deliveries == [.valid: 3, .invalid: 1])
        let verdicts = try (1...4).map { try rig.history.reader.delivery($0)?.judgement.verdict }
        #expect(verdicts == [.valid, .valid, .valid, .invalid])
    }

    @Test func cancelledItKeepsTheOldVerdictsUntilItIsResumed() async throws {
        let rig = try await Rig()
        _ = await rig.reports.complete()
        try await rig.fill(2_000, signedWith: one)
        let isCancelled = Atomic<Bool>(false)
        rig.history.observe { [keys = rig.keys] event in
            guard case .changed(let change) = event, change.tally[.valid] > 0 else { return }
            if !isCancelled.exchange(true, ordering: .relaxed) { keys.cancelJudging() }
        }
        try rig.keys.use(try Keyring([one]))
        let cancelled = await rig.reports.cancelled()
        #expect(cancelled.deliveries == [.valid: 256])
        #expect(cancelled.remaining == 1_744)
        #expect(!cancelled.isComplete && cancelled.failure == nil)
        #expect(try rig.verdicts == Array(repeating: .unverified, count: 1_744) + Array(repeating: .valid, count: 256))

        // Neither the same keyring nor a late delivery resumes it.
        try rig.keys.use(try Keyring([one]))
        let delivery = Delivery.sample(signedWith: one)
        let late = JudgedDelivery(
            delivery: delivery, judgement: Judgement(.unverified), answer: .accepted,
            events: Payload(scanning: delivery.body).events, generation: 1)
        await answer("a record", orElse: ()) { give in _ = rig.history.record(late) { _ in give(()) } }
        #expect(rig.history.current.tally[.unverified] == 1_745)

        rig.keys.resumeJudging()
        #expect(await rig.reports.complete().deliveries == [.valid: 1_745])
        #expect(rig.history.current.tally[.valid] == 2_001)
        // There is nothing to cancel, so nothing changes.
        rig.keys.cancelJudging()
        try rig.keys.use(try Keyring([two]))
        #expect(await rig.reports.complete().deliveries == [:])
        #expect(rig.history.current.tally[.valid] == 2_001)
    }

    @Test(arguments: [false, true])
    func cancelledItIsTakenUpByTheNextChangeAndTheNextStart(isStartedAgain: Bool) async throws {
        let folder = TemporaryFolder()
        let path = folder.file("history.sqlite")
        let rig = try await Rig([], try History(.file(path)))
        _ = await rig.reports.complete()
        try await rig.fill(5_000, signedWith: one)
        rig.history.observe { [keys = rig.keys] event in
            if case .changed(let change) = event, change.tally[.valid] == 2_048 { keys.cancelJudging() }
        }
        try rig.keys.use(try Keyring([one]))
        #expect(await rig.reports.cancelled().remaining == 2_952)
        if isStartedAgain {
            rig.keys.stop()
            rig.history.close()
            let again = try await Rig([one], try History(.file(path)))
            #expect(await again.reports.complete().deliveries == [.valid: 2_952])
            #expect(again.history.current.tally == Tally(deliveries: [.valid: 5_000, .unverified: 0], rows: 5_000))
            again.history.close()
        } else {
            try rig.keys.use(try Keyring([two, one]))
            #expect(await rig.reports.complete().deliveries == [.valid: 2_952])
            rig.history.close()
        }
        withExtendedLifetime(folder) {}
    }

    @Test func whatTheOldKeyringJudgedAndIsRecordedAfterTheChangeIsJudgedAgain() async throws {
        let rig = try await Rig()
        _ = await rig.reports.complete()
        try rig.keys.use(try Keyring([one]))
        _ = await rig.reports.complete()

        // As if it had been verified just before the change, and reached the writer after it.
        let delivery = Delivery.sample(signedWith: one)
        let late = JudgedDelivery(
            delivery: delivery, judgement: Judgement(.unverified), answer: .accepted,
            events: Payload(scanning: delivery.body).events, generation: 1)
        #expect(rig.history.record(late) { _ in })
        #expect(await rig.reports.complete().deliveries == [.valid: 1])
        #expect(try rig.verdicts == [.valid])
    }

    @Test func noneSlipsThroughWhileTheKeyringChangesUnderLoad() async throws {
        let rig = try await Rig()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for number in 0..<150 {
                        _ = await rig.intake.answer(.sample(signedWith: number.isMultiple(of: 2) ? one : two))
                    }
                }
            }
            group.addTask {
                for number in 0..<20 {
                    #expect(throws: Never.self) {
                        try rig.keys.use(try Keyring([number.isMultiple(of: 2) ? one : two]))
                    }
                    await Task.yield()
                }
            }
        }
        // Each secret is tried on every delivery it has not seen, so that in the end all are valid.
        try rig.keys.use(try Keyring([one, two]))
        while try rig.history.reader.toJudge() != nil { _ = await rig.reports.next() }
        #expect(rig.history.current.tally[.valid] == 600)
        #expect(try rig.matches == ["one": 300, "two": 300])
    }

    /// Whatever secrets a start has, no verdict gets worse, and a new secret verifies deliveries that are not valid.
    @Test func aStartChangesVerdictsForTheBetterAlone() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("history.sqlite")
        var new: [Delivery] = []
        func start(_ secrets: [SigningSecret]) async throws -> (report: RejudgeReport, verdicts: [SignatureVerdict]) {
            let rig = try await Rig(secrets, try History(.file(path)))
            let report = await rig.reports.complete()
            for delivery in new { _ = await rig.intake.answer(delivery) }
            new = []
            let verdicts = try rig.verdicts
            rig.keys.stop()
            rig.history.close()
            return (report, verdicts)
        }
        new = [.sample(signedWith: one), .sample()]
        #expect(try await start([]).verdicts == [.unverified, .unverified])
        #expect(try await start([]).report.total == 0)
        new = [.sample(signedWith: one), .sample(signedWith: two)]
        let first = try await start([one])
        #expect(first.report.deliveries == [.valid: 1, .missing: 1])
        let verdicts: [SignatureVerdict] = [.valid, .missing, .valid, .invalid]
        #expect(first.verdicts == verdicts)
        // No secrets, fewer, others, and the same ones again.
        for secrets in [[], [one], [], [SigningSecret.sample("three", "third value")], [one]] {
            let again = try await start(secrets)
            #expect(again.verdicts == verdicts)
        }
        #expect(try await start([one]).report.total == 0)
        let last = try await start([two])
        #expect(last.report.deliveries == [.missing: 1, .valid: 1])
        #expect(last.verdicts == [.valid, .missing, .valid, .valid])
        new = [.sample(signedWith: one)]
        #expect(try await start([two]).verdicts.last == .invalid)
        // It was tried before, but not on deliveries that arrived while it was absent.
        let back = try await start([one, two])
        #expect(back.report.deliveries == [.valid: 1])
        #expect(back.verdicts == [.valid, .missing, .valid, .valid, .valid])
        withExtendedLifetime(folder) {}
    }

    @Test func aKeyringThatCannotBeAdoptedIsNotHeld() async throws {
        let rig = try await Rig([one])
        _ = await rig.reports.complete()
        rig.history.close()
        #expect(throws: (any Error).self) { try rig.keys.use(try Keyring([two])) }
        #expect(rig.keys.keyring.secrets.map(\.label) == ["one"])
    }

    @Test func aJudgingThatFailsHalfWayGoesOnWhenTheRecordIsThereAgain() async throws {
        let folder = TemporaryFolder()
        let history = try History(.file(folder.file("history.sqlite")))
        let before = try await Rig([], history)
        _ = await before.reports.complete()
        try await before.fill(5_000, signedWith: one)

        // After the first slice the file is moved away.
        let reports = Reports()
        let isMoved = Atomic<Bool>(false)
        history.observe { event in
            guard case .changed(let change) = event, change.tally[.valid] == 2_048 else { return }
            if !isMoved.exchange(true, ordering: .relaxed) {
                #expect(throws: Never.self) { try folder.rename("history.sqlite", "away") }
            }
        }
        let keys = try KeyringHolder(
            try Keyring([one]), history: history, now: { Timestamp(milliseconds: 1) }, report: reports.note)
        let failed = await reports.failed()
        #expect(failed.deliveries == [.valid: 2_048])
        #expect(failed.remaining == 2_952)
        #expect(failed.failure?.contains("was removed or replaced") == true)
        #expect(!failed.isComplete)

        try folder.rename("away", "history.sqlite")
        #expect(await Intake(history, keys: keys).checkRecord())
        #expect(await reports.complete().deliveries == [.valid: 2_952])
        #expect(history.current.tally == Tally(deliveries: [.valid: 5_000, .unverified: 0], rows: 5_000))
        #expect(try before.verdicts.allSatisfy { $0 == .valid })
        history.close()
        withExtendedLifetime(folder) {}
    }
}
