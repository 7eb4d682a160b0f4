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

    /// The column where the texts are so wide.
    ///
    /// As the list narrows RULE leaves first, then BUCKET, SIZE and TYPE; OBJECT takes what the others leave. Verdicts
    /// are never cut, and a type only where it is longer than any that B2 is likely to think of.
    func column(holding widths: TextWidths) -> Column {
        let width = widths[rawValue]
        switch self {
        case .time: return Column(title, minimum: 8)
        case .signature: return Column(title, minimum: width)
        case .type:
            return Column(title, minimum: min(max(14, width), 36), ideal: min(width, 64), leaveOrder: 4, cut: .middle)
        case .object:
            return Column(title, minimum: Self.leastObject, ideal: min(width, 40), weight: 1, cut: .middle)
        case .size: return Column(title, minimum: min(max(8, width), 12), leaveOrder: 3, alignment: .right)
        case .bucket, .rule:
            // Not at the price of an OBJECT that says too little.
            let spare = min(widths[Self.object.rawValue], 24) - Self.leastObject
            return Column(
                title, minimum: min(width, 16), ideal: min(width, 63), leaveOrder: self == .rule ? 1 : 2,
                spare: max(0, spare), cut: .middle)
        }
    }

    private static let leastObject = 14
}
