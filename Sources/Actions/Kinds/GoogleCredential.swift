internal import CCrypto
internal import Foundation
internal import History
internal import Notifications
internal import Sending
internal import Base
internal import Settings

/// Google credentials from a file: the account for the Sheets API, and the way to request its tokens
/// (google.aip.dev/auth/4110: *Application Default Credentials*). Its description contains only the account.
struct GoogleCredential: Sendable, CustomStringConvertible, CustomReflectable {
    /// The way to the first token.
    enum Grant: Sendable {
        /// A service account signs an assertion with its key.
        case key(GoogleKey)
        /// A person has logged in.
        case login(GoogleLogin)
        /// Another provider's token is exchanged: workload identity federation.
        case exchange(GoogleExchange)
        /// The metadata server of a machine in Google's cloud gives the token of the machine's account.
        case machine
    }

    /// The account's address, or a description of it.
    let account: String
    let grant: Grant
    /// The URL at which the first token is exchanged for one of a service account.
    let impersonation: WebhookURL?
    /// The intermediate accounts between the first one and that.
    let delegates: [String]
    /// The project that pays for the requests of a person.
    let quotaProject: String?
    /// The key that distinguishes the credential from others.
    let identity: String
    /// Whether others than its user may read the file.
    let isOpenToOthers: Bool

    var description: String { account }
    var customMirror: Mirror { Mirror(self, children: ["account": account]) }

    /// The remedy if Google gives no token; nil for the usual one of a key.
    var remedy: String? {
        switch grant {
        case .key: nil
        case .login: "the login has ended or was revoked; log in again, as with “gcloud auth application-default login”"
        case .exchange:
            "Google does not accept the other provider's token; check the provider's settings and its subject"
        case .machine: "this machine has no account that may be used"
        }
    }

    /// Reads a file. Blocks as long as that takes.
    init(_ settings: GoogleSheetSettings) throws(GoogleProblem) {
        if settings.usesMetadataServer {
            (account, grant, identity) = ("this machine's account", .machine, "machine")
            (impersonation, delegates, quotaProject, isOpenToOthers) = (nil, [], nil, false)
            return
        }
        let path = settings.keyFile
        let bytes: [UInt8]
        do throws(FileProblem) {
            (bytes, isOpenToOthers) = try PrivateFile.read(path) { status throws(FileProblem) in
                guard status.st_mode & S_IFMT == S_IFREG else { throw FileProblem(reason: "is not a regular file") }
            }
        } catch {
            throw GoogleProblem(
                .lasting, "the key file \(path) \(error.reason): put the service account's key there")
        }
        guard let content = try? JSONDecoder().decode(CredentialFile.self, from: Data(bytes)) else {
            throw GoogleProblem(.lasting, Self.noCredential(path))
        }
        let reader = CredentialReader(path: path, settings: settings)
        var source = content
        var impersonation = content.service_account_impersonation_url
        if content.type == "impersonated_service_account" {
            guard let inner = content.source_credentials, let outer = impersonation, inner.type != content.type else {
                throw GoogleProblem(.lasting, Self.noCredential(path))
            }
            source = inner.content
            impersonation = outer
        }
        grant = try reader.grant(source)
        self.impersonation = try impersonation.map { text throws(GoogleProblem) in
            try reader.url(text, "service_account_impersonation_url")
        }
        delegates = content.delegates ?? []
        quotaProject = content.quota_project_id
        account = impersonation.flatMap(Self.impersonated) ?? reader.account(source)
        switch grant {
        case .key(let key): identity = "\(key.identity)\n\(impersonation ?? "")"
        case .login(let login): identity = "\(login.client)\n\(login.refreshToken)\n\(impersonation ?? "")"
        case .exchange(let exchange): identity = "\(exchange.audience)\n\(impersonation ?? "")"
        case .machine: identity = "machine"
        }
    }

    fileprivate static func noCredential(_ path: String) -> String {
        "\(path) is not the key of a service account: make one of type JSON in Google's console, under"
            + " IAM & Admin, Service Accounts, Keys; or name a file of Application Default Credentials"
    }

    /// Returns the account in `…/serviceAccounts/ACCOUNT:generateAccessToken`.
    private static func impersonated(_ url: String) -> String? {
        guard let start = url.firstRange(of: "/serviceAccounts/") else { return nil }
        let name = url[start.upperBound...].prefix { $0 != ":" && $0 != "/" && $0 != "?" }
        return name.isEmpty ? nil : String(name)
    }
}

