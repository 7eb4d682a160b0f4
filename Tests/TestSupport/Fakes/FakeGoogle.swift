import Foundation
import Synchronization

/// Google's token endpoint and the calls of the Sheets API that b2watch uses.
///
/// It makes Google's checks: signature, audience and times of an assertion, tokens, the users of a spreadsheet, and the
/// limit of a minute. A batch is applied completely or not at all.
package final class FakeGoogle: FakeService {
    /// The fate of a batchUpdate.
    package enum Mishap: Sendable {
        case none
        /// A person changes the spreadsheet just before it is applied.
        case before(@Sendable (inout Spreadsheet) -> Void)
        /// It never arrives.
        case lostBefore
        /// It is applied, and its answer is lost.
        case lostAfter
        /// It is delayed, and arrives at `arrive()`.
        case late
        /// It receives this answer, and is not applied.
        case answer(FakeReply)
        /// It is applied, and receives this answer.
        case answerAfter(FakeReply)
    }

    package enum Cell: Sendable, Hashable {
        case empty
        case text(String)
        case number(Double)
        case formula(String)
        /// A number that is shown as a date, with the pattern that b2watch uses.
        case date(Double)
    }

    package struct Sheet: Sendable {
        package var id: Int
        package var title: String
        package var rows: [[Cell]] = []
        package var gridRows = 1_000
        package var gridColumns = 26
        package var frozenRows = 0
        /// Rows and columns, from 0, that the account may not change.
        package var protected: (rows: Range<Int>, columns: Range<Int>)?

        package init(id: Int, title: String, rows: [[Cell]] = []) {
            self.id = id
            self.title = title
            self.rows = rows
        }
    }

    package struct Spreadsheet: Sendable {
        package var sheets: [Sheet]
        package var isShared = true
        /// Whether the account may only read it.
        package var isReadOnly = false
        /// Whether it is an Office file, which the API knows and does not open.
        package var isOffice = false
        /// The developer metadata's values by their ids.
        package var metadata: [Int64: (key: String, value: String)] = [:]

        package init(sheets: [Sheet]) {
            self.sheets = sheets
        }
    }

    struct State {
        var spreadsheets: [String: Spreadsheet] = [:]
        var tokens: [String: Int64] = [:]
        var isEnabled = true
        var writes: [Int64] = []
        var reads: [Int64] = []
        var tokensGiven = 0
        var mishap: @Sendable () -> Mishap = { .none }
        var late: [(id: String, body: [UInt8])] = []
        var bodies: [String] = []
        var assertions: [String] = []
    }

    /// A key for all tests, because making one takes a while.
    package static let key = FakeRSAKey()

    package static let tokenURL = "https://oauth2.googleapis.com/token"
    package static let account = "b2watch@sample-project.iam.gserviceaccount.com"
    /// The number of requests of a kind that are allowed in a minute.
    package static let quota = 60

    let state: Mutex<State>
    /// The time in milliseconds since 1970.
    let now: @Sendable () -> Int64
    let tokenURL: String

    package init(
        _ spreadsheets: [String: Spreadsheet], tokenURL: String = FakeGoogle.tokenURL,
        now: @escaping @Sendable () -> Int64
    ) {
        self.now = now
        self.tokenURL = tokenURL
        state = Mutex(State(spreadsheets: spreadsheets))
    }

    /// Returns the account's key file.
    package func keyFile() -> String {
        let content = [
            "type": "service_account", "project_id": "sample-project", "private_key_id": "0123456789abcdef",
            "private_key": Self.key.pemRepresentation, "client_email": Self.account, "token_uri": tokenURL,
        ]
        return String(decoding: (try? JSONEncoder().encode(content)) ?? Data(), as: UTF8.self)
    }

    package func spreadsheet(_ id: String) -> Spreadsheet? { state.withLock { $0.spreadsheets[id] } }

    package func change(_ id: String, _ body: (inout Spreadsheet) -> Void) {
        state.withLock { state in
            if var spreadsheet = state.spreadsheets[id] {
                body(&spreadsheet)
                state.spreadsheets[id] = spreadsheet
            }
        }
    }

    package func onBatch(_ mishap: @escaping @Sendable () -> Mishap) { state.withLock { $0.mishap = mishap } }
    package func disable() { state.withLock { $0.isEnabled = false } }
    package func forgetTokens() { state.withLock { $0.tokens = [:] } }
    package var tokensGiven: Int { state.withLock { $0.tokensGiven } }
    package var lastAssertion: String? { state.withLock { $0.assertions.last } }
    /// The times of the write requests, in milliseconds since 1970, without those refused because of the limit.
    package var writes: [Int64] { state.withLock { $0.writes } }

    /// The bodies of the write requests.
    package var bodies: [String] { state.withLock { $0.bodies } }

    package var reads: [Int64] { state.withLock { $0.reads } }

    /// Delivers the delayed requests.
    package func arrive() {
        state.withLock { state in
            for copy in state.late { _ = Self.apply(copy.body, to: copy.id, &state) }
            state.late = []
        }
    }

    package func reply(to request: FakeRequest) -> FakeReply {
        let time = now()
        let reply = state.withLock { state in
            request.path == "/token" && request.method == "POST"
                ? token(request, &state, at: time) : api(request, &state, at: time)
        }
        guard case .answer(let status, let headers, let body) = reply else { return reply }
        return .answer(status: status, headers: headers + [("Date", Self.date(time))], body: body)
    }

    package static func date(_ milliseconds: Int64) -> String {
        let form = DateFormatter()
        form.locale = Locale(identifier: "en_US_POSIX")
        form.timeZone = TimeZone(secondsFromGMT: 0)
        form.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return form.string(from: Date(timeIntervalSince1970: Double(milliseconds) / 1_000))
    }

    private func token(_ request: FakeRequest, _ state: inout State, at time: Int64) -> FakeReply {
        func refused(_ error: String, _ text: String) -> FakeReply {
            .json(400, "{\"error\":\"\(error)\",\"error_description\":\"\(text)\"}")
        }
        var form: [String: String] = [:]
        for pair in String(decoding: request.body, as: UTF8.self).split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { form[parts[0]] = parts[1].removingPercentEncoding }
        }
        guard request.value(of: "Content-Type") == "application/x-www-form-urlencoded",
            form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer", let assertion = form["assertion"]
        else { return refused("unsupported_grant_type", "Invalid grant_type") }
        state.assertions.append(assertion)
        let parts = assertion.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let head = Self.object(parts[0]), let claims = Self.object(parts[1]),
            let signature = Self.base64URL(parts[2]), head["alg"] as? String == "RS256", head["typ"] as? String == "JWT"
        else { return refused("invalid_request", "Bad JWT") }
        guard claims["iss"] as? String == Self.account else { return refused("invalid_grant", "account not found") }
        let isRight = Self.key.verifies(Array(signature), of: Array("\(parts[0]).\(parts[1])".utf8))
        guard isRight else { return refused("invalid_grant", "Invalid JWT Signature.") }
        guard claims["aud"] as? String == tokenURL else {
            return refused("invalid_grant", "Invalid JWT: wrong audience")
        }
        guard let issued = claims["iat"] as? Int64, let end = claims["exp"] as? Int64, end <= issued + 3_600,
            issued <= time / 1_000 + 300, end > time / 1_000
        else {
            return refused(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable"
                    + " timeframe. Check your iat and exp values in the JWT claim.")
        }
        guard (claims["scope"] as? String)?.contains("https://www.googleapis.com/auth/spreadsheets") ?? false else {
            return refused("invalid_scope", "Invalid OAuth scope")
        }
        state.tokensGiven += 1
        let token = "ya29.sample-\(state.tokensGiven)"
        state.tokens[token] = time + 3_599_000
        return .json(200, "{\"access_token\":\"\(token)\",\"expires_in\":3599,\"token_type\":\"Bearer\"}")
    }

    static func error(_ code: Int, _ status: String, _ message: String, details: String = "") -> FakeReply {
        let text = (try? JSONEncoder().encode(message)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
        return .json(code, "{\"error\":{\"code\":\(code),\"message\":\(text),\"status\":\"\(status)\"\(details)}}")
    }

    private static func object(_ part: String) -> [String: Any]? {
        base64URL(part).flatMap { try? JSONSerialization.jsonObject(with: $0) as? [String: Any] }
    }

    private static func base64URL(_ text: String) -> Data? {
        guard !text.contains("="), !text.contains("+"), !text.contains("/") else { return nil }
        let plain = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        return Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.count % 4) % 4))
    }
}
