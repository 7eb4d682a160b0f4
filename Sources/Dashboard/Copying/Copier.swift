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

    func copy(_ request: CopyRequest) throws -> Copied {
        guard let record = try reader.delivery(request.deliveryID) else { throw CopyFailure.gone }
        return try Self.copy(request, of: record, folder: folder, holdsSecret: control.holdsSecret(in:))
    }

    static func copy(
        _ request: CopyRequest, of record: DeliveryRecord, folder: String, holdsSecret: ([UInt8]) -> Bool
    ) throws -> Copied {
        let text = try CopyText(request, of: record)
        // A command writes bytes otherwise than they are; the request it sends has them as they are.
        let sent = request.subject == .curl ? RawRequest.bytes(record.delivery, request.policy) : []
        guard !holdsSecret(text.bytes), !holdsSecret(sent) else { throw CopyFailure.secret }
        guard text.bytes.count > Screen.longestCopy else {
            return Copied(name: text.name, count: text.bytes.count, place: .terminal(text.bytes), remarks: text.remarks)
        }
        let path = try CopyFile.write(text.bytes, as: "delivery-\(record.id)\(suffix(request.subject))", in: folder)
        return Copied(name: text.name, count: text.bytes.count, place: .file(path), remarks: text.remarks)
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
