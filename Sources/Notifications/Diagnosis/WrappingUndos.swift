/// Bodies with something around them, and bodies of which something is missing.
extension BodyStep {
    private static let passOn = "Pass on the body alone, byte for byte."

    static let multipart = BodyStep(
        "multipart", "taken out of a multipart body",
        doneBy: "a client that sends the body as a file or field of a form",
        advice: "Send the body itself with Content-Type: application/json (curl --data-binary, not -F).")
    static let chunked = BodyStep(
        "chunked", "without the chunk sizes in it",
        doneBy: "a proxy that passes on the chunks of HTTP without reading them",
        advice:
            "Update or reconfigure the proxy or tunnel: it must decode Transfer-Encoding: chunked or keep the header.")
    static let message = BodyStep(
        "message", "taken out of the HTTP message around it", doneBy: "a tool that posts a whole captured request",
        advice: passOn)
    static let amid = BodyStep(
        "amid", "taken out of the text around it",
        doneBy: "a log or queue that puts a prefix before it, a template, or a framing such as JSONP, SSE, XML or gRPC",
        advice: passOn)
    static let linePrefix = BodyStep(
        "linePrefix", "without what each of its lines begins with",
        doneBy: "an event stream (data: …), or a quotation in a mail", advice: passOn)
    static let oneOfSeveral = BodyStep(
        "oneOfSeveral", "taken out of several bodies in a row",
        doneBy: "a queue or log shipper that puts several bodies into one request, or a retry on the same connection",
        advice: "Have each body passed on in a request of its own, with its own headers.")
    static let once = BodyStep(
        "once", "once in place of twice", doneBy: "a handler that writes the body twice, or a broken retry",
        advice: passOn)
    static let announced = BodyStep(
        "announced", "cut to the length that Content-Length announces", doneBy: "a proxy that appends to bodies",
        advice: passOn)
    static let closed = BodyStep(
        "closed", "with its closing brackets, which were cut off",
        doneBy: "a limit on the length of a body, column or log line",
        advice: "The end of the body was cut off: raise the limit on its length in the proxy or tunnel.")
    static let begun = BodyStep(
        "begun", "with its first characters, which were cut off",
        doneBy: "a program that reads some bytes to see what they are, and passes on the rest",
        advice: "The start of the body was cut off: have the program pass on what it has read too.")
    static let unwrappedLines = BodyStep(
        "unwrappedLines", "without the line breaks in its strings",
        doneBy: "mail, or a terminal that breaks long lines",
        advice: "Switch the breaking of long lines off on the way, or send the body as it is.")
    static let trailing = BodyStep(
        "trailing", "without the spaces at the ends of its lines", doneBy: "an editor or a version control system",
        advice: "Send the bytes that were signed.")
    static let tabsToSpaces = BodyStep(
        "tabsToSpaces", "with spaces for its tabs", doneBy: "an editor", advice: "Send the bytes that were signed.")
}

extension BodyUndo {
    /// The most parts of one body that are tried.
    private static let maximumParts = 16

