/// Changes at the ends of a body, of its line ends and of its JSON's form; and signatures over something else.
extension BodyStep {
    private static let sameBytes =
        "Sign and send the same bytes: printf %s and curl --data-binary neither add nor strip a newline; nor may"
        + " anything on the way."
    private static let lineEnds =
        "Line ends were converted on the way, or in the file that was signed: send the bytes that were signed."
    private static let mark =
        "An editor or a proxy added or took the mark: sign and send the body without one, as B2 does."
    private static let curlData =
        "Sign and send the same bytes: curl --data, also -d @file, strips newlines; --data-binary does not."
    private static let zeros =
        "Sign and send the bytes of the text alone, without the zero byte that ends a string in C."

    static let withNewline = BodyStep("withNewline", "with a newline at its end", advice: sameBytes)
    static let withReturn = BodyStep("withReturn", "with CR LF at its end", advice: sameBytes)
    static let withoutFinalNewlines = BodyStep(
        "withoutFinalNewlines", "without the newline at its end", advice: sameBytes)
    static let withoutNewlines = BodyStep("withoutNewlines", "without its newlines", advice: curlData)
    static let trimmed = BodyStep("trimmed", "without the white space at its ends", advice: sameBytes)
    static let withSpace = BodyStep("withSpace", "with a space at its end", advice: sameBytes)
    static let linesEndLF = BodyStep("linesEndLF", "with lines that end in LF, not CR LF", advice: lineEnds)
    static let linesEndCRLF = BodyStep("linesEndCRLF", "with lines that end in CR LF, not LF", advice: lineEnds)
    static let linesEndCR = BodyStep("linesEndCR", "with lines that end in CR alone", advice: lineEnds)
    static let returnsToLF = BodyStep("returnsToLF", "with lines that end in LF, not CR", advice: lineEnds)
    static let withByteOrderMark = BodyStep("withByteOrderMark", "with a byte-order mark before it", advice: mark)
    static let withoutByteOrderMark = BodyStep(
        "withoutByteOrderMark", "without the byte-order mark before it", advice: mark)
    static let withZero = BodyStep("withZero", "with a zero byte at its end", advice: zeros)
    static let withoutZeros = BodyStep("withoutZeros", "without the zero bytes in it", advice: zeros)
    /// Nothing: a signature that was made before the body was read.
    static let empty = BodyStep(
        "empty", "left empty", doneBy: "a program that signs before it has read or written the body",
        advice: "The sender signs before it has the body: have it sign the bytes that it sends.")
    /// Newlines that were taken out on the way. Nobody knows their places, so this is not tried: it is found where the
    /// JSON laid out again shows it.
    static let newlinesTakenOut = BodyStep(
        "newlinesTakenOut", "with its newlines, which were taken out", doneBy: "curl --data or -d @file",
        advice: curlData)

    /// Returns the step to the same JSON written in another form.
    static func rewritten(_ form: JSONForm) -> BodyStep {
        BodyStep(
            "rewritten \(form.phrase)", form.phrase,
            doneBy: "a body parser such as express.json() whose result is written as JSON again, an automation service"
                + " such as Zapier, Make or n8n, or an API gateway with a mapping template",
            advice:
                "Something parsed the JSON and wrote it again, between signing and here: have it pass the body on byte"
                + " for byte (express.raw(), a “raw” webhook step, no mapping template).")
    }

    /// Returns the step to a text other than a body, which a program signs by mistake.
    static func insteadOfBody(_ text: String) -> BodyStep {
        BodyStep(
            "insteadOf \(text)", "replaced by the text “\(text)”",
            doneBy: "a program that signs its variable before a body is in it, or that turns an object into text",
            advice: "The sender signs “\(text)” and not the body: have it sign the bytes that it sends.")
    }

    /// Returns the step to the body with more than itself, as other services sign it.
    fileprivate static func withMore(_ before: String, _ after: String) -> BodyStep {
        let parts = [(before, "before it"), (after, "behind it")].filter { !$0.0.isEmpty }
        return BodyStep(
            "more", "with " + parts.map { "“\($0.0)” \($0.1)" }.joined(separator: " and "),
            doneBy: "a sender that signs as Stripe, Slack, GitHub or Standard Webhooks do, with a time or an address",
            advice: "Have the sender sign the body alone, as B2 does.")
    }

    /// Returns the step to a text made of the body, which a program signs in its place.
    fileprivate static func signedAs(_ name: String, _ phrase: String) -> BodyStep {
        BodyStep(
            "signed \(name)", phrase,
            doneBy: "a program that changes the body between signing and sending",
            advice:
                "The sender signs another form of the body than it sends: have it sign exactly the bytes that it sends."
        )
    }
}

extension BodyUndo {
    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    private static let ends =
        "with a newline, CR LF, space, zero byte or byte-order mark more or less, or other line ends"

