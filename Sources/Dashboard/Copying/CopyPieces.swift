import Export
import History

/// What is copied of several rows, one after the other.
struct CopyPieces {
    /// No more than so many bytes are held.
    static let most = 64 << 20

    private let request: CopyRequest
    private(set) var bytes: [UInt8] = []
    private(set) var remarks: [String] = []
    private(set) var masked: [String] = []
    private var name: String?
    private var count = 0
    /// Rows that have no such thing, and why the first one has not.
    private var without = 0
    private var absence: CopyFailure?
    private var seen: Set<Int64> = []

    init(_ request: CopyRequest) {
        self.request = request
    }

    /// Whether all events of a delivery have the same to be copied, so that it is copied once.
    private var isOfDeliveries: Bool {
        switch request.subject {
        case .body, .headers, .request, .curl, .signature: true
        case .eventID, .value: false
        }
    }

    /// Adds what a row has.
    ///
    /// - Throws: `CopyFailure`, where nothing may be copied at all.
    mutating func add(
        _ row: EventRow, of record: DeliveryRecord, holdsSecret: ([UInt8]) -> Bool
    ) throws(CopyFailure) {
        if isOfDeliveries, !seen.insert(row.deliveryID).inserted { return }
        var own = request
        (own.deliveryID, own.position) = (row.deliveryID, row.position)
        let text: CopyText
        do {
            text = try CopyText(own, of: record)
        } catch {
            without += 1
            if absence == nil { absence = error }
            return
        }
        try Copier.refuseSecrets(in: text, own, of: record, holdsSecret: holdsSecret)
        if count > 0 { separate() }
        guard bytes.count + text.bytes.count <= Self.most else { throw .tooMuch }
        bytes += text.bytes
        count += 1
        if name == nil { name = text.name }
        for remark in text.remarks where !remarks.contains(remark) && remarks.count < 3 { remarks.append(remark) }
        for field in text.masked where !masked.contains(field) { masked.append(field) }
    }

    /// - Returns: All of it, and what it is called.
    /// - Throws: `CopyFailure` where no row has any.
    func finish() throws(CopyFailure) -> (name: String, remarks: [String]) {
        guard count > 0 else { throw absence ?? .gone }
        let things = isOfDeliveries ? ("delivery", "deliveries") : ("row", "rows")
        let missing = without == 0 ? [] : ["\(Wording.count(without, things.0 + " has", things.1 + " have")) none."]
        return ("\(name ?? "") of \(Wording.count(count, things.0, things.1))", remarks + missing)
    }

    private mutating func separate() {
        if request.subject == .request {
            bytes += Array("\r\n\r\n".utf8)
        } else if request.subject == .headers || bytes.last != 0x0A {
            bytes.append(0x0A)
        }
    }
}
