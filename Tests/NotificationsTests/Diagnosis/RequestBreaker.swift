import TestSupport

@testable import Notifications

/// A request with a wrong signature, and the expected diagnosis.
struct BrokenRequest {
    enum Expectation: Sendable {
        /// Exactly these changes.
        case certain([DiagnosisCause.Change])
        /// Nothing certain, and a hint like this.
        case hint(@Sendable (DiagnosisHint) -> Bool)
        /// Nothing certain, because nobody could know.
        case nothing
    }

    var name: String
    var delivery: Delivery
    var keyring: Keyring
    var expectation: Expectation
}

/// Requests that are broken at random, with its own implementation: only the hashes are shared with the tested code.
struct RequestBreaker {
    var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// The text of the correct secret.
    var value = ""
    private var others: [SigningSecret] = []

    /// Returns a request, broken in the way of this number.
    mutating func next(_ number: Int) throws -> BrokenRequest {
        value = text(32)
        others = try (0..<Int.random(in: 0...2, using: &random)).map {
            try SigningSecret(label: "other\($0)", value: text(32))
        }
        let kinds = [secret, body, header, pair, binding, hint, nothing, lineEnds, noDigest]
        // Variants with more possible mistakes appear more often.
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
        request.keyring = try Keyring([.sample("prod", breaker.value, binding: elsewhere)])
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

    /// Bodies that need not be read as JSON, although JSON laid out again would match too.
    private let lineEnds: (inout RequestBreaker) throws -> BrokenRequest = { breaker in
        let (signed, _) = breaker.event()
        let lines = signed.split(separator: 0x0A)
        let arrived = Array(lines.joined(separator: [0x0D, 0x0A])) + [0x0D, 0x0A]
        let digest = breaker.hmac(Array(breaker.value.utf8), signed)
        return try breaker.request(
            "CR LF and a newline", body: arrived, digest: digest, [.body(.withoutFinalNewlines), .body(.linesEndLF)])
    }

    /// Headers without a digest.
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

// MARK: - Steps

extension RequestBreaker {
    /// Returns a body as B2 sends it, and its events.
    mutating func event() -> ([UInt8], [SampleEvent]) {
        let events = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            SampleEvent(
                id: text(64), object: "été/\(text(8)) 😀 & <1>/\(text(5)).jpg",
                size: Int64.random(in: 0..<1 << 40, using: &random))
        }
        return (SampleBody.notification(events), events)
    }

    /// Returns a step, and the key that a sender has after it.
    mutating func secretStep() -> (SecretVariant, [UInt8]) {
        switch Int.random(in: 0..<24, using: &random) {
        case 0: return (.atEnd(.newline), Array("\(value)\n".utf8))
        case 1: return (.atEnd(.returnAndNewline), Array("\(value)\r\n".utf8))
        case 2: return (.atEnd(.space), Array("\(value) ".utf8))
        case 3: return (.atStart(.space), Array(" \(value)".utf8))
        case 4: return (.inQuotes(.double), Array("\"\(value)\"".utf8))
        case 5: return (.inQuotes(.single), Array("'\(value)'".utf8))
        case 6: return (.atStart(.byteOrderMark), Array("\u{FEFF}\(value)".utf8))
        case 7:
            // 32 letters are base64 of 24 bytes.
            let key = (0..<24).map { _ in UInt8.random(in: 0...255, using: &random) }
            value = Self.base64(key)
            return (.base64Decoded, key)
        case 8: return (.base64Encoded, Array(Self.base64(Array(value.utf8)).utf8))
        case 9:
            let key = Array(value.utf8)
            value = "\"\(value)\""
            return (.withoutQuotes, key)
        case 10: return (.atEnd(.carriageReturn), Array("\(value)\r".utf8))
        case 11: return (.atStart(.tab), Array("\t\(value)".utf8))
        case 12: return (.atStart(.newline), Array("\n\(value)".utf8))
        case 13: return (.atEnd(.noBreakSpace), Array("\(value)\u{A0}".utf8))
        case 14: return (.atStart(.doubleQuote), Array("\"\(value)".utf8))
        case 15: return (.atEnd(.doubleQuote), Array("\(value)\"".utf8))
        case 16: return (.atStart(.singleQuote), Array("'\(value)".utf8))
        case 17: return (.atEnd(.backtick), Array("\(value)`".utf8))
        case 18: return (.inQuotes(.backticks), Array("`\(value)`".utf8))
        case 19: return (.inQuotes(.typographicDouble), Array("“\(value)”".utf8))
        case 20: return (.inQuotes(.typographicSingle), Array("‘\(value)’".utf8))
        case 21: return (.upperCase, Array(value.uppercased().utf8))
        case 22: return (.hexEncoded, Array(Hex.encode(Array(value.utf8)).utf8))
        default: return (.lowerCase, Array(value.lowercased().utf8))
        }
    }

    /// Returns a step, the signed body and the received body.
    mutating func bodyStep() -> (BodyStep, signed: [UInt8], arrived: [UInt8]) {
        let (body, events) = event()
        let text = String(decoding: body, as: UTF8.self)
        func rewritten(_ form: JSONForm, _ signed: String, _ arrived: String) -> (BodyStep, [UInt8], [UInt8]) {
            (.rewritten(form), Array(signed.utf8), Array(arrived.utf8))
        }
        let compact = Self.written(events, "{\"events\":[", ",", ":")
        let python = Self.written(events, "{\"events\": [", ", ", ": ")
        let pretty = Self.written(events, "{\n \"events\": [\n", ",\n", ": ")
        switch Int.random(in: 0..<18, using: &random) {
        case 0: return (.withoutFinalNewlines, body, body + [0x0A])
        case 1: return (.withNewline, body + [0x0A], body)
        case 2: return (.linesEndCRLF, Array(text.split(separator: "\n").joined(separator: "\r\n").utf8), body)
        case 3: return (.linesEndLF, body, Array(text.split(separator: "\n").joined(separator: "\r\n").utf8))
        case 4: return (.withoutByteOrderMark, body, [0xEF, 0xBB, 0xBF] + body)
        case 5: return (.withByteOrderMark, [0xEF, 0xBB, 0xBF] + body, body)
        case 6: return rewritten(JSONForm(layout: .two), text, compact)
        case 7: return rewritten(JSONForm(layout: .compact), compact, text)
        case 8: return rewritten(JSONForm(layout: .spaced), python, compact)
        case 9: return rewritten(JSONForm(layout: nil, text: .escaped), Self.escaped(text), text)
        case 10: return rewritten(JSONForm(layout: nil, text: .plain), text, Self.escaped(text))
        case 11: return rewritten(JSONForm(layout: .spaced, text: .escaped), Self.escaped(python), text)
        case 12:
            let shuffled = events.map { event in
                var event = event
                event.fields = event.fields.reversed()
                return event
            }
            return rewritten(
                JSONForm(layout: .two, sortsKeys: true), text,
                Self.written(shuffled, "{\"events\":[", ",", ":"))
        case 13: return (.newlinesTakenOut, body, Array(text.filter { $0 != "\n" }.utf8))
        case 14:
            return rewritten(JSONForm(layout: .compact, text: .htmlEscaped), Self.escapedForHTML(compact), text)
        case 15: return rewritten(JSONForm(layout: nil, text: .htmlEscaped), Self.escapedForHTML(python), python)
        case 16:
            let shuffled = events.map { event in
                var event = event
                event.fields = event.fields.reversed()
                return event
            }
            return rewritten(
                JSONForm(layout: nil, sortsKeys: true), pretty,
                Self.written(shuffled, "{\n \"events\": [\n", ",\n", ": "))
        default:
            let php = Self.escaped(compact).split(separator: "/", omittingEmptySubsequences: false)
            return rewritten(
                JSONForm(layout: .compact, text: .slashesEscaped), php.joined(separator: "\\/"), text)
        }
    }

    /// Returns a header field with this digest, and the way to read it.
    mutating func headerStep(_ digest: String) -> (HeaderField, [HeaderReading.Step]) {
        let name = SignatureHeader.name
        let bytes = Hex.decode(digest) ?? []
        switch Int.random(in: 0..<15, using: &random) {
        case 0: return (HeaderField(name, "sha256=\(digest)"), [.prefix("sha256=")])
        case 1: return (HeaderField(name, digest), [.bare])
        case 2: return (HeaderField(name, "V1=\(digest)"), [.prefix("V1=")])
        case 3: return (HeaderField(name, "v1:\(digest)"), [.prefix("v1:")])
        case 4: return (HeaderField(name, "\"v1=\(digest)\""), [.quotes])
        case 5: return (HeaderField(name, "v1='\(digest)'"), [.quotes])
        case 6: return (HeaderField(name, "v1=\(Self.base64(bytes))"), [.base64])
        case 7:
            let url = Self.base64(bytes).map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }.filter { $0 != "=" }
            return (HeaderField(name, "v1=\(String(url))"), [.base64])
        case 8: return (HeaderField(name, "v1= \(digest)"), [.spaces])
        case 9: return (HeaderField(name, "v1%3D\(digest)"), [.percentEncoded])
        case 10:
            let count = Int.random(in: 16..<64, using: &random)
            return (HeaderField(name, "v1=\(digest.prefix(count))"), [.cut(count)])
        case 11: return (HeaderField("X-Hub-Signature", "v1=\(digest)"), [.otherHeader("X-Hub-Signature")])
        case 12: return (HeaderField(name, "v1=\(digest)x"), [.extra(1)])
        case 13: return (HeaderField(name, "{'v1':\(digest)}"), [.amid])
        default: return (HeaderField(name, "v2=\(digest)"), [.prefix("v2=")])
        }
    }

    private static func written(_ events: [SampleEvent], _ start: String, _ comma: String, _ colon: String) -> String {
        let texts = events.map { event in
            "{" + event.fields.map { "\"\($0.name)\"\(colon)\($0.json)" }.joined(separator: comma) + "}"
        }
        return start + texts.joined(separator: comma) + "]}"
    }

    private static func escapedForHTML(_ text: String) -> String {
        text.map { ["&": "\\u0026", "<": "\\u003c", ">": "\\u003e"][$0] ?? String($0) }.joined()
    }

    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar -> String in
            guard !scalar.isASCII else { return String(scalar) }
            return String(scalar).utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        }.joined()
    }

    /// Encodes by a string of bits, unlike the tested code.
    private static func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var bits = bytes.flatMap { byte in (0..<8).map { Int(byte >> (7 - $0) & 1) } }
        while bits.count % 6 != 0 { bits.append(0) }
        var text = stride(from: 0, to: bits.count, by: 6).map { start in
            letters[bits[start..<start + 6].reduce(0) { $0 * 2 + $1 }]
        }
        while text.count % 4 != 0 { text.append("=") }
        return String(text)
    }
}
