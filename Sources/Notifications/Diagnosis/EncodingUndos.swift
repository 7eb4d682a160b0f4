/// Bodies encoded as a whole: base64, hex, escapes, percent-encoding, entities.
extension BodyStep {
    private static let asBytes =
        "Pass the body on as bytes, as they arrived, not as a value inside another text; or decode it before it is passed"
        + " on."

    static let base64 = BodyStep(
        "base64", "decoded from base64",
        doneBy: "an API gateway or Lambda proxy (isBase64Encoded), or a queue, that carries bodies as text",
        advice:
            "Decode the body before it is passed on: Buffer.from(event.body, 'base64') where isBase64Encoded is true;"
            + " or take application/json out of the gateway's binary media types.")
    static let base32 = BodyStep(
        "base32", "decoded from base32", doneBy: "a program that carries bytes as letters and digits", advice: asBytes)
    static let hex = BodyStep(
        "hex", "decoded from hex", doneBy: "a database or log that shows bytes as hex digits", advice: asBytes)
    static let numbers = BodyStep(
        "numbers", "put together from a list of byte values",
        doneBy: "Node's JSON.stringify of a Buffer, or text made of a Uint8Array",
        advice: "Have the program send the Buffer itself, or its toString(), not JSON.stringify of it.")
    static let jsonString = BodyStep(
        "jsonString", "taken out of a JSON string",
        doneBy:
            "a program that calls JSON.stringify or json.dumps on a body that is JSON text already (axios, requests,"
            + " an automation service)",
        advice: "Have the program send the text as it is, without JSON.stringify, json.dumps or json=… around it.")
    static let unescaped = BodyStep(
        "unescaped", "with its escapes decoded once",
        doneBy: "a mapping template ($util.escapeJavaScript), addslashes, or a log that escapes its contents",
        advice: asBytes)
    static let literal = BodyStep(
        "literal", "read as a quoted literal of a program",
        doneBy: "Python's str() or repr() of bytes, or a shell's quotes",
        advice: "Have the program send the bytes themselves: body.decode() in place of str(body), and no quotes around."
    )
    static let doubledQuotes = BodyStep(
        "doubledQuotes", "taken out of quotes with the quotes in it no longer doubled",
        doneBy: "a CSV file, a spreadsheet or SQL", advice: asBytes)
    static let percent = BodyStep(
        "percent", "decoded from percent-encoding",
        doneBy: "a proxy or client that treats the body as a form or as part of a URL",
        advice: "Have the body sent with Content-Type: application/json, and no form encoding (encodeURIComponent, curl"
            + " --data-urlencode) on the way.")
    static func form(_ name: String) -> BodyStep {
        BodyStep(
            "form \(name)", name.isEmpty ? "decoded from a form" : "taken out of the form field “\(name)”",
            doneBy: name.isEmpty
                ? "a form parser (PHP, express.urlencoded(), Rack) whose result is sent on"
                : "a service that posts JSON inside a form",
            advice: "Have the body itself sent on, with Content-Type: application/json, not as a form.")
    }
    static let entities = BodyStep(
        "entities", "with its HTML entities decoded",
        doneBy:
            "a template engine, an XML document or a filter against cross-site scripting, which escapes &, < and quotes",
        advice: "Switch escaping for HTML off where the body passes ({{{ }}} or | safe in templates).")
    static let quotedPrintable = BodyStep(
        "quotedPrintable", "decoded from quoted-printable", doneBy: "a mail gateway",
        advice: "Have it sent by HTTP without mail in between, or decode the transfer encoding.")
    static let token = BodyStep(
        "token", "taken out of a JSON Web Token", doneBy: "a gateway that wraps bodies in signed tokens (JWS)",
        advice: asBytes)
}

