internal import CCrypto
internal import Foundation
internal import Notifications
internal import Outgoing
internal import Settings

/// The key file of a service account, as Google hands it out. It describes itself by the account alone.
struct GoogleKey: Sendable, CustomStringConvertible, CustomReflectable {
    static let scope = "https://www.googleapis.com/auth/spreadsheets"
    static let usualTokenURL = "https://oauth2.googleapis.com/token"

    /// The account's address.
    let account: String
    let tokenURL: WebhookURL
    /// Whether others than its user may read the file.
    let isOpenToOthers: Bool
    /// What tells it from another.
    var identity: String { "\(account)\n\(id ?? "")\n\(tokenURL)" }
    private let id: String?
    private let key: RSAKey

    var description: String { account }
    var customMirror: Mirror { Mirror(self, children: ["account": account]) }

    /// Reads a key file. Blocks as long as that takes.
    init(file path: String) throws(GoogleProblem) {
        struct Content: Decodable {
            var type: String?
            var client_email: String?
            var private_key: String?
            var private_key_id: String?
            var token_uri: String?
        }
        let bytes: [UInt8]
        do throws(FileProblem) {
            (bytes, isOpenToOthers) = try PrivateFile.read(path) { status throws(FileProblem) in
                guard status.st_mode & S_IFMT == S_IFREG else { throw FileProblem(reason: "is no regular file") }
            }
        } catch {
            throw GoogleProblem(
                .lasting, "the key file \(path) \(error.reason): put the service account's key there")
        }
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(bytes)),
            content.type == "service_account", let account = content.client_email, !account.isEmpty,
            let pem = content.private_key
        else {
            throw GoogleProblem(
                .lasting,
                "\(path) is no key of a service account: make one of type JSON in Google's console, under"
                    + " IAM & Admin, Service Accounts, Keys")
        }
        guard let key = RSAKey(pem: pem) else {
            throw GoogleProblem(
                .lasting, "the private key in \(path) cannot be read: download a new one, and change nothing in it")
        }
        do {
            tokenURL = try WebhookURL(content.token_uri ?? Self.usualTokenURL)
        } catch {
            throw GoogleProblem(.lasting, "“token_uri” in \(path) is no address of a token endpoint: \(error)")
        }
        guard tokenURL.isSecure || tokenURL.isLoopback else {
            throw GoogleProblem(
                .lasting, "“token_uri” in \(path) is not https: download a new key, and change nothing in it")
        }
        self.account = account
        self.key = key
        id = content.private_key_id
    }

    /// What a token is asked for with: a JWT signed by RS256, good for an hour.
    func assertion(at time: Timestamp) throws(GoogleProblem) -> String {
        var header = JSONWriter()
        header.syntax("{\"alg\":\"RS256\",\"typ\":\"JWT\"")
        if let id {
            header.syntax(",\"kid\":")
            header.string(id)
        }
        header.syntax("}")
        let seconds = time.milliseconds / 1_000
        var claims = JSONWriter()
        claims.syntax("{\"iss\":")
        claims.string(account)
        claims.syntax(",\"scope\":")
        claims.string(Self.scope)
        claims.syntax(",\"aud\":")
        claims.string(tokenURL.description)
        claims.syntax(",\"iat\":")
        claims.integer(seconds)
        claims.syntax(",\"exp\":")
        claims.integer(seconds + 3_600)
        claims.syntax("}")
        let text = Self.base64URL(header.bytes) + "." + Self.base64URL(claims.bytes)
        guard let signature = key.signature(of: Array(text.utf8)) else {
            throw GoogleProblem(.lasting, "the private key of \(account) signs nothing: download a new one")
        }
        return text + "." + Self.base64URL(signature)
    }

    private static func base64URL(_ bytes: [UInt8]) -> String {
        String(
            Data(bytes).base64EncodedString().compactMap { character -> Character? in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }
}

/// A private RSA key that signs by RS256 (RFC 7518, 3.3).
///
/// Sendable, since libcrypto only reads a key when it signs with it.
private final class RSAKey: @unchecked Sendable {
    private let key: OpaquePointer

    /// Reads a key in PEM; nil where the text is not that of an RSA key without a passphrase.
    init?(pem: String) {
        let bytes = Array(pem.utf8)
        guard let key = b2_private_key(bytes, Int32(clamping: bytes.count)) else { return nil }
        guard b2_is_rsa(key) == 1 else {
            EVP_PKEY_free(key)
            return nil
        }
        self.key = key
    }

    deinit {
        EVP_PKEY_free(key)
    }

    /// Returns the signature of a text (RSASSA-PKCS1-v1_5 with SHA-256); nil where libcrypto refuses the key.
    func signature(of text: [UInt8]) -> [UInt8]? {
        guard let context = EVP_MD_CTX_new() else { return nil }
        defer { EVP_MD_CTX_free(context) }
        var count = 0
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(context, nil, &count, text, text.count) == 1
        else { return nil }
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &signature, &count, text, text.count) == 1 else { return nil }
        return Array(signature.prefix(count))
    }
}
