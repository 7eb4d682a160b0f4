internal import Base
internal import CCrypto
internal import Foundation
internal import History
internal import Notifications
internal import Sending
internal import Settings
internal import Synchronization

/// Asks the Sheets API in the name of a service account. Its calls block.
final class GoogleClient: Sendable {
    /// The time limit of an answer.
    static let patience = Duration.seconds(30)
    private static let batchUpdate = ":batchUpdate"
    /// The time before its expiry at which a token is renewed, in milliseconds.
    private static let margin: Int64 = 300_000

    private struct Token {
        var text: String
        var end: Timestamp
        /// The identity of its owner.
        var key: String
    }

    let settings: GoogleSheetSettings
    private let http: any HTTPSending
    private let now: @Sendable () -> Timestamp
    private let wait: @Sendable (Duration) -> Void
    private let pace: GooglePace
    private let token = Mutex<Token?>(nil)

    /// - Parameter wait: Waits for this time.
    init(
        _ settings: GoogleSheetSettings, http: any HTTPSending, now: @escaping @Sendable () -> Timestamp,
        wait: @escaping @Sendable (Duration) -> Void
    ) {
        self.settings = settings
        self.http = http
        self.now = now
        self.wait = wait
        pace = GooglePace.of(settings)
    }

    /// Waits until the account may write again.
    func waitForWrite() {
        pace.waitToWrite(now: now, wait: wait)
    }

    /// Whether there is little left of the account's reads of this minute.
    var isShortOfReads: Bool { pace.isShortOfReads(at: now()) }

    /// Sends a batch.
    ///
    /// An answer of 2xx that Google did not write, such as a login page of the network, proves nothing about the batch: it
    /// counts as a lost answer.
    func write(_ body: [UInt8]) throws(GoogleProblem) -> GoogleAnswer {
        let found = try exchange("POST", Self.batchUpdate, body: body)
        struct Content: Decodable {
            var spreadsheetId: String
        }
        let answer = found.answer
        guard !answer.isCut, (try? JSONDecoder().decode(Content.self, from: Data(answer.body))) != nil else {
            throw GoogleProblem(.lost(after: nil), GoogleProblem.notGoogle(answer), status: answer.status)
                .with(found.exchange)
        }
        return found
    }

    /// Asks for something, once the account may read again.
    ///
    /// - Parameter path: Behind `/v4/spreadsheets/ID`, percent-encoded.
    func read(_ method: String, _ path: String, body: [UInt8] = []) throws(GoogleProblem) -> GoogleAnswer {
        pace.waitToRead(now: now, wait: wait)
        return try exchange(method, path, body: body)
    }

    /// Sends a request, and renews the token once if it is refused.
    private func exchange(_ method: String, _ path: String, body: [UInt8]) throws(GoogleProblem) -> GoogleAnswer {
        let key = try GoogleKey(file: settings.keyFile)
        for isLast in [false, true] {
            let text = try validToken(key)
            let request: OutgoingRequest
            do throws(OutgoingFailure) {
                request = try self.request(method, path, token: text, body: body)
            } catch {
                throw GoogleProblem(error)
            }
            let (result, exchange) = http.exchange(request, within: Self.patience, now: now)
            let answer: OutgoingAnswer
            switch result {
            case .success(let received): answer = received
            case .failure(let failure): throw GoogleProblem(failure).with(exchange)
            }
            if (200..<300).contains(answer.status) { return GoogleAnswer(answer: answer, exchange: exchange) }
            if answer.status == 401, !isLast {
                token.withLock { if $0?.text == text { $0 = nil } }
                continue
            }
            throw GoogleProblem(answer, account: key.account, settings, isWrite: path == Self.batchUpdate, at: now())
                .with(exchange)
        }
        throw GoogleProblem(.later(after: nil), "Google does not accept its own tokens")
    }

