import History
import Intake
import Listener
import Notifications
import Synchronization
import TestSupport
import Testing

/// On every change of the keyring all that is recorded is judged again.
@Suite(.timeLimit(.minutes(2))) struct RejudgingTests {
    private let one = SigningSecret.sample("one", "first value")
    private let two = SigningSecret.sample("two", "second value")

    @Test func aNewKeyringJudgesAllAgainAndReportsIt() async throws {
        let rig = try await Rig()
        _ = await rig.reports.complete()
        for _ in 0..<37 { #expect(await rig.intake.answer(.sample(signedWith: one)) == .accepted) }
        for _ in 0..<3 { _ = await rig.intake.answer(.sample(signedWith: two)) }
        _ = await rig.intake.answer(.sample())
        _ = await rig.intake.answer(.sample(method: "GET"), as: .wrongMethod)

        try rig.keys.hold(try Keyring([one]))
        #expect(rig.keys.keyring.secrets.map(\.label) == ["one"])
        let report = await rig.reports.complete()
        #expect(report.deliveries == [.valid: 37, .invalid: 3, .missing: 1])
        #expect(report.total == 41)
        #expect(report.failure == nil)
        let counts: [SignatureVerdict: Int] = [.valid: 37, .invalid: 3, .missing: 1, .unjudged: 1]
        #expect(rig.history.current.tally.deliveries.filter { $0.value > 0 } == counts)
        #expect(try rig.history.reader.matches() == ["one": 37])
        #expect(try rig.verdicts.prefix(37).allSatisfy { $0 == .valid })
        #expect(try rig.verdicts.dropFirst(37) == [.invalid, .invalid, .invalid, .missing, .unjudged])
        // The answers are as they were sent.
        #expect(try rig.history.reader.delivery(38)?.status == 200)
    }

    @Test func goingBackToNoSecretMakesAllUnverified() async throws {
        let rig = try await Rig([one])
        _ = await rig.reports.complete()
        _ = await rig.intake.answer(.sample(signedWith: one))
        _ = await rig.intake.answer(.sample())
        try rig.keys.hold(Keyring())
        #expect(await rig.reports.complete().deliveries == [.unverified: 2])
        try rig.keys.hold(try Keyring([one]))
        #expect(await rig.reports.complete().deliveries == [.valid: 1, .missing: 1])
    }

    @Test func aBindingIsJudgedByTheEventsOfEachBody() async throws {
        let rig = try await Rig([one])
        _ = await rig.reports.complete()
        for bucket in ["a", "b", "b"] {
            _ = await rig.intake.answer(.sample([SampleEvent(bucket: bucket)], signedWith: one))
        }
        try rig.keys.hold(try Keyring([one.bound(to: .bucket("b"))]))
        #expect(await rig.reports.complete().deliveries == [.valid: 2, .invalid: 1])
        #expect(try rig.history.reader.delivery(1)?.judgement == Judgement(.invalid, secret: "one"))
    }

    @Test(arguments: [true, false])
    func manySlicesAreJudgedNewestFirst(isOnFile: Bool) async throws {
        let folder = try TemporaryFolder()
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
        try rig.keys.hold(try Keyring([one]))
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
        let large = Delivery.sample(body: [UInt8](repeating: 0x20, count: 9 << 20), signedWith: one)
        for delivery in [.sample(signedWith: one), large, large, .sample(signedWith: two)] {
            _ = await rig.intake.answer(delivery)
        }
        try rig.keys.hold(try Keyring([one]))
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
        try rig.keys.hold(try Keyring([one]))
        let cancelled = await rig.reports.cancelled()
        #expect(cancelled.deliveries == [.valid: 256])
        #expect(cancelled.remaining == 1_744)
        #expect(!cancelled.isComplete && cancelled.failure == nil)
        #expect(try rig.verdicts == Array(repeating: .unverified, count: 1_744) + Array(repeating: .valid, count: 256))

        // Neither the same keyring nor a late delivery takes it up.
        try rig.keys.hold(try Keyring([one]))
        let delivery = Delivery.sample(signedWith: one)
        let late = JudgedDelivery(
            delivery: delivery, judgement: Judgement(.unverified), answer: .accepted,
            events: Payload(scanning: delivery.body).events, generation: 1)
        await withCheckedContinuation { continuation in _ = rig.history.record(late) { _ in continuation.resume() } }
        #expect(rig.history.current.tally[.unverified] == 1_745)

        rig.keys.resumeJudging()
        #expect(await rig.reports.complete().deliveries == [.valid: 1_745])
        #expect(rig.history.current.tally[.valid] == 2_001)
        // There is nothing to cancel, and nothing comes of it.
        rig.keys.cancelJudging()
        try rig.keys.hold(try Keyring([two]))
        #expect(await rig.reports.complete().deliveries == [.invalid: 2_001])
    }

    @Test(arguments: [false, true])
    func cancelledItIsTakenUpByTheNextChangeAndTheNextStart(isStartedAgain: Bool) async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("history.sqlite")
        let rig = try await Rig([], try History(.file(path)))
        _ = await rig.reports.complete()
        try await rig.fill(5_000, signedWith: one)
        rig.history.observe { [keys = rig.keys] event in
            if case .changed(let change) = event, change.tally[.valid] == 2_048 { keys.cancelJudging() }
        }
        try rig.keys.hold(try Keyring([one]))
        #expect(await rig.reports.cancelled().remaining == 2_952)
        if isStartedAgain {
            rig.keys.stop()
            rig.history.close()
            let again = try await Rig([one], try History(.file(path)))
            #expect(await again.reports.complete().deliveries == [.valid: 2_952])
            #expect(again.history.current.tally == Tally(deliveries: [.valid: 5_000, .unverified: 0], rows: 5_000))
            again.history.close()
        } else {
            try rig.keys.hold(try Keyring([two]))
            #expect(await rig.reports.complete().deliveries == [.invalid: 5_000])
            rig.history.close()
        }
        withExtendedLifetime(folder) {}
    }

    @Test func whatTheOldKeyringJudgedAndIsRecordedAfterTheChangeIsJudgedAgain() async throws {
        let rig = try await Rig()
        _ = await rig.reports.complete()
        try rig.keys.hold(try Keyring([one]))
        _ = await rig.reports.complete()

        // As if it had been judged just before the change, and had come to the writer after it.
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
                        try rig.keys.hold(try Keyring([number.isMultiple(of: 2) ? one : two]))
                    }
                    await Task.yield()
                }
            }
        }
        while rig.history.current.tally[.valid] != 300 { _ = await rig.reports.next() }
        #expect(rig.history.current.tally[.invalid] == 300)
        #expect(try rig.history.reader.matches().filter { $0.value > 0 } == ["two": 300])
    }

    @Test func startedAgainWithAnotherKeyringItJudgesAgainAndWithTheSameItDoesNot() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("history.sqlite")
        func start(_ secrets: [SigningSecret]) async throws -> (report: RejudgeReport, verdicts: [SignatureVerdict]) {
            let rig = try await Rig(secrets, try History(.file(path)))
            let report = await rig.reports.complete()
            if rig.history.current.latestDelivery < 2 { _ = await rig.intake.answer(.sample(signedWith: one)) }
            let verdicts = try rig.verdicts
            rig.history.close()
            return (report, verdicts)
        }
        #expect(try await start([]).verdicts == [.unverified])
        var next = try await start([])
        #expect(next.report.total == 0)
        #expect(next.verdicts == [.unverified, .unverified])
        next = try await start([one])
        #expect(next.report.deliveries == [.valid: 2])
        #expect(next.verdicts == [.valid, .valid])
        #expect(try await start([one]).report.total == 0)
        #expect(try await start([two, one]).report.deliveries == [.valid: 2])
        #expect(try await start([two]).verdicts == [.invalid, .invalid])
        withExtendedLifetime(folder) {}
    }

    @Test func aKeyringThatCannotBeAdoptedIsNotHeld() async throws {
        let rig = try await Rig([one])
        _ = await rig.reports.complete()
        rig.history.close()
        #expect(throws: (any Error).self) { try rig.keys.hold(try Keyring([two])) }
        #expect(rig.keys.keyring.secrets.map(\.label) == ["one"])
    }

    @Test func aJudgingThatFailsHalfWayGoesOnWhenTheRecordIsThereAgain() async throws {
        let folder = try TemporaryFolder()
        let history = try History(.file(folder.file("history.sqlite")))
        let before = try await Rig([], history)
        _ = await before.reports.complete()
        try await before.fill(5_000, signedWith: one)

        // After the first slice the record is moved away.
        let reports = Reports()
        let isMoved = Atomic<Bool>(false)
        history.observe { event in
            guard case .changed(let change) = event, change.tally[.valid] == 2_048 else { return }
            if !isMoved.exchange(true, ordering: .relaxed) {
                #expect(throws: Never.self) { try folder.rename("history.sqlite", "away") }
            }
        }
        let keys = try KeyringHolder(try Keyring([one]), history: history, report: reports.note)
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
