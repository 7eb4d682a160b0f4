/// Looks at a request for what may be why its signature is not right.
struct DiagnosisHints {
    let delivery: Delivery
    let digests: [ReceivedDigest]
    let keyring: Keyring
    let verdict: SignatureVerdict
    let events: [NotificationEvent]

    /// The strongest first.
    var all: [DiagnosisHint] {
        body + digest + secrets + test + sender + proxies + otherSecret
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
        if let coding = delivery.values(of: "Content-Encoding").first, coding.lowercased() != "identity" {
            hints.append(.compressed(coding, isStill: looksCompressed))
        } else if looksCompressed {
            hints.append(.compressed("by its first bytes", isStill: true))
        } else if hints.isEmpty, case .notJSON(let error) = Payload(scanning: delivery.body), endsEarly(error) {
            hints.append(.endsEarly(at: error.offset))
        }
        return hints
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

    /// Where nothing seen says that the body is another one.
    private var otherSecret: [DiagnosisHint] {
        guard verdict != .missing, body.isEmpty, digests.contains(where: { $0.digits.count == 64 }) else { return [] }
        return [.otherSecret]
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