extension BodyUndo {
    /// Bodies that became a text in quotes or with escapes.
    static let quoted: [BodyUndo] = [
        BodyUndo(.jsonString) { body in
            guard trimmed(body.bytes.drop(while: isSpace), isSpace).first == UInt8(ascii: "\""),
                let text = body.tree?.root.text
            else { return nil }
            return Array(text.utf8)
        },
        BodyUndo(.doubledQuotes) { body in
            let text = trimmed(body.bytes.drop(while: isSpace), isSpace)
            guard text.count > 4, let quote = text.first, text.last == quote,
                quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
            else { return nil }
            var output: [UInt8] = []
            var isSecond = false
            var hasDoubled = false
            for byte in text.dropFirst().dropLast() {
                if byte == quote, isSecond {
                    isSecond = false
                    hasDoubled = true
                    continue
                }
                isSecond = byte == quote
                output.append(byte)
            }
            return hasDoubled ? output : nil
        },
        BodyUndo(.literal) { body in
            let text = trimmed(body.bytes.drop(while: isSpace), isSpace)[...]
            let inner = text.drop { "bBuUrR$".utf8.contains($0) }
            guard inner.count > 2, text.count - inner.count <= 2, let quote = inner.first, inner.last == quote,
                "'\"`".utf8.contains(quote)
            else { return nil }
            if text.count == inner.count, body.tree != nil { return nil }
            return unescaped(inner.dropFirst().dropLast())
        },
        BodyUndo(.unescaped) { body in
            guard body.tree == nil, body.bytes.contains(UInt8(ascii: "\\")) else { return nil }
            let output = unescaped(body.bytes[...])
            return output == body.bytes ? nil : output
        },
        BodyUndo(.entities) { body in
            guard body.bytes.contains(UInt8(ascii: "&")) else { return nil }
            let output = Entities.decode(body.bytes)
            return output == body.bytes ? nil : output
        },
    ]

