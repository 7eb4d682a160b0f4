public import Base

/// A version of a file, or a hide marker, from a bucket's listing.
public struct FileVersion: Sendable, Hashable {
    /// The kind of a version.
    public enum Action: Sendable, Hashable {
        /// A file's contents, including copied and replicated files.
        case upload
        /// A marker that hides the versions before it.
        case hide
        /// A large file that is not finished; no version exists yet.
        case start
        case other(String)
    }

    /// The version's id: `objectVersionId` in events.
    public let id: String
    public let name: String
    /// The size in bytes.
    public let size: Int64
    public let uploaded: Timestamp
    public let action: Action

    init?(_ value: JSONValue) {
        guard let id = value["fileId"]?.text, let name = value["fileName"]?.text else { return nil }
        self.id = id
        self.name = name
        size = value["contentLength"]?.integer ?? 0
        uploaded = Timestamp(milliseconds: value["uploadTimestamp"]?.integer ?? 0)
        switch value["action"]?.text {
        case "upload": action = .upload
        case "hide": action = .hide
        case "start": action = .start
        case let other: action = .other(other ?? "")
        }
    }
}

/// A position at which a listing continues.
public struct ListingMark: Codable, Sendable, Hashable {
    public var name: String
    public var id: String?
}

/// A page of a bucket's listing, in the order of names, the newest version of each name first.
public struct ListingPage: Sendable {
    public let versions: [FileVersion]
    /// The start of the next page; nil after the last page.
    public let next: ListingMark?
    /// The number of class C calls that the page counts as: one for each 1,000 versions in it, and at least one.
    public let calls: Int
}

extension B2Client {
    /// The largest number of versions on a page.
    public static let largestPage = 10_000

    /// Lists versions of a bucket.
    ///
    /// - Parameters:
    ///   - prefix: The prefix of the names to list.
    ///   - start: The end of the page before; nil for the beginning.
    ///   - count: The number of versions to request.
    public func versions(
        of bucket: Bucket, prefix: String, from start: ListingMark?, count: Int = largestPage
    ) throws(B2Problem) -> ListingPage {
        let count = max(1, min(count, Self.largestPage))
        var parameters: JSONValue = ["bucketId": .string(bucket.id), "maxFileCount": .number(String(count))]
        if !prefix.isEmpty { parameters["prefix"] = .string(prefix) }
        if let start {
            parameters["startFileName"] = .string(start.name)
            if let id = start.id { parameters["startFileId"] = .string(id) }
        }
        let answer = try call("b2_list_file_versions", parameters, capability: B2Capability.listFiles)
        guard let files = answer["files"]?.elements else {
            throw B2Problem(.other, "B2's answer has no list of files")
        }
        return ListingPage(
            versions: files.compactMap(FileVersion.init),
            next: answer["nextFileName"]?.text.map { ListingMark(name: $0, id: answer["nextFileId"]?.text) },
            calls: max(1, (files.count + 999) / 1_000))
    }
}
