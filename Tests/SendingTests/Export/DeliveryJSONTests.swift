import Base
import Foundation
import History
import Notifications
import Testing
import TestSupport

@testable import Sending

@Suite("A delivery as a line of JSON")
struct DeliveryJSONTests {
    private func record(body: [UInt8], verdict: SignatureVerdict = .valid) -> DeliveryRecord {
        DeliveryRecord(
            id: 7,
            delivery: Delivery(
                receivedAt: Timestamp(milliseconds: 1_767_262_272_345), remoteAddress: "203.0.113.9", method: "POST",
                target: "/hook?a=\u{1B}[2J", headers: [HeaderField("X-One", "1"), HeaderField("x-one", "\u{202E}2")],
                body: body),
            judgement: Judgement(verdict, secret: "prod"), judgedAt: Timestamp(milliseconds: 1_767_262_272_999),
            status: 200, answer: "OK")
    }

    private func parsed(_ line: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
    }

    @Test("has the documented keys in their order, and the values as received")
    func keys() throws {
        let body = #"{ "events": [ { "objectName": "a b", "objectSize": 1.50, "n": "\u0041" } ] }"#
        let line = DeliveryJSON.line(record(body: Array(body.utf8)))
        let text = String(decoding: line, as: UTF8.self)
        let keys = [
            "id", "receivedAt", "remoteAddress", "method", "target", "httpVersion", "headers", "body", "signature",
            "secret", "secretFingerprint", "verifiedAt", "status", "answer", "duplicate", "events",
        ]
        let places = keys.compactMap { text.range(of: "\"\($0)\":")?.lowerBound }
        #expect(places.count == keys.count)
        #expect(places == places.sorted())
        #expect(text.hasSuffix(#""events":[{"objectName":"a b","objectSize":1.50,"n":"\u0041"}]}"# + "\n"))

        let object = try parsed(line)
        #expect(object["receivedAt"] as? String == "2026-01-01T10:11:12.345Z")
        #expect(object["body"] as? String == body)
        #expect(object["headers"] as? [[String]] == [["X-One", "1"], ["x-one", "\u{202E}2"]])
        #expect(object["secret"] as? String == "prod")
        #expect(object["secretFingerprint"] as? String == SecretIdentity.sample("prod").fingerprint?.short)
        #expect(object["verifiedAt"] as? String == "2026-01-01T10:11:12.999Z")
        #expect(object["signature"] as? String == "valid")
        #expect(object["duplicate"] as? Bool == false)
    }

    @Test("shows that its secret was deleted as leaked, with the secret's name")
    func removed() throws {
        let object = try parsed(DeliveryJSON.line(record(body: [], verdict: .removed)))
        #expect(object["signature"] as? String == "valid, secret removed")
        #expect(object["secret"] as? String == "prod")
        // A secret that is bound to another place proves nothing.
        #expect(try parsed(DeliveryJSON.line(record(body: [], verdict: .invalid)))["secret"] is NSNull)
    }

    @Test("is one line without anything that could control a terminal")
    func inert() throws {
        let body = "{\"events\": [\n {\"objectName\": \"x\u{9B}31m\u{202E}\u{7F}\u{200B}y\"}]}"
        let line = DeliveryJSON.line(record(body: Array(body.utf8)))
        #expect(line.filter { $0 == 0x0A }.count == 1)
        for scalar in String(decoding: line.dropLast(), as: UTF8.self).unicodeScalars {
            #expect(scalar.value >= 0x20 && scalar.value < 0x7F)
        }
        #expect(try parsed(line)["body"] as? String == body)
    }

    @Test("has a body that is not UTF-8 as Base64")
    func base64() throws {
        let object = try parsed(DeliveryJSON.line(record(body: [0xFF, 0xFE], verdict: .invalid)))
        #expect(object["bodyBase64"] as? String == "//4=")
        #expect(object["body"] == nil)
        #expect(object["secret"] is NSNull)
    }
}

@Suite("A delivery as lines to read")
struct EventLinesTests {
    @Test("is one line an event, in the documented order, with everything escaped")
    func lines() {
        let body = """
            {"events":[{"eventType":"b2:ObjectCreated:Upload","bucketName":"b","objectName":"x\\u001b[2J","objectSize":0},{}]}
            """
        let record = DeliveryRecord(
            id: 1,
            delivery: Delivery(
                receivedAt: Timestamp(milliseconds: 0), remoteAddress: "::1", method: "POST", target: "/", headers: [],
                body: Array(body.utf8)),
            judgement: Judgement(.unverified), status: 200, answer: "OK", isDuplicate: true)
        var bytes = OutputBytes()
        EventLines.append(record, to: &bytes)
        let text = String(decoding: bytes.array, as: UTF8.self)
        let lines = text.split(separator: "\n").map(String.init)
        #expect(
            lines == [
                "1970-01-01T00:00:00.000Z  unverified   b2:ObjectCreated:Upload   b  x\\x1b[2J  0  200  duplicate",
                "1970-01-01T00:00:00.000Z  unverified   -                         -  -  -  200  duplicate",
            ])
        #expect(text == lines.map { $0 + "\n" }.joined())
    }
}
