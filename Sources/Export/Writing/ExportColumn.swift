import History
import Notifications

/// A column that can be put behind those of the sheet.
public struct ExportColumn: Sendable {
    /// Such as `event-id`: what is typed.
    public let name: String
    /// Its header in the table.
    public let header: String
    /// What is read of a row for its value.
    let parts: RowParts
    /// Whether its value is in the delivery only, which is then read whole.
    let readsDelivery: Bool
    let cell: @Sendable (ExportItem, ExportOptions) -> ExportCell

    private init(
        _ name: String, _ header: String, _ parts: RowParts = [], readsDelivery: Bool = false,
        _ cell: @escaping @Sendable (ExportItem, ExportOptions) -> ExportCell
    ) {
        self.name = name
        self.header = header
        self.parts = parts
        self.readsDelivery = readsDelivery
        self.cell = cell
    }

    /// All that there are.
    public static let all: [ExportColumn] = [
        ExportColumn("received", "Received", .outcome) { ExportCell($0.row.receivedAt, as: $1.timestamps) },
        ExportColumn("signature", "Signature", .outcome) { item, _ in .plain(item.row.verdict.word) },
        // A label that was received, but bound to something else, vouches for nothing.
        ExportColumn("secret", "Secret", .outcome) { item, _ in
            item.row.verdict.isBySecret ? text(item.row.secret) : .empty
        },
        ExportColumn("status", "Status", .outcome) { item, _ in .plain(String(item.row.status)) },
        ExportColumn("duplicate", "Duplicate", .duplicate) { item, _ in .plain(item.row.isDuplicate ? "yes" : "no") },
        ExportColumn("bucket", "Bucket", .names) { item, _ in ExportCell(item.row.bucketName) },
        ExportColumn("rule", "Rule", .names) { item, _ in ExportCell(item.row.matchedRuleName) },
        ExportColumn("event-id", "Event ID", .names) { item, _ in ExportCell(item.row.eventId) },
        ExportColumn("delivery", "Delivery") { item, _ in .plain(String(item.row.deliveryID)) },
        ExportColumn("position", "Position") { item, _ in
            item.row.position.map { .plain(String($0 + 1)) } ?? .empty
        },
        ExportColumn("events", "Events", .delivery) { item, _ in .plain(String(item.row.eventCount)) },
        ExportColumn("method", "Method", .delivery) { item, _ in .text(item.row.method) },
        ExportColumn("path", "Path", .delivery) { item, options in .text(options.masking.target(item.row.target)) },
        ExportColumn("bytes", "Body Bytes", .delivery) { item, _ in .plain(String(item.row.bodyLength)) },
        ExportColumn("from", "Remote Address", readsDelivery: true) { item, _ in
            text(item.record?.delivery.remoteAddress)
        },
        ExportColumn("answer", "Answer", readsDelivery: true) { item, _ in text(item.record?.answer) },
        ExportColumn("account", "Account ID", readsDelivery: true) { item, _ in
            ExportCell(item.event?.accountId ?? .absent)
        },
        ExportColumn("bucket-id", "Bucket ID", readsDelivery: true) { item, _ in
            ExportCell(item.event?.bucketId ?? .absent)
        },
        ExportColumn("event-version", "Event Version", readsDelivery: true) { item, _ in
            ExportCell(item.event?.eventVersion ?? .absent)
        },
    ]

    /// How many columns a table has before these: those of the sheet.
    public static let sheetCount = SheetRow.headers.count

    /// Their names as a list to read.
    public static let names = all.map(\.name).joined(separator: ", ")

    /// Reads names with commas between them.
    ///
    /// - Throws: `ExportColumnError` for a name that is none, or that is there already.
    public static func columns(_ list: String) throws(ExportColumnError) -> [ExportColumn] {
        var columns: [ExportColumn] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            let name = part.drop { $0 == " " }.split(separator: " ", maxSplits: 1).first.map(String.init) ?? ""
            guard let column = all.first(where: { $0.name == name }) else { throw .unknown(String(part)) }
            guard !columns.contains(where: { $0.name == name }) else { throw .twice(name) }
            columns.append(column)
        }
        return columns
    }

    private static func text(_ text: String?) -> ExportCell { text.map { .text($0) } ?? .empty }
}

/// What is wrong in a list of columns.
public enum ExportColumnError: Error, Sendable, Hashable, CustomStringConvertible {
    case unknown(String)
    case twice(String)

    public var description: String {
        switch self {
        case .unknown(let name):
            "there is no column “\(name)” to add: the sheet's five are always there, and there are"
                + " \(ExportColumn.names)"
        case .twice(let name): "the column “\(name)” is there twice: write it once"
        }
    }
}
