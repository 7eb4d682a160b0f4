import Foundation
@testable import Notifications
import TestSupport

/// Changes whole bodies as gateways, proxies, automation services and parsers do, with its own implementation.
struct BodyBreaker {
    /// A kind of change.
    struct Kind: Sendable {
        let name: String
        /// The prefixes of the names of the last steps that undo it; empty for any.
        let steps: [String]
        /// Returns the changed form of a notification: of B2's text, or of the output of another kind.
        let apply: @Sendable (inout BodyBreaker, [UInt8]) -> [UInt8]?

        init(
            _ name: String, _ steps: [String], _ apply: @escaping @Sendable (inout BodyBreaker, [UInt8]) -> [UInt8]?
        ) {
            self.name = name
            self.steps = steps
            self.apply = apply
        }

        /// Of text.
        init(_ name: String, _ steps: [String], text: @escaping @Sendable (String) -> String?) {
            self.init(name, steps) { _, body in
                String(validating: body, as: UTF8.self).flatMap { text($0) }.map { Array($0.utf8) }
            }
        }

        /// Of JSON, as Foundation reads and writes it.
        init(_ name: String, _ steps: [String], json: @escaping @Sendable ([[String: Any]]) -> Any?) {
            self.init(name, steps) { _, body in
                guard let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
                    object.count == 1, let events = object["events"] as? [[String: Any]], let changed = json(events)
                else { return nil }
                return BodyBreaker.written(changed)
            }
        }
    }

    var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    // MARK: - Bodies

    /// Returns a body as B2 sends it.
    mutating func body(events: Int? = nil) -> [UInt8] {
        let count = events ?? Int.random(in: 1...3, using: &random)
        return SampleBody.notification(
            (0..<count).map { index in
                let hex = "0123456789abcdef"
                var event = SampleEvent(
                    id: text(64, hex), object: "photos/\(text(6)) été & <\(text(2))> Ω/\(text(5)).jpg",
                    size: Int64.random(in: 1..<1 << 36, using: &random),
                    version:
                        "4_zaea8c5bc362ae55070130333_f\(text(16, hex))_d20260101_m101112_c001_v0001044_t0001_u0\(text(13, "123456789"))",
                    timestamp: 1_767_262_272_345 + Int64(index) * 1017)
                if Int.random(in: 0..<6, using: &random) == 0 { event = event.with("objectSize", json: "null") }
                return event
            })
    }

    mutating func text(
        _ count: Int, _ letters: String = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    ) -> String {
        let letters = Array(letters)
        return String((0..<count).map { _ in letters.randomElement(using: &random) ?? "a" })
    }

    static func written(_ object: Any, pretty: Bool = false) -> [UInt8]? {
        let options: JSONSerialization.WritingOptions = [.fragmentsAllowed, .withoutEscapingSlashes]
        return
            (try? JSONSerialization.data(withJSONObject: object, options: pretty ? [options, .prettyPrinted] : options))
            .map { Array($0) }
    }

    static func string(_ bytes: [UInt8]) -> String? { String(validating: bytes, as: UTF8.self) }

