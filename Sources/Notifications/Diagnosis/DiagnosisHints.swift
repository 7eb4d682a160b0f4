/// Looks at a request for what may be why its signature is not right.
struct DiagnosisHints {
    let delivery: Delivery
    let digests: [ReceivedDigest]
    let keyring: Keyring
    let verdict: SignatureVerdict
    let events: [NotificationEvent]
    /// What makes the body a notification, where it is none as received.
    let recognised: String?

    /// The strongest first.
    var all: [DiagnosisHint] {
        let body = shape + body
        return body + digest + secrets + test + sender + proxies + advice(body)
    }

    /// What the body is, where it is no notification.
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

    /// How a notification differs from what B2 writes, a phrase each.
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

    /// Whether the JSON just stops, maybe amid a character.
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

    /// What to try: the secret last of all, where nothing seen says that the body is another one.
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
    /// How many U+FFFD it holds, in UTF-8.
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
