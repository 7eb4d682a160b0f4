import Notifications
import TestSupport
import Testing

@Suite struct SignatureVectorTests {
    @Test func allVectorsAreThere() {
        #expect(SignatureVectors.all.cases.count == 46)
        #expect(Set(SignatureVectors.all.cases.map(\.name)).count == 46)
    }

    @Test(arguments: SignatureVectors.all.cases)
    func isJudgedAndAnsweredWithTheSecretHeld(vector: SignatureVector) throws {
        let payload = Payload(scanning: vector.body)
        let judgement = SignatureVerifier(try SignatureVectors.all.keyring)
            .judge(vector.delivery, events: payload.events)
        let answer = Answer(to: judgement.verdict, isJSON: payload.isJSON)
        #expect(judgement.verdict.word == vector.signature)
        #expect(answer.status == vector.status)
        #expect(answer.text == vector.answer)
        #expect(judgement.secret?.label == (vector.signature == "valid" ? "vector" : nil))
    }

    @Test(arguments: SignatureVectors.all.cases)
    func isJudgedAndAnsweredWithNoSecretHeld(vector: SignatureVector) {
        let payload = Payload(scanning: vector.body)
        let judgement = SignatureVerifier(Keyring()).judge(vector.delivery, events: payload.events)
        #expect(judgement.verdict.word == vector.signatureWithoutSecret)
        #expect(Answer(to: judgement.verdict, isJSON: payload.isJSON).status == vector.statusWithoutSecret)
        #expect(judgement.secret == nil)
    }

    @Test(arguments: SignatureVectors.all.cases)
    func holdsTheEventsStated(vector: SignatureVector) {
        #expect(Payload(scanning: vector.body).events.count == vector.events)
    }

    @Test(arguments: SignatureVectors.all.cases)
    func theEvidenceSaysTheSameAsTheVerdict(vector: SignatureVector) throws {
        let evidence = SignatureEvidence(vector.delivery, keyring: try SignatureVectors.all.keyring)
        #expect(evidence.judgement.verdict.word == vector.signature)
        #expect(evidence.expectations.map(\.isReceived) == [vector.signature == "valid"])
        #expect(evidence.received.isEmpty == (vector.signature == "missing"))
        #expect(evidence.sentence.hasSuffix("."))
    }
}