    private func request(
        _ method: String, _ path: String, token: String, body: [UInt8]
    ) throws(OutgoingFailure) -> OutgoingRequest {
        var headers = [OutgoingField("Authorization", "Bearer \(token)", isSecret: true)]
        if !body.isEmpty { headers.append(OutgoingField("Content-Type", "application/json")) }
        do throws(WebhookURLError) {
            let url = try WebhookURL("\(settings.api)/v4/spreadsheets/\(settings.spreadsheet)\(path)")
            return OutgoingRequest(method, url, headers: headers, body: body)
        } catch {
            throw .forbidden("the address of the Sheets API is not valid: \(error)")
        }
    }

    private func validToken(_ key: GoogleKey) throws(GoogleProblem) -> String {
        let time = now()
        // The file may be another account's by now.
        if let held = token.withLock({ $0 }), held.key == key.identity,
            time.milliseconds < held.end.milliseconds - Self.margin
        {
            return held.text
        }
        let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
        let request = OutgoingRequest(
            "POST", key.tokenURL, headers: [OutgoingField("Content-Type", "application/x-www-form-urlencoded")],
            body: Array((grant + (try key.assertion(at: time))).utf8))
        var (result, exchange) = http.exchange(
            request, within: Self.patience, now: now, body: Array((grant + MaskedRequest.mask).utf8))
        let answer: OutgoingAnswer
        switch result {
        case .success(let received): answer = received
        case .failure(let failure):
            // Without a token nothing was written.
            var problem = GoogleProblem(failure)
            if case .lost = problem.kind { problem.kind = .later(after: nil) }
            throw problem.with(exchange)
        }
        struct Content: Decodable {
            var access_token: String
            var expires_in: Int64
        }
        guard answer.status == 200 else {
            throw GoogleProblem(token: answer, key, at: time).with(exchange)
        }
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(answer.body)),
            content.access_token.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            // Something of a token may be in it.
            exchange.answer = Array(MaskedRequest.mask.utf8)
            throw GoogleProblem(
                .later(after: nil),
                "\(key.tokenURL.authority) answered \(HTTPStatus.words(answer.status))"
                    + (answer.value(of: "Content-Type").map { ", \(SafeText($0).clipped(to: 60))," } ?? "")
                    + " without a token: something on the way answers in Google's place"
            ).with(exchange)
        }
        let seconds = min(max(0, content.expires_in), 86_400)
        token.withLock {
            $0 = Token(
                text: content.access_token, end: Timestamp(milliseconds: time.milliseconds + seconds * 1_000),
                key: key.identity)
        }
        return content.access_token
    }
}

// MARK: - Answers

/// An answer of the Sheets API, and the part of it that is recorded.
struct GoogleAnswer: Sendable {
    let answer: OutgoingAnswer
    let exchange: OutboxExchange
}

// MARK: - Pace

/// Keeps one account within what Google allows it in a minute, whichever actions ask in its name: 60 writes, and as many
/// reads.
final class GooglePace: Sendable {
    /// From one write to the next: a little more than a second.
    static let least = Duration.milliseconds(1_050)
    /// The most reads in a window, which is a little longer than Google's minute.
    static let mostReads = 60
    static let window = Duration.seconds(61)
    private static let all = SharedByKey<GooglePace>()

    private let lastWrite = Mutex<Timestamp?>(nil)
    private let reads = Mutex<[Timestamp]>([])

    private init() {}

    /// Returns the pace of a key file: all actions with the same file ask as the same account.
    static func of(_ settings: GoogleSheetSettings) -> GooglePace {
        all.value("\(settings.api)\n\(settings.keyFile)") { GooglePace() }
    }

    /// Waits until the account may write again, after all others that already wait.
    func waitToWrite(now: () -> Timestamp, wait: (Duration) -> Void) {
        lastWrite.withLock { last in
            let time = now()
            // A clock that was set back delays nothing.
            if let last, last <= time, time < last + Self.least { wait(last + Self.least - time) }
            last = now()
        }
    }

