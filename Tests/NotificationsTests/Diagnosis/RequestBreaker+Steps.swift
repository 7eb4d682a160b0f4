@testable import Notifications
import TestSupport

extension RequestBreaker {
    /// A body as B2 sends it, and its events.
    mutating func event() -> ([UInt8], [SampleEvent]) {
        let events = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            SampleEvent(
                id: text(64), object: "été/\(text(8)) 😀 & <1>/\(text(5)).jpg",
                size: Int64.random(in: 0..<1 << 40, using: &random))
        }
        return (SampleBody.notification(events), events)
    }

    /// A step and the key that a sender has by it.
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

    /// A step, the body signed and the body that arrived.
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

    /// A header field that holds this digest, and how it is to be read.
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

    /// By a string of bits, unlike the code that is tested.
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
