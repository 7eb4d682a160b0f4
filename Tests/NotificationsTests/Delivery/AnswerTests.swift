import Notifications
import Testing

@Suite struct AnswerTests {
    @Test(
        arguments: [
            (.missing, .missingSignature), (.malformed, .malformedSignature), (.unsupported, .unsupportedSignature),
            (.invalid, .invalidSignature), (.valid, .accepted), (.unverified, .accepted),
        ] as [(SignatureVerdict, Answer)])
    func theSignatureIsJudgedBeforeTheBody(verdict: SignatureVerdict, answer: Answer) {
        #expect(Answer(to: verdict, isJSON: true) == answer)
        #expect(Answer(to: verdict, isJSON: false) == (answer == .accepted ? .invalidJSON : answer))
    }

    @Test(
        arguments: [
            (.accepted, 200, "OK"), (.missingSignature, 401, "Missing signature header"),
            (.malformedSignature, 401, "Invalid signature format"),
            (.unsupportedSignature, 401, "Invalid signature version"), (.invalidSignature, 401, "Invalid signature"),
            (.invalidJSON, 400, "Invalid JSON in message payload"),
        ] as [(Answer, Int, String)])
    func theAnswersAreTheTutorials(answer: Answer, status: Int, text: String) {
        #expect(answer.status == status)
        #expect(answer.text == text)
    }

    @Test func onlyWhatIsAcceptedIsAnswered200AndWhatIsNotKept503() {
        for answer in Answer.allCases { #expect((answer.status == 200) == (answer == .accepted)) }
        #expect(Answer.notRecorded.status == 503)
        #expect(Answer.overloaded.status == 503)
        #expect(Answer.methodNotAllowed.status == 405)
        #expect(Answer.notFound.status == 404)
        #expect(Answer.allCases.allSatisfy { $0.text.utf8.allSatisfy { (0x20..<0x7F).contains($0) } })
    }

    @Test func theVerdictsHaveOneWordAndOneSignEach() {
        #expect(Set(SignatureVerdict.allCases.map(\.word)).count == 8)
        #expect(Set(SignatureVerdict.allCases.map(\.glyph)).count == 8)
        #expect(SignatureVerdict.allCases.map(\.glyph) == ["✓", "✗", "–", "!", "v", "?", "·", "⊘"])
        #expect(Set(SignatureVerdict.counted) == Set(SignatureVerdict.allCases).subtracting([.unjudged]))
    }
}
