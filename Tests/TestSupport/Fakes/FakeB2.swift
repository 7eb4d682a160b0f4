import Base
import Foundation
import Notifications
import Sending
import Synchronization

/// The parts of Backblaze B2's native API that b2watch uses: authorization, buckets, notification rules and listings,
/// with its checks and its messages.
///
/// Source: `b2_authorize_account`, `b2_set_bucket_notification_rules` and `b2_list_file_versions` in Backblaze's
/// reference, b2sdk 2.13.1, and answers that public projects have recorded.
package final class FakeB2: FakeService {
    /// The version of the answer to `b2_authorize_account`.
    package enum Shape: Sendable {
        case v3, v4
    }

    /// An application key.
    package struct Key: Sendable {
        package var secret: String
        package var capabilities: [String]
        /// The ids of the buckets that it is limited to; nil for all.
        package var buckets: [String]?

        package init(
            secret: String = FakeB2.secret, capabilities: [String] = FakeB2.capabilities, buckets: [String]? = nil
        ) {
            self.secret = secret
            self.capabilities = capabilities
            self.buckets = buckets
        }
    }

    /// A version of a file.
    package struct Version: Sendable {
        package var name: String
        package var id: String
        package var size: Int64
        /// The time in milliseconds since 1970.
        package var uploaded: Int64
        /// `upload`, `hide` or `start`.
        package var action: String

        package init(name: String, id: String, size: Int64 = 0, uploaded: Int64, action: String = "upload") {
            (self.name, self.id, self.size, self.uploaded, self.action) = (name, id, size, uploaded, action)
        }
    }

    struct State {
        var keys: [String: Key] = [FakeB2.keyID: Key()]
        /// The key of each token.
        var tokens: [String: String] = [:]
        var expired: Set<String> = []
        var shape = Shape.v4
        var isEnabled = true
        /// The rules of each bucket, as JSON text.
        var rules: [String: Data] = [FakeB2.bucketID: Data("[]".utf8)]
        var buckets = [FakeB2.bucketID: FakeB2.bucketName]
        var versions: [Version] = []
        var requests: [FakeRequest] = []
        var mishaps: [(call: String, reply: FakeReply?, done: Bool)] = []
        var interloper: (@Sendable (String) -> Void)?
        var calls = 0
        var failures: [String: Int] = [:]
        /// The notifications that were not answered with 200, with the names of their rules.
        var undelivered: [(rule: String, body: [UInt8])] = []
    }

    package static let keyID = "0052b2a7c40000000000001"
    package static let secret = "K005aBcDeFgHiJkLmNoPqRsTuVwXyZ0"
    package static let accountID = "b2a7c4000000"
    package static let bucketID = "0b12a3c4d5e6f70800000000"
    package static let bucketName = "my-bucket"
    package static let capabilities = [
        "listBuckets", "readBucketNotifications", "writeBucketNotifications", "listFiles", "writeFiles",
    ]

    let state = Mutex(State())
    private let url = Mutex("https://b2.example")

    package init(_ shape: Shape = .v4) {
        state.withLock { $0.shape = shape }
    }

    /// Starts the fake behind a socket.
    package func serve() throws -> FakeServer {
        let server = try FakeServer(self)
        url.withLock { $0 = "http://127.0.0.1:\(server.port)" }
        return server
    }

    /// Uses an address of this machine in answers, if it is called without a socket.
    package func becomeLocal() {
        url.withLock { $0 = "http://127.0.0.1:1" }
    }

    // MARK: - Arranging

    /// Sets the capabilities of a key.
    package func setKey(_ key: Key?, id: String = keyID) {
        state.withLock { $0.keys[id] = key }
    }

    /// Disables event notifications for the account.
    package func disableNotifications() {
        state.withLock { $0.isEnabled = false }
    }

    /// Makes all current tokens expire.
    package func expireTokens() {
        state.withLock { $0.expired.formUnion($0.tokens.keys) }
    }

    /// Makes the next request of a call fail.
    ///
    /// - Parameter afterwards: Whether the request still has its effect.
    package func fail(_ call: String, _ reply: FakeReply, afterwards: Bool = false) {
        state.withLock { $0.mishaps.append((call, reply, afterwards)) }
    }

    /// Calls a function before each request, with the call's name.
    package func intrude(_ interloper: (@Sendable (String) -> Void)?) {
        state.withLock { $0.interloper = interloper }
    }

    /// Returns the rules of the bucket, as B2 answers them.
    package var rules: [[String: Any]] {
        get { state.withLock { Self.decoded($0.rules[Self.bucketID] ?? Data()) } }
        set { state.withLock { $0.rules[Self.bucketID] = Self.encoded(newValue) } }
    }

    /// Returns the rules as JSON text with sorted names, for a comparison.
    package var rulesText: String {
        state.withLock { String(decoding: $0.rules[Self.bucketID] ?? Data(), as: UTF8.self) }
    }

    /// Returns the rule of a name, as B2 answers it.
    package func rule(_ name: String) -> [String: Any]? { rules.first { $0["name"] as? String == name } }

    /// Puts rules that B2 would accept into the bucket, without a request.
    ///
    /// - Parameter json: An array.
    package func putRules(_ json: String) {
        rules = ((try? JSONSerialization.jsonObject(with: Data(json.utf8))) as? [[String: Any]] ?? []).map(Self.filled)
            .sorted { ($0["name"] as? String ?? "") < ($1["name"] as? String ?? "") }
    }

    /// Adds versions to the bucket.
    package func put(_ versions: [Version]) {
        state.withLock { state in
            state.versions = (state.versions + versions).sorted { one, other in
                one.name == other.name
                    ? one.uploaded > other.uploaded
                    : one.name.utf8.lexicographicallyPrecedes(other.name.utf8)
            }
        }
    }

    /// Returns the ids of all versions.
    package var versionIDs: Set<String> { state.withLock { Set($0.versions.map(\.id)) } }

    /// Returns the names of all versions.
    package var versionNames: [String] { state.withLock { $0.versions.map(\.name) } }

    /// The number of files that were uploaded or hidden.
    package var uploads: Int { state.withLock(\.calls) }

    /// All received requests.
    package var requests: [FakeRequest] { state.withLock { $0.requests } }

    /// Returns the number of times a call was made.
    package func count(of call: String) -> Int { requests.count { $0.path.hasSuffix("/\(call)") } }

    // MARK: - Answering

    package func reply(to request: FakeRequest) -> FakeReply {
        let reply = answer(to: request)
        guard case .answer(let status, let headers, let body) = reply else { return reply }
        // Backblaze's own command compares this with its clock.
        return .answer(status: status, headers: headers + [("Date", Self.date())], body: body)
    }

    private static func date() -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.string(from: .now)
    }

    private func answer(to request: FakeRequest) -> FakeReply {
        let call = request.path.split(separator: "/").last.map(String.init) ?? ""
        state.withLock(\.interloper)?(call)
        let host = url.withLock { $0 }
        return state.withLock { state in
            state.requests.append(request)
            if let index = state.mishaps.firstIndex(where: { $0.call == call }) {
                let mishap = state.mishaps.remove(at: index)
                if mishap.done { _ = Self.answer(call, request, host, &state) }
                if let reply = mishap.reply { return reply }
            }
            return Self.answer(call, request, host, &state)
        }
    }

    private static func answer(_ call: String, _ request: FakeRequest, _ host: String, _ state: inout State)
        -> FakeReply
    {
        guard request.path == "/b2api/v4/\(call)" || request.path == "/b2api/v3/\(call)" else {
            return error(404, "not_found", "unknown API")
        }
        if call == "b2_authorize_account" { return authorize(request, host, &state) }
        guard let token = request.value(of: "Authorization"), let id = state.tokens[token], let key = state.keys[id]
        else {
            return error(401, "bad_auth_token", "Invalid authorization token")
        }
        guard !state.expired.contains(token) else {
            return error(401, "expired_auth_token", "Authorization token has expired")
        }
        var parameters = (try? JSONSerialization.jsonObject(with: Data(request.body))) as? [String: Any] ?? [:]
        for pair in request.target.drop(while: { $0 != "?" }).dropFirst().split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { parameters[String(parts[0])] = String(parts[1]).removingPercentEncoding }
        }
        let needed = [
            "b2_list_buckets": "listBuckets", "b2_get_bucket_notification_rules": "readBucketNotifications",
            "b2_set_bucket_notification_rules": "writeBucketNotifications", "b2_list_file_versions": "listFiles",
        ][call]
        guard let needed else { return error(404, "not_found", "unknown API") }
        guard key.capabilities.contains(needed) else {
            return error(401, "unauthorized", "unauthorized: missing capability \(needed)")
        }
        if call == "b2_list_buckets" { return buckets(parameters, key, state) }
        guard let bucket = parameters["bucketId"] as? String, state.buckets[bucket] != nil else {
            return error(400, "bad_bucket_id", "Bucket does not exist: \(parameters["bucketId"] ?? "")")
        }
        guard key.buckets?.contains(bucket) ?? true else {
            return error(401, "unauthorized", "unauthorized: bucket not allowed")
        }
        if call == "b2_list_file_versions" { return list(parameters, bucket, state) }
        guard state.isEnabled else { return error(400, "bad_request", "API not enabled") }
        if call == "b2_set_bucket_notification_rules" {
            guard let rules = parameters["eventNotificationRules"] as? [[String: Any]] else {
                return error(400, "bad_request", "required field eventNotificationRules is missing")
            }
            if let problem = Self.problem(in: rules) { return problem }
            let before = decoded(state.rules[bucket] ?? Data())
            state.rules[bucket] = encoded(
                rules.map { rule in
                    // Only B2 decides whether a rule is suspended.
                    var rule = filled(rule)
                    let old = before.first { $0["name"] as? String == rule["name"] as? String }
                    rule["isSuspended"] = old?["isSuspended"] ?? false
                    rule["suspensionReason"] = old?["suspensionReason"] ?? ""
                    return rule
                }.sorted { ($0["name"] as? String ?? "") < ($1["name"] as? String ?? "") })
        }
        let rules = String(decoding: state.rules[bucket] ?? Data("[]".utf8), as: UTF8.self)
        return .json(200, "{\"bucketId\":\"\(bucket)\",\"eventNotificationRules\":\(rules)}")
    }

    private static func authorize(_ request: FakeRequest, _ host: String, _ state: inout State) -> FakeReply {
        let value = request.value(of: "Authorization") ?? ""
        let pair = Data(base64Encoded: String(value.dropFirst(6))).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let parts = pair.split(separator: ":", maxSplits: 1).map(String.init)
        guard value.hasPrefix("Basic "), parts.count == 2, let key = state.keys[parts[0]], key.secret == parts[1] else {
            return error(401, "unauthorized", "unauthorized")
        }
        let token = "4_0052b2a7c4000000_token\(state.tokens.count)"
        state.tokens[token] = parts[0]
        let capabilities = "[\(key.capabilities.map { "\"\($0)\"" }.joined(separator: ","))]"
        let urls = "\"apiUrl\":\"\(host)\",\"downloadUrl\":\"\(host)\",\"s3ApiUrl\":\"\(host)\""
        let sizes = "\"absoluteMinimumPartSize\":5000000,\"recommendedPartSize\":100000000"
        let storage: String
        switch state.shape {
        case .v4:
            let buckets = key.buckets.map { ids in
                let list = ids.map { "{\"id\":\"\($0)\",\"name\":\(state.buckets[$0].map { "\"\($0)\"" } ?? "null")}" }
                return "[\(list.joined(separator: ","))]"
            }
            storage =
                "{\(urls),\(sizes),\"allowed\":{\"capabilities\":\(capabilities),\"buckets\":\(buckets ?? "null"),"
                + "\"namePrefix\":null}}"
        case .v3:
            let id = key.buckets?.first
            let name = id.flatMap { state.buckets[$0] }.map { "\"\($0)\"" } ?? "null"
            storage =
                "{\"infoType\":\"storageApi\",\(urls),\(sizes),\"capabilities\":\(capabilities),"
                + "\"bucketId\":\(id.map { "\"\($0)\"" } ?? "null"),\"bucketName\":\(name),\"namePrefix\":null}"
        }
        return .json(
            200,
            "{\"accountId\":\"\(accountID)\",\"apiInfo\":{\"storageApi\":\(storage)},"
                + "\"applicationKeyExpirationTimestamp\":null,\"authorizationToken\":\"\(token)\"}")
    }

    private static func buckets(_ parameters: [String: Any], _ key: Key, _ state: State) -> FakeReply {
        let name = parameters["bucketName"] as? String
        let found = state.buckets.filter { id, bucket in
            (key.buckets?.contains(id) ?? true) && (name == nil || bucket == name)
        }
        if key.buckets != nil, found.isEmpty { return error(401, "unauthorized", "unauthorized") }
        let hidden = "{\"isClientAuthorizedToRead\":false,\"value\":null}"
        let list = found.sorted { $0.value < $1.value }.map { id, name in
            "{\"accountId\":\"\(accountID)\",\"bucketId\":\"\(id)\",\"bucketName\":\"\(name)\",\"bucketType\":\"allPrivate\","
                + "\"bucketInfo\":{},\"corsRules\":[],\"lifecycleRules\":[],\"options\":[],\"revision\":1,"
                + "\"fileLockConfiguration\":\(hidden),\"defaultServerSideEncryption\":\(hidden),"
                + "\"replicationConfiguration\":\(hidden)}"
        }
        return .json(200, "{\"buckets\":[\(list.joined(separator: ","))]}")
    }

    static func error(_ status: Int, _ code: String, _ message: String) -> FakeReply {
        .json(status, "{\"status\":\(status),\"code\":\"\(code)\",\"message\":\"\(message)\"}")
    }

    private static func decoded(_ data: Data) -> [[String: Any]] {
        (try? JSONSerialization.jsonObject(with: data)) as? [[String: Any]] ?? []
    }

    private static func encoded(_ rules: [[String: Any]]) -> Data {
        (try? JSONSerialization.data(withJSONObject: rules, options: [.sortedKeys, .withoutEscapingSlashes])) ?? Data()
    }

    // MARK: - Rules

    /// Returns the rule with the fields that B2 adds: explicit nulls, and the batch of one.
    private static func filled(_ rule: [String: Any]) -> [String: Any] {
        var rule = rule
        var target = rule["targetConfiguration"] as? [String: Any] ?? [:]
        for name in ["customHeaders", "hmacSha256SigningSecret"] where target[name] == nil { target[name] = NSNull() }
        rule["targetConfiguration"] = target
        if rule["maxEventsPerBatch"] == nil, target["maxEventsPerBatch"] == nil { rule["maxEventsPerBatch"] = 1 }
        if rule["isSuspended"] == nil { rule["isSuspended"] = false }
        if rule["suspensionReason"] == nil { rule["suspensionReason"] = "" }
        return rule
    }

    private static func problem(in rules: [[String: Any]]) -> FakeReply? {
        func bad(_ message: String, _ code: String = "bad_request") -> FakeReply { error(400, code, message) }
        guard rules.count <= 25 else { return bad("A bucket can have at most 25 event notification rules") }
        var seen: Set<String> = []
        for rule in rules {
            for field in ["eventTypes", "isEnabled", "name", "objectNamePrefix", "targetConfiguration"]
            where rule[field] == nil || rule[field] is NSNull {
                return bad("required field \(field) is missing")
            }
            let name = rule["name"] as? String ?? ""
            let isNamed = name.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "-") || Character(UnicodeScalar(byte)).isLetter
                    || Character(UnicodeScalar(byte)).isNumber
            }
            guard (6...63).contains(name.utf8.count), isNamed, !name.hasPrefix("b2-") else {
                return bad("Invalid event notification rule name: \(name)")
            }
            guard seen.insert(name).inserted else { return bad("Duplicate event notification rule name: \(name)") }
            let types = rule["eventTypes"] as? [String] ?? []
            if types.isEmpty { return bad("Event types are empty", "event_types_empty") }
            for (index, type) in types.enumerated() {
                guard type.hasPrefix("b2:"), type.split(separator: ":").count == 3 else {
                    return bad("Invalid event type: \(type)", "event_type_invalid")
                }
                if types[..<index].contains(where: { overlap($0, type) }) {
                    return bad("Event types overlap: \(type)", "event_type_overlap")
                }
            }
            let target = rule["targetConfiguration"] as? [String: Any] ?? [:]
            guard target["targetType"] as? String == "webhook" else { return bad("Invalid targetType") }
            let url = target["url"] as? String ?? ""
            // Loopback is this fake's own exception: its deliveries go there.
            guard url.hasPrefix("https://") || url.hasPrefix("http://127.0.0.1:") else {
                return bad("The URL must use https: \(url)")
            }
            let secret = target["hmacSha256SigningSecret"]
            if let secret = secret as? String, secret.utf8.count != 32 { return bad("Invalid hmacSha256SigningSecret") }
            if let headers = target["customHeaders"], !(headers is NSNull), !(headers is [[String: Any]]) {
                return bad("customHeaders is not an array")
            }
        }
        return overlapProblem(in: rules)
    }

    private static func overlapProblem(in rules: [[String: Any]]) -> FakeReply? {
        for (index, rule) in rules.enumerated() {
            for other in rules[..<index] {
                let (one, two) = (rule["objectNamePrefix"] as? String ?? "", other["objectNamePrefix"] as? String ?? "")
                guard one.hasPrefix(two) || two.hasPrefix(one) else { continue }
                let types = rule["eventTypes"] as? [String] ?? []
                for type in other["eventTypes"] as? [String] ?? [] where types.contains(where: { overlap($0, type) }) {
                    return error(
                        400, "bad_request",
                        "More than one event notification rule has overlapping prefixes (\(two)),(\(one)) for the same event"
                            + " type: \(type)")
                }
            }
        }
        return nil
    }

    static func overlap(_ one: String, _ other: String) -> Bool {
        one == other || (one.hasSuffix("*") && other.hasPrefix(one.dropLast()))
            || (other.hasSuffix("*") && one.hasPrefix(other.dropLast()))
    }

    // MARK: - Listing

    private static func list(_ parameters: [String: Any], _ bucket: String, _ state: State) -> FakeReply {
        let count = (parameters["maxFileCount"] as? Int) ?? 100
        guard (1...10_000).contains(count) else { return error(400, "bad_request", "maxFileCount out of range") }
        let prefix = parameters["prefix"] as? String ?? ""
        let name = parameters["startFileName"] as? String
        let id = parameters["startFileId"] as? String
        guard id == nil || name != nil else { return error(400, "bad_request", "startFileId without startFileName") }
        let versions = state.versions
        // The first version whose name is not before the start.
        var (low, high) = (0, versions.count)
        let start = max(name ?? "", prefix)
        while low < high {
            let middle = (low + high) / 2
            if versions[middle].name.utf8.lexicographicallyPrecedes(start.utf8) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        if let id, let name {
            // A version that was deleted in the meantime: the listing continues after its place, which its upload time
            // gives.
            var index = low
            while index < versions.count, versions[index].name == name, versions[index].id != id { index += 1 }
            if index < versions.count, versions[index].name == name { low = index }
        }
        // One more than was requested, because it begins the next page.
        let rest = versions[low...].prefix(count + 1).prefix { $0.name.utf8.starts(with: prefix.utf8) }
        var text = "{\"files\":["
        for (index, version) in rest.prefix(count).enumerated() {
            if index > 0 { text += "," }
            let quoted = (try? JSONEncoder().encode(version.name)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
            text +=
                "{\"accountId\":\"\(accountID)\",\"action\":\"\(version.action)\",\"bucketId\":\"\(bucket)\","
                + "\"contentLength\":\(version.size),\"contentType\":\"application/octet-stream\",\"fileId\":\"\(version.id)\","
                + "\"fileName\":\(quoted),\"uploadTimestamp\":\(version.uploaded)}"
        }
        let next = rest.count > count ? rest[low + count] : nil
        let nextName = next.flatMap { try? JSONEncoder().encode($0.name) }.map { String(decoding: $0, as: UTF8.self) }
        text += "],\"nextFileId\":\(next.map { "\"\($0.id)\"" } ?? "null"),\"nextFileName\":\(nextName ?? "null")}"
        return .json(200, text)
    }
}

