import Harness
import Foundation
import Notifications
import TestSupport
import Testing

@Suite("Every shared vector, through a real socket", .blocking)
struct VectorTests {
    private static let keys: Set<String> = [
        "id", "receivedAt", "remoteAddress", "method", "target", "httpVersion", "headers", "signature", "secret",
        "secretFingerprint", "verifiedAt", "status", "answer", "duplicate", "events",
    ]

    @Test("is answered and recorded as required, with its secret and without", arguments: [true, false])
    func vectors(hasSecret: Bool) throws {
        var home = try Home()
        if hasSecret { home.environment["B2WATCH_SIGNING_SECRET"] = SignatureVectors.all.secret }
        let listener = try RunningListener(in: home, "--format", "json")
        let client = try listener.connect()
        let cases = SignatureVectors.all.cases
        for vector in cases {
            var request = WireRequest(headers: [HeaderField("Host", "b2watch.example")] + vector.headers)
            request.body = vector.body
            let answer = try client.answer(to: request)
            #expect(answer.status == (hasSecret ? vector.status : vector.statusWithoutSecret), "\(vector)")
            #expect(answer.headers["content-type"] == "text/plain; charset=utf-8")
            if hasSecret {
                #expect(answer.text == vector.answer, "\(vector)")
            } else {
                #expect(answer.text == (answer.status == 200 ? "OK" : "Invalid JSON in message payload"), "\(vector)")
            }
        }

        let lines = try #require(listener.output).lines(cases.count)
        for (vector, line) in zip(cases, lines) {
            let delivery = try DeliveryLine(line)
            let status = hasSecret ? vector.status : vector.statusWithoutSecret
            #expect(delivery.signature == (hasSecret ? vector.signature : vector.signatureWithoutSecret), "\(vector)")
            #expect(delivery.secret == (delivery.signature == "valid" ? "environment" : nil), "\(vector)")
            #expect(delivery.status == status, "\(vector)")
            #expect(delivery.events.count == vector.events, "\(vector)")
            #expect(delivery.bytes == vector.body, "\(vector)")
            #expect(
                delivery.headers.dropFirst().prefix(vector.headers.count)
                    == vector.headers.map { [$0.name, $0.value] }[...])
            let object = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let isText = String(validating: vector.body, as: UTF8.self) != nil
            #expect(Set(object.keys) == Self.keys.union([isText ? "body" : "bodyBase64"]), "\(vector)")
            #expect(!line.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a control character in the line of \(vector)")
        }
        try listener.stop()
    }

    @Test("that repeats an event is a duplicate, and no forgery changes that")
    func duplicates() throws {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        let listener = try RunningListener(in: home, "--format", "json")
        let client = try listener.connect()
        let forged = WireRequest.event("e1", signedWith: Secrets.other)
        let real = WireRequest.event("e1", signedWith: Secrets.held)
        for request in [forged, real, real, forged] { _ = try client.answer(to: request) }
        let lines = try listener.deliveries(4)
        #expect(lines.map(\.signature) == ["invalid", "valid", "valid", "invalid"])
        #expect(lines.map(\.duplicate) == [false, false, true, true])
        #expect(lines.map(\.id) == [1, 2, 3, 4])
    }
}
