public import Notifications

/// The words by which a user names the type of a sample.
public enum SampleType {
    /// One word for each type that B2 documents, in the order of `EventType.known`.
    public static let words: [(word: String, type: EventType)] = [
        ("upload", EventType("b2:ObjectCreated:Upload")),
        ("multipart", EventType("b2:ObjectCreated:MultipartUpload")),
        ("copy", EventType("b2:ObjectCreated:Copy")),
        ("replica", EventType("b2:ObjectCreated:Replica")),
        ("multipartreplica", EventType("b2:ObjectCreated:MultipartReplica")),
        ("delete", EventType("b2:ObjectDeleted:Delete")),
        ("lifecycle", EventType("b2:ObjectDeleted:LifecycleRule")),
        ("hide", EventType("b2:HideMarkerCreated:Hide")),
        ("hidelifecycle", EventType("b2:HideMarkerCreated:LifecycleRule")),
        ("liveread", EventType("b2:MultipartUploadCreated:LiveRead")),
        ("test", EventType("b2:TestEvent")),
    ]

    /// Reads a word, a type's name or its short name, in any case; any other text with a colon is taken as it is, for
    /// B2 may add types.
    ///
    /// - Throws: `SampleTypeError`, which lists the words.
    public static func parse(_ text: String) throws(SampleTypeError) -> EventType {
        let wanted = text.lowercased()
        if let match = words.first(where: { $0.word == wanted }) { return match.type }
        for (name, short) in EventType.known where [name.lowercased(), short.lowercased()].contains(wanted) {
            return EventType(name)
        }
        guard text.contains(":") else { throw SampleTypeError(text: text) }
        return EventType(text)
    }
}

/// A text that names no event type.
public struct SampleTypeError: Error, Sendable, Hashable, CustomStringConvertible {
    public let text: String

    /// A sentence that lists what there is.
    public var description: String {
        let words = SampleType.words.map(\.word).joined(separator: ", ")
        return "there is no event type \u{201C}\(text)\u{201D}: write one of \(words), or a full name such as"
            + " b2:ObjectCreated:Upload"
    }
}
