import Base
import Foundation

@testable import Notifications

extension FuzzTarget {
    /// A notification as B2 sends it.
    private static let notification = """
        {
          "events": [
            {
              "accountId": "e85c6a500333",
              "bucketId": "aea8c5bc362ae55070130333",
              "bucketName": "photos",
              "eventId": "8f0e1c",
              "eventTimestamp": 1767225600123,
              "eventType": "b2:ObjectCreated:Upload",
              "eventVersion": 1,
              "matchedRuleName": "all",
              "objectName": "cat.jpg",
              "objectSize": 10495842,
              "objectVersionId": "4_zaea8"
            }
          ]
        }
        """

    private static let bodies = [
        notification, #"{"events":[]}"#,
        #"{"events":[{"eventId":"a","bucketName":"photos","objectName":"a\u0000\ud800"}]}"#,
        #"{"events":[1,null,{"objectSize":-9223372036854775808,"objectName":{"a":[1.5e3,true]}}],"events":[{}]}"#,
        "[1,2", "\u{FEFF}{}", "", #"{"\u0065vents":[{"eventTimestamp":1e5,"eventType":null}]}"#,
    ]

    private static let words = [
        "\"events\":", "{\"events\":[", "\"eventId\":\"", "\"bucketName\":\"photos\"", "\"matchedRuleName\":\"all\"",
        "\"objectSize\":", "\\u", "\\ud83d\\ude00", "null", "-0.5e7", "}]}", "\u{7F}", "\u{202E}", "v1=", ",", "=",
    ]

    // MARK: - Verdict

    /// The secrets that signatures are verified with.
    private static let secrets: [SigningSecret] = [
        secret("prod", "b2DashTestSecret0123456789abcdEF", .any), secret("bucket", "bucketSecret", .bucket("photos")),
        secret("rule", "ruleSecret", .rule("all")),
    ]

    private static func secret(_ label: String, _ value: String, _ binding: SecretBinding) -> SigningSecret {
        do {
            return try SigningSecret(label: label, value: value, binding: binding)
        } catch {
            preconditionFailure("a secret of a target: \(error)")
        }
    }

    private static let verifier: SignatureVerifier = {
        do {
            return SignatureVerifier(try Keyring(secrets))
        } catch {
            preconditionFailure("the secrets of a target: \(error)")
        }
    }()

    /// A body with its signature header, up to the verdict and the answer. The first byte chooses a secret that signs the
    /// body, and whether a byte of it is changed afterwards.
    static let verdict = FuzzTarget(
        "verdict", longest: 400,
        seeds: bodies.map { seed(1, text: "\n" + $0) } + [
            seed(0, text: "v1=00\n{}"), seed(2, text: "v1=x, v2=y\n" + bodies[2]), seed(3, text: "\n" + bodies[2]),
            seed(0, text: "v1=" + String(repeating: "0a", count: 32) + "\u{0}v1=\n" + bodies[1]),
            seed(9, text: "=\n{}"),
        ],
        words: words
    ) { input in
        var parts = Parts(input)
        let choice = parts.byte()
        var headers = parts.text(to: 0x0A).split(separator: 0).map {
            HeaderField(SignatureHeader.name, bytes: Array($0))
        }
        var body = parts.bytes
        let signing = choice & 3 == 0 ? nil : secrets[Int(choice & 3) - 1]
        if let signing { headers.append(HeaderField("X-Bz-Event-Notification-Signature", signing.signature(of: body))) }
        let isChanged = choice & 8 != 0 && !body.isEmpty
        if isChanged { body[Int(choice >> 4) % body.count] ^= 1 }
        let delivery = Delivery(
            receivedAt: Timestamp(milliseconds: 0), remoteAddress: "", method: "POST", target: "/", headers: headers,
            body: body)
        let payload = Payload(scanning: body)
        let judgement = verifier.verify(delivery, events: payload.events)

        let json = HeaderField.jsonBytes(headers)
        let again = try json.withUnsafeBytes { json in
            try hold(try HeaderField.fields(fromJSON: json) == headers, "recorded header fields are read as they were")
            return try body.withUnsafeBytes { body in
                try RecordVerifier(verifier).verify(RecordedRequest(headers: json, body: body))
            }
        }
        try hold(again == judgement, "the record is verified as the request was: \(again), \(judgement)")

        // A digest is right only where a secret that may vouch for these events gives it.
        let received = headers.map { $0.value.lowercased() }.joined()
        let isVouchedFor = secrets.contains { secret in
            received.contains(secret.signature(of: body).dropFirst(3))
                && secret.binding.outsider(among: payload.events) == nil
        }
        if judgement.verdict == .valid { try hold(isVouchedFor, "valid without a digest") }
        if let signing, !isChanged, signing.binding.outsider(among: payload.events) == nil {
            try hold(judgement.verdict == .valid, "what is signed is \(judgement.verdict)")
        }
        if headers.isEmpty { try hold(judgement.verdict == .missing, "no header is \(judgement.verdict)") }
        let answer = Answer(to: judgement.verdict, isJSON: payload.isJSON)
        try hold((answer == .accepted) == (judgement.verdict == .valid && payload.isJSON), "the answer \(answer)")
    }

