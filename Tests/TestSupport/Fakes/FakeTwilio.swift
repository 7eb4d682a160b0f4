import Foundation
import Notifications
import Synchronization

/// The parts of Twilio's API for messages that b2watch uses. It checks credentials, form and numbers, and records
/// messages.
package final class FakeTwilio: FakeService {
    /// A special fate of the next message.
    package enum Event: Sendable {
        /// It is refused with this status and code.
        case error(status: Int, code: Int, message: String = "No", retryAfter: String? = nil)
        /// It is accepted, and the answer is lost.
        case lost
        /// Nothing listens there.
        case refused
        /// Another server answers.
        case reply(FakeReply)
    }

    package struct Message: Sendable, Hashable {
        package var to: String
        package var from: String?
        package var service: String?
        package var body: String

        package init(to: String, from: String? = nil, service: String? = nil, body: String) {
            (self.to, self.from, self.service, self.body) = (to, from, service, body)
        }
    }

    package static let account = "AC0123456789abcdef0123456789abcdef"
    package static let token = "f00dfeedf00dfeedf00dfeedf00dfeed"
    package static let key = "SK0123456789abcdef0123456789abcdef"
    package static let keySecret = "keysecretkeysecretkeysecretkeyse"

    private struct State {
        var events: [Event] = []
        var messages: [Message] = []
        var status = "active"
        var type = "Full"
        /// The account's numbers, and whether each can send an SMS.
        var numbers: [String: Bool] = ["+15005550006": true]
    }

    private let state = Mutex(State())

    package init() {}

    /// The accepted messages, in order.
    package var messages: [Message] { state.withLock { $0.messages } }

    /// Sets the fates of the next messages.
    package func expect(_ events: Event...) {
        state.withLock { $0.events += events }
    }

    /// Sets the state of the account.
    package func setAccount(status: String = "active", type: String = "Full") {
        state.withLock { ($0.status, $0.type) = (status, type) }
    }

    /// Sets the account's numbers, and whether each can send an SMS.
    package func setNumbers(_ numbers: [String: Bool]) {
        state.withLock { $0.numbers = numbers }
    }

    package func reply(to request: FakeRequest) -> FakeReply {
        guard let user = authenticated(request) else {
            return error(401, 20003, "Authenticate", headers: [("WWW-Authenticate", "Basic realm=\"Twilio API\"")])
        }
        let base = "/2010-04-01/Accounts/\(Self.account)"
        guard request.path.hasSuffix(".json") else {
            return .answer(
                status: 404, headers: [("Content-Type", "application/xml")],
                body: Array("<?xml version='1.0'?><TwilioResponse/>".utf8))
        }
        switch (request.method, request.path) {
        case ("GET", "\(base).json"): return user == Self.account ? account : error(401, 20003, "Authenticate")
        case ("GET", "\(base)/IncomingPhoneNumbers.json"):
            return user == Self.account ? numbers(request) : error(403, 20403, "Forbidden")
        case ("GET", "\(base)/Messages.json"): return .json(200, "{\"messages\":[]}")
        case ("POST", "\(base)/Messages.json"): return message(request)
        default: return error(404, 20404, "The requested resource \(request.path) was not found")
        }
    }

    private func authenticated(_ request: FakeRequest) -> String? {
        guard let value = request.value(of: "Authorization"), value.hasPrefix("Basic "),
            let data = Data(base64Encoded: String(value.dropFirst(6)))
        else { return nil }
        let pair = String(decoding: data, as: UTF8.self)
        return [(Self.account, Self.token), (Self.key, Self.keySecret)].first { pair == "\($0.0):\($0.1)" }?.0
    }

    private var account: FakeReply {
        let (status, type) = state.withLock { ($0.status, $0.type) }
        return .json(
            200,
            "{\"sid\":\"\(Self.account)\",\"friendly_name\":\"Acme\",\"status\":\"\(status)\",\"type\":\"\(type)\"}")
    }

    private func numbers(_ request: FakeRequest) -> FakeReply {
        let query = request.target.split(separator: "?").dropFirst().first ?? ""
        let wanted = Self.form(Array(query.utf8))["PhoneNumber"] ?? ""
        let found = state.withLock { $0.numbers[wanted] }
        let list =
            found.map { "{\"phone_number\":\"\(wanted)\",\"capabilities\":{\"voice\":true,\"sms\":\($0)}}" } ?? ""
        return .json(200, "{\"incoming_phone_numbers\":[\(list)]}")
    }

    private func message(_ request: FakeRequest) -> FakeReply {
        let event = state.withLock { $0.events.isEmpty ? nil : $0.events.removeFirst() }
        switch event {
        case .error(let status, let code, let text, let retryAfter):
            return error(status, code, text, headers: retryAfter.map { [("Retry-After", $0)] } ?? [])
        case .refused: return .refused
        case .reply(let reply): return reply
        case .lost, nil: break
        }
        guard request.value(of: "Content-Type") == "application/x-www-form-urlencoded" else {
            return error(400, 21604, "A 'To' phone number is required.")
        }
        let form = Self.form(request.body)
        guard let to = form["To"], Self.isNumber(to) else { return error(400, 21211, "Invalid 'To' Phone Number") }
        let (from, service) = (form["From"], form["MessagingServiceSid"])
        guard from.map(Self.isNumber) ?? (service?.hasPrefix("MG") == true), from == nil || service == nil else {
            return error(400, 21606, "The 'From' phone number provided is not a valid message-capable Twilio number")
        }
        guard let body = form["Body"], !body.isEmpty else { return error(400, 21602, "Message body is required.") }
        guard body.utf16.count <= 1_600 else { return error(400, 21617, "The concatenated message body exceeds 1600") }

        let number = state.withLock {
            $0.messages.append(Message(to: to, from: from, service: service, body: body))
            return $0.messages.count
        }
        if case .lost = event { return .lost }
        return .json(201, created(number, to: to, from: from, service: service, body: body))
    }

    private func created(_ number: Int, to: String, from: String?, service: String?, body: String) -> String {
        let digits = String(number, radix: 16)
        let sid = "SM" + String(repeating: "0", count: 32 - digits.count) + digits
        var json = JSONWriter()
        json.syntax("{\"account_sid\":")
        json.string(Self.account)
        json.syntax(",\"api_version\":\"2010-04-01\",\"body\":")
        json.string(body)
        json.syntax(",\"direction\":\"outbound-api\",\"error_code\":null,\"error_message\":null,\"from\":")
        json.string(from)
        json.syntax(",\"messaging_service_sid\":")
        json.string(service)
        json.syntax(",\"num_media\":\"0\",\"price\":null,\"sid\":")
        json.string(sid)
        json.syntax(",\"status\":")
        json.string(service == nil ? "queued" : "accepted")
        json.syntax(",\"to\":")
        json.string(to)
        json.syntax("}")
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private func error(
        _ status: Int, _ code: Int, _ message: String, headers: [(name: String, value: String)] = []
    ) -> FakeReply {
        var json = JSONWriter()
        json.syntax("{\"code\":")
        json.integer(code)
        json.syntax(",\"message\":")
        json.string(message)
        json.syntax(",\"more_info\":")
        json.string("https://www.twilio.com/docs/errors/\(code)")
        json.syntax(",\"status\":")
        json.integer(status)
        json.syntax("}")
        return .answer(
            status: status, headers: [("Content-Type", "application/json")] + headers, body: json.bytes)
    }

    private static func isNumber(_ text: String) -> Bool {
        text.hasPrefix("+") && (8...16).contains(text.utf8.count) && text.dropFirst().allSatisfy(\.isNumber)
    }

    /// Returns a form's fields; `+` is a space there.
    private static func form(_ body: [UInt8]) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in String(decoding: body, as: UTF8.self).split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            fields[String(parts[0])] =
                parts.count == 2 ? parts[1].replacing("+", with: " ").removingPercentEncoding : ""
        }
        return fields
    }
}
