import History
import Notifications
import SafeText
import Terminal

/// The columns that the table can show: the sheet's five, and what is known besides.
enum TableColumn: String, ListColumn {
    case eventTimestamp = "event-timestamp"
    case eventType = "event-type"
    case objectName = "object-name"
    case objectSize = "object-size"
    case objectVersionID = "object-version-id"
    // Those that are shown if they are chosen.
    case received, verdict, secret, bucket, rule
    case eventID = "event-id"
    case status, delivery, bytes
    // There by itself as long as an action writes a sheet.
    case sheet

    static let choosable = allCases.filter { $0 != .sheet }

    /// The sheet's own.
    static let standard: [TableColumn] = [.eventTimestamp, .eventType, .objectName, .objectSize, .objectVersionID]

    var title: SafeText {
        switch self {
        case .eventTimestamp: SafeText(SheetRow.headers[0])
        case .eventType: SafeText(SheetRow.headers[1])
        case .objectName: SafeText(SheetRow.headers[2])
        case .objectSize: SafeText(SheetRow.headers[3])
        case .objectVersionID: SafeText(SheetRow.headers[4])
        case .received: "Received"
        case .verdict: "Signature"
        case .secret: "Secret"
        case .bucket: "Bucket"
        case .rule: "Rule"
        case .eventID: "Event ID"
        case .status: "Status"
        case .delivery: "Delivery"
        case .bytes: "Bytes"
        case .sheet: "SHEET"
        }
    }

    /// A heading for a narrow column, where the whole one would have to be cut.
    var shortTitle: SafeText? {
        switch self {
        case .objectSize: "Size"
        case .objectVersionID: "Version ID"
        default: nil
        }
    }

    var meaning: String {
        switch self {
        case .eventTimestamp, .eventType, .objectName, .objectSize, .objectVersionID: "of the sheet"
        case .received: "time of arrival"
        case .verdict: "verdict on the signature"
        case .secret: "secret that matched"
        case .bucket: "name of the bucket"
        case .rule: "name of the rule"
        case .eventID: "the event's id"
        case .status: "HTTP status of the answer"
        case .delivery: "number of the delivery"
        case .bytes: "bytes of the delivery's body"
        case .sheet: "whether it is in the sheet"
        }
    }

    var sort: SortColumn? {
        switch self {
        case .eventTimestamp: .eventTime
        case .eventType: .type
        case .objectName: .object
        case .objectSize: .size
        case .received: .received
        case .verdict: .signature
        case .bucket: .bucket
        case .rule: .rule
        case .status: .status
        case .objectVersionID, .secret, .eventID, .delivery, .bytes, .sheet: nil
        }
    }

    /// The name of the same column in an export; nil for the sheet's own, which every table has.
    var exported: String? {
        switch self {
        case .eventTimestamp, .eventType, .objectName, .objectSize, .objectVersionID, .sheet: nil
        case .verdict: "signature"
        case .received, .secret, .bucket, .rule, .eventID, .status, .delivery, .bytes: rawValue
        }
    }

    /// Whether it is what a row is told apart by at a glance.
    var isReadFirst: Bool { self == .eventType || self == .objectName }

    /// The column where the widest text, or the least heading, is so wide. At 80 columns all five of the sheet are there, if only just, and each
    /// has room for its heading.
    func column(title: SafeText, holding width: Int, timestamps: SheetRow.TimestampForm) -> Column {
        switch self {
        case .eventTimestamp: Column(title, minimum: timestamps == .rfc3339 ? 24 : 15, cut: .middle)
        case .eventType: Column(title, minimum: 11, ideal: min(width, 40), cut: .middle)
        case .objectName:
            Column(title, minimum: 12, ideal: max(12, min(width, 40)), weight: 1, cut: .middle)
        case .objectSize:
            // Without its middle a number would read as another one.
            Column(
                title, short: shortTitle, minimum: min(width, 11), ideal: max(title.width, min(width, 19)),
                alignment: .right)
        case .objectVersionID:
            Column(title, short: shortTitle, minimum: 11, ideal: max(title.width, min(width, 104)), cut: .middle)
        case .received: Column(title, minimum: 24)
        case .verdict, .sheet: Column(title, minimum: width)
        case .status, .delivery, .bytes: Column(title, minimum: min(width, 12), alignment: .right)
        case .secret, .bucket, .rule, .eventID:
            Column(title, minimum: min(width, 12), ideal: min(width, 63), cut: .middle)
        }
    }

    /// What it shows of a row.
    func text(of row: EventRow, sheet: SheetRow) -> SafeText {
        switch self {
        case .eventTimestamp: SafeText(cell: sheet.cells[0].string)
        case .eventType: SafeText(cell: sheet.cells[1].string)
        case .objectName: SafeText(cell: sheet.cells[2].string)
        case .objectSize: SafeText(cell: sheet.cells[3].string)
        case .objectVersionID: SafeText(cell: sheet.cells[4].string)
        case .received: "\(row.receivedAt.rfc3339)"
        case .verdict: "\(row.verdict.title)"
        case .secret: SafeText(cell: row.secret ?? "")
        case .bucket: SafeText(cell: row.bucketName.text)
        case .rule: SafeText(cell: row.matchedRuleName.text)
        case .eventID: SafeText(cell: row.eventId.text)
        case .status: "\(row.status)"
        case .delivery: "\(row.deliveryID)"
        case .bytes: "\(row.bodyLength)"
        case .sheet: "\(row.sheet?.sheetWord ?? "–")"
        }
    }
}