// MARK: - Delivering

extension FakeB2 {
    /// The number of deliveries in a row, not answered with 200, after which a rule is suspended. B2 does not document
    /// it.
    private static let mostFailures = 5

    /// Uploads a file, and sends the notifications that its rules ask for.
    ///
    /// - Returns: The statuses of the answers; 0 if there was no answer.
    @discardableResult
    package func upload(_ name: String, size: Int64 = 10, at time: Int64 = 1_767_262_272_345) -> [Int] {
        event("b2:ObjectCreated:Upload", name, size: size, at: time, action: "upload")
    }

    /// Hides a file, and sends the notifications that its rules ask for.
    @discardableResult
    package func hide(_ name: String, at time: Int64 = 1_767_262_272_345) -> [Int] {
        event("b2:HideMarkerCreated:Hide", name, size: 0, at: time, action: "hide")
    }

    private func event(_ type: String, _ name: String, size: Int64, at time: Int64, action: String) -> [Int] {
        let number = state.withLock { state in
            state.calls += 1
            return state.calls
        }
        let digits = String(number, radix: 16)
        let padded = String(repeating: "0", count: 16 - digits.count) + digits
        let version = Version(
            name: name, id: "4_z\(Self.bucketID)_f1\(padded)_d20260101_m101112_c001_v0001044_t0001_u0\(time)",
            size: size, uploaded: time, action: action)
        put([version])
        return rules.compactMap { rule -> Int? in
            let prefix = rule["objectNamePrefix"] as? String ?? ""
            guard rule["isEnabled"] as? Bool == true, rule["isSuspended"] as? Bool != true, name.hasPrefix(prefix),
                (rule["eventTypes"] as? [String] ?? []).contains(where: { Self.overlap($0, type) })
            else { return nil }
            let event = EventSample(
                accountID: Self.accountID, bucketID: Self.bucketID, bucketName: Self.bucketName,
                eventID: String(repeating: "a", count: 48) + padded, timestamp: Timestamp(milliseconds: time),
                type: EventType(type), ruleName: rule["name"] as? String ?? "",
                object: SampleObject(name: name, size: size, versionID: version.id))
            return deliver(SampleNotification(events: [event]).body, by: rule)
        }
    }

