/// Notifications whose JSON has other values than B2's, or that are not JSON any more. B2's format is known well enough
/// to write it again.
extension BodyStep {
    private static let untouched = "Have the body passed on byte for byte, not as values that are written again."
    private static let rewriter =
        "a program or automation service that reads the JSON into values of its own and writes those"

    static let integers = BodyStep(
        "integers", "with its numbers written as integers",
        doneBy: "a language or service whose numbers are floats or strings (Lua, PHP, spreadsheets, BigInt, Terraform)",
        advice: untouched)
    static let floats = BodyStep(
        "floats", "with its numbers written with .0", doneBy: "a sender whose numbers are floats", advice: untouched)
    static let numberStrings = BodyStep(
        "numberStrings", "with its numbers as strings", doneBy: "a sender whose numbers are strings", advice: untouched)
    static let withAbsent = BodyStep(
        "withAbsent", "with members that were left out",
        doneBy: "a JSON library set to leave out null, zero or default values (omitempty, NON_NULL)",
        advice: "Have the body passed on byte for byte, or have the library write null and default values.")
    static let withoutEmpty = BodyStep(
        "withoutEmpty", "without the members that are null or empty",
        doneBy: "a typed model that writes all its fields, set or not", advice: untouched)
    static let withoutOthers = BodyStep(
        "withoutOthers", "without the members that B2 does not send",
        doneBy: "an automation service or log shipper that adds fields of its own (id, timestamp, source)",
        advice: "Have fields added in headers, or around the body, not in it: the signature covers all of it.")
    static let renamed = BodyStep(
        "renamed", "with B2's names for its members",
        doneBy: "a JSON library with a naming convention of its own (snake_case, PascalCase)", advice: untouched)
    static let untyped = BodyStep(
        "untyped", "without the types around its values",
        doneBy: "a database's own JSON (MongoDB, DynamoDB, Firestore)",
        advice: "Store the body as one text, and send that.")
    static let parsedInside = BodyStep(
        "parsedInside", "with the JSON in its strings as JSON",
        doneBy: "a program that calls JSON.stringify on inner values", advice: untouched)
    static let arrays = BodyStep(
        "arrays", "with its arrays and values as B2 nests them",
        doneBy: "a converter between XML or forms and JSON, which cannot distinguish a value from a list of one value",
        advice: untouched)
    static func strings(_ name: String, _ phrase: String) -> BodyStep {
        BodyStep("strings \(name)", phrase, doneBy: rewriter, advice: untouched)
    }
    static let eventOrder = BodyStep(
        "eventOrder", "with its events in another order", doneBy: "a queue or a program that sorts",
        advice: untouched)
    static let someEvents = BodyStep(
        "someEvents", "with some of its events alone",
        doneBy: "a queue or a batching step that puts the events of several bodies into one",
        advice: "Have each body passed on by itself: its signature covers its own events.")
    static let reformatted = BodyStep(
        "reformatted", "written as JSON, as B2 writes it",
        doneBy:
            "an API gateway or automation service that turns JSON into form fields, XML, YAML, a table or a program's"
            + " own notation",
        advice: "Switch that conversion off: have the body passed on byte for byte.")
}

