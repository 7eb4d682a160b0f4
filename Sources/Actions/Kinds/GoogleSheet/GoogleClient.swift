internal import Foundation
internal import History
internal import Notifications
internal import Outgoing
internal import SafeText
internal import Synchronization

/// Asks the Sheets API in the name of a service account. Its calls block.
final class GoogleClient: Sendable {
    /// How long an answer may take.
    static let patience = Duration.seconds(30)
    private static let batchUpdate = ":batchUpdate"
    /// How long before its end a token is renewed.
    private static let margin: Int64 = 300_000

    private struct Token {
        var text: String
        var end: Timestamp
        /// Whose it is.
        var key: String
    }

    let settings: GoogleSheetSettings
    private let http: any HTTPSending
    private let now: @Sendable () -> Timestamp
    private let wait: @Sendable (Duration) -> Void
    private let pace: GooglePace
    private let token = Mutex<Token?>(nil)

    /// - Parameter wait: Waits for so long.
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
        pace.takeWrite(now: now, wait: wait)
    }

    /// Whether there is little left of the account's reads of this minute.
    var isShortOfReads: Bool { pace.isShortOfReads(at: now()) }

    /// Sends a batch.
    func write(_ body: [UInt8]) throws(GoogleProblem) -> GoogleAnswer {
        try exchange("POST", Self.batchUpdate, body: body)
    }

    /// Asks for something, once the account may read again.
    ///
    /// - Parameter path: Behind `/v4/spreadsheets/ID`, percent-encoded.
    func read(_ method: String, _ path: String, body: [UInt8] = []) throws(GoogleProblem) -> GoogleAnswer {
        pace.takeRead(now: now, wait: wait)
        return try exchange(method, path, body: body)
    }

    /// Sends a request, and renews the token once where it is refused.
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
            throw .forbidden("the address of the Sheets API is none: \(error)")
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
