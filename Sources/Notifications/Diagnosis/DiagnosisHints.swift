/// Looks at a request for what may be why its signature is not right.
struct DiagnosisHints {
    let delivery: Delivery
    let digests: [ReceivedDigest]
    let keyring: Keyring
    let verdict: SignatureVerdict
    let events: [NotificationEvent]
    /// The steps that make a notification of the body, if the body received is not one.
    let recognised: String?

    /// The strongest first.
    var all: [DiagnosisHint] {
        let body = shape + body
        return body + digest + secrets + test + sender + proxies + advice(body)
    }

    /// Hints at what the body is, if it is not a notification.
    private var shape: [DiagnosisHint] {
        guard !delivery.isCut else { return [] }
        if delivery.body.isEmpty { return [.noBody] }
        switch Payload(scanning: delivery.body) {
        case .notJSON(let error):
            return [.notJSON("\(error)")] + (recognised.map { [.recognised($0)] } ?? [])
        case .json(let events, _):
            guard events.isEmpty, JSONTree(delivery.body)?.root["events"]?.elements == nil else { return [] }
            return [.noEvents] + (recognised.map { [.recognised($0)] } ?? [])
        }
    }

    private var body: [DiagnosisHint] {
        if delivery.isCut { return [.notKept] }
        var hints: [DiagnosisHint] = []
        let count = delivery.body.count
        if let announced = delivery.values(of: "Content-Length").first.flatMap({ Int($0) }), announced != count {
            hints.append(
                announced > count
                    ? .cutShort(announced: announced, received: count) : .grown(announced: announced, received: count))
        }
        hints += compression
        if hints.isEmpty, case .notJSON(let error) = Payload(scanning: delivery.body), endsEarly(error) {
            hints.append(.endsEarly(at: error.offset))
        }
        let differences = format
        if !differences.isEmpty { hints.append(.otherFormat(differences)) }
        let lost = delivery.body.lossCount
        if lost > 0 { hints.append(.lostCharacters(lost)) }
        return hints
    }

    private var compression: [DiagnosisHint] {
        let coding = delivery.values(of: "Content-Encoding").first { $0.lowercased() != "identity" && !$0.isEmpty }
        guard let coding else { return looksCompressed ? [.compressed("by its first bytes", isStill: true)] : [] }
        let isStill =
            looksCompressed
            || Zlib.Format.allCases.contains {
                Zlib.decompress(delivery.body, $0, limit: DiagnosisWork.longest) != nil
            }
        if isStill { return [.compressed(coding, isStill: true)] }
        let isText = !delivery.body.contains(0) && String(validating: delivery.body, as: UTF8.self) != nil
        return [isText ? .compressed(coding, isStill: false) : .unreadable(coding)]
    }

