/// Bodies inside other JSON: what gateways, queues and automation services put around what they pass on.
enum Envelopes {
    /// The most that is taken out of one body, and the deepest that is looked.
    private static let maximumCount = 24
    private static let maximumDepth = 8
    /// Shorter strings hold no body.
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
            if !path.isEmpty { take(node, path) }
            switch node {
            case .object(let members, _):
                // What is in an event is no body.
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

        private mutating func take(_ node: JSONNode, _ path: [String]) {
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
                        : "Have the body itself passed on, byte for byte, in place of a message that holds it."))
        }

        /// Who writes such an envelope, by its members.
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

/// The form in which B2 writes a notification, as far as it is known: two spaces a level, members in alphabetical order,
/// integers, no newline at the end. The source is a captured delivery and the test data of Backblaze's Java SDK.
enum B2Format {
    /// The members of an event, in B2's order.
    static let names = [
        "accountId", "bucketId", "bucketName", "eventId", "eventTimestamp", "eventType", "eventVersion",
        "matchedRuleName", "objectName", "objectSize", "objectVersionId",
    ]
    static let numberNames: Set<String> = ["eventTimestamp", "eventVersion", "objectSize"]
    /// What every event has.
    static let requiredNames = [
        "accountId", "bucketId", "bucketName", "eventTimestamp", "eventType", "eventVersion", "matchedRuleName",
    ]

    private static let byPlainName = Dictionary(uniqueKeysWithValues: names.map { (plain($0), $0) })

    /// Letters and digits in lower case: what is left of a name whatever convention it was changed to.
    static func plain(_ name: String) -> String {
        String(
            decoding: name.utf8.compactMap { byte -> UInt8? in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
                default: nil
                }
            }, as: UTF8.self)
    }

    /// B2's name for a member that may have been renamed: `account_id`, `AccountID`.
    static func name(for name: String) -> String? { byPlainName[plain(name)] }

    static func isEvent(_ node: JSONNode) -> Bool {
        guard let members = node.members else { return false }
        let known = members.lazy.map(\.key).filter(names.contains).prefix(4)
        return known.count >= 3 || (known.contains("eventType") && known.count >= 2)
    }

    static func areEvents(_ elements: [JSONNode]) -> Bool {
        !elements.isEmpty && elements.allSatisfy(isEvent)
    }

    /// The events of a notification, where they are in their place.
    static func events(of root: JSONNode) -> [JSONNode]? {
        guard let elements = root["events"]?.elements, areEvents(elements) else { return nil }
        return elements
    }

    /// Returns an event with its members in B2's order; others keep theirs, behind those.
    static func ordered(_ members: [JSONMember]) -> [JSONMember] {
        let places = members.map { names.firstIndex(of: $0.key) ?? names.count }
        return members.indices.sorted { (places[$0], $0) < (places[$1], $1) }.map { members[$0] }
    }
}
