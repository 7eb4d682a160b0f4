internal import CCrypto
internal import Foundation
internal import Base
internal import Notifications
internal import Sending

/// The places that an AWS source of workload identity federation names (google.aip.dev/auth/4117).
struct AmazonSource: Sendable {
    /// The hosts of AWS's metadata server, which only this machine reaches: plain http is usual there.
    static let hosts: Set<String> = ["169.254.169.254", "fd00:ec2::254"]

    /// The address of the availability zone, from which the region follows.
    let zone: WebhookURL?
    /// The address of the role's keys.
    let keys: WebhookURL?
    /// The address of a session's token, which newer metadata servers need.
    let session: WebhookURL?
    /// The address of AWS's GetCallerIdentity, with `{region}` in it. Google asks there, b2watch never does.
    let verification: String
}

/// Keys of AWS, which are shown nowhere.
struct AmazonKeys: Sendable {
    let id: String
    let secret: String
    /// The token of a session; nil for keys that last.
    let session: String?

    /// Reads the variables of AWS's own programs.
    init?(_ environment: [String: String]) {
        guard let id = environment["AWS_ACCESS_KEY_ID"], !id.isEmpty,
            let secret = environment["AWS_SECRET_ACCESS_KEY"], !secret.isEmpty
        else { return nil }
        let session = environment["AWS_SESSION_TOKEN"]
        self.init(id: id, secret: secret, session: session?.isEmpty == true ? nil : session)
    }

    init(id: String, secret: String, session: String?) {
        (self.id, self.secret, self.session) = (id, secret, session)
    }
}

// MARK: - Signing

/// A request to AWS that is signed and not sent: it proves to Google whose keys signed it
/// (docs.aws.amazon.com: *Signature Version 4*).
struct AmazonRequest {
    let method: String
    let url: WebhookURL
    /// The header fields that are signed besides Host and the date, with lower-case names.
    var fields: [String: String] = [:]

    /// Returns the header fields of the signed request.
    ///
    /// - Parameter hasDate: Whether the fields have a date of their own, as AWS's test vectors do.
    func signed(by keys: AmazonKeys, region: String, at time: Timestamp, hasDate: Bool = false) -> [String: String] {
        let moment = time.rfc3339.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
        let day = moment.prefix(8)
        var fields = fields
        fields["host"] = url.host
        if !hasDate { fields["x-amz-date"] = moment }
        if let session = keys.session { fields["x-amz-security-token"] = session }
        let names = fields.keys.sorted()
        let signedNames = names.joined(separator: ";")
        let request = [
            method, path, query, names.map { "\($0):\(fields[$0] ?? "")\n" }.joined(), signedNames,
            Hex.encode(SHA256.hash([])),
        ].joined(separator: "\n")

        let service = url.host.prefix { $0 != "." }
        let scope = "\(day)/\(region)/\(service)/aws4_request"
        let text = ["AWS4-HMAC-SHA256", moment, scope, Hex.encode(SHA256.hash(request.utf8))].joined(separator: "\n")
        var key = Array("AWS4\(keys.secret)".utf8)
        for part in [String(day), region, String(service), "aws4_request"] { key = Self.mac(key, part) }
        fields["Authorization"] =
            "AWS4-HMAC-SHA256 Credential=\(keys.id)/\(scope), SignedHeaders=\(signedNames),"
            + " Signature=\(Hex.encode(Self.mac(key, text)))"
        return fields
    }

    /// The part of the URL after the authority.
    private var rest: Substring {
        guard let start = url.description.firstRange(of: "://\(url.authority)") else { return "" }
        return url.description[start.upperBound...].prefix { $0 != "#" }
    }

    private var path: String {
        let path = rest.prefix { $0 != "?" }
        return path.isEmpty ? "/" : String(path)
    }

    /// The query with its parts in order.
    private var query: String {
        let parts = rest.drop { $0 != "?" }.dropFirst().split(separator: "&").map { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (
                (pair[0].removingPercentEncoding ?? "").percentEncoded,
                (pair.count > 1 ? pair[1].removingPercentEncoding ?? "" : "").percentEncoded
            )
        }
        return parts.sorted { $0 < $1 }.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    private static func mac(_ key: [UInt8], _ text: String) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: SHA256.byteCount)
        let bytes = Array(text.utf8)
        _ = HMAC(EVP_sha256(), key, Int32(clamping: key.count), bytes, bytes.count, &code, nil)
        return code
    }
}