    // MARK: - Events

    /// A body up to its events, and these written again.
    static let events = FuzzTarget("events", longest: 400, seeds: bodies.map { Array($0.utf8) }, words: words) {
        input in
        guard case .json(let events, let count) = Payload(scanning: input) else {
            try hold(input.withUnsafeBytes { Payload.ranges(in: $0) }.isEmpty, "no events in what is not JSON")
            return
        }
        try hold(events.count == min(count, Payload.maximumEvents), "\(events.count) events of \(count)")
        try hold(
            input.withUnsafeBytes { Payload.ranges(in: $0) } == events.map(\.range), "ranges are those of the events")
        for event in events {
            // An event alone is the same event.
            let json = Array(#"{"events":["#.utf8) + input[event.range] + Array("]}".utf8)
            var alone = Payload(scanning: json).events
            try hold(alone.count == 1, "an event is JSON")
            alone[0].range = event.range
            try hold(alone[0] == event, "an event alone is the same event")
            for value in Self.fields(of: event) { try checkValue(value) }
            _ = EventType(event.eventType.text).shortName
            for form in [SheetRow.TimestampForm.rfc3339, .epochMilliseconds, .date] {
                let row = SheetRow(SheetFields(event), timestamps: form)
                try hold(row.cells.count == SheetRow.headers.count, "a cell for each header")
                for cell in row.cells { _ = cell.string }
            }
        }
    }

    private static func fields(of event: NotificationEvent) -> [FieldValue] {
        [
            event.accountId, event.bucketId, event.bucketName, event.eventId, event.eventTimestamp, event.eventType,
            event.eventVersion, event.matchedRuleName, event.objectName, event.objectSize, event.objectVersionId,
        ]
    }

    /// Checks that a value that is written as JSON is read as it was.
    private static func checkValue(_ value: FieldValue) throws {
        var writer = JSONWriter()
        switch value {
        case .absent: return
        case .null: writer.string(nil as String?)
        case .string(let text): writer.string(text)
        case .integer(let number): writer.integer(number)
        case .other(let json):
            try hold(Payload(scanning: Array(json.utf8)).isJSON, "other values are JSON")
            writer.compact(json.utf8)
            try hold(Payload(scanning: writer.bytes).isJSON, "compact JSON is JSON")
            return
        }
        try hold(FieldValue(json: writer.bytes) == value, "a value is read as it was: \(value)")
    }

    // MARK: - JSON

    /// A body by the scanner, the tree, the layout and the writer, compared with a plain reader of JSON.
    static let json = FuzzTarget(
        "json", longest: 300,
        seeds: bodies.map { Array($0.utf8) } + [
            Array(#"[{"a":[[],{}, "\b\f\n\r\t\/\"\\"]},-0,0.1E-2,"é😀",false]"#.utf8),
            Array("\"\u{7F}\u{85}\u{202E}\"".utf8),
            Array("01".utf8), Array("1.".utf8), Array("[1,]".utf8), Array("\"\\x\"".utf8),
            [0x22, 0xED, 0xA0, 0x80, 0x22],
        ],
        words: words
    ) { input in
        let isJSON = Payload(scanning: input).isJSON
        var reader = PlainJSONReader(input)
        try hold(isJSON == reader.readsAll(), "the scanner finds it \(isJSON ? "" : "not ")to be JSON")
        let tree = JSONTree(input)
        let pretty = try? PrettyJSON(input)
        // The tree reads no more than 64 levels, and no byte-order mark is JSON.
        if tree != nil { try hold(isJSON, "a tree of what is not JSON") }
        try hold((pretty != nil) == isJSON, "a layout of what is not JSON")
        guard isJSON, let pretty else { return }

        let stripped = PlainJSONReader.strip(input)
        let tokens = pretty.lines.flatMap(\.tokens).map { $0.text == ": " ? ":" : $0.text }.joined()
        try hold(Array(tokens.utf8) == stripped, "a layout has all tokens")
        for fold in pretty.folds {
            try hold(pretty.lines.indices.contains(fold.lines.upperBound) && fold.count > 0, "a fold of lines: \(fold)")
        }
        for line in pretty.lines {
            try hold(
                (0...input.count).contains(line.value.upperBound) && line.level >= 0, "a line of the body: \(line)")
        }
        if let tree { try hold(tree.root.written(.compact) == stripped, "the tree writes what it has read") }

        var writer = JSONWriter()
        writer.compact(input)
        let compact = writer.bytes
        var again = PlainJSONReader(compact)
        try hold(again.readsAll(), "compact JSON is JSON")
        for scalar in String(decoding: compact, as: UTF8.self).unicodeScalars {
            let properties = scalar.properties
            let isHidden = properties.isDefaultIgnorableCodePoint || properties.isBidiControl
            try hold(properties.generalCategory != .control && !isHidden, "U+\(scalar.value) in compact JSON")
        }
        // The strings are the same, however they are escaped now.
        let strings = JSONTree(compact).map { Self.strings(in: $0.root) }
        try hold(tree == nil || strings == tree.map { Self.strings(in: $0.root) }, "compact JSON has the same strings")
    }

    private static func strings(in node: JSONNode) -> [String] {
        if let text = node.text { return [text] }
        let members = node.members?.flatMap { [$0.key] + strings(in: $0.value) }
        return members ?? node.elements?.flatMap { strings(in: $0) } ?? []
    }

    // MARK: - Diagnosis

    /// The changes that the diagnosis must see through: what was signed, made of what is received.
    private static let changes: [@Sendable ([UInt8]) -> [UInt8]] = [
        { $0 + [0x0A] }, { $0 + [0x0D, 0x0A] }, { $0 + [0x20] }, { _ in Array("{}".utf8) },
    ]

    /// A body with its signature header, up to the reason why the signature is not right. The first byte chooses a change that
    /// is made to the body after it was signed.
    static let diagnosis = FuzzTarget(
        "diagnosis", longest: 200,
        seeds: bodies.map { seed(1, text: "\n" + $0) } + [
            seed(0, text: "v1=00112233445566778899aabbccddeeff\n" + bodies[2]), seed(0, text: "\n{}"),
            seed(0, text: "v1 = \"" + String(repeating: "Q", count: 43) + "=\"\neyJldmVudHMiOltdfQ=="),
            seed(0, text: "v1=" + String(repeating: "0a", count: 32) + "\npayload=%7B%22events%22%3A%5B%5D%7D"),
            seed(2, text: "\n" + bodies[2]), seed(3, text: "\n" + bodies[1]), seed(4, text: "\n{}\r\n[]"),
        ],
        words: words + ["%7B", "%22", "payload=", "ey", "==", "&amp;", "\\\"", "--x\r\n", "\r\n\r\n", "\u{FEFF}"],
        isSlow: true
    ) { input in
        var parts = Parts(input)
        let choice = Int(parts.byte())
        var headers = parts.text(to: 0x0A).split(separator: 0).map {
            HeaderField(SignatureHeader.name, bytes: Array($0))
        }
        let body = parts.bytes
        let change = choice == 0 ? nil : changes[(choice - 1) % changes.count]
        let signed = change?(body)
        if let signed { headers.append(HeaderField(SignatureHeader.name, secrets[0].signature(of: signed))) }
        let delivery = Delivery(
            receivedAt: Timestamp(milliseconds: 0), remoteAddress: "", method: "POST", target: "/", headers: headers,
            body: body)
        let events = Payload(scanning: body).events
        let verdict = verifier.verify(delivery, events: events).verdict
        let limit = 512 << 10
        let diagnosis = SignatureDiagnosis(
            delivery, keyring: verifier.keyring, events: events, verdict: verdict, limit: limit, isCancelled: { false })
        guard let diagnosis else { return try hold(verdict == .valid, "no diagnosis of \(verdict)") }
        try hold(verdict != .valid, "a diagnosis of what is valid")
        // The last step may go beyond the limit, by what it makes of one body.
        try hold(diagnosis.work <= limit + 16 * DiagnosisWork.longest, "\(diagnosis.work) of work")
        for section in diagnosis.sections {
            try hold(!section.heading.isEmpty && section.paragraphs.allSatisfy { !$0.isEmpty }, "an empty section")
        }
        if let cause = diagnosis.cause {
            try hold(!cause.changes.isEmpty && !cause.sentence.isEmpty && !cause.advice.isEmpty, "a cause in words")
        } else {
            try hold(signed == nil || !diagnosis.notTried.isEmpty, "a change is not seen through")
        }
    }
}

// MARK: - A plain reader

/// Reads JSON by recursion, as plainly as its grammar is written (RFC 8259), to compare others with it.
private struct PlainJSONReader {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Returns whether all of it is one value.
    mutating func readsAll() -> Bool {
        guard String(validating: bytes, as: UTF8.self) != nil, value() else { return false }
        skipSpace()
        return index == bytes.count
    }

    /// Returns JSON without the white space between its tokens.
    static func strip(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var (isString, isEscaped) = (false, false)
        for byte in bytes {
            if isString || ![0x20, 0x0A, 0x0D, 0x09].contains(byte) { result.append(byte) }
            if byte == UInt8(ascii: "\""), !isEscaped { isString.toggle() }
            isEscaped = isString && byte == UInt8(ascii: "\\") && !isEscaped
        }
        return result
    }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = next, [0x20, 0x0A, 0x0D, 0x09].contains(byte) { index += 1 }
    }

    private mutating func accept(_ text: String) -> Bool {
        guard bytes[index...].starts(with: text.utf8) else { return false }
        index += text.utf8.count
        return true
    }

    private mutating func value() -> Bool {
        skipSpace()
        if accept("{") {
            return list(to: "}") { reader in
                reader.skipSpace()
                guard reader.string() else { return false }
                reader.skipSpace()
                return reader.accept(":") && reader.value()
            }
        }
        if accept("[") { return list(to: "]") { $0.value() } }
        if next == UInt8(ascii: "\"") { return string() }
        return accept("true") || accept("false") || accept("null") || number()
    }

    private mutating func list(to end: String, _ item: (inout PlainJSONReader) -> Bool) -> Bool {
        skipSpace()
        if accept(end) { return true }
        repeat {
            guard item(&self) else { return false }
            skipSpace()
        } while accept(",")
        return accept(end)
    }

    private mutating func string() -> Bool {
        guard accept("\"") else { return false }
        while let byte = next, byte >= 0x20 {
            index += 1
            if byte == UInt8(ascii: "\"") { return true }
            guard byte == UInt8(ascii: "\\") else { continue }
            guard let kind = next else { return false }
            index += 1
            if kind == UInt8(ascii: "u") {
                let digits = bytes[index...].prefix(4).filter { Character(Unicode.Scalar($0)).isHexDigit && $0 < 0x80 }
                guard digits.count == 4 else { return false }
                index += 4
            } else if !"\"\\/bfnrt".utf8.contains(kind) {
                return false
            }
        }
        return false
    }

    private mutating func number() -> Bool {
        _ = accept("-")
        if !accept("0"), !digits() { return false }
        if accept("."), !digits() { return false }
        if accept("e") || accept("E") {
            if !accept("+") { _ = accept("-") }
            return digits()
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = index
        while let byte = next, (0x30...0x39).contains(byte) { index += 1 }
        return index > start
    }
}
