internal import Foundation
internal import Notifications
internal import Outgoing

extension GoogleProblem {
    /// What an answer of the token endpoint other than 200 means.
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
        let said = content.error_description?.lowercased() ?? ""
        let difference = Self.clockDifference(answer, at: time)
        let isTime = ["iat", "exp", "timeframe", "short-lived"].contains { said.contains($0) }
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
            "Google gives \(key.account) no token: \(Self.reason(content.error, said)) (\(words))")
    }

    /// Why there is no token, and what to do.
    private static func reason(_ error: String, _ said: String) -> String {
        if said.contains("account not found") {
            return "the account was deleted; make another one, and share the sheet with it"
        }
        if error == "disabled_client" || said.contains("disabled") {
            return "the account is disabled; enable it in Google's console, under IAM & Admin, Service Accounts"
        }
        return "its key was removed, or is of another account; make a new key"
    }

    /// How many seconds our clock is ahead of the answer's.
    private static func clockDifference(_ answer: OutgoingAnswer, at time: Timestamp) -> Int64? {
        answer.value(of: "Date").flatMap { HTTPDate.moment($0) }.map { (time.milliseconds - $0.milliseconds) / 1_000 }
    }
}
