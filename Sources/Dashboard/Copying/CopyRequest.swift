import Export
import Notifications

/// What is to be copied, and of which delivery.
struct CopyRequest: Sendable, Hashable {
    /// What there is to copy.
    enum Subject: Sendable, Hashable {
        case body, headers, request, curl, signature, eventID
        case value(Value)
    }

    /// Where a single value stands.
    enum Value: Sendable, Hashable {
        /// It begins on this line of the laid out body, from 0.
        case json(line: Int)
        /// Of this header field, from 0.
        case header(Int)
        /// The object's name, or the target of a request without an event.
        case object
    }

    var deliveryID: Int64
    /// The event's place in its delivery, from 0.
    var position: Int?
    var subject: Subject
    var policy: Masking
    /// The rows that were selected; nil where the one above is to be copied alone.
    var rows: ExportRequest.Rows?
    /// Where the listener is reached.
    var listener: String?
}

/// What was copied, and where it is.
struct Copied: Sendable, Hashable {
    enum Place: Sendable, Hashable {
        case terminal([UInt8])
        /// A file, because terminals would not take so much.
        case file(String)
    }

    /// Such as `body`.
    var name: String
    var count: Int
    var place: Place
    /// What is to be said of it, such as what is missing.
    var remarks: [String] = []
    /// What was masked: header fields by name, and the URL, each once.
    var masked: [String] = []

    /// Nobody knows what a terminal does with it, so nothing is said of the clipboard.
    ///
    /// - Parameter asReceived: How one copies what is masked here.
    func sentence(asReceived: String) -> String {
        let size = "\(Wording.grouped(count)) \(count == 1 ? "byte" : "bytes") of \(name)"
        let said =
            switch place {
            case .terminal: "Sent to the terminal: \(size)."
            case .file(let path): "Too much for a terminal: \(size) are in \(path), readable by you alone."
            }
        return ([said] + remarks + hidden(asReceived: asReceived)).joined(separator: " ")
    }

    /// What is said of masked fields, if there are any.
    func hidden(asReceived: String) -> [String] {
        masked.isEmpty ? [] : ["Masked: \(masked.joined(separator: ", ")); with \(asReceived) they are not."]
    }
}