// MARK: - Asking

/// Makes the token that Google takes for an AWS role: a signed request to GetCallerIdentity, as JSON.
struct AmazonIdentity {
    let source: AmazonSource
    /// The provider's name at Google, which is signed too, so that the token is of no use elsewhere.
    let audience: String
    let environment: [String: String]
    /// Sends a request to the metadata server, and returns its answer as text.
    let ask: (OutgoingRequest) throws(GoogleProblem) -> String

    func token(at time: Timestamp) throws(GoogleProblem) -> String {
        let ownRegion = ["AWS_REGION", "AWS_DEFAULT_REGION"].compactMap { environment[$0] }.first { !$0.isEmpty }
        let ownKeys = AmazonKeys(environment)
        var fields: [OutgoingField] = []
        if let session = source.session, ownRegion == nil || ownKeys == nil {
            let token = try ask(
                request("PUT", session, [OutgoingField("X-aws-ec2-metadata-token-ttl-seconds", "300")]))
            fields = [OutgoingField("X-aws-ec2-metadata-token", token, isSecret: true)]
        }
        let region = if let ownRegion { ownRegion } else { try self.region(fields) }
        guard Self.isWord(region, "-") else {
            throw GoogleProblem(
                .lasting, "“\(SafeText(region).clipped(to: 40))” is not a region of AWS: check AWS_REGION")
        }
        let keys = if let ownKeys { ownKeys } else { try self.keys(fields) }
        let text = source.verification.replacing("{region}", with: region)
        guard let url = try? WebhookURL(text) else {
            throw GoogleProblem(.lasting, "“regional_cred_verification_url” is not a URL")
        }
        let request = AmazonRequest(method: "POST", url: url, fields: ["x-goog-cloud-target-resource": audience])
        let signed = request.signed(by: keys, region: region, at: time)
        var json = JSONWriter()
        json.syntax("{\"url\":")
        json.string(text)
        json.syntax(",\"method\":\"POST\",\"headers\":[")
        for (index, name) in signed.keys.sorted().enumerated() {
            if index > 0 { json.syntax(",") }
            json.syntax("{\"key\":")
            json.string(name)
            json.syntax(",\"value\":")
            json.string(signed[name])
            json.syntax("}")
        }
        json.syntax("]}")
        return String(decoding: json.bytes, as: UTF8.self).percentEncoded
    }

    private func request(_ method: String, _ url: WebhookURL, _ fields: [OutgoingField]) -> OutgoingRequest {
        OutgoingRequest(method, url, headers: fields, allowsPlainHTTP: true)
    }

    private func region(_ fields: [OutgoingField]) throws(GoogleProblem) -> String {
        guard let url = source.zone else {
            throw GoogleProblem(.lasting, "the region of AWS is unknown: set AWS_REGION where b2watch is started")
        }
        // A zone is a region and a letter.
        return String(try ask(request("GET", url, fields)).dropLast())
    }

    private func keys(_ fields: [OutgoingField]) throws(GoogleProblem) -> AmazonKeys {
        guard let url = source.keys else {
            throw GoogleProblem(
                .lasting,
                "no AWS keys were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY where b2watch is started")
        }
        let role = try ask(request("GET", url, fields))
        guard Self.isWord(role, "+=,.@_-"), let place = try? WebhookURL("\(url)/\(role)") else {
            throw GoogleProblem(.later(after: nil), "\(url.authority) names no role of AWS: give this machine one")
        }
        struct Content: Decodable {
            var AccessKeyId: String
            var SecretAccessKey: String
            var Token: String?
        }
        let text = try ask(request("GET", place, fields))
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(text.utf8)) else {
            throw GoogleProblem(.later(after: nil), "\(url.authority) gives no keys for the role \(role)")
        }
        return AmazonKeys(id: content.AccessKeyId, secret: content.SecretAccessKey, session: content.Token)
    }

    /// Returns whether a text consists of letters and digits in ASCII and some other characters, and is short.
    private static func isWord(_ text: String, _ others: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                let letter = byte | 0x20
                return (0x30...0x39).contains(byte) || (0x61...0x7A).contains(letter) || others.utf8.contains(byte)
            }
    }
}
