import Base
import Foundation
import History
import Notifications
import Receiving
import Sending
import Terminal

/// The reader of the data to copy. It works off the screen's thread.
struct Copier: Sendable {
    let reader: HistoryReader
    let listener: any ListenerAsking
    /// The folder for copies that are too large for a terminal.
    let folder: String

    /// The number of rows that are read at a time.
    private static let step = 500

    func copy(_ request: CopyRequest) throws -> Copied {
        if let rows = request.rows {
            return try Self.copyAll(request, folder: folder) { pieces in
                try forEach(rows) { row in
                    guard let record = try reader.delivery(row.deliveryID) else { return }
                    try pieces.add(row, of: record, holdsSecret: listener.holdsSecret(in:))
                }
            }
        }
        guard let record = try reader.delivery(request.deliveryID) else { throw CopyFailure.gone }
        return try Self.copy(request, of: record, folder: folder, holdsSecret: listener.holdsSecret(in:))
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

    /// Copies the data of several rows, one after the other.
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
        // The text of a curl command escapes some bytes; the request it sends has the original ones.
        let sent = request.subject == .curl ? RawRequest.bytes(record.delivery, request.policy) : []
        guard !holdsSecret(text.bytes), !holdsSecret(sent) else { throw .secret }
    }

    private static func place(_ bytes: [UInt8], _ name: String, _ folder: String) throws(CopyFailure) -> Copied.Place {
        bytes.count > Screen.longestCopy ? .file(try CopyFile.write(bytes, as: name, in: folder)) : .terminal(bytes)
    }

    /// Calls a closure with each row in the order of arrival.
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

// MARK: - Texts

/// The bytes of a copy.
struct CopyText {
    let name: String
    let bytes: [UInt8]
    var remarks: [String] = []
    /// The masked parts: header fields by name, and the URL.
    var masked: [String] = []

    /// Creates the text of the requested part.
    ///
    /// - Throws: `CopyFailure` if the record lacks the requested part.
    init(_ request: CopyRequest, of record: DeliveryRecord) throws(CopyFailure) {
        let (delivery, policy) = (record.delivery, request.policy)
        switch request.subject {
        case .body:
            guard !delivery.body.isEmpty else { throw .nothing("The body is empty.") }
            (name, bytes) = ("body", delivery.body)
            if delivery.isCut { remarks = ["Only the first \(bytes.count) of \(delivery.bodyLength) were kept."] }
        case .headers:
            guard !delivery.headers.isEmpty else { throw .nothing("The request has no header fields.") }
            (name, bytes) = ("headers", HeaderBlock.bytes(delivery.headers, policy))
            masked = Self.masked(delivery.headers, policy)
        case .request:
            (name, bytes) = ("the raw request", RawRequest.bytes(delivery, policy))
            masked = Self.masked(delivery, policy)
        case .curl:
            let curl = CurlCommand(delivery, to: request.listener, policy)
            (name, bytes) = ("the curl command", Array(curl.text.utf8))
            remarks = curl.shortcomings
            masked = Self.masked(delivery, policy)
        case .signature:
            let values = delivery.values(of: SignatureHeader.name)
            guard !values.isEmpty else { throw .nothing("The request has no signature header.") }
            (name, bytes) = ("the signature", Array(values.joined(separator: "\n").utf8))
        case .eventID:
            let id = Self.event(request, record)?.eventId ?? .absent
            guard !id.isEmpty else { throw .nothing("No event id here.") }
            (name, bytes) = ("the event id", Array(id.text.utf8))
        case .value(.header(let index)):
            guard delivery.headers.indices.contains(index) else { throw .nothing("No value here.") }
            let field = policy.fields(of: delivery.headers)[index]
            (name, bytes) = (field.name, Array(field.value.utf8))
            masked = Self.masked([delivery.headers[index]], policy)
        case .value(.json(let line)):
            (name, bytes) = try Self.value(onLine: line, of: delivery.body)
        case .value(.object):
            if let event = Self.event(request, record) {
                guard !event.objectName.isEmpty else { throw .nothing("The event has no object name.") }
                (name, bytes) = ("the object name", Array(event.objectName.text.utf8))
            } else {
                (name, bytes) = ("the request's target", Array(policy.target(delivery.target).utf8))
                masked = Self.masked(ofURL: delivery.target, policy)
            }
        }
    }

    private static func event(_ request: CopyRequest, _ record: DeliveryRecord) -> NotificationEvent? {
        guard let position = request.position else { return nil }
        let events = Payload(scanning: record.delivery.body).events
        return events.indices.contains(position) ? events[position] : nil
    }