    static func percent(_ text: String, plus: Bool = false) -> String {
        var allowed = CharacterSet(charactersIn: "-._~")
        allowed.formUnion(CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"))
        let encoded = text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
        return plus ? encoded.replacing("%20", with: "+") : encoded
    }

    static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    static func flat(_ events: [[String: Any]], _ pair: (Int, String, String) -> String) -> [String] {
        events.enumerated().flatMap { index, event in
            event.keys.sorted().map { pair(index, $0, event[$0] is NSNull ? "" : "\(event[$0] ?? "")") }
        }
    }

    /// Whether a size is null in one of the events, which other notations do not distinguish from an empty text.
    static func hasNull(_ events: [[String: Any]]) -> Bool { events.contains { $0.values.contains { $0 is NSNull } } }
}

extension BodyBreaker {
    /// Changes that write a whole body in other bytes, from which it can be read back.
    static let encodings: [Kind] = [
        Kind("base64", ["base64"]) { _, body in Array(base64(body).utf8) },
        Kind("base64 URL-safe unpadded", ["base64"]) { _, body in
            Array(
                base64(body).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "").utf8)
        },
        Kind("base64 in lines", ["base64"]) { _, body in
            Array(Data(body).base64EncodedString(options: [.lineLength76Characters, .endLineWithCarriageReturn]).utf8)
        },
        Kind("base64 in lines of LF", ["base64"]) { _, body in
            Array(
                (Data(body).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed]) + "\n").utf8)
        },
        Kind("data URI", ["base64"]) { _, body in Array("data:application/json;base64,\(base64(body))".utf8) },
        Kind("data URI, percent-encoded", ["amid", "percent"], text: { "data:application/json,\(percent($0))" }),
        Kind("hex", ["hex"]) { _, body in Array(Hex.encode(body).utf8) },
        Kind("hex of PostgreSQL", ["hex"]) { _, body in Array("\\x\(Hex.encode(body))".utf8) },
        Kind("hex in upper case with spaces", ["hex"]) { _, body in
            Array(body.map { Hex.encode([$0]).uppercased() }.joined(separator: " ").utf8)
        },
        Kind("JSON string", ["jsonString"]) { _, body in string(body).flatMap { written($0) } },
        Kind("JSON string in ASCII", ["jsonString"]) { _, body in
            guard let text = string(body), let literal = written(text), let text = string(literal) else { return nil }
            return Array(
                text.unicodeScalars.map { scalar in
                    scalar.isASCII
                        ? String(scalar)
                        : String(scalar).utf16.map { "\\u" + String(format: "%04x", $0) }.joined()
                }.joined().utf8)
        },
        Kind("escaped without quotes", ["unescaped", "jsonString", "amid"]) { _, body in
            string(body).flatMap { written($0) }.map { Array($0.dropFirst().dropLast()) }
        },
        Kind("Python's bytes", ["literal"]) { _, body in
            guard string(body) != nil else { return nil }
            return Array(
                ("b'"
                    + body.map { byte in
                        switch byte {
                        case 0x0A: "\\n"
                        case 0x0D: "\\r"
                        case 0x09: "\\t"
                        case 0x27, 0x5C: "\\" + String(UnicodeScalar(byte))
                        case 0x20..<0x7F: String(UnicodeScalar(byte))
                        default: "\\x" + Hex.encode([byte])
                        }
                    }.joined() + "'").utf8)
        },
        Kind(
            "quotes doubled as in CSV", ["doubledQuotes", "amid"], text: { "\"\($0.replacing("\"", with: "\"\""))\"" }),
        Kind(
            "HTML entities", ["entities"],
            text: { text in
                text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
                    .replacing("\"", with: "&quot;")
            }),
        Kind(
            "numeric entities", ["entities"],
            text: { text in
                text.unicodeScalars.map { scalar in
                    "&<>\"'".unicodeScalars.contains(scalar) || !scalar.isASCII ? "&#\(scalar.value);" : String(scalar)
                }.joined()
            }),
        Kind("percent-encoded", ["percent", "form"], text: { percent($0) }),
        Kind("percent-encoded with plus", ["percent", "form"], text: { percent($0, plus: true) }),
        Kind("form payload", ["form payload"], text: { "payload=\(percent($0, plus: true))" }),
        Kind("form body among others", ["form body"], text: { "token=abc&body=\(percent($0))&x=1" }),
        Kind("form key without value", ["form", "percent"], text: { percent($0, plus: true) + "=" }),
        Kind(
            "JSON taken for a form", ["form"],
            text: { text in
                text.split(separator: "&", omittingEmptySubsequences: false).map {
                    percent(String($0), plus: true) + "="
                }
                .joined(separator: "&")
            }),
        Kind("raw form payload", ["form", "amid"], text: { "payload=\($0)" }),
        Kind("quoted-printable", ["quotedPrintable"]) { _, body in
            var text = ""
            var column = 0
            for byte in body {
                let next =
                    byte == 0x3D || byte >= 0x7F || (byte < 0x20 && byte != 0x0A)
                    ? "=" + Hex.encode([byte]).uppercased() : String(UnicodeScalar(byte))
                if column + next.count > 75 {
                    text += "=\r\n"
                    column = 0
                }
                text += next
                column = byte == 0x0A ? 0 : column + next.count
            }
            return Array(text.utf8)
        },
        Kind("Node's Buffer", ["numbers", "envelope"]) { _, body in
            written(["type": "Buffer", "data": body.map { Int($0) }] as [String: Any])
        },
        Kind("array of bytes", ["numbers"]) { _, body in written(body.map { Int($0) }) },
        Kind("text of a Uint8Array", ["numbers"]) { _, body in Array(body.map { "\($0)" }.joined(separator: ",").utf8)
        },
        Kind("gzip, stored", ["compressed gzip"]) { _, body in Packing.gzip(body) },
        Kind("zlib, stored", ["compressed zlib"]) { _, body in Packing.zlib(body) },
        Kind("raw deflate, stored", ["compressed raw"]) { _, body in Packing.raw(body) },
        Kind("UTF-16LE", ["utf16"]) { _, body in string(body)?.data(using: .utf16LittleEndian).map { Array($0) } },
        Kind("UTF-16BE", ["utf16"]) { _, body in string(body)?.data(using: .utf16BigEndian).map { Array($0) } },
        Kind("UTF-16LE with a mark", ["utf16"]) { _, body in
            string(body)?.data(using: .utf16LittleEndian).map { [0xFF, 0xFE] + $0 }
        },
        Kind("UTF-16BE with a mark", ["utf16"]) { _, body in
            string(body)?.data(using: .utf16BigEndian).map { [0xFE, 0xFF] + $0 }
        },
        Kind("UTF-32LE", ["utf32"]) { _, body in string(body)?.data(using: .utf32LittleEndian).map { Array($0) } },
        Kind("UTF-32BE", ["utf32"]) { _, body in string(body)?.data(using: .utf32BigEndian).map { Array($0) } },
    ]

    /// Changes of characters in whole bodies.
    static let characters: [Kind] = [
        Kind("read as Latin-1 and encoded again", ["mojibake"]) { _, body in
            body.contains { $0 >= 0x80 } ? body.flatMap { Array(String(UnicodeScalar($0)).utf8) } : nil
        },
        Kind("read as Windows-1252 and encoded again", ["mojibake"]) { _, body in
            guard body.contains(where: { $0 >= 0x80 }) else { return nil }
            return String(data: Data(body), encoding: .windowsCP1252).map { Array($0.utf8) }
        },
        Kind(
            "in NFD", ["normalised"],
            text: { text in
                let changed = text.decomposedStringWithCanonicalMapping
                return changed.utf8.elementsEqual(text.utf8) ? nil : changed
            }),
        Kind("typographic quotes", ["punctuation"], text: { $0.replacing("\"", with: "”") }),
        Kind("no-break spaces", ["punctuation"], text: { $0.replacing("  ", with: " \u{A0}") }),
    ]

    /// Changes that put something around bodies.
    static let wrappers: [Kind] = [
        Kind("Lambda proxy", ["envelope body", "base64"]) { _, body in
            string(body).flatMap {
                written(["resource": "/", "httpMethod": "POST", "isBase64Encoded": false, "body": $0] as [String: Any])
            }
        },
        Kind("Lambda proxy in base64", ["base64", "envelope body"]) { _, body in
            written(["requestContext": ["a": 1], "isBase64Encoded": true, "body": base64(body)] as [String: Any])
        },
        Kind("SNS", ["envelope Message"]) { _, body in
            string(body).flatMap {
                written(["Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": $0, "MessageId": "1"])
            }
        },
        Kind("SNS to Lambda", ["envelope Records[0].Sns.Message"]) { _, body in
            string(body).flatMap { written(["Records": [["Sns": ["Message": $0, "Type": "Notification"]]]]) }
        },
        Kind("SQS", ["envelope Records[0].body"]) { _, body in
            string(body).flatMap { written(["Records": [["messageId": "1", "body": $0]]]) }
        },
        Kind("Kinesis", ["base64"]) { _, body in written(["Records": [["kinesis": ["data": base64(body)]]]]) },
        Kind("Pub/Sub", ["base64"]) { _, body in
            written(["message": ["data": base64(body), "messageId": "1"], "subscription": "s"] as [String: Any])
        },
        Kind("CloudEvents in base64", ["base64"]) { _, body in
            written(["specversion": "1.0", "id": "1", "data_base64": base64(body)])
        },
        Kind("Logic Apps", ["base64"]) { _, body in
            written(["$content-type": "application/json", "$content": base64(body)])
        },
        Kind("log line", ["amid"], text: { "2026-01-01T00:00:00Z INFO webhook: \($0)" }),
        Kind("JSONP", ["amid"], text: { "callback(\($0));" }),
        Kind("XSSI prefix", ["amid"], text: { ")]}',\n\($0)" }),
        Kind("CDATA", ["amid"], text: { "<xml><![CDATA[\($0)]]></xml>" }),
        Kind(
            "PRE", ["entities", "amid"],
            text: { "<pre>\($0.replacing("&", with: "&amp;").replacing("<", with: "&lt;"))</pre>" }),
        Kind("gRPC frame", ["amid"]) { _, body in
            [0, 0, 0, UInt8(body.count >> 8 & 0xFF), UInt8(body.count & 0xFF)] + body
        },
        Kind(
            "event stream", ["linePrefix"],
            text: { $0.split(separator: "\n").map { "data: \($0)" }.joined(separator: "\n") + "\n\n" }),
        Kind(
            "mail quotation", ["linePrefix"],
            text: { $0.split(separator: "\n").map { "> \($0)" }.joined(separator: "\n") }),
        Kind("chunks", ["chunked", "amid"]) { _, body in
            var output: [UInt8] = []
            for start in stride(from: 0, to: body.count, by: 100) {
                let chunk = body[start..<min(start + 100, body.count)]
                output += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + [0x0D, 0x0A]
            }
            return output + Array("0\r\n\r\n".utf8)
        },
        Kind("HTTP message", ["message", "amid"]) { _, body in
            Array("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\r\n".utf8) + body
        },
        Kind("multipart", ["multipart", "amid"]) { _, body in
            Array("--XyZ12\r\nContent-Disposition: form-data; name=\"payload\"\r\n\r\n".utf8) + body
                + Array("\r\n--XyZ12--\r\n".utf8)
        },
        Kind("twice", ["oneOfSeveral", "once"]) { _, body in body + body },
        Kind("two lines", ["oneOfSeveral", "once"]) { breaker, body in
            body.first == 0x7B ? body + [0x0A] + breaker.body() : nil
        },
        Kind("zero bytes behind it", ["withoutZeros", "amid"]) { _, body in body + [UInt8](repeating: 0, count: 7) },
    ]

    /// JSON around JSON that is laid out again with it.
    static let embeddings: [Kind] = [
        Kind(
            "EventBridge", ["rewritten"],
            json: { ["detail-type": "x", "source": "b2", "detail": ["events": $0]] as [String: Any] }),
        Kind("CloudEvents", ["rewritten"], json: { ["specversion": "1.0", "data": ["events": $0]] as [String: Any] }),
        Kind("data", ["rewritten"], json: { ["data": ["events": $0]] }),
        Kind("payload", ["rewritten"], json: { ["payload": ["events": $0]] }),
        Kind(
            "n8n", ["rewritten"],
            json: {
                [
                    [
                        "headers": ["a": "b"], "params": [:] as [String: String], "query": [:] as [String: String],
                        "body": ["events": $0],
                    ] as [String: Any]
                ]
            }),
        Kind("array around", ["rewritten"], json: { [["events": $0]] }),
        Kind("event alone", ["rewritten"], json: { $0.count == 1 ? $0[0] : nil }),
        Kind(
            "event in data", ["rewritten"], json: { $0.count == 1 ? ["data": $0[0], "id": 7] as [String: Any] : nil }),
        Kind("events alone", ["rewritten"], json: { $0 }),
        Kind("records", ["rewritten"], json: { ["records": $0, "total": 3] as [String: Any] }),
        Kind(
            "fields added at the top", ["rewritten"],
            json: { ["events": $0, "receivedAt": "2026-01-01", "id": 7] as [String: Any] }),
        Kind(
            "fields added to events", ["rewritten"],
            json: { ["events": $0.map { $0.merging(["source": "zap", "_id": 1] as [String: Any]) { a, _ in a } }] }),
        Kind(
            "nulls added", ["rewritten"],
            json: { events in
                hasNull(events)
                    ? nil
                    : [
                        "events": events.map {
                            $0.merging(["region": NSNull(), "etag": NSNull()] as [String: Any]) { a, _ in a }
                        }
                    ]
            }),
        Kind(
            "nulls left out", ["rewritten"],
            json: { events in
                events.allSatisfy { $0["objectSize"] is NSNull }
                    ? ["events": events.map { $0.filter { !($0.value is NSNull) } }] : nil
            }),
        Kind(
            "eventVersion left out", ["rewritten"],
            json: { events in
                ["events": events.map { $0.filter { $0.key != "eventVersion" } }]
            }),
        Kind(
            "numbers as strings", ["rewritten"],
            json: { events in
                ["events": events.map { $0.mapValues { ($0 as? NSNumber).map { "\($0)" } ?? $0 } }]
            }),
        Kind(
            "snake case", ["rewritten"],
            json: { events in
                [
                    "events": events.map { event in
                        Dictionary(
                            uniqueKeysWithValues: event.map { name, value in
                                (name.map { $0.isUppercase ? "_\($0.lowercased())" : "\($0)" }.joined(), value)
                            })
                    }
                ]
            }),
        Kind(
            "Pascal case", ["rewritten"],
            json: { events in
                [
                    "Events": events.map { event in
                        Dictionary(
                            uniqueKeysWithValues: event.map {
                                ($0.key.prefix(1).uppercased() + $0.key.dropFirst(), $0.value)
                            })
                    }
                ]
            }),
        Kind(
            "MongoDB", ["rewritten"],
            json: { events in
                [
                    "events": events.map {
                        $0.mapValues { ($0 as? NSNumber).map { ["$numberLong": "\($0)"] as Any } ?? $0 }
                    }
                ]
            }),
        Kind(
            "DynamoDB", ["rewritten"],
            json: { events in
                hasNull(events)
                    ? nil
                    : [
                        "events": [
                            "L": events.map { event in
                                [
                                    "M": event.mapValues { value in
                                        (value as? String).map { ["S": $0] } ?? ["N": "\(value)"]
                                    }
                                ]
                            }
                        ]
                    ]
            }),
        Kind(
            "stringified events", ["rewritten"],
            json: { events in
                string(written(events) ?? []).map { ["events": $0] }
            }),
        Kind("one event, not a list", ["rewritten"], json: { $0.count == 1 ? ["events": $0[0]] : nil }),
        Kind("lists of one", ["rewritten"], json: { events in ["events": events.map { $0.mapValues { [$0] } }] }),
        Kind(
            "times in ISO 8601", ["rewritten"],
            json: { events in
                [
                    "events": events.map { event in
                        guard let time = event["eventTimestamp"] as? Int64 else { return event }
                        let formatter = ISO8601DateFormatter()
                        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
                        return event.merging([
                            "eventTimestamp": formatter.string(from: Date(timeIntervalSince1970: Double(time) / 1000))
                        ]) { $1 }
                    }
                ]
            }),
        Kind("events reversed", ["rewritten"], json: { $0.count > 1 ? ["events": Array($0.reversed())] : nil }),
    ]

    /// Other notations, which must be converted back to JSON.
    static let notations: [Kind] = [
        Kind("nested form fields", ["rewritten", "reformatted"]) { _, body in
            other(body) {
                flat($0) { "events%5B\($0)%5D%5B\($1)%5D=\(percent($2, plus: true))" }.joined(separator: "&")
            }
        },
        Kind("dotted form fields", ["rewritten", "reformatted"]) { _, body in
            other(body) { flat($0) { "events.\($0).\($1)=\(percent($2))" }.joined(separator: "&") }
        },
        Kind("flat JSON", ["rewritten", "reformatted"]) { _, body in
            other(body) {
                "{" + flat($0) { "\"events_\($0)_\($1)\":\(string(written($2) ?? []) ?? "")" }.joined(separator: ",")
                    + "}"
            }
        },
        Kind("XML", ["rewritten", "reformatted"]) { _, body in
            other(body) { events in
                "<?xml version=\"1.0\"?><root>"
                    + events.map { event in
                        "<events>"
                            + flat([event]) { _, name, value in
                                "<\(name)>\(value.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;"))</\(name)>"
                            }.joined() + "</events>"
                    }.joined() + "</root>"
            }
        },
        Kind("YAML", ["rewritten", "reformatted"]) { _, body in
            other(body) { events in
                "events:\n" + events.map { "- " + flat([$0]) { "\($1): \($2)\n" }.joined(separator: "  ") }.joined()
            }
        },
        Kind("Python's dict", ["rewritten", "reformatted"]) { _, body in
            other(body) { events in
                "{'events': ["
                    + events.map {
                        "{"
                            + flat([$0]) {
                                "'\($1)': \(Int64($2) != nil && $1 != "objectName" && $1 != "eventId" ? $2 : "'\($2)'")"
                            }.joined(separator: ", ") + "}"
                    }.joined(separator: ", ") + "]}"
            }
        },
        Kind("Ruby's hash", ["rewritten", "reformatted"]) { _, body in
            other(body) { events in
                "{\"events\"=>["
                    + events.map {
                        "{"
                            + flat([$0]) { "\"\($1)\"=>\(Int64($2) != nil && $1 != "eventId" ? $2 : "\"\($2)\"")" }
                            .joined(separator: ", ") + "}"
                    }.joined(separator: ", ") + "]}"
            }
        },
        Kind("JavaScript's object", ["rewritten", "reformatted"]) { _, body in
            other(body) { events in
                "{ events: ["
                    + events.map {
                        "{ "
                            + flat([$0]) { "\($1): \(Int64($2) != nil && $1 != "eventId" ? $2 : "'\($2)'")" }.joined(
                                separator: ",\n  ") + " }"
                    }.joined(separator: ", ") + "] }"
            }
        },
        Kind("table", ["rewritten", "reformatted"]) { _, body in
            other(body) { events in
                events[0].keys.sorted().joined(separator: ",") + "\n"
                    + events.map { flat([$0]) { _, _, value in "\"\(value)\"" }.joined(separator: ",") + "\n" }.joined()
            }
        },
    ]

    private static func other(_ body: [UInt8], _ write: ([[String: Any]]) -> String) -> [UInt8]? {
        guard let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
            let events = object["events"] as? [[String: Any]], !hasNull(events)
        else { return nil }
        return Array(write(events).utf8)
    }

    /// The same JSON in another layout, order or escaping.
    static let layouts: [Kind] = [
        Kind("compact", ["rewritten", "newlines"]) { _, body in compact(body) },
        Kind("final newline", ["without", "trimmed"]) { _, body in body + [0x0A] },
        Kind(
            "CR LF", ["linesEndLF", "rewritten"], text: { $0.contains("\n") ? $0.replacing("\n", with: "\r\n") : nil }),
        Kind("byte-order mark", ["withoutByteOrderMark"]) { _, body in [0xEF, 0xBB, 0xBF] + body },
        Kind("keys in another order", ["rewritten"]) { _, body in
            guard let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
                let events = object["events"] as? [[String: Any]], object.count == 1
            else { return nil }
            let texts = events.map { event in
                "{"
                    + event.keys.sorted(by: >).compactMap { key in
                        written(event[key] ?? "").flatMap { string($0) }.map { "\"\(key)\":\($0)" }
                    }.joined(separator: ",") + "}"
            }
            return Array("{\"events\":[\(texts.joined(separator: ","))]}".utf8)
        },
        Kind("escaped slashes", ["rewritten", "plainStrings"], text: { $0.replacing("/", with: "\\/") }),
        Kind(
            "escaped non-ASCII", ["rewritten", "plainStrings"],
            text: { text in
                text.unicodeScalars.map {
                    $0.isASCII ? String($0) : String($0).utf16.map { "\\u" + String(format: "%04x", $0) }.joined()
                }.joined()
            }),
        Kind(
            "floats", ["integers"],
            text: { text in
                text.replacing(#/(?<name>"(eventTimestamp|eventVersion|objectSize)": ?)(?<number>\d+)/#) {
                    "\($0.name)\($0.number).0"
                }
            }),
        Kind(
            "exponents", ["integers"],
            text: { text in
                text.replacing(#/(?<name>"eventTimestamp": ?)(?<first>\d)(?<rest>\d+)/#) {
                    "\($0.name)\($0.first).\($0.rest)e+12"
                }
            }),
    ]

    private static func compact(_ body: [UInt8]) -> [UInt8]? {
        guard JSONTree(body) != nil else { return nil }
        var output: [UInt8] = []
        var isInString = false
        var isEscaped = false
        for byte in body {
            if isInString {
                isInString = isEscaped || byte != 0x22
                isEscaped = !isEscaped && byte == 0x5C
            } else if [0x20, 0x0A, 0x0D, 0x09].contains(byte) {
                continue
            } else {
                isInString = byte == 0x22
            }
            output.append(byte)
        }
        return output
    }

    /// Changes that lose information, so that nobody can undo them.
    static let losses: [Kind] = [
        Kind("bytes replaced", [], text: { $0.replacing("é", with: "\u{FFFD}") }),
        Kind("cut within a value", []) { _, body in Array(body.prefix(body.count / 2)) },
        Kind(
            "a member left out", [], json: { events in ["events": events.map { $0.filter { $0.key != "accountId" } }] }),
        Kind(
            "times rounded, compact", [],
            json: { events in
                ["events": events.map { event in event.merging(["eventTimestamp": 1.7672622e12]) { $1 } }]
            }),
        Kind("another JSON", []) { _, _ in Array("{\"text\":\"a file was uploaded\"}".utf8) },
        Kind("a sentence", []) { _, _ in Array("A file was uploaded to my bucket.".utf8) },
        Kind("random bytes", []) { breaker, _ in
            (0..<500).map { _ in UInt8.random(in: 0...255, using: &breaker.random) }
        },
        Kind("nothing", []) { _, _ in [] },
        Kind("an image", []) { breaker, _ in
            [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
                + (0..<300).map { _ in UInt8.random(in: 0...255, using: &breaker.random) }
        },
    ]
}

/// Compressed formats with stored, uncompressed blocks.
enum Packing {
    static func raw(_ bytes: [UInt8]) -> [UInt8] {
        let count = UInt16(bytes.count)
        return [1, UInt8(count & 0xFF), UInt8(count >> 8), UInt8(~count & 0xFF), UInt8(~count >> 8)] + bytes
    }

    static func zlib(_ bytes: [UInt8]) -> [UInt8] {
        var (low, high) = (UInt32(1), UInt32(0))
        for byte in bytes {
            low = (low + UInt32(byte)) % 65521
            high = (high + low) % 65521
        }
        return [0x78, 0x01] + raw(bytes) + [UInt8(high >> 8), UInt8(high & 0xFF), UInt8(low >> 8), UInt8(low & 0xFF)]
    }

    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        sum = ~sum
        func little(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> (8 * $0) & 0xFF) } }
        return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + raw(bytes) + little(sum) + little(UInt32(bytes.count))
    }
}