    static let wrapped: [BodyUndo] = [
        BodyUndo("taken out of the JSON around it", Envelopes.undone),
        BodyUndo(
            "taken out of a multipart body",
            run: { body, pass in
                for part in parts(body.bytes) { guard pass(Undone(.multipart, part)) else { return } }
            }),
        BodyUndo(.chunked) { dechunked($0.bytes) },
        BodyUndo(BodyStep.message.phrase) { body in
            let start = body.bytes.prefix(16)
            guard start.first.map({ (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }) == true else {
                return []
            }
            for gap in [[0x0D, 0x0A, 0x0D, 0x0A], [0x0A, 0x0A]] as [[UInt8]] {
                guard let range = body.bytes.firstRange(of: gap) else { continue }
                return [Undone(.message, Array(body.bytes[range.upperBound...]))]
            }
            return []
        },
        BodyUndo(.linePrefix) { body in
            let lines = withLF(body.bytes).split(separator: 0x0A)
            guard body.tree == nil, lines.count > 1 || body.bytes.starts(with: Array("data:".utf8)),
                let first = lines.first, let colon = first.prefix(12).firstIndex(where: { ":>|#".utf8.contains($0) })
            else { return nil }
            var prefix = Array(first[...colon])
            if lines.allSatisfy({ $0.starts(with: prefix + [0x20]) }) { prefix.append(0x20) }
            guard lines.allSatisfy({ $0.starts(with: prefix) }) else { return nil }
            return Array(lines.map { $0.dropFirst(prefix.count) }.joined(separator: [0x0A]))
        },
        BodyUndo(
            "taken out of several bodies in a row",
            run: { body, pass in
                guard body.tree == nil else { return }
                for value in values(in: body.bytes) { guard pass(Undone(.oneOfSeveral, value)) else { return } }
            }),
        BodyUndo(.once) { body in
            let bytes = body.bytes
            for gap in 0...2 where bytes.count > gap + 2 && (bytes.count - gap).isMultiple(of: 2) {
                let half = (bytes.count - gap) / 2
                if bytes[..<half] == bytes[(half + gap)...] { return Array(bytes[..<half]) }
            }
            return nil
        },
        BodyUndo(BodyStep.amid.phrase) { body in
            guard body.tree == nil else { return [] }
            // The longest piece from a bracket to its like; each of both kinds.
            let brackets: [(open: UInt8, close: UInt8)] = [(0x7B, 0x7D), (0x5B, 0x5D)]
            return brackets.compactMap { pair in
                guard let start = body.bytes.firstIndex(of: pair.open),
                    let end = body.bytes.lastIndex(of: pair.close), start < end,
                    end - start + 1 < body.bytes.count
                else { return nil }
                return Undone(.amid, Array(body.bytes[start...end]))
            }
        },
        BodyUndo(BodyStep.amid.phrase) { body in
            // A length before it, with or without a byte of flags: as gRPC and many protocols frame messages.
            [(5, 1), (4, 0), (2, 0)].compactMap { count, flags in
                guard body.bytes.count > count else { return nil }
                let length = body.bytes[flags..<count].reduce(0) { $0 << 8 | Int($1) }
                return length == body.bytes.count - count ? Undone(.amid, Array(body.bytes[count...])) : nil
            }
        },
        BodyUndo(BodyStep.amid.phrase) { body in
            guard body.tree == nil, let run = longestRun(body.bytes), run.count < body.bytes.count else { return [] }
            return [Undone(.amid, Array(run))]
        },
        BodyUndo(BodyStep.closed.phrase) { body in
            guard case .ended? = body.problem?.problem else { return [] }
            return closings(of: body.bytes).map { Undone(.closed, $0) }
        },
        BodyUndo(.begun) { body in
            guard body.problem != nil else { return nil }
            for layout in [JSONForm.Layout.two, .compact, .spaced] {
                let start = Array(
                    JSONNode.object([JSONMember("events", .array([.object([JSONMember("accountId", .token(""))])]))])
                        .written(layout).prefix { $0 != UInt8(ascii: "I") })
                for count in 1..<start.count where body.bytes.starts(with: start.dropFirst(count)) {
                    return start.prefix(count) + body.bytes
                }
            }
            return nil
        },
        BodyUndo(BodyStep.unwrappedLines.phrase) { body in
            guard case .controlInString? = body.problem?.problem else { return [] }
            let bare = body.bytes.filter { $0 != 0x0A && $0 != 0x0D }
            var spaced: [UInt8] = []
            for line in withLF(body.bytes).split(separator: 0x0A) {
                if !spaced.isEmpty { spaced.append(0x20) }
                spaced += line
            }
            return [Undone(.unwrappedLines, bare), Undone(.unwrappedLines, spaced)]
        },
        BodyUndo(.trailing) { body in
            guard body.bytes.contains(0x0A) else { return nil }
            let lines = body.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            let bare = lines.map { trimmed($0) { $0 == 0x20 || $0 == 0x09 } }
            let output = Array(bare.joined(separator: [0x0A]))
            return output == body.bytes ? nil : output
        },
        BodyUndo(BodyStep.tabsToSpaces.phrase) { body in
            guard body.bytes.contains(0x09), body.tree == nil else { return [] }
            return [2, 4, 1, 8].map { width in
                Undone(
                    .tabsToSpaces,
                    body.bytes.flatMap { $0 == 0x09 ? [UInt8](repeating: 0x20, count: width) : [$0] })
            }
        },
    ]

    /// Returns the longest run of what base64, URLs and hex digits are written in; nil where none is long.
    private static func longestRun(_ body: [UInt8]) -> ArraySlice<UInt8>? {
        var longest = body[..<0]
        var start = 0
        for index in 0...body.count {
            if index < body.count {
                switch body[index] {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="),
                    UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "%"), UInt8(ascii: "\\"), 0x0A, 0x0D:
                    continue
                default: break
                }
            }
            if index - start > longest.count { longest = body[start..<index] }
            start = index + 1
        }
        return longest.count >= 64 ? longest : nil
    }

