/// The capabilities of a key, by B2's names.
public enum B2Capability {
    public static let listBuckets = "listBuckets"
    public static let readRules = "readBucketNotifications"
    public static let writeRules = "writeBucketNotifications"
    public static let listFiles = "listFiles"

    /// The capabilities that b2watch needs to do everything it can.
    static let all = [listBuckets, readRules, writeRules, listFiles]
}

/// The answer of `b2_authorize_account`: a token, which is valid for a day at most, and the capabilities of the key.
///
/// The answers of API versions 3 and 4 are both read. A key of version 4 may be limited to several buckets.
public struct Authorization: Sendable {
    public let accountID: String
    /// The URL that calls go to, without a slash at the end.
    let apiURL: String
    /// The version of the API that the answer belongs to.
    let token: String
    public let capabilities: Set<String>
    /// The buckets that the key is limited to, some of them without a name; nil if the key is for all buckets.
    public let buckets: [(id: String, name: String?)]?

    /// - Throws: `B2Problem` if a field is missing.
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
    }
}

/// A bucket of the account.
public struct Bucket: Sendable, Hashable {
    public let id: String
    public let name: String
}
