@testable import Notifications
import TestSupport

/// Requests broken at random, by means of their own: nothing here is taken from what is tested but the hashes.
struct RequestBreaker {
    var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// The right secret's text.
    var value = ""
    private var others: [SigningSecret] = []

    /// One request, broken in the way of this number.
    mutating func next(_ number: Int) throws -> BrokenRequest {
        value = text(32)
        others = try (0..<Int.random(in: 0...2, using: &random)).map {
            try SigningSecret(label: "other\($0)", value: text(32))
        }
        let kinds = [secret, body, header, pair, binding, hint, nothing, lineEnds, noDigest]
        // More of what has more ways to go wrong.
        let weights = [0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 5, 6, 7, 8]
        return try kinds[weights[number % weights.count]](&self)
    }

    private let secret: (inout RequestBreaker) throws -> BrokenRequest = { breaker in
        let (body, _) = breaker.event()
        let (step, key) = breaker.secretStep()
        return try breaker.request("\(step)", body: body, digest: breaker.hmac(key, body), [.secret(step)])
    }

    private let body: (inout RequestBreaker) throws -> BrokenRequest = { breaker in
        let (step, signed, arrived) = breaker.bodyStep()
        return try breaker.request(
            "\(step)", body: arrived, digest: breaker.hmac(Array(breaker.value.utf8), signed), [.body(step)])
    }

    private let header: (inout RequestBreaker) throws -> BrokenRequest = { breaker in
        let (body, _) = breaker.event()
        let key = Array(breaker.value.utf8)
        if Bool.random(using: &breaker.random) {
            let method = DigestMethod.allCases.dropFirst().randomElement(using: &breaker.random) ?? .sha256
            let digest = String(decoding: method.digest(key: key, body: body), as: UTF8.self)
            return try breaker.request("\(method)", body: body, digest: digest, [.method(method)])
        }
        let digest = breaker.hmac(key, body)
        let (field, steps) = breaker.headerStep(digest)
        return try breaker.request("\(steps)", body: body, field: field, [.header(HeaderReading(steps: steps))])
    }

    private let pair: (inout RequestBreaker) throws -> BrokenRequest = { breaker in
        let (secretStep, key) = breaker.secretStep()
        let (bodyStep, signed, arrived) = breaker.bodyStep()
        switch Int.random(in: 0..<3, using: &breaker.random) {
        case 0:
            return try breaker.request(
                "\(secretStep), \(bodyStep)", body: arrived, digest: breaker.hmac(key, signed),
                [.secret(secretStep), .body(bodyStep)])
        case 1:
            let (field, steps) = breaker.headerStep(breaker.hmac(key, signed))
            return try breaker.request(
                "\(secretStep), \(steps)", body: signed, field: field,
                [.secret(secretStep), .header(HeaderReading(steps: steps))])
        default:
            let (field, steps) = breaker.headerStep(breaker.hmac(Array(breaker.value.utf8), signed))
            return try breaker.request(
                "\(bodyStep), \(steps)", body: arrived, field: field,
                [.body(bodyStep), .header(HeaderReading(steps: steps))])
        }
    }

    private let binding: (inout RequestBreaker) throws -> BrokenRequest = { breaker in
        let (body, _) = breaker.event()
        let elsewhere = SecretBinding.bucket("elsewhere")
        var request = try breaker.request(
            "binding", body: body, digest: breaker.hmac(Array(breaker.value.utf8), body), [.binding(elsewhere)])
        try request.keyring.replace("prod", with: .sample("prod", breaker.value, binding: elsewhere))
        return request
    }

