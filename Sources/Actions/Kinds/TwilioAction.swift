internal import Base
internal import Foundation
internal import History
internal import Notifications
internal import Sending
internal import Settings

/// Sends an SMS for each event.
///
/// Twilio has no way to send a message at most once, so a message that may have been sent is never retried
/// automatically.
struct TwilioAction: Action {
    private let settings: TwilioSettings
    private let http: any HTTPSending
    private let now: @Sendable () -> Timestamp

    static let limit = Duration.seconds(30)

    init(_ settings: TwilioSettings, _ surroundings: ActionSurroundings) {
        self.settings = settings
        http = surroundings.http
        now = surroundings.now
    }

    var summary: String { "SMS to \(settings.to) by Twilio" }

    var manner: ActionManner {
        var manner = ActionManner()
        manner.pace = .seconds(1)
        manner.mostPerMinute = settings.mostPerMinute
        manner.mostPerDay = settings.mostPerDay
        return manner
    }

    func perform(_ items: [ActionItem], batch: Int64) -> ActionReport {
        var report = ActionReport([])
        for item in items {
            let (outcome, exchange) = send(text(item))
            report.outcomes.append(outcome)
            report.exchange = exchange ?? report.exchange
        }
        return report
    }

    func recover(_ items: [ActionItem], batch: Int64) -> ActionReport {
        let sentence =
            "b2watch ended while the message was on its way: look in Twilio's log whether it was sent, then retry or skip"
            + " this entry"
        return ActionReport(items.map { _ in .uncertain(sentence) })
    }

    func preview(_ items: [ActionItem]) throws -> [UInt8] {
        let requests = try items.map { item in
            let text = text(item)
            let request = try request(text, credentials())
            return MaskedRequest(request, body: shown(request, text)).bytes
        }
        return Array(requests.joined(separator: Array("\n\n".utf8)))
    }

    func test(_ item: ActionItem) throws -> String {
        let credentials = try credentials()
        // An API key may not read the account itself.
        let path = credentials.isKey ? "/Messages.json?PageSize=1" : ".json"
        let answer = try ask(path, credentials)
        guard answer.status == 200 else { throw ActionProblem(TwilioAnswer(answer, at: now()).failure) }
        let account = try account(answer, credentials)
        try checkSender(credentials)
        let text = text(item)
        return "\(account). The text would be \(text.summary): \(SafeText(text.text)). No SMS was sent."
    }

    private func ask(_ path: String, _ credentials: Credentials) throws -> OutgoingAnswer {
        let request = OutgoingRequest("GET", try url(credentials, path), headers: [credentials.field])
        return request.masked(try http.send(request, within: Self.limit))
    }

    /// Checks that the number in `from` is one of the account's and can send an SMS. An API key may not be allowed to ask
    /// that; then nothing is known.
    ///
    /// - Throws: `ActionProblem`.
    private func checkSender(_ credentials: Credentials) throws {
        struct Numbers: Decodable {
            struct Number: Decodable {
                struct Capabilities: Decodable { var sms: Bool? }
                var capabilities: Capabilities?
            }
            var incoming_phone_numbers: [Number]
        }
        guard case .number(let number) = settings.sender else { return }
        let answer = try ask("/IncomingPhoneNumbers.json?PhoneNumber=\(number.percentEncoded)&PageSize=1", credentials)
        guard answer.status == 200, let numbers = try? JSONDecoder().decode(Numbers.self, from: Data(answer.body))
        else {
            return
        }
        guard let found = numbers.incoming_phone_numbers.first else {
            throw ActionProblem(
                "\(number) is not a number of this account: give in “from” one that is, as Twilio's console shows it")
        }
        guard found.capabilities?.sms != false else {
            throw ActionProblem("\(number) cannot send an SMS: give in “from” a number of the account that can")
        }
    }

    /// Returns the event's text, cut to the allowed length.
    private func text(_ item: ActionItem) -> SMSText {
        // `…` is not in GSM-7, so a value that was cut ends otherwise.
        let text = settings.template.render(item) { $0.replacing("…", with: "...") }
        return SMSText(text, atMost: settings.segments)
    }