    /// Returns the value on a line: a string without its quotes and escapes, anything else as received.
    private static func value(onLine line: Int, of body: [UInt8]) throws(CopyFailure) -> (String, [UInt8]) {
        guard let json = try? PrettyJSON(body), json.lines.indices.contains(line), !json.lines[line].value.isEmpty
        else {
            throw .nothing("No value begins on this line.")
        }
        let bytes = Array(body[json.lines[line].value])
        let name = json.lines[line].tokens.first { $0.kind == .name }.map { FieldValue(json: Array($0.text.utf8)).text }
        let text = FieldValue(json: bytes).string.map { Array($0.utf8) }
        return (name ?? "the value", text ?? bytes)
    }

    private static func masked(_ delivery: Delivery, _ policy: Masking) -> [String] {
        masked(ofURL: delivery.target, policy) + masked(delivery.headers, policy)
    }

    private static func masked(ofURL target: String, _ policy: Masking) -> [String] {
        policy.target(target) == target ? [] : ["part of the URL"]
    }

    private static func masked(_ headers: [HeaderField], _ policy: Masking) -> [String] {
        zip(headers, policy.fields(of: headers)).filter { $0 != $1 }.map(\.0.name)
    }
}

/// The reason why nothing was copied, as a sentence.
enum CopyFailure: Error, CustomStringConvertible {
    case nothing(String)
    case gone
    case secret
    /// More data than may be in memory at a time.
    case tooMuch
    case file(String)

    var description: String {
        switch self {
        case .nothing(let sentence): sentence
        case .gone: "This delivery is no longer recorded."
        case .secret: "This contains a current signing secret: secrets are not copied."
        case .tooMuch:
            "The rows selected are more than \(Wording.bytes(Int64(CopyPieces.most))) together: export them to a file."
        case .file(let sentence): sentence
        }
    }
}

// MARK: - Pieces

/// The copies of several rows, one after the other.
struct CopyPieces {
    /// The maximum size in bytes.
    static let most = 64 << 20

    private let request: CopyRequest
    private(set) var bytes: [UInt8] = []
    private(set) var remarks: [String] = []
    private(set) var masked: [String] = []
    private var name: String?
    private var count = 0
    /// The number of rows that lack the requested part, and the reason for the first of them.
    private var without = 0
    private var absence: CopyFailure?
    private var seen: Set<Int64> = []

    init(_ request: CopyRequest) {
        self.request = request
    }

    /// Whether the copy is the same for all events of a delivery, so that each delivery is copied once.
    private var isOfDeliveries: Bool {
        switch request.subject {
        case .body, .headers, .request, .curl, .signature: true
        case .eventID, .value: false
        }
    }

    /// Adds the copy of a row.
    ///
    /// - Throws: `CopyFailure` if nothing may be copied at all.
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

    /// Ends the copy.
    ///
    /// - Returns: The name of the copy, and remarks about it.
    /// - Throws: `CopyFailure` if no row has the requested part.
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

// MARK: - Files

/// Files for copies that are too large for the clipboard. Each copy gets a new file that only its user may read.
enum CopyFile {
    /// Writes a file completely or not at all, in a folder that is created with mode 0700 if it is missing.
    ///
    /// - Returns: The file's path.
    /// - Throws: `CopyFailure.file`.
    static func write(_ bytes: [UInt8], as name: String, in folder: String) throws(CopyFailure) -> String {
        do {
            try PrivateFolder.make(folder)
        } catch {
            throw .file("What is copied is too large for a terminal, and the folder \(folder) cannot be made.")
        }
        for number in 1...1_000 {
            let path = "\(folder)/\(number == 1 ? name : "\(number)-\(name)")"
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            if descriptor < 0, errno == EEXIST { continue }
            guard descriptor >= 0, fill(descriptor, with: bytes) else {
                let problem = String(cString: strerror(errno))
                if descriptor >= 0 { unlink(path) }
                throw .file("What is copied is too large for a terminal, and \(path) cannot be written: \(problem).")
            }
            return path
        }
        throw .file("What is copied is too large for a terminal, and \(folder) is full of earlier copies: remove some.")
    }

    /// Writes the bytes and closes the file. On failure returns false, with the reason in `errno`.
    private static func fill(_ descriptor: Int32, with bytes: [UInt8]) -> Bool {
        var isWritten = fchmod(descriptor, 0o600) == 0
        var rest = bytes[...]
        while isWritten, !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) } else if count == 0 || errno != EINTR { isWritten = false }
        }
        let problem = errno
        guard close(descriptor) == 0, isWritten else {
            if !isWritten { errno = problem }
            return false
        }
        return true
    }
}