// MARK: - The file

/// The contents of the file that are used.
private struct CredentialFile: Decodable {
    /// A credential within a credential.
    final class Inner: Decodable {
        let content: CredentialFile
        var type: String? { content.type }

        init(from decoder: any Decoder) throws {
            content = try CredentialFile(from: decoder)
        }
    }

    struct Source: Decodable {
        struct Format: Decodable {
            var type: String?
            var subject_token_field_name: String?
        }
        struct Executable: Decodable {
            var command: String
            var timeout_millis: Int?
        }
        var file: String?
        var url: String?
        var headers: [String: String]?
        var format: Format?
        var executable: Executable?
        var environment_id: String?
        var region_url: String?
        var regional_cred_verification_url: String?
        var imdsv2_session_token_url: String?
    }

    var type: String?
    var client_email: String?
    var private_key: String?
    var private_key_id: String?
    var token_uri: String?
    var client_id: String?
    var client_secret: String?
    var refresh_token: String?
    var quota_project_id: String?
    var audience: String?
    var subject_token_type: String?
    var token_url: String?
    var credential_source: Source?
    var service_account_impersonation_url: String?
    var source_credentials: Inner?
    var delegates: [String]?
}

/// Reads the parts of a file, and refuses those that could send a token elsewhere or run a program.
private struct CredentialReader {
    let path: String
    let settings: GoogleSheetSettings

    func problem(_ text: String) -> GoogleProblem { GoogleProblem(.lasting, text) }

    func account(_ file: CredentialFile) -> String {
        switch file.type {
        case "service_account": file.client_email ?? ""
        case "external_account": "the workload identity of \(path)"
        default: "the login of \(path)"
        }
    }

    func grant(_ file: CredentialFile) throws(GoogleProblem) -> GoogleCredential.Grant {
        switch file.type {
        case "service_account": return .key(try key(file))
        case "authorized_user":
            guard let client = file.client_id, let secret = file.client_secret, let token = file.refresh_token else {
                throw problem(
                    "\(path) lacks a part of a login: log in again, as with “gcloud auth application-default login”")
            }
            return .login(
                GoogleLogin(
                    client: client, secret: secret, refreshToken: token,
                    tokenURL: try url(file.token_uri ?? GoogleKey.usualTokenURL, "token_uri")))
        case "external_account": return .exchange(try exchange(file))
        case "impersonated_service_account", "external_account_authorized_user", "gdch_service_account":
            throw problem("\(path) is of the type \(SafeText(file.type ?? "")), which b2watch does not read here")
        default: throw problem(GoogleCredential.noCredential(path))
        }
    }

    private func key(_ file: CredentialFile) throws(GoogleProblem) -> GoogleKey {
        guard let account = file.client_email, !account.isEmpty, let pem = file.private_key else {
            throw problem(GoogleCredential.noCredential(path))
        }
        guard let key = RSAKey(pem: pem) else {
            throw problem("the private key in \(path) cannot be read: download a new one, and change nothing in it")
        }
        return GoogleKey(
            account: account, tokenURL: try url(file.token_uri ?? GoogleKey.usualTokenURL, "token_uri"),
            id: file.private_key_id, key: key)
    }

    private func exchange(_ file: CredentialFile) throws(GoogleProblem) -> GoogleExchange {
        guard let audience = file.audience, let type = file.subject_token_type, let source = file.credential_source
        else {
            throw problem(
                "\(path) lacks a part of a workload identity: make it again, as with “gcloud iam workload-identity-pools create-cred-config”"
            )
        }
        let subject: GoogleExchange.Subject
        if let file = source.file {
            subject = .file(file)
        } else if let executable = source.executable {
            guard settings.allowsExecutable else {
                throw problem(
                    "\(path) runs a program to get a token (\(SafeText(executable.command).clipped(to: 80))): if you mean it, set"
                        + " “allow-executable: yes”")
            }
            subject = .program(
                executable.command.split(separator: " ").map(String.init),
                limit: .milliseconds(min(max(executable.timeout_millis ?? 30_000, 5_000), 120_000)))
        } else if let environment = source.environment_id {
            subject = .amazon(try amazon(source, environment))
        } else if let text = source.url {
            subject = .url(
                try url(text, "credential_source.url", allowsPlainHTTP: true), headers: source.headers ?? [:])
        } else {
            throw problem("\(path) names no source of a token: expected is a file or a URL")
        }
        let isJSON = source.format?.type == "json"
        return GoogleExchange(
            audience: audience, subjectTokenType: type, subject: subject,
            field: isJSON ? source.format?.subject_token_field_name ?? "access_token" : nil,
            tokenURL: try url(file.token_url ?? "https://sts.googleapis.com/v1/token", "token_url"))
    }