    /// The differences between this notification and the form that B2 writes, a phrase each.
    private var format: [String] {
        guard let tree = JSONTree(delivery.body), let all = B2Format.events(of: tree.root) else { return [] }
        var differences: [String] = []
        let sorted = tree.root.written(.two, sortsKeys: true)
        if sorted != delivery.body {
            let asReceived = tree.root.written(.two)
            if BodyUndo.trimmed(delivery.body.drop(while: BodyUndo.isSpace), BodyUndo.isSpace) != asReceived {
                differences.append(
                    delivery.body.contains(0x0A) ? "its lines are laid out otherwise" : "it is on one line")
            } else if asReceived != delivery.body {
                differences.append("there is white space at its ends")
            }
            if asReceived != sorted { differences.append("its members are in another order") }
        }
        let events = all.prefix(Payload.maximumEvents).map { $0.members ?? [] }
        let names = Set(events.flatMap { $0.map(\.key) })
        let unknown =
            (tree.root.members ?? []).map(\.key).filter { $0 != "events" } + names.subtracting(B2Format.names).sorted()
        if !unknown.isEmpty {
            differences.append("it has members that B2 is not known to send (\(Self.list(unknown)))")
        }
        let lacking = B2Format.requiredNames.filter { name in
            events.contains { !$0.contains { $0.key == name } }
        }
        if !lacking.isEmpty { differences.append("it lacks members that B2 sends (\(Self.list(lacking)))") }
        let numbers = B2Format.numberNames.filter { name in
            events.contains { event in
                event.contains { member in
                    guard member.key == name else { return false }
                    let text = String(decoding: member.value.source, as: UTF8.self)
                    return Int64(text) == nil && text != "null"
                }
            }
        }
        if !numbers.isEmpty {
            differences.append("its numbers are not whole ones (\(Self.list(numbers.sorted())))")
        }
        return differences
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", …" : "")
    }

    /// Returns whether the JSON just stops, maybe amid a character.
    private func endsEarly(_ error: JSONError) -> Bool {
        switch error.problem {
        case .ended: true
        case .notUTF8: error.offset >= delivery.body.count - 3
        default: false
        }
    }

    /// Whether the body begins as gzip, zlib or Zstandard does.
    private var looksCompressed: Bool {
        [[0x1F, 0x8B], [0x78, 0x01], [0x78, 0x9C], [0x78, 0xDA], [0x28, 0xB5, 0x2F, 0xFD]]
            .contains { delivery.body.starts(with: $0 as [UInt8]) }
    }

    private var digest: [DiagnosisHint] {
        guard let shape = DigestShape(SignatureHeader(delivery)) else { return [] }
        if let digits = shape.digits, !delivery.isCut, (8..<ReceivedDigest.certainDigits).contains(digits.count) {
            for secret in keyring.secrets where Hex.encode(secret.digest(of: delivery.body)).utf8.starts(with: digits) {
                return [.startsRight(digits: digits.count, secret: secret.label)]
            }
        }
        return shape.hint.map { [$0] } ?? []
    }

    /// Returns hints at what to try. The secret is last, and only if nothing suggests that the body is another one.
    private func advice(_ body: [DiagnosisHint]) -> [DiagnosisHint] {
        guard verdict != .missing, !delivery.isCut, digests.contains(where: { $0.digits.count == 64 }) else {
            return []
        }
        return [body.isEmpty ? .otherSecret : .changedBody]
    }

    private var secrets: [DiagnosisHint] {
        guard verdict != .missing else { return [] }
        return keyring.secrets.filter { !$0.isUsual }.map { .unusualSecret($0.label) }
    }

    private var test: [DiagnosisHint] {
        verdict != .missing && events.contains { $0.eventType == .string("b2:TestEvent") } ? [.testEvent] : []
    }

    private var sender: [DiagnosisHint] {
        let agent = delivery.values(of: "User-Agent").first
        return agent?.hasPrefix("B2/EventNotifications") == true ? [] : [.otherSender(agent)]
    }

    private var proxies: [DiagnosisHint] {
        let names = delivery.headers.map(\.name).filter(Self.isOfProxy)
        var seen: Set<String> = []
        let kept = names.filter { seen.insert($0.lowercased()).inserted }
        return kept.isEmpty ? [] : [.proxy(Array(kept.prefix(3)) + (kept.count > 3 ? ["…"] : []))]
    }

    private static func isOfProxy(_ name: String) -> Bool {
        let name = name.lowercased()
        return ["via", "forwarded", "x-real-ip", "cdn-loop", "true-client-ip"].contains(name)
            || ["cf-", "x-forwarded-", "x-amzn-", "x-envoy-", "x-vercel-", "fly-"].contains { name.hasPrefix($0) }
    }
}

extension [UInt8] {
    /// The number of U+FFFD in it, in UTF-8.
    fileprivate var lossCount: Int {
        var count = 0
        var index = 0
        while index + 2 < self.count {
            if self[index] == 0xEF, self[index + 1] == 0xBF, self[index + 2] == 0xBD {
                count += 1
                index += 3
            } else {
                index += 1
            }
        }
        return count
    }
}

// MARK: - Hint

/// Something seen in a request whose signature is not right, that may be why; nothing certain.
public enum DiagnosisHint: Codable, Sendable, Hashable {
    /// The body is not JSON; why, in a sentence without its full stop.
    case notJSON(String)
    /// The body is empty.
    case noBody
    /// The body is JSON in which no events are where B2 puts them.
    case noEvents
    /// With this done to the body it is a notification, though its digest was not received.
    case recognised(String)
    /// The body is not written as B2 writes it, in these ways.
    case otherFormat([String])
    /// The number of characters that were replaced because they could not be read.
    case lostCharacters(Int)
    /// The request announced more bytes of body than arrived.
    case cutShort(announced: Int, received: Int)
    /// The request announced fewer bytes of body than arrived.
    case grown(announced: Int, received: Int)
    /// The JSON ends before it is complete.
    case endsEarly(at: Int)
    /// The headers declare that the body is compressed, or the body begins like compressed data.
    case compressed(String, isStill: Bool)
    /// The headers declare a compression that b2watch cannot undo, or one that this body does not have.
    case unreadable(String)
    /// The headers of these names were added by something in front of b2watch.
    case proxy([String])
    /// The User-Agent of the request, if any, is not the one of B2.
    case otherSender(String?)
    /// The digest has more or fewer digits, maybe as many as one of another hash.
    case otherLength(digits: Int, like: String?)
    /// The digest is followed by characters that do not belong to it.
    case moreThanDigest(characters: Int)
    /// The digest is not written in hex.
    case inBase64
    /// Nothing follows this name; nil if the whole header is empty.
    case noDigest(String?)
    /// The header has, in place of a digest, the text that a program writes for a missing value.
    case placeholder(String)
    /// The header has a JSON Web Token in place of a digest.
    case token
    /// The header has something else in place of a digest; the value is its number of characters.
    case notHex(characters: Int)
    /// The first digits are right, too few to be certain.
    case startsRight(digits: Int, secret: String)
    /// A test event may be signed with a dummy key.
    case testEvent
    /// This secret is not as B2's are.
    case unusualSecret(String)
    /// Only the start of the body was kept.
    case notKept
    /// The body is not as B2 sends it, so what changed it is to be found first.
    case changedBody
    /// Digest and body look as they should, so the secret may be another one.
    case otherSecret

