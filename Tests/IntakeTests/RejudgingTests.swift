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

    @Test func moreThanASliceIsJudgedInSlices() async throws {
        let rig = try await Rig()
        _ = await rig.reports.complete()
        let delivery = Delivery.sample(signedWith: one)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1_203 { group.addTask { _ = await rig.intake.answer(delivery) } }
        }
        try rig.keys.hold(try Keyring([one]))
        var totals: [Int] = []
        var report = RejudgeReport()
        while !report.isComplete {
            report = await rig.reports.next()
            totals.append(report.total)
        }
        #expect(totals == [500, 1_000, 1_203, 1_203])
        #expect(rig.history.current.tally[.valid] == 1_203)
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
        let delivery = Delivery.sample(signedWith: one)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1_203 { group.addTask { _ = await before.intake.answer(delivery) } }
        }

        // After the first slice the record is moved away.
        let reports = Reports()
        let isMoved = Atomic<Bool>(false)
        let keys = try KeyringHolder(try Keyring([one]), history: history) { report in
            if report.total == 500, !isMoved.exchange(true, ordering: .relaxed) {
                #expect(throws: Never.self) { try folder.rename("history.sqlite", "away") }
            }
            reports.note(report)
        }
        #expect(await reports.next().total == 500)
        let failed = await reports.next()
        #expect(failed.failure?.contains("was removed or replaced") == true)
        #expect(!failed.isComplete)

        try folder.rename("away", "history.sqlite")
        #expect(await Intake(history, keys: keys).checkRecord())
        #expect(await reports.complete().deliveries == [.valid: 703])
        #expect(history.current.tally == Tally(deliveries: [.valid: 1_203, .unverified: 0], rows: 1_203))
        #expect(try before.verdicts.allSatisfy { $0 == .valid })
        history.close()
        withExtendedLifetime(folder) {}
    }
}
