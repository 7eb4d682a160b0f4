internal import Outgoing
internal import Settings

/// What a `twilio` action is declared with.
struct TwilioSettings: Sendable {
    /// Who sends.
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
    /// Where the API is, without a slash at its end.
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
    /// - Returns: Nil where a problem was found.
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
                "“messaging-service” of “\(reading.name)” is no SID of one: it begins with MG and has 32 hex digits",
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
        "“\(key)” of “\(name)” is no telephone number as Twilio takes it: write + and digits only, with the country code"
            + " and in quotes, such as \"+14155550100\""
    }

    /// E.164.
    static func isNumber(_ text: String) -> Bool {
        let digits = text.utf8.dropFirst()
        return text.hasPrefix("+") && (7...15).contains(digits.count) && digits.first != UInt8(ascii: "0")
            && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// Two letters and 32 hex digits.
    static func isSID(_ text: String, _ letters: String) -> Bool {
        let digits = text.utf8.dropFirst(2)
        return text.hasPrefix(letters) && digits.count == 32
            && digits.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
            }
    }
}