    /// Returns the contents of the parts of a multipart body, which begins with its boundary.
    private static func parts(_ body: [UInt8]) -> [[UInt8]] {
        guard let start = body.firstRange(of: Array("--".utf8))?.lowerBound,
            start < 256, let end = body[start...].firstIndex(where: { $0 == 0x0D || $0 == 0x0A })
        else { return [] }
        let boundary = Array(body[start..<end])
        guard boundary.count > 2, boundary.count <= 80 else { return [] }
        var parts: [[UInt8]] = []
        var rest = body[end...]
        while parts.count < maximumParts, let next = rest.firstRange(of: boundary) {
            var part = rest[..<next.lowerBound]
            rest = rest[next.upperBound...]
            for gap in [[0x0D, 0x0A, 0x0D, 0x0A], [0x0A, 0x0A]] as [[UInt8]] {
                guard let range = part.firstRange(of: gap) else { continue }
                part = part[range.upperBound...]
                break
            }
            if part.last == 0x0A { part.removeLast() }
            if part.last == 0x0D { part.removeLast() }
            parts.append(Array(part))
        }
        return parts
    }

    /// Returns a body of HTTP chunks put together; nil for anything else.
    private static func dechunked(_ body: [UInt8]) -> [UInt8]? {
        var output: [UInt8] = []
        var rest = body[...]
        var chunks = 0
        while true {
            guard let end = rest.prefix(64).firstIndex(of: 0x0A) else { return nil }
            let digits = rest[..<end].prefix { Hex.value(of: $0) != nil }
            guard (1...6).contains(digits.count), let size = Int(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            rest = rest[(end + 1)...]
            guard rest.count >= size else { return nil }
            output += rest.prefix(size)
            rest = rest.dropFirst(size)
            chunks += 1
            if size == 0 { return chunks > 1 ? output : nil }
            if rest.first == 0x0D { rest.removeFirst() }
            if rest.first == 0x0A { rest.removeFirst() }
            if rest.isEmpty { return output }
        }
    }

    /// Returns JSON values that follow one another, or are on a line each.
    private static func values(in body: [UInt8]) -> [[UInt8]] {
        body.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes)
            var values: [[UInt8]] = []
            while values.count < maximumParts {
                // Some are separated by commas or record separators.
                while let byte = scanner.peek(), byte == UInt8(ascii: ",") || byte == 0x1E { _ = scanner.accept(byte) }
                guard scanner.peek() != nil, let range = try? scanner.value(depth: 0) else { break }
                values.append(Array(bytes[range]))
            }
            return values.count > 1 ? values : []
        }
    }

    /// Returns JSON that stops between two tokens with the brackets that it lacks, in the layouts that there are.
    private static func closings(of body: [UInt8]) -> [[UInt8]] {
        var open: [UInt8] = []
        var isInString = false
        var isEscaped = false
        for byte in body {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"): open.append(UInt8(ascii: "}"))
            case UInt8(ascii: "["): open.append(UInt8(ascii: "]"))
            case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = open.popLast()
            default: break
            }
            if open.count > 8 { return [] }
        }
        guard !open.isEmpty else { return [] }
        let body = trimmed(body[...], isSpace)
        let start = (isInString ? [UInt8(ascii: "\"")] : [])
        return [JSONForm.Layout.two, .compact, .four, .tabs].map { layout in
            var output = body + start
            for (level, bracket) in open.enumerated().reversed() {
                layout.breakLine(level: level, isFirst: true, to: &output)
                output.append(bracket)
            }
            return output
        }
    }
}

