public import Notifications

/// A version of a file, or a hide marker, as a bucket's listing has it.
public struct FileVersion: Sendable, Hashable {
    /// What a version is.
    public enum Action: Sendable, Hashable {
        /// The contents of a file, also one that was copied or replicated.
        case upload
        /// A marker that hides the versions before it.
        case hide
        /// A large file that is not finished: nothing was created yet.
        case start
        case other(String)
    }

    /// The version's id, which events have as `objectVersionId`.
    public let id: String
    public let name: String
    /// In bytes.
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

/// Where a listing goes on.
public struct ListingMark: Codable, Sendable, Hashable {
    public var name: String
    public var id: String?
}

/// A page of a bucket's listing: by name, and of one name the newest version first.
public struct ListingPage: Sendable {
    public let versions: [FileVersion]
    /// Where the next page begins; nil behind the last.
    public let next: ListingMark?
    /// How many class C calls it counts as: one for each 1,000 versions that were asked for.
    public let calls: Int
}

extension B2Client {
    /// The most versions that one page has.
    public static let largestPage = 10_000

    /// Lists versions of a bucket.
    ///
    /// - Parameters:
    ///   - prefix: What names begin with.
    ///   - start: Where a page before it ended; nil for the beginning.
    ///   - count: How many to ask for.
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
            calls: (count + 999) / 1_000)
    }
}