    private static func end(_ step: BodyStep, _ undo: @escaping @Sendable ([UInt8]) -> [UInt8]?) -> BodyUndo {
        BodyUndo(ends) { body in undo(body.bytes).map { [Undone(step, $0)] } ?? [] }
    }

    /// The undos that cost no more than a copy.
    static let plain: [BodyUndo] = [
        end(.withoutFinalNewlines) { trimmed($0[...]) { $0 == 0x0A || $0 == 0x0D } },
        end(.withNewline) { $0 + [0x0A] },
        end(.withReturn) { $0 + [0x0D, 0x0A] },
        end(.linesEndLF, withLF),
        end(.linesEndCRLF) { replaced(withLF($0), 0x0A, by: [0x0D, 0x0A]) },
        end(.withoutByteOrderMark) { $0.starts(with: mark) ? Array($0.dropFirst(3)) : nil },
        end(.withByteOrderMark) { $0.starts(with: mark) ? nil : mark + $0 },
        end(.trimmed) { trimmed($0.drop(while: isSpace), isSpace) },
        end(.withoutNewlines) { $0.filter { $0 != 0x0A && $0 != 0x0D } },
        end(.returnsToLF) { $0.contains(0x0D) ? replaced($0, 0x0D, by: [0x0A]) : nil },
        end(.linesEndCR) { $0.contains(0x0A) ? replaced(withLF($0), 0x0A, by: [0x0D]) : nil },
        end(.withSpace) { $0 + [0x20] },
        end(.withZero) { $0 + [0] },
        end(.withoutZeros) { $0.contains(0) ? $0.filter { $0 != 0 } : nil },
        BodyUndo(.empty) { $0.bytes.isEmpty ? nil : [] },
    ]

    /// The same JSON written in other ways.
    static let rewritten = BodyUndo("with its JSON laid out, escaped or sorted as programs do") { body, pass in
        guard let tree = body.tree else { return }
        for form in JSONForm.all {
            guard pass(Undone(.rewritten(form), tree.written(form), form: form)) else { return }
        }
    }

    /// The texts that may be signed in place of the body that is sent.
    static let signedOtherwise: [BodyUndo] = [
        BodyUndo("as a text that means no body, such as “{}” or “undefined”") { _ in
            ["{}", "null", "undefined", "[object Object]", "[]", "None", "\"\"", "b''", "true", "false", "0"]
                .map { Undone(.insteadOfBody($0), Array($0.utf8)) }
        },
        signed("in base64, hex, as a JSON string or percent-encoded before it was signed") { bytes in
            let standard = Base64.encode(bytes)
            let url = standard.filter { $0 != UInt8(ascii: "=") }
                .map { $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 }
            let percent = Percent.encode(bytes)
            var forms: [(String, String, [UInt8])] = [
                ("base64", "encoded as base64", standard), ("base64url", "encoded as URL-safe base64", url),
                ("hex", "encoded as hex", Array(Hex.encode(bytes).utf8)),
                ("percent", "percent-encoded", percent),
                ("sum", "replaced by the hex digits of its SHA-256", DigestMethod.sha256.digest(key: [], body: bytes)),
                (
                    "raw sum", "replaced by its SHA-256",
                    Hex.decode(String(decoding: DigestMethod.sha256.digest(key: [], body: bytes), as: UTF8.self)) ?? []
                ),
            ]
            forms.append(
                ("md5", "replaced by the hex digits of its MD5", DigestMethod.md5.digest(key: [], body: bytes)))
            for name in ["payload", "body", "data"] {
                forms.append(("form \(name)", "as the form field “\(name)”", Array("\(name)=".utf8) + percent))
            }
            if let text = String(validating: bytes, as: UTF8.self) {
                forms.append(("string", "as a JSON string", Array(JSONNode.string(of: text).source)))
                var escaped: [UInt8] = [UInt8(ascii: "\"")]
                for scalar in text.unicodeScalars { JSONForm.Text.escaped.write(scalar, to: &escaped) }
                forms.append(("ascii string", "as a JSON string in ASCII", escaped + [UInt8(ascii: "\"")]))
                var literal = Array("b'".utf8)
                for byte in bytes { appendPython(byte, to: &literal) }
                forms.append(("b literal", "as Python's b'…'", literal + [UInt8(ascii: "'")]))
            }
            return forms
        },
        signed("in UTF-16, UTF-32 or Latin-1") { bytes in
            guard let text = String(validating: bytes, as: UTF8.self) else { return [] }
            return Charset.allCases.compactMap { charset in
                charset.encode(text).map { ("\(charset)", "encoded as \(charset.name)", $0) }
            }
        },
        signed("compressed with gzip, zlib or raw deflate, by zlib at three levels") { bytes in
            guard bytes.count <= 64 << 10 else { return [] }
            return Zlib.Format.allCases.flatMap { format in
                ([6, 9, 1] as [Int32]).flatMap { level -> [(String, String, [UInt8])] in
                    guard let packed = Zlib.compress(bytes, format, level: level) else { return [] }
                    guard format == .gzip else { return [("\(format)", "compressed with \(format.name)", packed)] }
                    // Byte 9 names the system: Unix, and unknown (Go, Java, Python).
                    return ([3, 255, 0] as [UInt8]).map { system in
                        var packed = packed
                        packed[9] = system
                        return ("gzip", "compressed with gzip", packed)
                    }
                }
            }
        },
    ]

