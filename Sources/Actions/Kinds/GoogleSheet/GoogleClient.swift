internal import Foundation
internal import History
internal import Notifications
internal import Outgoing
internal import Synchronization

/// Asks the Sheets API in the name of a service account. Its calls block.
final class GoogleClient: Sendable {
    /// How long an answer may take.
    static let patience = Duration.seconds(30)
    /// How long before its end a token is renewed.
    private static let margin: Int64 = 300_000

    private struct Token {
        var text: String
        var end: Timestamp
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

    /// Sends a batch, once the account may write again.
    ///
    /// - Returns: What came of it, and what is kept of that.
    func write(_ body: [UInt8]) -> (result: Result<OutgoingAnswer, GoogleProblem>, exchange: OutboxExchange?) {
        pace.take(now: now, wait: wait)
        let startedAt = now()
        let start = ContinuousClock.now
        let result = Result { () throws(GoogleProblem) in try call("POST", ":batchUpdate", body: body) }
        let duration = start.duration(to: .now)
        let received: Result<OutgoingAnswer, OutgoingFailure> =
            switch result {
            case .success(let answer): .success(answer)
            case .failure(let problem): problem.received
            }
        let exchange = (try? request("POST", ":batchUpdate", token: "", body: body)).map {
            OutboxExchange($0, received, startedAt: startedAt, duration: duration)
        }
        return (result, exchange)
    }

    /// Sends a request, and renews the token once where it is refused.
    ///
    /// - Parameter path: Behind `/v4/spreadsheets/ID`, percent-encoded.
    func call(_ method: String, _ path: String, body: [UInt8] = []) throws(GoogleProblem) -> OutgoingAnswer {
        let key = try GoogleKey(file: settings.keyFile)
        for isLast in [false, true] {
            let text = try validToken(key)
            let answer: OutgoingAnswer
            do throws(OutgoingFailure) {
                answer = try http.send(try request(method, path, token: text, body: body), within: Self.patience)
            } catch {
                throw GoogleProblem(error)
            }
            if (200..<300).contains(answer.status) { return answer }
            if answer.status == 401, !isLast {
                token.withLock { if $0?.text == text { $0 = nil } }
                continue
            }
            throw GoogleProblem(answer, account: key.account, spreadsheet: settings.spreadsheet, at: now())
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
        if let held = token.withLock({ $0 }), time.milliseconds < held.end.milliseconds - Self.margin {
            return held.text
        }
        let assertion = try key.assertion(at: time)
        let form = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=\(assertion)"
        let answer: OutgoingAnswer
        do throws(OutgoingFailure) {
            answer = try http.send(
                OutgoingRequest(
                    "POST", key.tokenURL,
                    headers: [OutgoingField("Content-Type", "application/x-www-form-urlencoded")],
                    body: Array(form.utf8)), within: Self.patience)
        } catch {
            // Without a token nothing was written.
            var problem = GoogleProblem(error)
            if case .lost = problem.kind { problem.kind = .later(after: nil) }
            throw problem
        }
        struct Content: Decodable {
            var access_token: String
            var expires_in: Int64
        }
        guard answer.status == 200 else { throw Self.tokenProblem(answer, key, at: time) }
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(answer.body)),
            content.access_token.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw GoogleProblem(.later(after: nil), "Google's token endpoint answers something else than a token") }
        let seconds = min(max(0, content.expires_in), 86_400)
        token.withLock {
            $0 = Token(
                text: content.access_token, end: Timestamp(milliseconds: time.milliseconds + seconds * 1_000))
        }
        return content.access_token
    }

    private static func tokenProblem(_ answer: OutgoingAnswer, _ key: GoogleKey, at time: Timestamp) -> GoogleProblem {
        struct Content: Decodable {
            var error: String
            var error_description: String?
        }
        guard answer.status < 500, answer.status != 429 else {
            return GoogleProblem(.later(after: answer.retryAfter(at: time)), "Google hands out no tokens for now")
        }
        let content = try? JSONDecoder().decode(Content.self, from: Data(answer.body))
        let words =
            content.map { [$0.error, $0.error_description].compactMap(\.self).joined(separator: ": ") }
            ?? "status \(answer.status)"
        let said = content?.error_description?.lowercased() ?? ""
        let difference = clockDifference(answer, at: time)
        let isTime = ["iat", "exp", "timeframe", "short-lived"].contains { said.contains($0) }
        if content?.error == "invalid_grant", isTime || abs(difference ?? 0) > 300 {
            let by =
                difference.map { seconds in
                    seconds == 0 ? "" : " by \(abs(seconds)) seconds (it is \(seconds > 0 ? "ahead" : "behind"))"
                } ?? ""
            return GoogleProblem(
                .later(after: nil), "the clock of this machine differs from Google's\(by): set it right (\(words))")
        }
        return GoogleProblem(
            .lasting,
            "Google gives \(key.account) no token: its key was removed, or is of another account; make a new"
                + " key (\(words))")
    }

    /// How many seconds our clock is ahead of the answer's.
    private static func clockDifference(_ answer: OutgoingAnswer, at time: Timestamp) -> Int64? {
        answer.value(of: "Date").flatMap { HTTPDate.moment($0) }.map { (time.milliseconds - $0.milliseconds) / 1_000 }
    }
}