// MARK: - Envelopes

/// Bodies inside other JSON: what gateways, queues and automation services put around what they pass on.
enum Envelopes {
    /// The largest number of bodies found in one body, and the deepest level that is searched.
    private static let maximumCount = 24
    private static let maximumDepth = 8
    /// The shortest string that may contain a body, in bytes.
    private static let shortestText = 16

    static func undone(_ body: BodyCandidate) -> [Undone] {
        guard let tree = body.tree else { return [] }
        var search = Search(root: tree.root, layout: tree.layout)
        search.visit(tree.root, path: [], depth: 0)
        return search.notifications + search.texts + search.others
    }

    private struct Search {
        let root: JSONNode
        let layout: JSONForm.Layout
        /// Notifications and events, texts, and other values; the likeliest first.
        var notifications: [Undone] = []
        var texts: [Undone] = []
        var others: [Undone] = []

        private var count: Int { notifications.count + texts.count + others.count }

        mutating func visit(_ node: JSONNode, path: [String], depth: Int) {
            guard depth <= maximumDepth, count < maximumCount else { return }
            if !path.isEmpty { add(node, path) }
            switch node {
            case .object(let members, _):
                // The values in an event are not bodies.
                guard !B2Format.isEvent(node) else {
                    if path.isEmpty { add(.array([node]), path: path, wrapped: true) }
                    return
                }
                for member in members { visit(member.value, path: path + [member.key], depth: depth + 1) }
            case .array(let elements, _):
                guard BodyUndo.byteValues(node) == nil else { return }
                if path.isEmpty, B2Format.areEvents(elements) {
                    add(node, path: path, wrapped: true)
                }
                for (index, element) in elements.prefix(maximumCount).enumerated() {
                    visit(element, path: path + ["\(index)"], depth: depth + 1)
                }
            case .string, .other: break
            }
        }

        private mutating func add(_ node: JSONNode, _ path: [String]) {
            switch node {
            case .string:
                if let text = node.text, text.utf8.count >= shortestText {
                    texts.append(Undone(step(path), Array(text.utf8)))
                }
            case .object, .array:
                if let bytes = BodyUndo.byteValues(node) { return texts.append(Undone(step(path), bytes)) }
                // The notification's own events are where they belong.
                let isInPlace = path.first == "events" && path.count <= 2
                if let elements = node.elements, B2Format.areEvents(elements) {
                    if !isInPlace || path.count > 1 { add(node, path: path, wrapped: true) }
                } else if B2Format.isEvent(node) {
                    if !isInPlace { add(.array([node]), path: path, wrapped: true) }
                } else if node["events"] != nil {
                    add(node, path: path, wrapped: false)
                } else if path.count <= 2, !isInPlace, node.source.count >= shortestText {
                    others.append(Undone(step(path), Array(node.source)))
                }
            case .other: break
            }
        }

        private mutating func add(_ node: JSONNode, path: [String], wrapped: Bool) {
            let step = wrapped ? self.step(path, isEvent: true) : self.step(path)
            let whole = wrapped ? JSONNode.object([JSONMember("events", node)]) : node
            let written = whole.written(layout)
            if !wrapped, !node.source.elementsEqual(written) { notifications.append(Undone(step, Array(node.source))) }
            notifications.append(Undone(step, written))
        }

