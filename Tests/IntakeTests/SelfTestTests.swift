import History
import Intake
import Notifications
import TestSupport
import Testing

/// b2watch's own test events are signed with a secret of its own where no other is held.
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
        try rig.keys.hold(try Keyring([.sample()]))
        #expect(await rig.reports.complete().total == 0)
        #expect(try rig.verdicts == [.valid])
        let evidence = SignatureEvidence(
            delivery(rule: "b2watchSelfTest", signedWith: rig.keys.selfTest), keyring: rig.keys.keyring)
        #expect(evidence.judgement.verdict == .valid)
        #expect(evidence.expectations.filter(\.isReceived).map(\.label) == ["self-test"])
    }
}