    /// Bodies whose bytes are written in other characters.
    static let encoded: [BodyUndo] = [
        BodyUndo(.base64) { body in
            var text = body.bytes.filter { !isSpace($0) }
            if text.starts(with: Array("data:".utf8)), let comma = text.firstIndex(of: UInt8(ascii: ",")) {
                text.removeSubrange(...comma)
            }
            guard text.count >= 16 else { return nil }
            return Base64.decode(text)
        },
        BodyUndo(.base32) { body in
            let text = body.bytes.filter { !isSpace($0) && $0 != UInt8(ascii: "=") }
            guard text.count >= 16 else { return nil }
            var (output, word, bits): ([UInt8], UInt32, Int) = ([], 0, 0)
            for byte in text {
                let value: UInt32
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(byte - UInt8(ascii: "A"))
                case UInt8(ascii: "2")...UInt8(ascii: "7"): value = UInt32(byte - UInt8(ascii: "2")) + 26
                default: return nil
                }
                word = word << 5 | value
                bits += 5
                if bits >= 8 {
                    bits -= 8
                    output.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
                }
            }
            return output
        },
        BodyUndo(.hex) { body in
            var text = body.bytes
            if text.starts(with: Array("\\x".utf8)) || text.starts(with: Array("0x".utf8)) { text.removeFirst(2) }
            if text.starts(with: Array("<Buffer ".utf8)), text.last == UInt8(ascii: ">") {
                text = Array(text.dropFirst(8).dropLast())
            }
            text.removeAll { isSpace($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "-") }
            guard text.count >= 16, text.allSatisfy({ Hex.value(of: $0) != nil }) else { return nil }
            return Hex.decode(String(decoding: text, as: UTF8.self))
        },
        BodyUndo(.numbers) { body in
            if let root = body.tree?.root, let bytes = byteValues(root) { return bytes }
            let texts = body.bytes.split { ",[]".utf8.contains($0) || isSpace($0) }
            guard texts.count >= 16 else { return nil }
            var output: [UInt8] = []
            for text in texts {
                guard text.count <= 3, let byte = UInt8(String(decoding: text, as: UTF8.self)) else { return nil }
                output.append(byte)
            }
            return output
        },
        BodyUndo(BodyStep.percent.phrase) { body in
            guard body.bytes.contains(UInt8(ascii: "%")) else { return [] }
            let plain = Percent.decode(body.bytes, plusIsSpace: false)
            guard plain != body.bytes else { return [] }
            let spaced = Percent.decode(body.bytes, plusIsSpace: true)
            return [Undone(.percent, plain)] + (spaced == plain ? [] : [Undone(.percent, spaced)])
        },
        BodyUndo("taken out of a form", Forms.undone),
        BodyUndo(.quotedPrintable) { body in
            let text = body.bytes
            guard text.contains(UInt8(ascii: "=")) else { return nil }
            var output: [UInt8] = []
            var rest = text[...]
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "=") else {
                    output.append(byte)
                    continue
                }
                if rest.first == 0x0A {
                    rest.removeFirst()
                } else if rest.starts(with: [0x0D, 0x0A]) {
                    rest = rest.dropFirst(2)
                } else if let pair = Hex.decode(String(decoding: rest.prefix(2), as: UTF8.self)), pair.count == 1 {
                    output += pair
                    rest = rest.dropFirst(2)
                } else {
                    return nil
                }
            }
            return output
        },
        BodyUndo(.token) { body in
            let parts = body.bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0].starts(with: Array("eyJ".utf8)), parts[1].count >= 4 else { return nil }
            return Base64.decode(Array(parts[1]))
        },
    ]

    /// Returns text with the escapes that JSON, JavaScript, Python and C have in common decoded.
    static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        var rest = text
        var units: [UInt16] = []
        func flush() {
            if !units.isEmpty { output += String(decoding: units, as: UTF16.self).utf8 }
            units.removeAll(keepingCapacity: true)
        }
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let kind = rest.popFirst() else {
                flush()
                output.append(byte)
                continue
            }
            if kind == UInt8(ascii: "u"), let pair = Hex.decode(String(decoding: rest.prefix(4), as: UTF8.self)),
                pair.count == 2
            {
                units.append(UInt16(pair[0]) << 8 | UInt16(pair[1]))
                rest = rest.dropFirst(4)
                continue
            }
            flush()
            switch kind {
            case UInt8(ascii: "x"):
                if let one = Hex.decode(String(decoding: rest.prefix(2), as: UTF8.self)), one.count == 1 {
                    output += one
                    rest = rest.dropFirst(2)
                } else {
                    output += [byte, kind]
                }
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "/"), UInt8(ascii: "`"):
                output.append(kind)
            default: output += [byte, kind]
            }
        }
        flush()
        return output
    }

    /// Returns the bytes that an array, Node's `{"type":"Buffer","data":[…]}` or `{"0":123,…}` spells; nil for anything
    /// else.
    static func byteValues(_ node: JSONNode) -> [UInt8]? {
        let values: [JSONNode]
        switch node {
        case .array(let elements, _): values = elements
        case .object(let members, _):
            if let data = node["data"]?.elements, node["type"]?.text == "Buffer" {
                values = data
            } else if members.count >= 16, members.first?.key == "0" {
                values = members.map(\.value)
            } else {
                return nil
            }
        case .string, .other: return nil
        }
        guard values.count >= 16 else { return nil }
        var output: [UInt8] = []
        for value in values {
            guard case .other(let text) = value, text.count <= 4,
                let number = Int(String(decoding: text, as: UTF8.self)),
                (-128...255).contains(number)
            else { return nil }
            output.append(UInt8(truncatingIfNeeded: number))
        }
        return output
    }
}

