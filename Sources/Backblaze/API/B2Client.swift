public import Base
internal import Foundation
public import Sending
internal import Synchronization

/// A client for Backblaze B2's native API (version 4), authorized by an application key. Its calls block.
///
/// When a token has expired, a call renews it once. A request is repeated, with growing pauses, if B2 was busy or was
/// not reached. Other refusals become a `B2Problem` at once.
public final class B2Client: Sendable {
    static let authorizing = "b2_authorize_account"
    private static let version = "b2api/v4"
    /// The longest time to wait for an answer.
    private static let patience = Duration.seconds(30)
    /// The number of times a call is tried.
    private static let attempts = 5
    /// The longest answer that is read, in bytes: 10,000 versions of files with the longest names fit.
    private static let longestAnswer = 64 << 20

    public let key: ApplicationKey
    private let http: any HTTPSending
    private let clock: B2Clock
    private let say: @Sendable (String) -> Void
    private let state = Mutex<Authorization?>(nil)
    private let count = Mutex(0)

    /// - Parameter say: Receives a sentence about why a call waits.
    public init(
        _ key: ApplicationKey, http: any HTTPSending, clock: B2Clock = .system,
        say: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.key = key
        self.http = http
        self.clock = clock
        self.say = say
    }

    /// The number of requests sent.
    public var requests: Int { count.withLock { $0 } }

    // MARK: - Authorizing

    /// Returns the key's authorization; asks B2 for it the first time.
    @discardableResult
    public func authorize() throws(B2Problem) -> Authorization {
        if let known = state.withLock({ $0 }) { return known }
        let request = try request(
            "GET", "\(key.realm.url)/\(Self.version)/\(Self.authorizing)", authorization: key.authorization)
        let answer = try retrying(isRepeatable: true) { () throws(B2Problem) in
            try self.exchange(request, call: Self.authorizing, capability: nil)
        }
        let new = try Authorization(answer)
        state.withLock { $0 = new }
        return new
    }

    /// Checks that the key has some capabilities.
    ///
    /// - Throws: `B2Problem` that names the missing ones.
    public func require(_ capabilities: [String]) throws(B2Problem) {
        let known = try authorize().capabilities
        let missing = capabilities.filter { !known.contains($0) }
        guard !missing.isEmpty else { return }
        let (words, them) = missing.count == 1 ? ("the capability", "it") : ("the capabilities", "them")
        throw B2Problem(
            .capability,
            "\(key) lacks \(words) \(missing.joined(separator: ", ")): make a key that has \(them), such as by b2 key create"
                + " NAME \(B2Capability.all.joined(separator: ",")); keys that were made before event notifications were"
                + " enabled for the account do not have \(them)")
    }

    // MARK: - Calls

    /// Finds a bucket by its name.
    ///
    /// - Throws: `B2Problem` if no such bucket exists, or the key is not for it.
    public func bucket(named name: String) throws(B2Problem) -> Bucket {
        let authorization = try authorize()
        if let buckets = authorization.buckets {
            if let known = buckets.first(where: { $0.name == name }) { return Bucket(id: known.id, name: name) }
            if !buckets.isEmpty, buckets.allSatisfy({ $0.name != nil }) {
                let names = buckets.compactMap(\.name).joined(separator: ", ")
                throw B2Problem(
                    .noBucket,
                    "\(key) is for \(names) alone, not for the bucket \(name): use another key, or check the name")
            }
        }
        try require([B2Capability.listBuckets])
        let answer = try call(
            "b2_list_buckets", ["accountId": .string(authorization.accountID), "bucketName": .string(name)],
            capability: B2Capability.listBuckets)
        let found = answer["buckets"]?.elements?.first { $0["bucketName"]?.text == name }
        guard let id = found?["bucketId"]?.text else {
            throw B2Problem(
                .noBucket,
                "the account of \(key) has no bucket \(name): check the name (case counts) and the account; b2 bucket list"
                    + " shows them")
        }
        return Bucket(id: id, name: name)
    }

