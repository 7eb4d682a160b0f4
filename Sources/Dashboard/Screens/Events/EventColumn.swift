import History
import SafeText
import Terminal

/// The columns that the event list can show.
enum EventColumn: String, ListColumn {
    case time, signature, type, object, size, bucket, rule
    // Those that are shown if they are chosen.
    case status, secret, eventTime = "event-time", eventID = "event-id", version, delivery, bytes
    // There by itself as long as there are actions.
    case actions

    static let standard: [EventColumn] = [.time, .signature, .type, .object, .size, .bucket, .rule]

    static let choosable = allCases.filter { $0 != .actions }

    var title: SafeText {
        switch self {
        case .time: "TIME"
        case .signature: "SIGNATURE"
        case .type: "TYPE"
        case .object: "OBJECT"
        case .size: "SIZE"
        case .bucket: "BUCKET"
        case .rule: "RULE"
        case .status: "STATUS"
        case .secret: "SECRET"
        case .eventTime: "EVENT TIME"
        case .eventID: "EVENT ID"
        case .version: "VERSION ID"
        case .delivery: "DELIVERY"
        case .bytes: "BYTES"
        case .actions: "ACTIONS"
        }
    }

    var meaning: String {
        switch self {
        case .time: "time of arrival"
        case .signature: "verdict on the signature"
        case .type: "type of the event"
        case .object: "name of the object"
        case .size: "size of the object"
        case .bucket: "name of the bucket"
        case .rule: "name of the rule"
        case .status: "HTTP status of the answer"
        case .secret: "secret that matched"
        case .eventTime: "the event's own time"
        case .eventID: "the event's id"
        case .version: "version id of the object"
        case .delivery: "number of the delivery"
        case .bytes: "bytes of the delivery's body"
        case .actions: "what became of its actions"
        }
    }

    /// The name of the same column in an export; nil for those that every table has.
    var exported: String? {
        switch self {
        case .type, .object, .size, .eventTime, .version, .actions: nil
        case .time: "received"
        case .signature, .bucket, .rule, .status, .secret, .eventID, .delivery, .bytes: rawValue
        }
    }

    var sort: SortColumn? {
        switch self {
        case .time: .received
        case .signature: .signature
        case .type: .type
        case .object: .object
        case .size: .size
        case .bucket: .bucket
        case .rule: .rule
        case .status: .status
        case .eventTime: .eventTime
        case .secret, .eventID, .version, .delivery, .bytes, .actions: nil
        }
    }

    /// The column where the widest text, or the title, is so wide.
    ///
    /// As the list narrows RULE leaves first, then BUCKET, then what was chosen besides, SIZE and TYPE; OBJECT takes
    /// what the others leave. Verdicts are never cut, and a type only where it is longer than any that B2 is likely to
    /// think of.
    ///
    /// - Parameter hasWords: Whether there is room for words beside symbols that have a legend otherwise.
    func column(title: SafeText, holding width: Int, objectWidth: Int, hasWords: Bool) -> Column {
        switch self {
        // The list lays them out by the moments that it shows.
        case .time, .eventTime: return Column(title, minimum: 8)
        case .signature: return Column(title, minimum: width)
        case .actions: return Column(title, short: "A", minimum: hasWords ? width : 1)
        case .type:
            return Column(title, minimum: min(max(14, width), 36), ideal: min(width, 64), leaveOrder: 4, cut: .middle)
        case .object:
            return Column(title, minimum: Self.leastObject, ideal: min(width, 40), weight: 1, cut: .middle)
        case .size:
            return Column(title, minimum: min(max(8, width), 12), leaveOrder: 3, alignment: .right)
        case .bucket, .rule:
            // Not at the price of an OBJECT that says too little.
            let spare = min(objectWidth, 24) - Self.leastObject
            return Column(
                title, minimum: min(width, 16), ideal: min(width, 63), leaveOrder: self == .rule ? 1 : 2,
                spare: max(0, spare), cut: .middle)
        case .status, .delivery, .bytes:
            return Column(title, minimum: min(width, 12), leaveOrder: 3, alignment: .right)
        case .secret, .eventID, .version:
            return Column(title, minimum: min(width, 12), ideal: min(width, 40), leaveOrder: 3, cut: .middle)
        }
    }

    private static let leastObject = 14
}