    /// Appends a byte as Python's `repr` of bytes writes it.
    private static func appendPython(_ byte: UInt8, to output: inout [UInt8]) {
        switch byte {
        case 0x0A: output += Array("\\n".utf8)
        case 0x0D: output += Array("\\r".utf8)
        case 0x09: output += Array("\\t".utf8)
        case UInt8(ascii: "'"), UInt8(ascii: "\\"): output += [0x5C, byte]
        case 0x20..<0x7F: output.append(byte)
        default: output += Array("\\x\(Hex.encode([byte]))".utf8)
        }
    }

    /// Returns the kind that signs header values, or the method and the target, before or after the body.
    static func signedWithMore(_ delivery: Delivery) -> BodyUndo {
        let values = delivery.headers.filter { field in
            let name = field.name.lowercased()
            return ["time", "date", "-id", "nonce", "version", "host"].contains { name.contains($0) }
                && (1...80).contains(field.value.utf8.count) && !field.isAltered
        }.prefix(8).map(\.value)
        // `t=…` next to the signature, as Stripe writes it.
        let times = SignatureHeader(delivery).elements.compactMap { element -> String? in
            guard case .otherVersion(let text) = element, text.hasPrefix("t="), text.utf8.count <= 32 else {
                return nil
            }
            return String(text.dropFirst(2))
        }
        var texts = values + times.prefix(2)
        for first in values { for second in values where first != second { texts.append("\(first).\(second)") } }
        texts += [
            delivery.method, delivery.target, "\(delivery.method)\(delivery.target)",
            "\(delivery.method) \(delivery.target)", "\(delivery.method)\n\(delivery.target)",
        ].filter { $0.utf8.count <= 256 }
        if let host = delivery.values(of: "Host").first, host.utf8.count <= 128 {
            texts += ["https://\(host)\(delivery.target)", "http://\(host)\(delivery.target)"]
        }
        let parts = texts
        return BodyUndo(
            "with header values, the method or the target before or behind it",
            run: { body, pass in
                for text in parts {
                    for (before, after) in [
                        ("\(text).", ""), (text, ""), ("\(text):", ""), ("\(text)\n", ""), ("v0:\(text):", ""),
                        ("", text),
                        ("", ".\(text)"), ("", ":\(text)"),
                    ] {
                        let bytes = Array(before.utf8) + body.bytes + Array(after.utf8)
                        guard pass(Undone(.withMore(before, after), bytes)) else { return }
                    }
                }
            })
    }

    private static func signed(
        _ tried: String, _ forms: @escaping @Sendable ([UInt8]) -> [(String, String, [UInt8])]
    ) -> BodyUndo {
        BodyUndo(tried) { body in forms(body.bytes).map { Undone(.signedAs($0.0, $0.1), $0.2) } }
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    static func withLF(_ body: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(body.count)
        for (index, byte) in body.enumerated() {
            if byte == 0x0D, index + 1 < body.count, body[index + 1] == 0x0A { continue }
            text.append(byte)
        }
        return text
    }

    private static func replaced(_ body: [UInt8], _ byte: UInt8, by bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(body.count)
        for each in body { if each == byte { text += bytes } else { text.append(each) } }
        return text
    }

    static func trimmed(_ body: ArraySlice<UInt8>, _ goes: (UInt8) -> Bool) -> [UInt8] {
        var rest = body
        while let last = rest.last, goes(last) { rest.removeLast() }
        return Array(rest)
    }

    /// Returns one or two plain steps from the body received to the one signed that need not read its JSON; nil if
    /// there are no such steps.
    ///
    /// A body that equals JSON laid out again usually differs in its newlines alone.
    static func plainSteps(from received: [UInt8], to signed: [UInt8]) -> [BodyStep]? {
        if signed.filter({ $0 != 0x0A && $0 != 0x0D }) == received { return [.newlinesTakenOut] }
        let steps = plain.filter { $0.tried == ends }
        var found: [BodyStep]?
        for first in steps where found == nil {
            first.run(BodyCandidate(received)) { once in
                if once.bytes == signed { found = [once.step] }
                for second in steps where found == nil {
                    second.run(BodyCandidate(once.bytes)) { twice in
                        if twice.bytes == signed { found = [once.step, twice.step] }
                        return found == nil
                    }
                }
                return found == nil
            }
        }
        return found
    }
}
