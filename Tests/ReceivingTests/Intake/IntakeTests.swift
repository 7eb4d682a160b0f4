import Base
import History
import Notifications
import Receiving
import Synchronization
import Testing
import TestSupport

/// The one path of a delivery, without a socket.
@Suite struct IntakeTests {
    @Test(arguments: SignatureVectors.all.cases)
    func everyVectorIsAnsweredAndRecordedWithTheSecretHeld(vector: SignatureVector) async throws {
        let rig = try await Rig(SignatureVectors.all.keyring.secrets)
        let answer = await rig.intake.answer(vector.delivery)
        #expect(answer.status == vector.status)
        #expect(answer.text == vector.answer)
        let record = try #require(try rig.history.reader.delivery(1))
        #expect(record.judgement.verdict.word == vector.signature)
        #expect(record.judgement.secret?.label == (vector.signature == "valid" ? "vector" : nil))
        #expect(record.status == vector.status)
        #expect(record.answer == vector.answer)
        #expect(record.delivery == vector.delivery)
        let rows = try rig.history.reader.rows(WindowRequest<Int64>(.newest, before: 99, after: 0)).rows
        #expect(rows.count == max(1, vector.events))
    }

    @Test(arguments: SignatureVectors.all.cases)
    func everyVectorIsAnsweredAndRecordedWithNoSecretHeld(vector: SignatureVector) async throws {
        let rig = try await Rig()
        #expect(await rig.intake.answer(vector.delivery).status == vector.statusWithoutSecret)
        #expect(try rig.verdicts.map(\.word) == [vector.signatureWithoutSecret])
    }

    @Test(arguments: ["in memory", "on file"])
    func theRowCanBeReadWhenTheAnswerArrives(place: String) async throws {
        let folder = TemporaryFolder()
        let history =
            place == "in memory" ? nil : try History(.file(folder.file("history.sqlite")), bounds: Rig.bounds(.file))
        let rig = try await Rig([.sample()], history)
        for count in 1...30 {
            #expect(await rig.intake.answer(.sample(signedWith: .sample())) == .accepted)
            #expect(try rig.history.reader.delivery(Int64(count))?.status == 200)
            #expect(rig.history.current.tally[.valid] == count)
        }
        withExtendedLifetime(folder) {}
    }

    /// Runs on a thread of its own: the writer is not held up for ever.
    @Test(.blocking) func noAnswerLeavesBeforeTheCommit() async throws {
        let rig = try await Rig([.sample()])
        let writer = await HeldWriter(rig.intake)
        let answered = Atomic<Int>(0)
        for _ in 0..<50 {
            rig.intake.receive(.sample(signedWith: .sample()), as: .notification) { _, _ in
                answered.add(1, ordering: .relaxed)
            }
        }
        #expect(answered.load(ordering: .relaxed) == 0)
        writer.letGo()
        rig.history.close()
        #expect(answered.load(ordering: .relaxed) == 50)
        #expect(rig.history.current.tally[.valid] == 50)
    }

    @Test func whatIsForAnotherPathIsNotRecorded() async throws {
        let rig = try await Rig([.sample()])
        #expect(await rig.intake.answer(.sample(signedWith: .sample()), as: .wrongPath) == .notFound)
        #expect(rig.history.current.tally.rows == 0 && rig.intake.received == 0)
    }

    @Test func whatIsNoNotificationIsRecordedUnjudgedAndNotCounted() async throws {
        let rig = try await Rig([.sample()])
        let answer = Answer.methodNotAllowed
        #expect(await rig.intake.answer(.sample(signedWith: .sample()), as: .wrongMethod) == answer)
        let record = try #require(try rig.history.reader.delivery(1))
        #expect(record.judgement == Judgement(.unjudged))
        #expect(record.status == answer.status)
        #expect(record.answer == answer.text)
        #expect(rig.history.current.tally.notifications == 0)
        #expect(rig.history.current.tally.rows == 1)
        #expect(rig.intake.received == 0)
        let rows = try rig.history.reader.rows(WindowRequest<Int64>(.newest, before: 9, after: 0)).rows
        #expect(rows.map(\.eventId) == [.absent])

        _ = await rig.intake.answer(.sample())
        #expect(rig.intake.received == 1)
        #expect(rig.history.current.tally.notifications == 1)
    }

