import TestSupport
import Testing

@testable import Notifications

/// Verifying a recorded delivery gives exactly the result of verifying it on arrival.
@Suite struct RecordedRequestTests {
    private static let secret = SigningSecret.sample("one", "first value")
    /// Longer than a block of SHA-256, 64 bytes.
    private static let other = SigningSecret.sample("two", String(repeating: "second value ", count: 9))

    private static let keyrings: [Keyring] = [
        [], [secret], [other, secret], [other], [secret.bound(to: .bucket("mySampleBucket"))],
        [secret.bound(to: .bucket("elsewhere"))], [secret.bound(to: .rule("dashAllEvents")), other],
        [secret.bound(to: .rule("x")), secret.renamed("again")],
    ].flatMap { (secrets: [SigningSecret]) -> [Keyring] in
        let keyring = (try? Keyring(secrets)) ?? Keyring()
        var testing = keyring
        testing.selfTest = SigningSecret.sample("self-test", "own value", binding: .rule("b2watchSelfTest"))
        return [keyring, testing]
    }

    private static let bodies: [[UInt8]] = [
        [], Array("{}".utf8), Array("not JSON".utf8), SampleBody.notification([]),
        SampleBody.notification([SampleEvent()]), SampleBody.notification([SampleEvent(), SampleEvent(bucket: "b")]),
        SampleBody.notification([SampleEvent(rule: "b2watchSelfTest")]),
        SampleBody.notification([SampleEvent(rule: "b2watchSelfTes"), SampleEvent(object: "b2watchSelfTest")]),
        Array(#"{"events":[{"matchedRuleName":"b2watch\u0053elfTest"}]}"#.utf8),
        Array(#"{"events":[{"matchedRuleName":"b2watchSelfTest"#.utf8), Array("xb2watchSelfTest".utf8),
        [0xFF, 0x00, 0x80],
    ]

    /// Lines of the signature header, with the secret's digest.
    private static func lines(_ digest: String) -> [[String]] {
        let right = "v1=\(digest)"
        return [
            [], [right], [right.uppercased()], ["v1=\(digest.uppercased())"], [" \(right)"], ["\(right)\t"],
            ["\(right),v1=00"], ["v2=00,\(right)"], [right, right], ["v2=00", right], [right, "v2=00"], [""],
            ["", right],
            ["v2=\(digest)"], [digest], ["v1=\(digest.dropLast(2))"], ["v1=\(digest)00"], ["v1=\(digest.dropLast(1))g"],
            ["v1=\"\(digest)\""], ["\\\(right)"], ["v1 =\(digest)"], ["v1=\u{130}\(digest.dropFirst())"],
            ["v1=\(digest.dropLast(1))\u{0301}"], ["v1=\(String(repeating: "0", count: 64))"],
        ]
    }

    private static let names = [
        "x-bz-event-notification-signature", "X-Bz-Event-Notification-Signature", "X-BZ-EVENT-NOTIFICATION-SIGNATURE",
        "x-bz-event-notification-signaturf", "x-bz-event-notification-signature ", "x\rbz-event-notification-signature",
        "x-bz-event-notification\u{0D}signature",
    ]

    @Test(arguments: keyrings.indices) func isJudgedAsWhenItCame(keyring: Int) throws {
        let verifier = SignatureVerifier(Self.keyrings[keyring])
        let recorded = RecordVerifier(verifier)
        var number = 0
        for body in Self.bodies {
            for signer in [Self.secret, Self.other, .sample("self-test", "own value")] {
                for lines in Self.lines(String(signer.signature(of: body).dropFirst(3))) {
                    for name in Self.names {
                        // One in five, so that every pair still occurs.
                        for before in ["plain", "with \"quotes\" and \\", name] {
                            number += 1
                            guard number.isMultiple(of: 5) else { continue }
                            let headers =
                                [HeaderField("Host", before), HeaderField("ümlaut", "\u{1F600}")]
                                + lines.map { HeaderField(name, $0) } + [HeaderField("Via", "1.1 x")]
                            let delivery = Delivery.sample(headers: headers, body: body)
                            let expected = verifier.verify(delivery, events: Payload(scanning: body).events)
                            let found = try Array(HeaderField.json(headers).utf8).withUnsafeBytes { headers in
                                try body.withUnsafeBytes { body in
                                    try recorded.verify(RecordedRequest(headers: headers, body: body))
                                }
                            }
                            #expect(found == expected, "\(headers)")
                        }
                    }
                }
            }
        }
    }

    @Test func headersThatAreNoneAreAnError() {
        let recorded = RecordVerifier(SignatureVerifier(Self.keyrings[2]))
        #expect(throws: JSONError.self) {
            try Array(#"[["a\","b"]"#.utf8).withUnsafeBytes { headers in
                try recorded.verify(
                    RecordedRequest(headers: headers, body: UnsafeRawBufferPointer(start: nil, count: 0)))
            }
        }
    }
}