    /// Waits until the account may read again, after all others that already wait.
    func waitToRead(now: () -> Timestamp, wait: (Duration) -> Void) {
        reads.withLock { reads in
            let time = now()
            Self.drop(&reads, at: time)
            if reads.count >= Self.mostReads {
                wait(reads[reads.count - Self.mostReads] + Self.window - time)
                Self.drop(&reads, at: now())
            }
            reads.append(now())
        }
    }

    /// Returns whether few of this minute's reads are left.
    func isShortOfReads(at time: Timestamp) -> Bool {
        reads.withLock { reads in
            Self.drop(&reads, at: time)
            return reads.count >= Self.mostReads / 2
        }
    }

    private static func drop(_ reads: inout [Timestamp], at time: Timestamp) {
        reads.removeAll { $0 > time || $0 + window <= time }
    }
}

// MARK: - Shared objects

/// Lends one object for each key, for as long as it is in use.
final class SharedByKey<Value: AnyObject & Sendable>: Sendable {
    private struct Weak: Sendable {
        weak let value: Value?
    }

    private let held = Mutex<[String: Weak]>([:])

    func value(_ key: String, make: () -> Value) -> Value {
        held.withLock { held in
            if let value = held[key]?.value { return value }
            let value = make()
            held = held.filter { $0.value.value != nil }
            held[key] = Weak(value: value)
            return value
        }
    }
}

// MARK: - Keys

/// The key file of a service account, as Google hands it out. It describes itself by the account alone.
struct GoogleKey: Sendable, CustomStringConvertible, CustomReflectable {
    static let scope = "https://www.googleapis.com/auth/spreadsheets"
    static let usualTokenURL = "https://oauth2.googleapis.com/token"

    /// The account's address.
    let account: String
    let tokenURL: WebhookURL
    /// Whether others than its user may read the file.
    let isOpenToOthers: Bool
    /// The key that distinguishes it from others.
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
                guard status.st_mode & S_IFMT == S_IFREG else { throw FileProblem(reason: "is not a regular file") }
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
                "\(path) is not the key of a service account: make one of type JSON in Google's console, under"
                    + " IAM & Admin, Service Accounts, Keys")
        }
        guard let key = RSAKey(pem: pem) else {
            throw GoogleProblem(
                .lasting, "the private key in \(path) cannot be read: download a new one, and change nothing in it")
        }
        do {
            tokenURL = try WebhookURL(content.token_uri ?? Self.usualTokenURL)
        } catch {
            throw GoogleProblem(.lasting, "“token_uri” in \(path) is not the address of a token endpoint: \(error)")
        }
        guard tokenURL.isSecure || tokenURL.isLoopback else {
            throw GoogleProblem(
                .lasting, "“token_uri” in \(path) is not https: download a new key, and change nothing in it")
        }
        self.account = account
        self.key = key
        id = content.private_key_id
    }

    /// Returns the assertion with which a token is requested: a JWT signed with RS256, valid for an hour.
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

// MARK: - Problems

/// The reason why Google refused a request, in a sentence with a remedy.
struct GoogleProblem: Error, CustomStringConvertible {
    enum Kind: Sendable, Hashable {
        /// Nothing was done; later it may be.
        case later(after: Duration?)
        /// The request may have been carried out: the answer is lost, or unclear.
        case lost(after: Duration?)
        /// Nothing was done: the request was found wrong as a whole.
        case refused
        /// Nothing was done: the spreadsheet has no room for the mark of another batch.
        case full
        /// Nothing was done, and a repetition would not help.
        case lasting
    }

    var kind: Kind
    let description: String
    /// The status of the answer, if any.
    let status: Int?
    /// The request that failed with its answer, if one was sent.
    private(set) var exchange: OutboxExchange?

    init(_ kind: Kind, _ description: String, status: Int? = nil) {
        self.kind = kind
        self.description = description
        self.status = status
    }

    func with(_ exchange: OutboxExchange) -> GoogleProblem {
        var problem = self
        problem.exchange = exchange
        return problem
    }

    init(_ failure: OutgoingFailure) {
        switch failure {
        case .forbidden: self.init(.lasting, failure.description)
        case .notSent, .cancelled: self.init(.later(after: nil), failure.description)
        case .lost: self.init(.lost(after: nil), failure.description)
        }
    }

