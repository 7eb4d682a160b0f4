import SafeText
import Terminal

/// The columns of the event list, from left to right.
enum EventColumn: Int, CaseIterable {
    case time, signature, type, object, size, bucket, rule

    var title: SafeText {
        switch self {
        case .time: "TIME"
        case .signature: "SIGNATURE"
        case .type: "TYPE"
        case .object: "OBJECT"
        case .size: "SIZE"
        case .bucket: "BUCKET"
        case .rule: "RULE"
        }
    }

    /// The column where its texts are so wide.
    ///
    /// As the list narrows RULE leaves first, then BUCKET, SIZE and TYPE; OBJECT takes what the others leave. Verdicts
    /// are never cut, and a type only where it is longer than any that B2 is likely to think of.
    func column(holding width: Int) -> Column {
        switch self {
        case .time: Column(title, minimum: 8)
        case .signature: Column(title, minimum: width)
        case .type:
            Column(title, minimum: min(max(14, width), 36), ideal: min(width, 64), leaveOrder: 4, cut: .middle)
        case .object: Column(title, minimum: 14, ideal: min(max(14, width), 40), weight: 1, cut: .middle)
        case .size: Column(title, minimum: min(max(8, width), 12), leaveOrder: 3, alignment: .right)
        case .bucket: Column(title, minimum: min(width, 16), ideal: min(width, 63), leaveOrder: 2, cut: .middle)
        case .rule: Column(title, minimum: min(width, 16), ideal: min(width, 63), leaveOrder: 1, cut: .middle)
        }
    }
}