    private let hint: (inout RequestBreaker) throws -> BrokenRequest = { breaker in
        let (signed, _) = breaker.event()
        var request = try breaker.request(
            "hint", body: signed, digest: breaker.hmac(Array(breaker.value.utf8), signed), [])
        let cut = Array(signed.prefix(Int.random(in: 20..<signed.count - 20, using: &breaker.random)))
        switch Int.random(in: 0..<4, using: &breaker.random) {
        case 0:
            request.name = "cut short"
            request.delivery.headers.append(HeaderField("Content-Length", "\(signed.count)"))
            request.delivery.body = cut
            request.expectation = .hint { $0 == .cutShort(announced: signed.count, received: cut.count) }
        case 1:
            request.name = "ends early"
            request.delivery.body = cut
            request.expectation = .hint { if case .endsEarly = $0 { true } else { false } }
        case 2:
            request.name = "decompressed"
            let zipped = [0x1F, 0x8B] + signed.shuffled(using: &breaker.random)
            request = try breaker.request(
                "decompressed", body: signed, digest: breaker.hmac(Array(breaker.value.utf8), zipped), [])
            request.delivery.headers.append(HeaderField("content-encoding", "gzip"))
            request.expectation = .hint { $0 == .compressed("gzip", isStill: false) }
        default:
            request.name = "proxy"
            request.delivery.headers.append(HeaderField("CF-Ray", "8f1"))
            request.delivery.body = Array(signed.map { $0 == UInt8(ascii: "a") ? UInt8(ascii: "b") : $0 })
            request.expectation = .hint { $0 == .proxy(["CF-Ray"]) }
        }
        request.delivery.bodyLength = request.delivery.body.count
        return request
    }

    private let nothing: (inout RequestBreaker) throws -> BrokenRequest = { breaker in
        let (signed, _) = breaker.event()
        if Bool.random(using: &breaker.random) {
            let digest = breaker.hmac(Array(breaker.text(32).utf8), signed)
            var request = try breaker.request("another secret", body: signed, digest: digest, [])
            request.expectation = .hint { $0 == .otherSecret }
            return request
        }
        var altered = signed
        altered[Int.random(in: 0..<altered.count, using: &breaker.random)] ^= 1
        let digest = breaker.hmac(Array(breaker.value.utf8), signed)
        var request = try breaker.request("altered body", body: altered, digest: digest, [])
        request.expectation = .nothing
        return request
    }

    /// Bodies whose JSON need not be read, though laid out anew it would be right too.
    private let lineEnds: (inout RequestBreaker) throws -> BrokenRequest = { breaker in
        let (signed, _) = breaker.event()
        let lines = signed.split(separator: 0x0A)
        let arrived = Array(lines.joined(separator: [0x0D, 0x0A])) + [0x0D, 0x0A]
        let digest = breaker.hmac(Array(breaker.value.utf8), signed)
        return try breaker.request(
            "CR LF and a newline", body: arrived, digest: digest, [.body(.withoutFinalNewlines), .body(.linesEndLF)])
    }

    /// Headers in which no digest is.
    private let noDigest: (inout RequestBreaker) throws -> BrokenRequest = { breaker in
        let (body, _) = breaker.event()
        let right = breaker.hmac(Array(breaker.value.utf8), body)
        let count = Int.random(in: 1..<8, using: &breaker.random)
        let kinds: [(String, DiagnosisHint)] = [
            ("v1=\(right.prefix(count))", .otherLength(digits: count, like: nil)), ("v1=", .noDigest("v1")),
            ("", .noDigest(nil)), ("v1=undefined", .placeholder("undefined")),
            ("[object Object]", .placeholder("[object Object]")),
            ("v1=eyJhbGciOi.eyJzdWIi.\(breaker.text(43))", .token),
            ("v2=abc", .otherLength(digits: 3, like: nil)),
            ("v1=\(String(repeating: "g", count: 64))", .notHex(characters: 64)),
            ("v1=550e8400-e29b-41d4-a716-446655440000", .notHex(characters: 36)),
        ]
        let (text, hint) = kinds[Int.random(in: 0..<kinds.count, using: &breaker.random)]
        var request = try breaker.request(
            "header “\(text)”", body: body, field: HeaderField(SignatureHeader.name, text), [])
        request.expectation = .hint { $0 == hint }
        return request
    }

    private func request(
        _ name: String, body: [UInt8], digest: String = "", field: HeaderField? = nil,
        _ changes: [DiagnosisCause.Change]
    ) throws -> BrokenRequest {
        var delivery = Delivery.sample(body: body)
        delivery.headers.append(field ?? HeaderField("X-Bz-Event-Notification-Signature", "v1=\(digest)"))
        var keyring = try Keyring(others)
        try keyring.add(SigningSecret(label: "prod", value: value))
        return BrokenRequest(name: name, delivery: delivery, keyring: keyring, expectation: .certain(changes))
    }

    func hmac(_ key: [UInt8], _ body: [UInt8]) -> String {
        String(decoding: DigestMethod.hmacSHA256.digest(key: key, body: body), as: UTF8.self)
    }

    mutating func text(_ count: Int) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        return String((0..<count).map { _ in letters.randomElement(using: &random) ?? "a" })
    }
}