    /// Reads AWS's source, and refuses places that are not AWS's.
    private func amazon(
        _ source: CredentialFile.Source, _ environment: String
    ) throws(GoogleProblem) -> AmazonSource {
        guard environment == "aws1" else {
            throw problem(
                "\(path) is for “\(SafeText(environment).clipped(to: 40))”, and b2watch knows aws1: make the file again, as with"
                    + " “gcloud iam workload-identity-pools create-cred-config --aws”")
        }
        func place(_ text: String?, _ name: String) throws(GoogleProblem) -> WebhookURL? {
            guard let text else { return nil }
            if let url = try? WebhookURL(text), AmazonSource.hosts.contains(url.host.lowercased()) { return url }
            return try url(text, name, allowsPlainHTTP: true)
        }
        let name = "regional_cred_verification_url"
        let verification =
            source.regional_cred_verification_url
            ?? "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
        let host = (try? WebhookURL(verification.replacing("{region}", with: "us-east-1")))?.host.lowercased()
        let isAmazon = host.map { $0.hasSuffix(".amazonaws.com") || $0.hasSuffix(".amazonaws.com.cn") } ?? false
        guard isAmazon || host.map(settings.tokenHosts.contains) == true, verification.hasPrefix("https://") else {
            throw problem("“\(name)” in \(path) is not an https address of AWS: make the file again")
        }
        return AmazonSource(
            zone: try place(source.region_url, "region_url"), keys: try place(source.url, "credential_source.url"),
            session: try place(source.imdsv2_session_token_url, "imdsv2_session_token_url"),
            verification: verification)
    }

    /// Reads a URL, and refuses hosts other than Google's, because anybody who changes the file could send a token
    /// anywhere.
    ///
    /// - Parameter allowsPlainHTTP: Whether plain http is accepted if the settings name the host.
    func url(_ text: String, _ name: String, allowsPlainHTTP: Bool = false) throws(GoogleProblem) -> WebhookURL {
        let url: WebhookURL
        do throws(WebhookURLError) {
            url = try WebhookURL(text)
        } catch {
            throw problem("“\(name)” in \(path) is not the address of a token endpoint: \(error)")
        }
        let isNamed = settings.tokenHosts.contains(url.host.lowercased())
        guard url.isSecure || url.isLoopback || allowsPlainHTTP && isNamed else {
            throw problem("“\(name)” in \(path) is not https: download a new key, and change nothing in it")
        }
        let host = url.host.lowercased()
        // If the API is on this machine, the other hosts may be too.
        let isLocal = url.isLoopback && (try? WebhookURL(settings.api))?.isLoopback == true
        guard host == "googleapis.com" || host.hasSuffix(".googleapis.com") || isNamed || isLocal else {
            throw problem(
                "“\(name)” in \(path) names \(host), which is not Google's: if you mean it, set “allow-token-hosts: [\(host)]”"
            )
        }
        return url
    }
}

// MARK: - Grants

/// The key of a service account, in Google's format.
struct GoogleKey: Sendable {
    static let usualTokenURL = "https://oauth2.googleapis.com/token"

    /// The account's address.
    let account: String
    let tokenURL: WebhookURL
    fileprivate let id: String?
    fileprivate let key: RSAKey
    var identity: String { "\(account)\n\(id ?? "")\n\(tokenURL)" }