    /// Lists the buckets that the key is for, by their names.
    public func buckets() throws(B2Problem) -> [Bucket] {
        let authorization = try authorize()
        var parameters: JSONValue = ["accountId": .string(authorization.accountID)]
        if let buckets = authorization.buckets {
            let named = buckets.compactMap { bucket in bucket.name.map { Bucket(id: bucket.id, name: $0) } }
            // The only bucket of a key may have no name here: the listing has it.
            guard named.isEmpty, let id = buckets.first?.id else { return named.sorted { $0.name < $1.name } }
            parameters["bucketId"] = .string(id)
        }
        try require([B2Capability.listBuckets])
        let answer = try call("b2_list_buckets", parameters, capability: B2Capability.listBuckets)
        return (answer["buckets"]?.elements ?? []).compactMap { bucket in
            guard let id = bucket["bucketId"]?.text, let name = bucket["bucketName"]?.text else { return nil }
            return Bucket(id: id, name: name)
        }.sorted { $0.name < $1.name }
    }

    /// Reads the notification rules of a bucket.
    public func rules(of bucket: Bucket) throws(B2Problem) -> [NotificationRule] {
        try require([B2Capability.readRules])
        let answer = try call(
            "b2_get_bucket_notification_rules", ["bucketId": .string(bucket.id)], isQuery: true,
            capability: B2Capability.readRules)
        return try Self.rules(in: answer)
    }

    /// Replaces all notification rules of a bucket. If no answer arrives, B2 may still have replaced them.
    ///
    /// - Returns: The rules as B2 has them now.
    public func setRules(_ rules: [NotificationRule], of bucket: Bucket) throws(B2Problem) -> [NotificationRule] {
        try require([B2Capability.writeRules])
        let answer = try call(
            "b2_set_bucket_notification_rules",
            ["bucketId": .string(bucket.id), "eventNotificationRules": .array(rules.map(\.sent))],
            isRepeatable: false, capability: B2Capability.writeRules)
        return try Self.rules(in: answer)
    }

    private static func rules(in answer: JSONValue) throws(B2Problem) -> [NotificationRule] {
        guard let rules = answer["eventNotificationRules"]?.elements else {
            throw B2Problem(.other, "B2's answer has no list of rules")
        }
        return rules.map(NotificationRule.init)
    }

    /// Calls a function of the API.
    ///
    /// - Parameters:
    ///   - isQuery: Whether the parameters go in the URL.
    ///   - isRepeatable: Whether the call may be repeated although it may already have had its effect.
    ///   - capability: The capability that the call needs, to name it if B2 refuses.
    public func call(
        _ name: String, _ parameters: JSONValue, isQuery: Bool = false, isRepeatable: Bool = true, capability: String
    ) throws(B2Problem) -> JSONValue {
        for isLast in [false, true] {
            let authorization = try authorize()
            let url = "\(authorization.apiURL)/\(Self.version)/\(name)"
            var request: OutgoingRequest
            if isQuery {
                let query = (parameters.members ?? []).map { "\($0.name)=\(($0.value.text ?? "").percentEncoded)" }
                request = try self.request(
                    "GET", "\(url)?\(query.joined(separator: "&"))", authorization: authorization.token)
            } else {
                request = try self.request("POST", url, authorization: authorization.token)
                request.headers.append(OutgoingField("Content-Type", "application/json"))
                request.body = parameters.bytes
            }
            do throws(B2Problem) {
                return try retrying(isRepeatable: isRepeatable) { [request] () throws(B2Problem) in
                    try self.exchange(request, call: name, capability: capability)
                }
            } catch {
                guard error.kind == .token, !isLast else { throw error }
                state.withLock { if $0?.token == authorization.token { $0 = nil } }
            }
        }
        throw B2Problem(.token, "B2 does not accept its own tokens")
    }

