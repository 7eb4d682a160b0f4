import Notifications
import TestSupport
import Testing

// MARK: - Header fields

@Suite struct HeaderFieldTests {
    @Test(
        arguments: [
            [], [HeaderField("Host", "a")], [HeaderField("", "")],
            [HeaderField("X", "1"), HeaderField("x", "2"), HeaderField("X", "1")],
            [HeaderField("Quote", "\"\\/\u{8}\n\r\t"), HeaderField("C1", "\u{9b}\u{7f}\u{202e}\u{0}")],
            [HeaderField("Bytes", bytes: [0x61, 0xE9, 0xFF, 0x22]), HeaderField("X", "1")],
            [HeaderField("Text", "é日😀\u{FFFD}\u{e0001}"), HeaderField("JSON", #"[["a","b"]]"#)],
        ] as [[HeaderField]])
    func readsBackWhatItWrote(fields: [HeaderField]) throws {
        let json = HeaderField.json(fields)
        #expect(try HeaderField.fields(fromJSON: json) == fields)
        // Swift's strings are equal if they only look the same.
        let read = try HeaderField.fields(fromJSON: json)
        #expect(read.map { Array($0.value.utf8) } == fields.map { Array($0.value.utf8) })
    }

    @Test func writesPairsInOrder() {
        #expect(HeaderField.json([HeaderField("B", "2"), HeaderField("a", "1")]) == #"[["B","2"],["a","1"]]"#)
        #expect(HeaderField.json([]) == "[]")
        #expect(
            HeaderField.json([HeaderField("B", bytes: [0x61, 0xE9])]) == "[[\"B\",\"a\u{FFFD}\",[97,233]]]")
    }

    @Test(arguments: [
        "", "{}", "[", #"["a","b"]"#, #"[["a"]]"#, #"[["a","b","c"]]"#, #"[["a","b",[256]]]"#,
        #"[["a","b",[1],[2],"c"]]"#, #"[["a",1]]"#, "[[]]", "[] x",
    ])
    func refusesAnythingElse(json: String) {
        #expect(throws: JSONError.self) { try HeaderField.fields(fromJSON: json) }
    }

    @Test func aReplacedByteIsMarked() {
        #expect(HeaderField("X", "a\u{FFFD}b").isAltered)
        #expect(!HeaderField("X", "aé").isAltered)
        let kept = HeaderField("X", bytes: [0x61, 0xE9])
        #expect(kept.value == "a\u{FFFD}")
        #expect(kept.isAltered && !kept.hasLostBytes)
        #expect(HeaderField("X", bytes: Array("aé".utf8)) == HeaderField("X", "aé"))
    }

    @Test func aDeliveryGivesTheValuesOfANameInOrder() {
        let delivery = Delivery.sample(headers: [
            HeaderField("X-A", "1"), HeaderField("x-b", "2"), HeaderField("x-a", "3"), HeaderField("X-AB", "4"),
        ])
        #expect(delivery.values(of: "x-A") == ["1", "3"])
        #expect(delivery.values(of: "X_A").isEmpty)
        #expect(delivery.values(of: "").isEmpty)
    }

    @Test func aDeliveryIsCutWhereMoreWasReceivedThanKept() {
        #expect(!Delivery.sample().isCut)
        var cut = Delivery.sample()
        cut.bodyLength = 5_000
        #expect(cut.isCut)
    }
}

// MARK: - Origin

@Suite("The origin of a request")
struct DeliveryOriginTests {
    private func origin(_ address: String, _ headers: HeaderField...) -> DeliveryOrigin {
        DeliveryOrigin(remoteAddress: address, headers: headers)
    }

    @Test(
        "is not public if it is this computer or its network",
        arguments: [
            "127.0.0.1", "::1", "::", "10.1.2.3", "192.168.1.20", "172.16.0.9", "172.31.255.1", "169.254.1.1",
            "100.100.1.1", "fe80::1", "fd12:3456::1", "::ffff:127.0.0.1", "unknown", "", "203.0.113", "203.0.113.9.1",
            "999.1.1.1", "ff02::1", "g::1", "0.0.0.0",
        ])
    func local(address: String) {
        #expect(!origin(address, HeaderField("User-Agent", "curl/8.5.0")).isPublic)
        #expect(!origin("127.0.0.1", HeaderField("X-Forwarded-For", address)).isPublic)
    }

    @Test(
        "is public for a public peer, or one that a proxy names",
        arguments: ["203.0.113.9", "172.32.0.1", "2001:db8::7", "::ffff:203.0.113.9", "192.167.0.1", "100.128.0.1"])
    func elsewhere(address: String) {
        #expect(origin(address).isPublic)
        for field in [
            HeaderField("x-forwarded-for", "10.0.0.1, \(address)"), HeaderField("CF-Connecting-IP", address),
            HeaderField("X-Real-IP", address), HeaderField("Forwarded", "for=\"[\(address)]:4711\";proto=https"),
            HeaderField("Forwarded", "proto=https;FOR=\(address)"),
        ] {
            #expect(origin("127.0.0.1", field).isPublic, "\(field)")
        }
        #expect(!origin("127.0.0.1", HeaderField("X-Something", address)).isPublic)
    }

    @Test("can be an IPv4 address with a port")
    func port() {
        #expect(origin("::1", HeaderField("X-Forwarded-For", "203.0.113.9:4711")).isPublic)
        #expect(!origin("::1", HeaderField("X-Forwarded-For", "127.0.0.1:4711")).isPublic)
    }

    @Test("is B2 by its name")
    func name() {
        #expect(origin("203.0.113.9", HeaderField("user-agent", "B2/EventNotifications")).isNamedB2)
        #expect(!origin("203.0.113.9", HeaderField("User-Agent", "curl/8.5.0")).isNamedB2)
        #expect(!origin("203.0.113.9").isNamedB2)
    }
}

// MARK: - Answer

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
        #expect(Set(SignatureVerdict.allCases.map(\.word)).count == 10)
        #expect(Set(SignatureVerdict.allCases.map(\.glyph)).count == 10)
        #expect(SignatureVerdict.allCases.map(\.glyph) == ["✓", "✗", "–", "!", "v", "?", "·", "⊘", "u", "r"])
        #expect(Set(SignatureVerdict.counted) == Set(SignatureVerdict.allCases).subtracting([.unjudged]))
    }
}