    /// Returns the assertion with which a token is requested: a JWT signed with RS256, valid for an hour.
    func assertion(for scope: String, at time: Timestamp) throws(GoogleProblem) -> String {
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
        claims.string(scope)
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

/// The login of a person, as `gcloud auth application-default login` saves it.
struct GoogleLogin: Sendable {
    let client: String
    let secret: String
    let refreshToken: String
    let tokenURL: WebhookURL
}

/// Workload identity federation: the token of another provider is exchanged for one of Google's.
struct GoogleExchange: Sendable {
    /// The source of the other provider's token.
    enum Subject: Sendable {
        case file(String)
        case url(WebhookURL, headers: [String: String])
        case program([String], limit: Duration)
        case amazon(AmazonSource)
    }

    let audience: String
    let subjectTokenType: String
    let subject: Subject
    /// The field of the JSON with the token; nil if the text itself is the token.
    let field: String?
    let tokenURL: WebhookURL
}

// MARK: - Requesting tokens

/// Requests tokens for the Sheets API. Its calls block.
struct GoogleTokens {
    static let scope = "https://www.googleapis.com/auth/spreadsheets"
    /// The scope of a token that is exchanged for one of a service account.
    private static let impersonationScope = "https://www.googleapis.com/auth/cloud-platform"
    private static let largest = 64 << 10

    /// A token and its end.
    typealias Token = (text: String, end: Timestamp)

    let http: any HTTPSending
    let now: @Sendable () -> Timestamp
    /// The variables of AWS's own programs, and the host of Google's metadata server.
    var environment = ProcessInfo.processInfo.environment

    /// Returns a new token.
    func token(of credential: GoogleCredential, at time: Timestamp) throws(GoogleProblem) -> Token {
        let scope = credential.impersonation == nil ? Self.scope : Self.impersonationScope
        let first: Token
        switch credential.grant {
        case .key(let key):
            first = try ask(
                key.tokenURL, [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")],
                ("assertion", try key.assertion(for: scope, at: time)), credential, time)
        case .login(let login):
            // The person has agreed to the scope.
            first = try ask(
                login.tokenURL, [("grant_type", "refresh_token"), ("client_id", login.client)],
                ("client_secret", "\(login.secret.percentEncoded)&refresh_token=\(login.refreshToken.percentEncoded)"),
                credential, time, isEncoded: true)
        case .exchange(let exchange):
            first = try ask(
                exchange.tokenURL,
                [
                    ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                    ("audience", exchange.audience), ("scope", scope),
                    ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                    ("subject_token_type", exchange.subjectTokenType),
                ], ("subject_token", try subject(exchange, time)), credential, time)
        case .machine: return try ofMachine(time)
        }
        guard let url = credential.impersonation else { return first }
        return try impersonate(url, credential, with: first.text, time)
    }

    /// Sends a form.
    ///
    /// - Parameters:
    ///   - secret: The last field, which is masked when the request is recorded.
    ///   - isEncoded: Whether its value is already encoded where necessary.
    private func ask(
        _ url: WebhookURL, _ fields: [(String, String)], _ secret: (String, String), _ credential: GoogleCredential,
        _ time: Timestamp, isEncoded: Bool = false
    ) throws(GoogleProblem) -> Token {
        let form = fields.map { "\($0.0)=\($0.1.percentEncoded)" }.joined(separator: "&") + "&\(secret.0)="
        let value = isEncoded ? secret.1 : secret.1.percentEncoded
        let request = OutgoingRequest(
            "POST", url, headers: [OutgoingField("Content-Type", "application/x-www-form-urlencoded")],
            body: Array((form + value).utf8))
        let (answer, exchange) = try send(request, shown: Array((form + MaskedRequest.mask).utf8))
        struct Content: Decodable {
            var access_token: String
            var expires_in: Int64?
        }
        guard answer.status == 200 else {
            throw GoogleProblem(token: answer, from: url, credential, at: time).with(exchange)
        }
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(answer.body)) else {
            throw Self.noToken(url, answer, exchange)
        }
        return try token(content.access_token, lasting: content.expires_in ?? 3_600, url, answer, exchange, time)
    }

    /// Asks the metadata server of this machine, which answers at a fixed address
    /// (cloud.google.com: *About VM metadata*).
    private func ofMachine(_ time: Timestamp) throws(GoogleProblem) -> Token {
        let host = environment["GCE_METADATA_HOST"].flatMap { $0.isEmpty ? nil : $0 } ?? "169.254.169.254"
        let path = "/computeMetadata/v1/instance/service-accounts/default/token?scopes=\(Self.scope.percentEncoded)"
        let url: WebhookURL
        do throws(WebhookURLError) {
            url = try WebhookURL("http://\(host)\(path)")
        } catch {
            throw GoogleProblem(.lasting, "GCE_METADATA_HOST is not a host: \(error)")
        }
        let request = OutgoingRequest(
            "GET", url, headers: [OutgoingField("Metadata-Flavor", "Google")], allowsPlainHTTP: true)
        var (answer, exchange) = try send(request, shown: nil)
        exchange.answer = Array(MaskedRequest.mask.utf8)
        guard answer.value(of: "Metadata-Flavor") == "Google" else {
            throw GoogleProblem(
                .lasting,
                "\(url.authority) is not Google's metadata server: “metadata-server: yes” is for machines in Google's cloud"
            ).with(exchange)
        }
        struct Content: Decodable {
            var access_token: String
            var expires_in: Int64?
        }
        guard answer.status == 200, let content = try? JSONDecoder().decode(Content.self, from: Data(answer.body))
        else {
            throw GoogleProblem(
                answer.status >= 500 || answer.status == 429 ? .later(after: answer.retryAfter(at: time)) : .lasting,
                "the metadata server gives no token (\(HTTPStatus.words(answer.status))): give this machine a service account"
                    + " with the scope \(Self.scope)"
            ).with(exchange)
        }
        return try token(content.access_token, lasting: content.expires_in ?? 3_600, url, answer, exchange, time)
    }

    private func impersonate(
        _ url: WebhookURL, _ credential: GoogleCredential, with first: String, _ time: Timestamp
    ) throws(GoogleProblem) -> Token {
        struct Form: Encodable {
            var scope: [String]
            var lifetime: String
            var delegates: [String]
        }
        let form = Form(scope: [Self.scope], lifetime: "3600s", delegates: credential.delegates)
        let request = OutgoingRequest(
            "POST", url,
            headers: [
                OutgoingField("Authorization", "Bearer \(first)", isSecret: true),
                OutgoingField("Content-Type", "application/json"),
            ], body: Array((try? JSONEncoder().encode(form)) ?? Data()))
        let (answer, exchange) = try send(request, shown: nil)
        guard answer.status == 200 else {
            let isLater = answer.status >= 500 || answer.status == 429
            throw GoogleProblem(
                isLater ? .later(after: answer.retryAfter(at: time)) : .lasting,
                "Google gives no token of \(credential.account) (\(answer.summary)): the account behind the credentials needs the"
                    + " role Service Account Token Creator on it, and the IAM Service Account Credentials API"
            ).with(exchange)
        }
        struct Content: Decodable {
            var accessToken: String
        }
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(answer.body)) else {
            throw Self.noToken(url, answer, exchange)
        }
        return try token(content.accessToken, lasting: 3_600, url, answer, exchange, time)
    }

    private func token(
        _ text: String, lasting seconds: Int64, _ url: WebhookURL, _ answer: OutgoingAnswer,
        _ exchange: OutboxExchange, _ time: Timestamp
    ) throws(GoogleProblem) -> Token {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Self.noToken(url, answer, exchange)
        }
        let seconds = min(max(0, seconds), 86_400)
        return (text, Timestamp(milliseconds: time.milliseconds + seconds * 1_000))
    }

