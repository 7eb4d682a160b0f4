internal import Foundation
internal import History
internal import Notifications
internal import Outgoing
internal import SafeText

/// Sends an SMS for each event.
///
/// Twilio has no way to send a message once and no more, so what may have been sent is never tried again by itself.
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

    /// The event's text, cut to what was allowed.
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
        case .failure(let failure): return (Self.judgement.judge(failure), exchange)
        }
    }

    private static let judgement = HTTPOutcome("Twilio") { reason in
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
                "\(settings.account) holds no Account SID: it begins with AC and has 32 hex digits")
        }
        let key = try settings.key?.value()
        guard key.map({ TwilioSettings.isSID($0, "SK") }) ?? true else {
            throw ActionProblem("“api-key” is no SID of one: it begins with SK and has 32 hex digits")
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

    /// The body with its message as it is, to read.
    private func shown(_ request: OutgoingRequest, _ text: SMSText) -> [UInt8] {
        request.body + Array("\n\nText (\(text.summary)):\n\(text.text)\n".utf8)
    }

    /// What is known of the account.
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