extension BodyUndo {
    /// The changes to a notification's JSON that can be undone.
    static let rebuilt: [BodyUndo] = [
        edit(.rewritten(JSONForm(layout: nil, text: .plain))) { root, body in
            guard body.bytes.contains(UInt8(ascii: "\\")), let tree = body.tree else { return [] }
            return [.bytes(tree.written(JSONForm(layout: nil, text: .plain)))]
        },
        edit(.integers) { root, _ in [true, false].map { .node(Numbers.integers(root, seconds: $0)) } },
        edit(.untyped) { root, _ in [.node(root.replacing(untyped))] },
        edit(.parsedInside) { root, _ in
            [
                .node(
                    root.replacing { node in
                        guard let text = node.text, let first = text.utf8.first, "{[".utf8.contains(first) else {
                            return nil
                        }
                        return JSONTree(Array(text.utf8))?.root
                    })
            ]
        },
        edit(.arrays) { root, _ in [.node(nested(root))] },
        edit(.renamed) { root, _ in
            [
                .node(
                    root.replacing { node in
                        node.members.map { members in
                            .object(
                                members.map { member in
                                    let name =
                                        B2Format.name(for: member.key)
                                        ?? (B2Format.plain(member.key) == "events" ? "events" : nil)
                                    return name.map { JSONMember($0, member.value) } ?? member
                                }, node.source)
                        }
                    })
            ]
        },
        edit(.withoutOthers) { root, _ in
            guard B2Format.events(of: root) != nil else { return [] }
            let top = JSONNode.object((root.members ?? []).filter { $0.key == "events" })
            let both = inEvents(top) { event in event.filter { B2Format.names.contains($0.key) } }
            return [.node(both), .node(top)]
        },
        edit(.withoutEmpty) { root, _ in
            let tests: [@Sendable (JSONNode) -> Bool] = [
                { $0.source.elementsEqual("null".utf8) },
                { $0.source.elementsEqual("null".utf8) || $0.source.elementsEqual("\"\"".utf8) },
                {
                    ["null", "\"\"", "0", "false", "[]", "{}"].contains(String(decoding: $0.source, as: UTF8.self))
                },
            ]
            return tests.map { isEmpty in
                .node(
                    root.replacing { node in
                        node.members.map { .object($0.filter { !isEmpty($0.value) }, node.source) }
                    })
            }
        },
        edit(.withAbsent) { root, _ in
            guard B2Format.events(of: root) != nil else { return [] }
            let restored = inEvents(root, restored)
            let size: [String] = ["objectSize"]
            let all: [String] = ["objectName", "objectSize", "objectVersionId"]
            return [
                .node(restored), .node(inEvents(restored) { adding(size, "null", to: $0) }),
                .node(inEvents(restored) { adding(size, "0", to: $0) }),
                .node(inEvents(restored) { adding(all, "null", to: $0) }),
            ]
        },
        edits("with its strings trimmed or decoded") { root, _ in
            let changes: [(BodyStep, @Sendable (String) -> String)] = [
                (
                    .strings("entities", "with the HTML entities in its strings decoded"),
                    { text in
                        String(decoding: Entities.decode(Array(text.utf8)), as: UTF8.self)
                    }
                ),
                (
                    .strings("percent", "with its strings decoded from percent-encoding"),
                    { text in
                        String(decoding: Percent.decode(Array(text.utf8), plusIsSpace: false), as: UTF8.self)
                    }
                ),
                (
                    .strings("form", "with its strings decoded as in forms"),
                    { text in
                        String(decoding: Percent.decode(Array(text.utf8), plusIsSpace: true), as: UTF8.self)
                    }
                ),
                (
                    .strings("trimmed", "with the white space at the ends of its strings removed"),
                    { text in
                        String(SigningSecret.trim(text))
                    }
                ),
                (.strings("slashes", "with / for \\ in its strings"), { $0.replacing("\\", with: "/") }),
                (
                    .strings("slash", "without the slash before its object names"),
                    { text in
                        text.hasPrefix("/") ? String(text.dropFirst()) : text
                    }
                ),
            ]
            return changes.map { step, change in
                (
                    step,
                    .node(
                        root.replacing { node in
                            guard let text = node.text else { return nil }
                            let changed = change(text)
                            return changed == text ? nil : .string(of: changed)
                        })
                )
            }
        },
        edit(.eventOrder) { root, _ in
            guard let events = B2Format.events(of: root), events.count > 1 else { return [] }
            return [Array(events.reversed())].map { .node(with($0, in: root)) }
                + ["eventTimestamp", "eventId", "objectName"].map { name in
                    .node(
                        with(
                            events.sorted {
                                ($0[name]?.source ?? []).lexicographicallyPrecedes($1[name]?.source ?? [])
                            }, in: root))
                }
        },
        edit(.someEvents) { root, _ in
            guard let events = B2Format.events(of: root), events.count > 1 else { return [] }
            var runs: [Edit] = []
            for start in events.indices.prefix(8) {
                for end in start..<min(events.count, start + 8) where end - start + 1 < events.count {
                    runs.append(.node(with(Array(events[start...end]), in: root)))
                }
            }
            for index in events.indices.dropFirst(8).prefix(42) { runs.append(.node(with([events[index]], in: root))) }
            return runs
        },
        BodyUndo(.reformatted) { body in
            if let root = body.tree?.root,
                root.elements != nil || B2Format.events(of: root) != nil || B2Format.isEvent(root)
            {
                return nil
            }
            return NotificationReader.read(body.bytes)?.written(body.tree?.layout ?? .two)
        },
    ]