    /// Sends a request; without a token nothing was written.
    private func send(
        _ request: OutgoingRequest, shown body: [UInt8]?
    ) throws(GoogleProblem) -> (OutgoingAnswer, OutboxExchange) {
        let (result, exchange) = http.exchange(request, within: GoogleClient.patience, now: now, body: body)
        switch result {
        case .success(let answer): return (answer, exchange)
        case .failure(let failure):
            var problem = GoogleProblem(failure)
            if case .lost = problem.kind { problem.kind = .later(after: nil) }
            throw problem.with(exchange)
        }
    }

    /// Returns the body of an answer 200 that contains a token or a part of one, so it is shown nowhere.
    ///
    /// - Parameter sentence: Returns the sentence about another status, which it is given in words.
    private func fetch(
        _ request: OutgoingRequest, _ time: Timestamp, _ sentence: (String) -> String
    ) throws(GoogleProblem) -> [UInt8] {
        var (answer, exchange) = try send(request, shown: nil)
        exchange.answer = Array(MaskedRequest.mask.utf8)
        guard answer.status == 200 else {
            throw GoogleProblem(
                .later(after: answer.retryAfter(at: time)), sentence("\(HTTPStatus.words(answer.status))")
            ).with(exchange)
        }
        return answer.body
    }

    private static func noToken(
        _ url: WebhookURL, _ answer: OutgoingAnswer, _ exchange: OutboxExchange
    ) -> GoogleProblem {
        var exchange = exchange
        // The answer may contain parts of a token.
        exchange.answer = Array(MaskedRequest.mask.utf8)
        return GoogleProblem(
            .later(after: nil),
            "\(url.authority) answered \(HTTPStatus.words(answer.status))"
                + (answer.value(of: "Content-Type").map { ", \(SafeText($0).clipped(to: 60))," } ?? "")
                + " without a token: something on the way answers in Google's place"
        ).with(exchange)
    }