    @Test(.blocking) func aFullQueueIsAnsweredOnceAndAtOnce() async throws {
        let rig = try await Rig()
        let writer = await HeldWriter(rig.intake)
        let counts = Mutex<[Answer: Int]>([:])
        let delivery = Delivery.sample()
        for _ in 0..<8_192 + 25 {
            rig.intake.receive(delivery, as: .notification) { answer, _ in
                counts.withLock { $0[answer, default: 0] += 1 }
            }
        }
        #expect(counts.withLock { $0 } == [.overloaded: 25])
        writer.letGo()
        rig.history.close()
        #expect(counts.withLock { $0 } == [.overloaded: 25, .accepted: 8_192])
        #expect(rig.intake.received == 8_192 + 25)
        #expect(rig.history.current.tally.notifications == 8_192)
    }

    @Test func whereTheFileIsGoneNothingIsAcceptedAndTheCheckSaysSo() async throws {
        let folder = TemporaryFolder()
        let rig = try await Rig([], try History(.file(folder.file("history.sqlite"))))
        #expect(await rig.intake.checkRecord())
        #expect(await rig.intake.answer(.sample()) == .accepted)
        try folder.remove("history.sqlite")
        #expect(await !rig.intake.checkRecord())
        #expect(await rig.intake.answer(.sample()) == .notRecorded)
        #expect(await rig.intake.answer(.sample(method: "GET"), as: .wrongMethod) == .notRecorded)
        rig.history.close()
        #expect(await !rig.intake.checkRecord())
        #expect(await rig.intake.answer(.sample()).status == 503)
        withExtendedLifetime(folder) {}
    }
}

// MARK: - b2watch's own test events

/// b2watch's own test events are signed with a secret of its own if there is no other current secret.
@Suite struct SelfTestTests {
    private func delivery(rule: String, signedWith secret: SigningSecret) -> Delivery {
        let json = "{\"events\":[{\"eventType\":\"b2:TestEvent\",\"matchedRuleName\":\"\(rule)\"}]}"
        let body = Array(json.utf8)
        return Delivery(
            receivedAt: Timestamp(milliseconds: 0), remoteAddress: "127.0.0.1", method: "POST", target: "/",
            headers: [HeaderField(SignatureHeader.name, secret.signature(of: body))], body: body)
    }

    @Test func areValidThoughNoSecretIsHeldAndNothingElseIs() async throws {
        let rig = try await Rig()
        let own = rig.keys.selfTest
        #expect(rig.keys.keyring.isEmpty)
        #expect(await rig.intake.answer(delivery(rule: "b2watchSelfTest", signedWith: own)) == .accepted)
        #expect(try rig.history.reader.delivery(1)?.judgement.secret?.label == "self-test")

        let other = try SigningSecret(label: "other", value: "someone else's")
        #expect(await rig.intake.answer(delivery(rule: "b2watchSelfTest", signedWith: other)) == .accepted)
        #expect(await rig.intake.answer(delivery(rule: "prod", signedWith: own)) == .accepted)
        for id in [2, 3] as [Int64] {
            #expect(try rig.history.reader.delivery(id)?.judgement.verdict == .unverified)
        }
    }

    @Test func stayValidWhenASecretIsHeldLater() async throws {
        let rig = try await Rig()
        _ = await rig.reports.complete()
        _ = await rig.intake.answer(delivery(rule: "b2watchSelfTest", signedWith: rig.keys.selfTest))
        try rig.keys.use(try Keyring([.sample()]))
        #expect(await rig.reports.complete().total == 0)
        #expect(try rig.verdicts == [.valid])
        let evidence = SignatureEvidence(
            delivery(rule: "b2watchSelfTest", signedWith: rig.keys.selfTest), keyring: rig.keys.keyring)
        #expect(evidence.judgement.verdict == .valid)
        #expect(evidence.expectations.filter(\.isReceived).map(\.label) == ["self-test"])
    }
}
