import Export
import History
import Notifications
import Terminal

/// Fetches what is to be copied, off the screen's thread.
struct Copier: Sendable {
    let reader: HistoryReader
    let control: any ListenerControl
    /// Where what is too large for a terminal is written.
    let folder: String

    /// Rows are read so many at a time.
    private static let step = 500

    func copy(_ request: CopyRequest) throws -> Copied {
        if let rows = request.rows {
            return try Self.copyAll(request, folder: folder) { pieces in
                try forEach(rows) { row in
                    guard let record = try reader.delivery(row.deliveryID) else { return }
                    try pieces.add(row, of: record, holdsSecret: control.holdsSecret(in:))
                }
            }
        }
        guard let record = try reader.delivery(request.deliveryID) else { throw CopyFailure.gone }
        return try Self.copy(request, of: record, folder: folder, holdsSecret: control.holdsSecret(in:))
    }

    static func copy(
        _ request: CopyRequest, of record: DeliveryRecord, folder: String, holdsSecret: ([UInt8]) -> Bool
    ) throws(CopyFailure) -> Copied {
        let text = try CopyText(request, of: record)
        try refuseSecrets(in: text, request, of: record, holdsSecret: holdsSecret)
        let place = try place(text.bytes, "delivery-\(record.id)\(suffix(request.subject))", folder)
        return Copied(
            name: text.name, count: text.bytes.count, place: place, remarks: text.remarks, masked: text.masked)
    }

    /// Copies what several rows have, one after the other.
    static func copyAll(
        _ request: CopyRequest, folder: String, gather: (inout CopyPieces) throws -> Void
    ) throws -> Copied {
        var pieces = CopyPieces(request)
        try gather(&pieces)
        let (name, remarks) = try pieces.finish()
        let place = try place(pieces.bytes, "deliveries\(suffix(request.subject))", folder)
        return Copied(
            name: name, count: pieces.bytes.count, place: place, remarks: remarks, masked: pieces.masked)
    }

    static func refuseSecrets(
        in text: CopyText, _ request: CopyRequest, of record: DeliveryRecord, holdsSecret: ([UInt8]) -> Bool
    ) throws(CopyFailure) {
        // A command writes bytes otherwise than they are; the request it sends has them as they are.
        let sent = request.subject == .curl ? RawRequest.bytes(record.delivery, request.policy) : []
        guard !holdsSecret(text.bytes), !holdsSecret(sent) else { throw .secret }
    }

    private static func place(_ bytes: [UInt8], _ name: String, _ folder: String) throws(CopyFailure) -> Copied.Place {
        bytes.count > Screen.longestCopy ? .file(try CopyFile.write(bytes, as: name, in: folder)) : .terminal(bytes)
    }

    /// The rows in the order of arrival.
    private func forEach(_ rows: ExportRequest.Rows, do body: (EventRow) throws -> Void) throws {
        switch rows {
        case .chosen(let ids):
            for start in stride(from: 0, to: ids.count, by: Self.step) {
                try reader.rows(ids: Array(ids[start..<min(ids.count, start + Self.step)])).forEach(body)
            }
        case .matching(let predicate, let last):
            var cursor: Int64 = 0
            while cursor < last {
                let stretch = try reader.rows(matching: predicate, after: cursor, through: last, limit: Self.step)
                cursor = stretch.through
                try stretch.rows.forEach(body)
            }
        }
    }

    private static func suffix(_ subject: CopyRequest.Subject) -> String {
        switch subject {
        case .body: "-body"
        case .headers: "-headers"
        case .request: "-request"
        case .curl: "-curl.sh"
        case .signature: "-signature"
        case .eventID: "-event-id"
        case .value: "-value"
        }
    }
}