    /// Numbers written in ways that JSON read and written again does not keep.
    static let numbers = BodyUndo("with its numbers written otherwise") { body in
        guard let tree = body.tree else { return [] }
        return [(BodyStep.floats, "", ".0"), (.numberStrings, "\"", "\"")].compactMap { step, before, after in
            let changed = tree.root.replacing { node in
                guard case .other(let text) = node, text.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2D })
                else { return nil }
                return .other(Array(before.utf8) + text + Array(after.utf8))
            }
            let written = changed.written(tree.layout)
            return written == body.bytes ? nil : Undone(step, written)
        }
    }

    private enum Edit {
        case node(JSONNode)
        case bytes([UInt8])
    }

    private static func edit(
        _ step: BodyStep, _ edits: @escaping @Sendable (JSONNode, BodyCandidate) -> [Edit]
    ) -> BodyUndo {
        self.edits(step.phrase) { root, body in edits(root, body).map { (step, $0) } }
    }

    /// Returns a kind that changes the JSON, which is then written in the layout that it had.
    private static func edits(
        _ tried: String, _ edits: @escaping @Sendable (JSONNode, BodyCandidate) -> [(BodyStep, Edit)]
    ) -> BodyUndo {
        BodyUndo(tried) { body in
            guard let tree = body.tree else { return [] }
            // What only loses its white space is another form, and no edit.
            let same = tree.root.written(tree.layout)
            return edits(tree.root, body).compactMap { step, edit in
                let bytes =
                    switch edit {
                    case .node(let node): node.written(tree.layout)
                    case .bytes(let bytes): bytes
                    }
                return bytes == same || bytes == body.bytes ? nil : Undone(step, bytes)
            }
        }
    }

    private static func with(_ events: [JSONNode], in root: JSONNode) -> JSONNode {
        .object((root.members ?? []).map { $0.key == "events" ? JSONMember(name: $0.name, value: .array(events)) : $0 })
    }

    private static func inEvents(_ root: JSONNode, _ change: ([JSONMember]) -> [JSONMember]) -> JSONNode {
        guard let events = B2Format.events(of: root) else { return root }
        return with(events.map { .object(change($0.members ?? [])) }, in: root)
    }

    /// Returns an event with members restored that follow from others, or that are always the same.
    private static func restored(_ members: [JSONMember]) -> [JSONMember] {
        var members = members
        if !members.contains(where: { $0.key == "eventVersion" }) {
            members = inserting(JSONMember("eventVersion", .token("1")), into: members)
        }
        if !members.contains(where: { $0.key == "bucketId" }),
            let version = members.first(where: { $0.key == "objectVersionId" })?.value.text, version.hasPrefix("4_z")
        {
            let bucket = version.dropFirst(3).prefix { $0 != "_" }
            members = inserting(JSONMember("bucketId", .string(of: String(bucket))), into: members)
        }
        return members
    }

    private static func adding(_ names: [String], _ value: String, to members: [JSONMember]) -> [JSONMember] {
        names.reduce(members) { members, name in
            members.contains { $0.key == name } ? members : inserting(JSONMember(name, .token(value)), into: members)
        }
    }

    /// Puts a member before the first that follows it in the alphabet.
    private static func inserting(_ member: JSONMember, into members: [JSONMember]) -> [JSONMember] {
        var members = members
        members.insert(member, at: members.firstIndex { $0.key > member.key } ?? members.count)
        return members
    }

    /// Removes the type that a database wrote with a value.
    @Sendable private static func untyped(_ node: JSONNode) -> JSONNode? {
        guard let members = node.members, members.count == 1, let member = members.first else { return nil }
        let value = member.value
        switch member.key {
        case "S", "stringValue", "$oid", "$symbol", "string": return value.text == nil ? nil : value
        case "N", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "integerValue", "doubleValue",
            "timestampValue", "$date", "long", "int", "double", "float":
            guard let text = value.text else { return value }
            return Int64(text) == nil ? value : .token(text)
        case "NULL", "nullValue": return .token("null")
        case "BOOL", "booleanValue", "boolean": return value
        case "L", "SS", "NS": return value.elements == nil ? nil : value
        case "M": return value.members == nil ? nil : value
        case "values" where value.elements != nil, "fields" where value.members != nil: return value
        case "arrayValue", "mapValue": return value
        default: return nil
        }
    }

    /// Returns the JSON with lists of one in place of single events, and single values in place of lists of one.
    private static func nested(_ root: JSONNode) -> JSONNode {
        let plain = root.replacing { node in
            guard let members = node.members else { return nil }
            // An object numbered from 0 is a list.
            if !members.isEmpty, members.enumerated().allSatisfy({ $0.element.key == "\($0.offset)" }) {
                return .array(members.map(\.value))
            }
            return .object(
                members.map { member in
                    if member.key != "events", let elements = member.value.elements, elements.count == 1 {
                        return JSONMember(name: member.name, value: elements[0])
                    }
                    return member
                }, node.source)
        }
        guard let members = plain.members else { return plain }
        return .object(
            members.map { member in
                guard member.key == "events" else { return member }
                var value = member.value
                // XML has an element around each.
                if let inner = value.members, inner.count == 1, !B2Format.isEvent(value) { value = inner[0].value }
                return JSONMember(name: member.name, value: value.elements == nil ? .array([value]) : value)
            })
    }
}