    // MARK: The other provider's token

    private func subject(_ exchange: GoogleExchange, _ time: Timestamp) throws(GoogleProblem) -> String {
        let bytes: [UInt8]
        let source: String
        switch exchange.subject {
        case .file(let path):
            source = path
            do throws(FileProblem) {
                bytes = try PrivateFile.read(path, atMost: Self.largest).bytes
            } catch {
                throw GoogleProblem(
                    .later(after: nil), "the token file \(path) \(error.reason): its provider has to write it")
            }
        case .url(let url, let headers):
            source = url.authority
            let fields = headers.sorted { $0.key < $1.key }.map { OutgoingField($0.key, $0.value, isSecret: true) }
            var request = OutgoingRequest("GET", url, headers: fields, allowsPlainHTTP: true, secrecy: .query)
            request.longestAnswer = Self.largest
            bytes = try fetch(request, time) { "\(source) answered \($0) without a token" }
        case .program(let words, let limit): return try run(words, limit, exchange)
        case .amazon(let source):
            let identity = AmazonIdentity(source: source, audience: exchange.audience, environment: environment) {
                request throws(GoogleProblem) in
                let body = try fetch(request, time) { status in
                    "AWS's metadata server at \(request.url.authority) answered \(status): give this machine a role, or set"
                        + " AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION"
                }
                return String(decoding: body, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            }
            return try identity.token(at: time)
        }
        var text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if let field = exchange.field {
            guard let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any],
                let value = object[field] as? String
            else {
                throw GoogleProblem(
                    .later(after: nil), "the token of \(source) is not JSON with the field “\(SafeText(field))”")
            }
            text = value
        }
        guard !text.isEmpty else { throw GoogleProblem(.later(after: nil), "\(source) has no token in it") }
        return text
    }

    /// Runs the program of an executable source (google.aip.dev/auth/4117).
    private func run(_ words: [String], _ limit: Duration, _ exchange: GoogleExchange) throws(GoogleProblem) -> String {
        var environment = ["PATH", "HOME", "LANG", "TMPDIR"].reduce(into: [String: String]()) {
            $0[$1] = ProcessInfo.processInfo.environment[$1]
        }
        environment["GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"] = "1"
        environment["GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE"] = exchange.audience
        environment["GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE"] = exchange.subjectTokenType
        environment["GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE"] = "0"
        let outcome = ExternalProgram(words, environment: environment, limit: limit, longestOutput: Self.largest).run()
        struct Content: Decodable {
            var success: Bool
            var id_token: String?
            var saml_response: String?
            var message: String?
        }
        let content = try? JSONDecoder().decode(Content.self, from: Data(outcome.output))
        guard let content, content.success, let token = content.id_token ?? content.saml_response, !token.isEmpty else {
            let reason = content?.message.map { ": \(SafeText($0).clipped(to: 100))" } ?? ""
            throw GoogleProblem(
                .later(after: nil), "the program \(SafeText(words.first ?? "").clipped(to: 60)) gave no token\(reason)")
        }
        return token
    }
}

// MARK: - RSA

/// A private RSA key that signs by RS256 (RFC 7518, 3.3).
///
/// Sendable because libcrypto only reads a key when it signs with it.
fileprivate final class RSAKey: @unchecked Sendable {
    private let key: OpaquePointer

    /// Reads a key in PEM; nil if the text is not an RSA key without a passphrase.
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

    /// Returns the signature of a text (RSASSA-PKCS1-v1_5 with SHA-256); nil if libcrypto refuses the key.
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
