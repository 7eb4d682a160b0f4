/// The name of an event's type, known or not.
public struct EventType: Sendable, Hashable {
    /// As B2 sends it, such as `b2:ObjectCreated:Upload`.
    public let name: String

    public init(_ name: String) {
        self.name = name
    }

    /// The types that B2 documents today, with the short name that lists show.
    ///
    /// Source: Backblaze's event notification reference guide, b2sdk 2.13.1 and the Terraform provider.
    public static let known: [(name: String, short: String)] = [
        ("b2:ObjectCreated:Upload", "Created:Upload"),
        ("b2:ObjectCreated:MultipartUpload", "Created:MultipartUpload"),
        ("b2:ObjectCreated:Copy", "Created:Copy"),
        ("b2:ObjectCreated:Replica", "Created:Replica"),
        ("b2:ObjectCreated:MultipartReplica", "Created:MultipartReplica"),
        ("b2:ObjectDeleted:Delete", "Deleted:Delete"),
        ("b2:ObjectDeleted:LifecycleRule", "Deleted:LifecycleRule"),
        ("b2:HideMarkerCreated:Hide", "HideMarker:Hide"),
        ("b2:HideMarkerCreated:LifecycleRule", "HideMarker:LifecycleRule"),
        ("b2:MultipartUploadCreated:LiveRead", "Multipart:LiveRead"),
        ("b2:TestEvent", "Test"),
    ]

    private static let shortNames = Dictionary(uniqueKeysWithValues: known.map { ($0.name, $0.short) })

    /// What a list shows: the short name of a known type, an unknown one whole.
    public var shortName: String {
        Self.shortNames[name] ?? name
    }
}