    private func send(_ text: SMSText) -> (ActionOutcome, OutboxExchange?) {
        let request: OutgoingRequest
        do {
            request = try self.request(text, credentials())
        } catch {
            return (.hold("\(error)"), nil)
        }
        guard !text.text.allSatisfy(\.isWhitespace) else {
            return (.dead("the message is empty: correct “template”"), nil)
        }
        var (result, exchange) = http.exchange(request, within: Self.limit, now: now, body: shown(request, text))
        switch result {
        case .success(let answer):
            let answer = TwilioAnswer(answer, at: now())
            exchange.outcome = answer.words
            return (answer.outcome, exchange)
        case .failure(let failure): return (Self.outcomes.classify(failure), exchange)
        }
    }

    private static let outcomes = HTTPOutcome("Twilio") { reason in
        .uncertain(
            "\(reason): the message may have been sent or not; look in Twilio's log, then retry or skip this entry")
    }
}

extension TwilioAction {
    private struct Credentials {
        let account: String
        let field: OutgoingField
        let isKey: Bool
    }

    private func credentials() throws -> Credentials {
        let account = try settings.account.value()
        guard TwilioSettings.isSID(account, "AC") else {
            throw ActionProblem(
                "\(settings.account) does not contain an Account SID: it begins with AC and has 32 hex digits")
        }
        let key = try settings.key?.value()
        guard key.map({ TwilioSettings.isSID($0, "SK") }) ?? true else {
            throw ActionProblem("“api-key” is not the SID of an API key: it begins with SK and has 32 hex digits")
        }
        let pair = "\(key ?? account):\(try settings.token.value())"
        let value = "Basic \(Data(pair.utf8).base64EncodedString())"
        return Credentials(
            account: account, field: OutgoingField("Authorization", value, isSecret: true), isKey: key != nil)
    }

    private func url(_ credentials: Credentials, _ path: String) throws -> WebhookURL {
        try WebhookURL("\(settings.api)/2010-04-01/Accounts/\(credentials.account)\(path)")
    }

    private func request(_ text: SMSText, _ credentials: Credentials) throws -> OutgoingRequest {
        var fields = [("To", settings.to)]
        switch settings.sender {
        case .number(let number): fields.append(("From", number))
        case .service(let service): fields.append(("MessagingServiceSid", service))
        }
        fields.append(("Body", text.text))
        let form = fields.map { "\($0.0)=\($0.1.percentEncoded)" }.joined(separator: "&")
        return OutgoingRequest(
            "POST", try url(credentials, "/Messages.json"),
            headers: [
                credentials.field, OutgoingField("Content-Type", "application/x-www-form-urlencoded"),
                OutgoingField("Accept", "application/json"),
            ],
            body: Array(form.utf8))
    }

    /// Returns the body with its message as readable text.
    private func shown(_ request: OutgoingRequest, _ text: SMSText) -> [UInt8] {
        request.body + Array("\n\nText (\(text.summary)):\n\(text.text)\n".utf8)
    }

    /// Returns the known facts about the account.
    private func account(_ answer: OutgoingAnswer, _ credentials: Credentials) throws -> String {
        struct Account: Decodable {
            var status: String?
            var type: String?
            var friendly_name: String?
        }
        guard !credentials.isKey else { return "Twilio takes the API key for the account \(credentials.account)" }
        guard let account = try? JSONDecoder().decode(Account.self, from: Data(answer.body)) else {
            throw ActionProblem("the answer is not one of Twilio's, but \(answer.summary): correct “api”")
        }
        func word(_ text: String?) -> String { "\(SafeText(String((text ?? "unknown").prefix(100))))" }
        let sentence = "Twilio's account “\(word(account.friendly_name))” is \(word(account.status))"
        guard account.status == "active" else {
            throw ActionProblem("\(sentence): it sends nothing until it is active; see Twilio's console")
        }
        return account.type == "Trial" ? "\(sentence), a trial account: it sends to verified numbers only" : sentence
    }
}

// MARK: - Settings

/// The settings of a `twilio` action.
struct TwilioSettings: Sendable {
    /// The sender.
    enum Sender: Sendable, Hashable {
        case number(String)
        case service(String)
    }

    /// `AC…`.
    var account: ActionSecret
    /// `SK…`: the user of Basic auth in the account's place.
    var key: ActionSecret?
    /// The account's auth token, or the key's secret.
    var token: ActionSecret
    var sender: Sender
    var to: String
    var template: Template
    var segments = 1
    var mostPerMinute = 10
    var mostPerDay = 100
    /// The URL of the API, without a slash at its end.
    var api = Self.standardAPI