/// Numbers of notifications, put back into the form that B2 gives them.
enum Numbers {
    /// Returns the JSON with whole numbers as integers, and with B2's numbers as such where they are strings, dates or
    /// seconds.
    ///
    /// - Parameter seconds: Whether a time that is too small for milliseconds is taken for seconds.
    static func integers(_ root: JSONNode, seconds: Bool) -> JSONNode {
        root.replacing { node in
            switch node {
            case .other(let text): return integer(String(decoding: text, as: UTF8.self)).map { .token($0) }
            case .object(let members, let source):
                return .object(
                    members.map { member in
                        guard B2Format.numberNames.contains(member.key) else { return member }
                        var value = member.value
                        if let text = value.text {
                            let digits = String(text.filter { !",_' \u{A0}\u{202F}n".contains($0) })
                            if let number = integer(digits) ?? (Int64(digits).map { "\($0)" }) {
                                value = .token(number)
                            } else if member.key == "eventTimestamp", let time = milliseconds(text) {
                                value = .token("\(time)")
                            } else if ["null", "None", ""].contains(text) {
                                value = .token("null")
                            }
                        }
                        if seconds, member.key == "eventTimestamp", case .other(let text) = value,
                            let time = Double(String(decoding: text, as: UTF8.self)), time > 1e8, time < 1e11
                        {
                            value = .token("\(Int64((time * 1000).rounded()))")
                        }
                        return JSONMember(name: member.name, value: value)
                    }, source)
            case .array, .string: return nil
            }
        }
    }

    /// Returns the digits of a number that is written with a fraction or an exponent and is whole; nil for any other.
    static func integer(_ text: String) -> String? {
        let text = text.lowercased()
        guard text.contains(where: { $0 == "." || $0 == "e" }) else { return nil }
        let parts = text.split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
        guard let exponent = parts.count > 1 ? Int(parts[1]) : 0, abs(exponent) <= 32 else { return nil }
        let isNegative = parts[0].hasPrefix("-")
        let halves = parts[0].drop { $0 == "-" }.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = halves.first, halves.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isNumber } }) else {
            return nil
        }
        let fraction = halves.count > 1 ? halves[1] : ""
        guard whole.count + fraction.count <= 40 else { return nil }
        var digits = String(whole + fraction)
        let zeros = exponent - fraction.count
        if zeros >= 0 {
            digits += String(repeating: "0", count: zeros)
        } else {
            guard digits.suffix(-zeros).allSatisfy({ $0 == "0" }) else { return nil }
            digits = String(digits.dropLast(-zeros))
        }
        let trimmed = digits.drop { $0 == "0" }
        return (isNegative && !trimmed.isEmpty ? "-" : "") + (trimmed.isEmpty ? "0" : trimmed)
    }

    /// Returns the milliseconds since 1970 of a time in ISO 8601, such as `2026-01-01T10:11:12.345Z`.
    static func milliseconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 19 else { return nil }
        func number(_ range: Range<Int>) -> Int64? { Int64(String(decoding: bytes[range], as: UTF8.self)) }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), (1...12).contains(month)
        else { return nil }
        var rest = bytes[19...]
        var thousandths: Int64 = 0
        if rest.first == UInt8(ascii: ".") || rest.first == UInt8(ascii: ",") {
            let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
            thousandths = Int64((String(decoding: digits.prefix(3), as: UTF8.self) + "00").prefix(3)) ?? 0
            rest = rest.dropFirst(1 + digits.count)
        }
        var offset: Int64 = 0
        if rest.count >= 5, rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
            let digits = rest.dropFirst().filter { $0 != UInt8(ascii: ":") }
            guard digits.count == 4, let value = Int64(String(decoding: digits, as: UTF8.self)) else { return nil }
            offset = (value / 100 * 60 + value % 100) * (rest.first == UInt8(ascii: "+") ? 1 : -1)
        }
        // Days since 1970 by the civil calendar.
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        return (((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1000 + thousandths
    }
}