    // MARK: - Requests

    private func request(
        _ method: String, _ url: String, authorization: String
    ) throws(B2Problem) -> OutgoingRequest {
        do throws(WebhookURLError) {
            var request = OutgoingRequest(
                method, try WebhookURL(url),
                headers: [
                    OutgoingField("Authorization", authorization, isSecret: true),
                    OutgoingField("User-Agent", "b2watch"), OutgoingField("Accept", "application/json"),
                ])
            request.longestAnswer = Self.longestAnswer
            return request
        } catch {
            throw B2Problem(.other, "the URL of B2's API is not valid: \(error)")
        }
    }

    private func exchange(
        _ request: OutgoingRequest, call: String, capability: String?
    ) throws(B2Problem) -> JSONValue {
        count.withLock { $0 += 1 }
        let answer: OutgoingAnswer
        do throws(OutgoingFailure) {
            answer = try http.send(request, within: Self.patience)
        } catch {
            throw B2Problem(error, realm: key.realm)
        }
        guard answer.status == 200 else {
            var problem = B2Problem(B2Refusal(answer), call: call, capability: capability, key: key)
            problem.retryAfter = answer.retryAfter(at: clock.now())
            // 503 means busy: B2 has not begun. After any other server error the request may have had its effect.
            problem.mayBeDone = answer.status >= 500 && answer.status != 503
            throw problem
        }
        guard !answer.isCut, let value = JSONValue(answer.body) else {
            throw B2Problem(
                .other,
                "what answered at \(request.url.authority) is not B2: its answer is not JSON; check \(Realm.variable)")
        }
        return value
    }

    /// Repeats an operation until it succeeds, fails in a way that repeating does not mend, or was tried often enough.
    private func retrying(
        isRepeatable: Bool, _ attempt: () throws(B2Problem) -> JSONValue
    ) throws(B2Problem) -> JSONValue {
        var failures = 0
        while true {
            do throws(B2Problem) {
                return try attempt()
            } catch {
                failures += 1
                guard error.isPassing, isRepeatable || !error.mayBeDone, failures < Self.attempts, !clock.isEnded()
                else {
                    throw error
                }
                let pause = Self.pause(failures, draw: clock.draw(), asked: error.retryAfter)
                guard pause <= .seconds(300) else { throw error }
                say("\(error); trying again in \(max(1, pause.components.seconds)) s")
                clock.wait(pause)
                if clock.isEnded() { throw error }
            }
        }
    }

    /// Returns the pause after some failures: half a second, doubled after each failure up to 16 seconds, half of it
    /// random, and at least as long as B2 asks for.
    static func pause(_ failures: Int, draw: Double, asked: Duration?) -> Duration {
        let bound = Duration.milliseconds(500 << min(failures, 5))
        return max(bound / 2 + bound / 2 * draw, asked ?? .zero)
    }
}

// MARK: - Time

/// The sources of time and chance, which tests replace.
public struct B2Clock: Sendable {
    public var now: @Sendable () -> Timestamp
    /// Waits for a duration, or until the result is no longer needed.
    public var wait: @Sendable (Duration) -> Void
    /// A number from 0 to 1.
    public var draw: @Sendable () -> Double
    /// Whether the result is no longer needed.
    public var isEnded: @Sendable () -> Bool

    public init(
        now: @escaping @Sendable () -> Timestamp, wait: @escaping @Sendable (Duration) -> Void,
        draw: @escaping @Sendable () -> Double = { .random(in: 0...1) },
        isEnded: @escaping @Sendable () -> Bool = { false }
    ) {
        self.now = now
        self.wait = wait
        self.draw = draw
        self.isEnded = isEnded
    }

    /// The system's clock and random numbers.
    public static let system = B2Clock(
        now: { Timestamp(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1_000)) },
        wait: { Thread.sleep(forTimeInterval: $0 / .seconds(1)) })
}