        private func step(_ path: [String], isEvent: Bool = false) -> BodyStep {
            var name = ""
            for part in path {
                if Int(part) != nil { name += "[\(part)]" } else { name += (name.isEmpty ? "" : ".") + part }
            }
            name = String(name.unicodeScalars.prefix(64).map(Character.init))
            let source = Self.source(path, in: root)
            var phrase = path.isEmpty ? "" : "taken out of “\(name)”"
            if isEvent { phrase += (phrase.isEmpty ? "" : " and ") + "put back into “events”" }
            return BodyStep(
                isEvent ? "event \(name)" : "envelope \(name)", phrase,
                doneBy: source?.name
                    ?? (isEvent
                        ? "an automation service (Zapier, Make, n8n) or a splitter that passes on each event by itself"
                        : "an API gateway, a queue, or an automation service (Zapier, Make, n8n) that wraps what it receives"),
                advice: source?.advice
                    ?? (isEvent
                        ? "Have the whole body passed on, byte for byte: its signature covers all of it, not one event."
                        : "Have the body itself passed on, byte for byte, in place of a message that contains it."))
        }

        /// Returns the service that writes such an envelope, recognised by its members and the path of the body.
        private static func source(_ path: [String], in root: JSONNode) -> (name: String, advice: String)? {
            func has(_ names: String...) -> Bool { names.allSatisfy { root[$0] != nil } }
            let records = (root["Records"] ?? root["records"])?.elements?.first
            let first = path.first ?? ""
            if first == "body", has("isBase64Encoded") || has("requestContext") || has("httpMethod") {
                return (
                    "AWS Lambda proxy integration (API Gateway, a function URL or a load balancer)",
                    "Pass on event.body alone; where event.isBase64Encoded is true, Buffer.from(event.body, 'base64')."
                )
            }
            if let records {
                if records["Sns"] != nil {
                    return ("Amazon SNS, which calls a Lambda function", "Pass on Records[0].Sns.Message alone.")
                }
                if records["kinesis"] != nil {
                    return ("Amazon Kinesis", "Pass on Records[0].kinesis.data, decoded from base64, alone.")
                }
                if records["body"] != nil {
                    return ("Amazon SQS", "Pass on the body of each record, Records[i].body, alone.")
                }
                if records["value"] != nil {
                    return ("a Kafka REST proxy or connector", "Pass on the value of each record alone.")
                }
                if records["data"] != nil {
                    return ("Amazon Data Firehose", "Pass on the data of each record, decoded from base64, alone.")
                }
            }
            if first == "Message", has("Type") || has("TopicArn") {
                return ("Amazon SNS", "Switch raw message delivery on in the subscription.")
            }
            if first == "detail", has("detail-type") || has("source") {
                return (
                    "Amazon EventBridge",
                    "Let the target's input be the matched part $.detail, as the text that was received."
                )
            }
            if has("specversion"), first == "data" || first == "data_base64" {
                return ("CloudEvents in structured mode", "Have it sent in binary mode: the body is the data then.")
            }
            if first == "message", root["message"]?["data"] != nil, root["subscription"] != nil {
                return ("Google Cloud Pub/Sub", "Switch payload unwrapping on in the push subscription.")
            }
            if has("$content"), first == "$content" {
                return ("Azure Logic Apps or Power Automate", "Pass on base64ToBinary(triggerBody()?['$content']).")
            }
            if first == "data", has("eventType", "subject") || has("topic", "subject") {
                return ("Azure Event Grid", "Pass on the event's data alone.")
            }
            if first == "body", has("headers", "query") || has("headers", "params") {
                return ("n8n's Webhook node", "Switch “Raw Body” on in the Webhook node, and send on its binary data.")
            }
            if has("trigger"), first == "trigger" || first == "event" {
                return ("Pipedream", "Pass on the raw request: switch “raw body” on in the HTTP trigger.")
            }
            if first == "_source" || has("@timestamp") {
                return ("Logstash, Fluentd or Elasticsearch", "Send the message alone, without the fields around it.")
            }
            if has("jsonrpc"), first == "params" {
                return ("JSON-RPC", "Send the body itself, not as parameters of a call.")
            }
            if has("query"), first == "variables" {
                return ("GraphQL", "Send the body itself, not as variables of a query.")
            }
            if case .array = root {
                return (
                    "an automation service or a log shipper that sends lists (Make, Fluentd, Azure Event Grid)",
                    "Have the body itself passed on, without the array around it."
                )
            }
            return nil
        }
    }
}
