public import Notifications

/// What a key may do, by B2's names.
public enum B2Capability {
    public static let listBuckets = "listBuckets"
    public static let readRules = "readBucketNotifications"
    public static let writeRules = "writeBucketNotifications"
    public static let listFiles = "listFiles"

    /// What all of b2watch needs.
    static let all = [listBuckets, readRules, writeRules, listFiles]
}

/// What `b2_authorize_account` answered: a token, which lives for a day at most, and what the key may do.
///
/// Both shapes are read: that of version 4, whose keys may be for several buckets, and that of version 3.
public struct Authorization: Sendable {
    public let accountID: String
    /// Where calls go, without a slash at the end.
    let apiURL: String
    /// The version of the API that the answer belongs to.
    let token: String
    public let capabilities: Set<String>
    /// The buckets that the key is for; nil where it is for all. Of some the name is not known.
    public let buckets: [(id: String, name: String?)]?
    /// What the names of objects must begin with; nil where the key is not restricted so.
    public let namePrefix: String?
    /// When the key expires; nil where it does not.
    public let keyExpires: Timestamp?

    /// - Throws: `B2Problem` where something is missing.
    init(_ answer: JSONValue) throws(B2Problem) {
        let storage = answer["apiInfo"]?["storageApi"]
        guard let account = answer["accountId"]?.text, let token = answer["authorizationToken"]?.text, let storage,
            let url = storage["apiUrl"]?.text
        else {
            throw B2Problem(
                .other, "B2's answer to b2_authorize_account lacks the token or the API's URL: check \(Realm.variable)")
        }
        try Realm.check(url, "B2 names an API's URL that b2watch does not use: ")
        accountID = account
        self.token = token
        apiURL = url.hasSuffix("/") ? String(url.dropLast()) : url
        let allowed = storage["allowed"] ?? storage
        capabilities = Set(allowed["capabilities"]?.elements?.compactMap(\.text) ?? [])
        if let buckets = allowed["buckets"]?.elements {
            self.buckets = buckets.compactMap { bucket in bucket["id"]?.text.map { ($0, bucket["name"]?.text) } }
        } else if let id = allowed["bucketId"]?.text {
            buckets = [(id, allowed["bucketName"]?.text)]
        } else {
            buckets = nil
        }
        namePrefix = allowed["namePrefix"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        keyExpires = answer["applicationKeyExpirationTimestamp"]?.integer.map(Timestamp.init(milliseconds:))
    }
}

/// A bucket of the account.
public struct Bucket: Sendable, Hashable {
    public let id: String
    public let name: String

    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}