    static let standardAPI = "https://api.twilio.com"
    static let standardTemplate = "{{type}} {{object}} in {{bucket}}"
}

extension ActionKind {
    /// Sends an SMS for each event.
    static let twilio = ActionKind("twilio") { reading, surroundings in
        TwilioSettings(&reading, surroundings).map { TwilioAction($0, surroundings) }
    }
}

extension TwilioSettings {
    /// Reads the settings.
    ///
    /// - Returns: Nil if a problem was found.
    init?(_ reading: inout ActionReading, _ surroundings: ActionSurroundings) {
        let count = reading.problems.count
        let environment = surroundings.environment
        let account = reading.secret("account", what: "the Account SID", environment: environment)
        let key = reading.secret("api-key", what: "an API key's SID", environment: environment, isRequired: false)
        let token = reading.secret(
            "token", what: "the account's auth token, or the API key's secret", environment: environment)
        let sender = Self.sender(&reading)
        let to = Self.recipient(&reading)
        let template = reading.template(standard: Self.standardTemplate)
        let segments = reading.number("segments", in: 1...10)
        let perMinute = reading.number("most-per-minute", in: 1...600)
        let perDay = reading.number("most-per-day", in: 1...100_000)
        let api = Self.api(&reading)
        guard reading.problems.count == count, let account, let token, let sender, let to, let template, let api else {
            return nil
        }
        self.init(account: account, key: key, token: token, sender: sender, to: to, template: template, api: api)
        self.segments = segments ?? self.segments
        mostPerMinute = perMinute ?? mostPerMinute
        mostPerDay = perDay ?? mostPerDay
    }

    private static let number = "a number such as +14155550100, with its country code"

    private static func sender(_ reading: inout ActionReading) -> Sender? {
        let from = reading.text("from", expected: number)
        let service = reading.text(
            "messaging-service", expected: "the SID of a messaging service: MG and 32 hex digits")
        switch (from, service) {
        case (let from?, nil):
            if isNumber(from.value) { return .number(from.value) }
            reading.problem(notANumber("from", of: reading.name), at: from.position)
        case (nil, let service?):
            if isSID(service.value, "MG") { return .service(service.value) }
            reading.problem(
                "“messaging-service” of “\(reading.name)” is not the SID of a messaging service: it begins with MG and has 32 hex digits",
                at: service.position)
        case (_?, let service?):
            reading.problem(
                "“\(reading.name)” has both “from” and “messaging-service”: keep one", at: service.position)
        case (nil, nil):
            if reading.problems.isEmpty {
                reading.problem(
                    "“\(reading.name)” needs “from”, \(number), or “messaging-service”", at: reading.position)
            }
        }
        return nil
    }

    private static func recipient(_ reading: inout ActionReading) -> String? {
        let count = reading.problems.count
        let numbers = reading.texts("to", expected: number, orOne: true)
        guard reading.problems.count == count else { return nil }
        guard let first = numbers?.first else {
            reading.problem("“\(reading.name)” needs “to”: \(number)", at: reading.position)
            return nil
        }
        if let second = numbers?.dropFirst().first {
            reading.problem(
                "“to” of “\(reading.name)” has more than one number: declare an action for each, so that what became of"
                    + " each message is known",
                at: second.position)
            return nil
        }
        guard isNumber(first.value) else {
            reading.problem(notANumber("to", of: reading.name), at: first.position)
            return nil
        }
        return first.value
    }

    private static func api(_ reading: inout ActionReading) -> String? {
        let expected = "an https URL, such as \(standardAPI)"
        let count = reading.problems.count
        guard let written = reading.text("api", expected: expected) else {
            return reading.problems.count == count ? standardAPI : nil
        }
        var text = written.value
        while text.hasSuffix("/") { text.removeLast() }
        do throws(WebhookURLError) {
            let url = try WebhookURL(text)
            if (url.isSecure || url.isLoopback) && !text.contains(where: { $0 == "?" || $0 == "#" }) {
                return text
            }
            reading.problem(
                "“api” of “\(reading.name)” would send the account's token in the clear: expected is \(expected),"
                    + " without ? and #; only this machine may be http",
                at: written.position)
        } catch {
            reading.problem("“api” of “\(reading.name)”: \(error)", at: written.position)
        }
        return nil
    }

