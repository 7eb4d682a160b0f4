import Export
import History
import Notifications

/// The bytes that a copy is made of.
struct CopyText {
    let name: String
    let bytes: [UInt8]
    var remarks: [String] = []
    /// What is masked: header fields by name, and the URL.
    var masked: [String] = []

    /// - Throws: `CopyFailure` where there is no such thing.
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
            guard !id.isEmpty else { throw .nothing("There is no event id here.") }
            (name, bytes) = ("the event id", Array(id.text.utf8))
        case .value(.header(let index)):
            guard delivery.headers.indices.contains(index) else { throw .nothing("There is no value here.") }
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

    /// A string without its quotes and escapes; anything else as received.
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

/// Why nothing was copied, in a sentence.
enum CopyFailure: Error, CustomStringConvertible {
    case nothing(String)
    case gone
    case secret
    /// More than may be held at a time.
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