/// HTML's and XML's character references.
enum Entities {
    private static let names: [String: Unicode.Scalar] = [
        "quot": "\"", "amp": "&", "lt": "<", "gt": ">", "apos": "'", "nbsp": "\u{A0}", "colon": ":", "comma": ",",
        "lbrace": "{", "rbrace": "}", "lcub": "{", "rcub": "}", "lbrack": "[", "rbrack": "]", "lsqb": "[", "rsqb": "]",
        "NewLine": "\n", "Tab": "\t", "sol": "/", "bsol": "\\", "grave": "`", "excl": "!", "num": "#", "equals": "=",
    ]

    /// Returns the text with its references decoded; one that is unknown stays.
    static func decode(_ text: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "&"), let end = rest.prefix(12).firstIndex(of: UInt8(ascii: ";")),
                let scalar = scalar(String(decoding: rest[..<end], as: UTF8.self))
            else {
                output.append(byte)
                continue
            }
            output += UTF8.encode(scalar) ?? .init()
            rest = rest[(end + 1)...]
        }
        return output
    }

    private static func scalar(_ name: String) -> Unicode.Scalar? {
        guard name.hasPrefix("#") else { return names[name] }
        let digits = name.dropFirst()
        let number =
            digits.first == "x" || digits.first == "X" ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return number.flatMap(Unicode.Scalar.init)
    }
}

/// Bodies that became a form, `application/x-www-form-urlencoded`.
enum Forms {
    /// The most fields that are read.
    private static let maximumFields = 64

    static func undone(_ body: BodyCandidate) -> [Undone] {
        let text = BodyUndo.trimmed(body.bytes.drop(while: BodyUndo.isSpace), BodyUndo.isSpace)
        guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else { return [] }
        let pairs = text.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
        guard pairs.count <= maximumFields else { return [] }
        var found: [Undone] = []
        for plusIsSpace in [true, false] {
            func decode(_ part: some Collection<UInt8>) -> [UInt8] { Percent.decode(part, plusIsSpace: plusIsSpace) }
            for pair in pairs {
                let end = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
                let name = decode(pair[..<end])
                let value = decode(pair[end...].dropFirst())
                if value.count > 2, name.count <= 64 {
                    found.append(Undone(.form(String(decoding: name, as: UTF8.self)), value))
                }
            }
            // A value that was not encoded may contain & and =.
            if equals <= 64, pairs.count > 1 {
                let value = text[(equals + 1)...]
                found.append(Undone(.form(String(decoding: decode(text[..<equals]), as: UTF8.self)), Array(value)))
                found.append(Undone(.form(String(decoding: decode(text[..<equals]), as: UTF8.self)), decode(value)))
            }
            if equals == text.count - 1, pairs.count == 1 {
                found.append(Undone(.form(""), decode(text.dropLast())))
            }
            // JSON decoded as a form: the text before the first = of each pair, with or without an = at its end.
            if decode(text.prefix(12)).drop(while: BodyUndo.isSpace).first.map({ "{[\"".utf8.contains($0) }) == true {
                let bare = pairs.map { pair in
                    var pair = decode(pair)
                    if pair.last == UInt8(ascii: "=") { pair.removeLast() }
                    return pair
                }
                found.append(Undone(.form(""), Array(bare.joined(separator: [UInt8(ascii: "&")]))))
            }
        }
        return found
    }
}

// MARK: - Compression

extension BodyUndo {
    /// Bodies that were compressed after they were signed. What is unpacked is bounded, whatever was received.
    static let compressed: [BodyUndo] = Zlib.Format.allCases.map { format in
        let step = BodyStep(
            "compressed \(format)", "decompressed as \(format.name)",
            doneBy:
                "a sender or a proxy that compresses requests, such as nginx or an HTTP library with compression on",
            advice: "The body was signed first and compressed then, and B2 compresses nothing: switch compression of"
                + " requests off in the proxy or tunnel, or have it decompress the body before it passes it on.")
        return BodyUndo(step) { body in
            // Raw deflate has no mark; text is not it.
            if format == .raw, body.isText { return nil }
            return Zlib.decompress(body.bytes, format, limit: DiagnosisWork.longest)
        }
    }
}