    private static func notANumber(_ key: String, of name: String) -> String {
        "“\(key)” of “\(name)” is not a telephone number in Twilio's format: write + and digits only, with the country code"
            + " and in quotes, such as \"+14155550100\""
    }

    /// Returns whether a text is a number in the format E.164.
    static func isNumber(_ text: String) -> Bool {
        let digits = text.utf8.dropFirst()
        return text.hasPrefix("+") && (7...15).contains(digits.count) && digits.first != UInt8(ascii: "0")
            && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// Returns whether a text is an id of two letters and 32 hex digits.
    static func isSID(_ text: String, _ letters: String) -> Bool {
        let digits = text.utf8.dropFirst(2)
        return text.hasPrefix(letters) && digits.count == 32
            && digits.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
            }
    }
}

// MARK: - The text of an SMS

/// The text of an SMS, and in how many segments it goes: each is paid for.
struct SMSText: Sendable, Hashable {
    enum Encoding: String, Sendable, Hashable {
        /// The alphabet of GSM 03.38: 160 characters in one segment, 153 in each of several.
        case gsm7 = "GSM-7"
        /// UTF-16: 70 units in one segment, 67 in each of several. One character outside GSM-7 is enough.
        case ucs2 = "UCS-2"
    }

    /// The longest that Twilio takes, in UTF-16 units.
    static let longest = 1_600

    let text: String
    let encoding: Encoding
    /// At least 1.
    let segments: Int

    init(_ text: String) {
        self.text = text
        var units: [Int] = []
        units.reserveCapacity(text.utf8.count)
        var isGSM = true
        for scalar in text.unicodeScalars {
            guard let septets = Self.septets(scalar) else {
                isGSM = false
                break
            }
            units.append(septets)
        }
        if !isGSM { units = text.unicodeScalars.map { $0.value > 0xffff ? 2 : 1 } }
        encoding = isGSM ? .gsm7 : .ucs2
        segments = Self.segments(units, alone: isGSM ? 160 : 70, joined: isGSM ? 153 : 67)
    }

    /// Creates a text of at most this number of segments, and no longer than Twilio accepts: the end that does not fit
    /// is cut, and dots mark the cut.
    init(_ text: String, atMost segments: Int) {
        let whole = SMSText(text)
        guard whole.segments > segments || text.utf16.count > Self.longest else {
            self = whole
            return
        }
        let characters = Array(text.prefix(Self.longest))
        var best = SMSText("...")
        var (low, high) = (0, characters.count)
        while low <= high {
            let middle = (low + high) / 2
            let head = String(characters[..<middle])
            // `…` is not in GSM-7, and would more than halve the room.
            let cut = SMSText(head + (SMSText(head).encoding == .gsm7 ? "..." : "…"))
            if cut.segments <= segments, cut.text.utf16.count <= Self.longest {
                best = cut
                low = middle + 1
            } else {
                high = middle - 1
            }
        }
        self = best
    }

    /// Such as `43 characters, GSM-7, 1 segment`.
    var summary: String {
        "\(text.count) character\(text.count == 1 ? "" : "s"), \(encoding.rawValue),"
            + " \(segments) segment\(segments == 1 ? "" : "s")"
    }

    /// Returns the number of segments. A character is never divided between two segments.
    private static func segments(_ units: [Int], alone: Int, joined: Int) -> Int {
        guard units.reduce(0, +) > alone else { return 1 }
        var count = 1
        var used = 0
        for length in units {
            if used + length > joined {
                count += 1
                used = 0
            }
            used += length
        }
        return count
    }

    /// Returns the number of septets that a character needs in GSM-7; nil if GSM-7 does not contain it.
    private static func septets(_ scalar: Unicode.Scalar) -> Int? {
        if basic.contains(scalar) { return 1 }
        return extended.contains(scalar) ? 2 : nil
    }

    /// Source: 3GPP TS 23.038, 6.2.1, without the escape.
    private static let basic = Set(
        ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
            + "abcdefghijklmnopqrstuvwxyzäöñüà").unicodeScalars)
    private static let extended = Set("\u{0c}^{}\\[~]|€".unicodeScalars)
}