    /// Whether the hint is that the body is not a notification. Such a hint is shown before all others.
    var isOfShape: Bool {
        switch self {
        case .notJSON, .noBody, .noEvents: true
        default: false
        }
    }

    /// Whether the hint is advice on what to try, not an observation.
    var isAdvice: Bool { self == .otherSecret || self == .changedBody }

    /// The hint as a sentence. It may contain text from outside: escape it before you show it.
    public var sentence: String {
        switch self {
        case .notJSON(let why):
            "The body is not JSON, so it is not a notification from B2: \(why)."
        case .noBody:
            "The request has no body."
        case .noEvents:
            "The body is JSON without “events”, so it is not a notification from B2."
        case .recognised(let phrase):
            "It is a notification \(phrase), though its digest was not received: something else was changed too."
        case .otherFormat(let differences):
            "It is not written as B2 writes: \(differences.joined(separator: "; ")). Something wrote it again, or B2 did not"
                + " send it."
        case .lostCharacters(1):
            "One character in the body was replaced by U+FFFD because it could not be read: what it was is lost."
        case .lostCharacters(let count):
            "\(count) characters in the body were replaced by U+FFFD because they could not be read: what they were is lost."
        case .cutShort(let announced, let received):
            "The body was cut short on the way, it seems: \(announced) bytes were announced, \(received) arrived."
        case .grown(let announced, let received):
            "The body was changed on the way, it seems: \(announced) bytes were announced, \(received) arrived."
        case .endsEarly(let offset):
            "The JSON ends after byte \(offset), before it is complete: the body may have been cut short."
        case .compressed(let coding, true):
            "The body is compressed (\(coding)): it may have been signed before that. B2 compresses nothing."
        case .compressed(let coding, false):
            "Content-Encoding is \(coding), but the body is plain text: it may have been decompressed on the way."
        case .unreadable(let coding):
            "Content-Encoding is \(coding), and b2watch cannot decompress this body as that. B2 compresses nothing."
        case .proxy(let names):
            "The request passed a proxy or tunnel (\(names.joined(separator: ", "))): it may have changed the request."
        case .otherSender(let agent?):
            "The sender calls itself “\(agent)”, and B2 “B2/EventNotifications”: it may not be B2."
        case .otherSender(nil):
            "The sender gives no User-Agent, and B2 does: it may not be B2."
        case .otherLength(let digits, let like?):
            "The digest has \(digits) digits, as \(like) has, not 64."
        case .otherLength(let digits, nil) where digits < 64:
            "The header contains only \(digits) of the 64 digits of a digest."
        case .otherLength(let digits, nil):
            "The digest has \(digits) digits, not 64."
        case .moreThanDigest(1):
            "The 64 digits are followed by one character that does not belong to them."
        case .moreThanDigest(let count):
            "The 64 digits are followed by \(count) characters that do not belong to them."
        case .inBase64:
            "The digest is written in base64, and B2 writes hex."
        case .noDigest(let name?):
            "The header contains no digest: nothing follows “\(name)=”."
        case .noDigest(nil):
            "The header contains no digest: it is empty."
        case .placeholder(let text):
            "The header contains “\(text)” instead of a digest, as programs write it for a missing value."
        case .token:
            "The header contains a JSON Web Token instead of a digest, which B2 does not send."
        case .notHex(1):
            "In place of a digest the header has one character, which is not a hex digit."
        case .notHex(let count):
            "What the header has in place of a digest could not be read as one: \(count) characters, not all of them hex"
                + " digits (0-9, a-f)."
        case .startsRight(let digits, let secret):
            "Its \(digits) digits are the first of the right digest under the secret “\(secret)”: too few to be certain."
        case .testEvent:
            "It is a test event: B2 may sign those with a dummy key, its documentation does not agree with itself."
        case .unusualSecret(let label):
            "The secret “\(label)” is not 32 letters and digits, as every secret of a B2 rule is."
        case .notKept:
            "Only the start of the body was kept, so no digest can be computed."
        case .changedBody:
            "Look at the body before the secret: if B2 sent it, something on the way changed it in a way that b2watch could"
                + " not undo; let B2 send to b2watch without that in between, or have it pass the body on byte for byte. If a"
                + " program of your own sent it, check that it signs exactly the bytes that it sends."
        case .otherSecret:
            "The body is as B2 sends it, so most often it was signed with a secret that b2watch does not have: copy the"
                + " rule's secret again and paste it here (s). Else a value in the body was changed in a way that was not"
                + " tried."
        }
    }
}
