internal import Base
internal import Foundation
internal import History
internal import Notifications
internal import Sending
internal import Settings
internal import Synchronization

/// Asks the Sheets API in the name of an account. Its calls block.
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
        let key = try GoogleCredential(settings)
        for isLast in [false, true] {
            let text = try validToken(key)
            let request: OutgoingRequest
            do throws(OutgoingFailure) {
                request = try self.request(method, path, token: text, quotaProject: key.quotaProject, body: body)
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
        _ method: String, _ path: String, token: String, quotaProject: String?, body: [UInt8]
    ) throws(OutgoingFailure) -> OutgoingRequest {
        var headers = [OutgoingField("Authorization", "Bearer \(token)", isSecret: true)]
        if let quotaProject { headers.append(OutgoingField("x-goog-user-project", quotaProject)) }
        if !body.isEmpty { headers.append(OutgoingField("Content-Type", "application/json")) }
        do throws(WebhookURLError) {
            let url = try WebhookURL("\(settings.api)/v4/spreadsheets/\(settings.spreadsheet)\(path)")
            return OutgoingRequest(method, url, headers: headers, body: body)
        } catch {
            throw .forbidden("the address of the Sheets API is not valid: \(error)")
        }
    }

    private func validToken(_ credential: GoogleCredential) throws(GoogleProblem) -> String {
        let time = now()
        // The file may be another account's by now.
        if let held = token.withLock({ $0 }), held.key == credential.identity,
            time.milliseconds < held.end.milliseconds - Self.margin
        {
            return held.text
        }
        let fresh = try GoogleTokens(http: http, now: now).token(of: credential, at: time)
        token.withLock { $0 = Token(text: fresh.text, end: fresh.end, key: credential.identity) }
        return fresh.text
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
    init(token answer: OutgoingAnswer, from url: WebhookURL, _ credential: GoogleCredential, at time: Timestamp) {
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
                "\(url.authority) answered \(answer.summary), which is not an answer of Google's: something on the"
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
            "Google gives \(credential.account) no token: \(credential.remedy ?? Self.reason(content.error, details)) (\(words))"
        )
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
