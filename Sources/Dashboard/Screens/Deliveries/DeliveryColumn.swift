import SafeText
import Terminal

/// The columns of the delivery list, from left to right.
enum DeliveryColumn: Int, CaseIterable {
    case id, time, signature, status, answer, bytes, events, also, from, object

    var title: SafeText {
        switch self {
        case .id: "ID"
        case .time: "TIME"
        case .signature: "SIGNATURE"
        case .status: "STATUS"
        case .answer: "ANSWER"
        case .bytes: "BYTES"
        case .events: "EVENTS"
        case .also: "ALSO"
        case .from: "FROM"
        case .object: "OBJECT"
        }
    }

    /// The column where the texts are so wide.
    ///
    /// As the list narrows ID leaves first, then EVENTS, BYTES, FROM, ALSO, ANSWER and STATUS; OBJECT takes what the
    /// others leave. Numbers and verdicts are never cut.
    func column(holding widths: TextWidths) -> Column {
        let width = widths[rawValue]
        return switch self {
        case .time: Column(title, minimum: 8)
        case .signature: Column(title, minimum: width)
        case .object: Column(title, minimum: 14, ideal: min(width, 40), weight: 1, cut: .middle)
        case .from: Column(title, minimum: min(width, 15), ideal: min(width, 39), leaveOrder: 4, cut: .middle)
        case .id: Column(title, minimum: width, leaveOrder: 1, spare: 10, alignment: .right)
        case .events: Column(title, minimum: width, leaveOrder: 2, spare: 10, alignment: .right)
        case .bytes: Column(title, minimum: width, leaveOrder: 3, spare: 4, alignment: .right)
        case .also: Column(title, minimum: width, leaveOrder: 5, alignment: .right)
        case .answer: Column(title, minimum: width, leaveOrder: 6, alignment: .right)
        case .status: Column(title, minimum: width, leaveOrder: 7, alignment: .right)
        }
    }
}