    /// Posts a notification as B2 does: repeated until it is answered with 200, three times at most. B2 waits for 3 seconds;
    /// this one for longer, because the machine may be busy. A rule whose notifications fail too often is suspended.
    private func deliver(_ body: [UInt8], by rule: [String: Any]) -> Int {
        let target = rule["targetConfiguration"] as? [String: Any] ?? [:]
        let name = rule["name"] as? String ?? ""
        guard let url = (target["url"] as? String).flatMap({ try? WebhookURL($0) }) else { return 0 }
        var headers = [
            OutgoingField("User-Agent", "B2/EventNotifications"),
            OutgoingField("Content-Type", "application/json; charset=UTF-8"),
        ]
        if let secret = target["hmacSha256SigningSecret"] as? String,
            let signing = try? SigningSecret(label: "b2", value: secret)
        {
            headers.append(OutgoingField(SignatureHeader.name, signing.signature(of: body)))
        }
        for field in target["customHeaders"] as? [[String: Any]] ?? [] {
            headers.append(OutgoingField(field["name"] as? String ?? "", field["value"] as? String ?? ""))
        }
        let client = OutgoingClient()
        defer { client.shutdown() }
        var status = 0
        for _ in 0..<3 {
            let request = OutgoingRequest("POST", url, headers: headers, body: body, allowsPlainHTTP: true)
            status = (try? client.send(request, within: .patience / 3))?.status ?? 0
            if status == 200 { break }
        }
        let failures = state.withLock { state in
            state.failures[name] = status == 200 ? 0 : state.failures[name, default: 0] + 1
            return state.failures[name] ?? 0
        }
        if status != 200 { state.withLock { $0.undelivered.append((name, body)) } }
        if failures >= Self.mostFailures { suspend(name, "Too many failed deliveries") }
        return status
    }

    /// Posts notifications again that were not answered with 200, to the current URL of their rule.
    ///
    /// - Parameter count: The largest number of notifications.
    /// - Returns: The statuses of the answers.
    @discardableResult
    package func deliverLate(_ count: Int = .max) -> [Int] {
        let late = state.withLock { state in
            let late = state.undelivered.prefix(count)
            state.undelivered.removeFirst(late.count)
            return Array(late)
        }
        return late.map { late in rule(late.rule).map { deliver(late.body, by: $0) } ?? 0 }
    }

    /// The number of notifications that were not answered with 200.
    package var undelivered: Int { state.withLock(\.undelivered.count) }

    /// Suspends a rule, as B2 does by itself.
    package func suspend(_ name: String, _ reason: String) {
        rules = rules.map { rule in
            guard rule["name"] as? String == name else { return rule }
            var rule = rule
            rule["isSuspended"] = true
            rule["suspensionReason"] = reason
            return rule
        }
    }
}