    /// Describes an answer that Google did not write.
    static func notGoogle(_ answer: OutgoingAnswer) -> String {
        "the answer is not one of Google's, but \(answer.summary): something on the way answers in its place, or “api” is"
            + " wrong"
    }

    /// Creates the problem that an answer of the Sheets API other than 2xx means.
    ///
    /// - Parameters:
    ///   - isWrite: Whether the request writes: the account can then read the spreadsheet.
    ///   - now: The reference of a date in Retry-After.
    init(
        _ answer: OutgoingAnswer, account: String, _ settings: GoogleSheetSettings, isWrite: Bool, at now: Timestamp
    ) {
        struct Body: Decodable {
            struct Content: Decodable {
                var message: String?
                var status: String?
            }
            var error: Content
        }
        let content = try? JSONDecoder().decode(Body.self, from: Data(answer.body)).error
        let message = content?.message ?? answer.summary
        let text = String(decoding: answer.body, as: UTF8.self)
        let wait = answer.retryAfter(at: now)
        let status = answer.status
        if content == nil, (300..<500).contains(status), ![408, 429].contains(status) {
            self.init(.later(after: wait), Self.notGoogle(answer), status: status)
            return
        }
        switch status {
        case 429,
            403 where content?.status == "RESOURCE_EXHAUSTED" || message.lowercased().contains("quota"):
            self.init(.later(after: wait), "Google's quota is used up for now (\(message))", status: status)
        // Google sends it to one of two simultaneous changes, which it has postponed.
        case 409: self.init(.lost(after: wait), "Google put the request off: \(message)", status: status)
        case 500...: self.init(.lost(after: wait), "Google has trouble of its own: \(message)", status: status)
        case 408: self.init(.lost(after: wait), "Google gave up waiting: \(message)", status: status)
        case 401:
            self.init(
                .lasting, "Google does not accept the token of \(account): make a new key for it (\(message))",
                status: status)
        case 403:
            self.init(
                .lasting, Self.forbidden(text, account: account, settings, isWrite: isWrite), status: status)
        case 404:
            self.init(
                .lasting,
                "no spreadsheet has the id \(settings.spreadsheet): copy its id from its address, between /d/ and /edit",
                status: status)
        case 400 where Self.isFull(message):
            self.init(
                .full,
                "the spreadsheet has no room for another mark of b2watch's (\(message)): b2watch waits until it may take"
                    + " older ones away", status: status)
        case 400:
            let remedy = Self.remedy(message, account: account, settings)
            self.init(
                remedy == nil ? .refused : .lasting, remedy ?? "Google refuses the request: \(message)", status: status)
        default:
            self.init(.lasting, "Google answered \(HTTPStatus.words(status)): \(message)", status: status)
        }
    }

    /// Returns a remedy for an answer of 403.
    private static func forbidden(
        _ text: String, account: String, _ settings: GoogleSheetSettings, isWrite: Bool
    ) -> String {
        let console = "https://console.cloud.google.com/"
        if text.contains("SERVICE_DISABLED") || text.contains("has not been used") {
            return "the Google Sheets API is not enabled in the project of \(account): enable it at"
                + " \(console)apis/library/sheets.googleapis.com, wait some minutes, and retry"
        }
        if text.contains("SCOPE") || text.contains("insufficient authentication scopes") {
            return
                "\(account) gets no token for the Sheets API: its organisation restricts what service accounts may do;"
                + " ask its administrator"
        }
        if text.contains("CONSUMER_") || text.contains("suspended") {
            return
                "the project of \(account) is suspended or deleted: look there at \(console), or make another account"
        }
        if text.contains("protected") { return protected(account, settings) }
        return isWrite
            ? "\(account) can read the spreadsheet and not change it: share it with that address as an editor, not as a"
                + " viewer or commenter, and retry"
            : "the spreadsheet is not shared with \(account): share it with that address as an editor, and retry"
    }

    /// Returns a remedy for a permanent refusal; nil if its text is unknown.
    private static func remedy(_ message: String, account: String, _ settings: GoogleSheetSettings) -> String? {
        let words = message.lowercased()
        if words.contains("protected") { return protected(account, settings) }
        if words.contains("number of cells") || words.contains("limit of 10000000") {
            return
                "the spreadsheet has no room for another row: 10 million cells are the most that Google allows; delete"
                + " rows, columns or sheets that nobody needs, or write into another spreadsheet"
        }
        if words.contains("not supported for this document") || words.contains("office file") {
            return
                "the file is not a Google spreadsheet but an Office file: open it in Google Sheets, choose File, Save as"
                + " Google Sheets, share that with \(account), and write its address into “spreadsheet”"
        }
        if words.contains("data validation") {
            return
                "a data validation rule of “\(settings.sheet)” rejects a value: under Data, Data validation, remove it"
                + " from b2watch's columns, or let it show a warning only"
        }
        return nil
    }

    private static func protected(_ account: String, _ settings: GoogleSheetSettings) -> String {
        "cells of “\(settings.sheet)” that b2watch has to write are protected: under Data, Protect sheets and ranges, let"
            + " \(account) edit them, or remove the protection"
    }

    /// Returns whether the limit of developer metadata caused a refusal. Its text is not documented.
    private static func isFull(_ message: String) -> Bool {
        let words = message.lowercased()
        return words.contains("metadata")
            && ["exceed", "limit", "quota", "maximum", "storage", "too much", "too many"].contains {
                words.contains($0)
            }
    }
}

// MARK: - Problems with a token

extension GoogleProblem {
    /// Creates the problem that an answer of the token endpoint other than 200 means.
    init(token answer: OutgoingAnswer, _ key: GoogleKey, at time: Timestamp) {
        struct Content: Decodable {
            var error: String
            var error_description: String?
        }
        guard answer.status < 500, answer.status != 429 else {
            self.init(
                .later(after: answer.retryAfter(at: time)), "Google hands out no tokens for now (\(answer.summary))")
            return
        }
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(answer.body)) else {
            self.init(
                .later(after: nil),
                "\(key.tokenURL.authority) answered \(answer.summary), which is not an answer of Google's: something on the"
                    + " way answers in its place, or “token_uri” in the key file was changed")
            return
        }
        let words = [content.error, content.error_description].compactMap(\.self).joined(separator: ": ")
        let details = content.error_description?.lowercased() ?? ""
        let difference = Self.clockDifference(answer, at: time)
        let isTime = ["iat", "exp", "timeframe", "short-lived"].contains { details.contains($0) }
        if content.error == "invalid_grant", isTime || abs(difference ?? 0) > 300 {
            let by =
                difference.map { seconds in
                    seconds == 0 ? "" : " by \(abs(seconds)) seconds (it is \(seconds > 0 ? "ahead" : "behind"))"
                } ?? ""
            self.init(
                .later(after: nil), "the clock of this machine differs from Google's\(by): set it right (\(words))")
            return
        }
        self.init(
            .lasting,
            "Google gives \(key.account) no token: \(Self.reason(content.error, details)) (\(words))")
    }

    /// Returns the reason why the token is missing, and a remedy.
    private static func reason(_ error: String, _ details: String) -> String {
        if details.contains("account not found") {
            return "the account was deleted; make another one, and share the sheet with it"
        }
        if error == "disabled_client" || details.contains("disabled") {
            return "the account is disabled; enable it in Google's console, under IAM & Admin, Service Accounts"
        }
        return "its key was removed, or is of another account; make a new key"
    }

    /// Returns the number of seconds that our clock is ahead of the answer's.
    private static func clockDifference(_ answer: OutgoingAnswer, at time: Timestamp) -> Int64? {
        answer.value(of: "Date").flatMap { HTTPDate.moment($0) }.map { (time.milliseconds - $0.milliseconds) / 1_000 }
    }
}
