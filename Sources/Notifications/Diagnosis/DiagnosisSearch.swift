/// Tries what may have gone wrong with secret, body, method and header, alone first and then in pairs, until a digest
/// received is the digest computed.
struct DiagnosisSearch {
    /// What makes the digest match.
    struct Match {
        let secret: SigningSecret
        let secretSteps: [SecretVariant]
        fileprivate(set) var bodySteps: [BodyVariant]
        let method: DigestMethod
        let reading: HeaderReading

        fileprivate let cost: Int
    }

    private struct Key {
        let secret: SigningSecret
        var steps: [SecretVariant] = []
        let bytes: [UInt8]
    }

    private struct Body {
        var steps: [BodyVariant] = []
        let bytes: [UInt8]
    }

    /// The longest body that is re-serialised and tried in pairs.
    static let maximumPairedBody = 256 << 10
    /// How many bytes are hashed at most, some tenths of a second's work.
    static let maximumHashed = 64 << 20

    let digests: [ReceivedDigest]
    private let keys: [Key]
    private let body: Body

    /// How many digests were computed.
    private(set) var tried = 0
    /// Whether some combinations were left out, as the body is too large or the secrets are too many.
    private(set) var isCutShort = false
    /// Whether everything was tried alone.
    private(set) var triesAllAlone = false
    private var hashed = 0
    private var best: Match?

    /// - Parameter secrets: In the order of preference where several match.
    init(_ digests: [ReceivedDigest], secrets: [SigningSecret], body: [UInt8]) {
        self.digests = digests
        keys = secrets.map { secret in secret.withKey { Key(secret: secret, bytes: $0) } }
        self.body = Body(bytes: body)
    }

    /// The match with the fewest changes.
    mutating func run() -> Match? {
        search().map(plain)
    }

    private mutating func search() -> Match? {
        guard !digests.isEmpty else { return nil }
        tryAll(keys, [body], [.hmacSHA256])
        if let best, best.cost <= 1 { return best }

        isCutShort = isLarge
        let otherKeys = changed(keys, by: SecretVariant.allCases)
        let otherBodies = changed([body], by: isLarge ? BodyVariant.cheap : BodyVariant.all)
        let otherMethods = DigestMethod.allCases.filter { $0 != .hmacSHA256 }
        tryAll(otherKeys, [body], [.hmacSHA256])
        tryAll(keys, otherBodies, [.hmacSHA256])
        tryAll(keys, [body], otherMethods)
        triesAllAlone = !isOut
        if best != nil || isLarge { return best }

        tryAll(otherKeys, otherBodies, [.hmacSHA256])
        tryAll(otherKeys, [body], otherMethods.filter(\.usesSecret))
        tryAll(keys, otherBodies, otherMethods)
        tryAll(changed(otherKeys, by: SecretVariant.allCases), [body], [.hmacSHA256])
        for first in otherBodies where first.steps != [.empty] {
            guard best == nil, !isOut else { break }
            // JSON can be rewritten without its mark only, and once is enough.
            let next = first.steps == [.withoutByteOrderMark] ? BodyVariant.all : BodyVariant.cheap
            tryAll(keys, changed([first], by: next), [.hmacSHA256])
        }
        return best
    }

    /// The same match, with steps that no JSON is read for in place of JSON laid out anew, where those come to the same.
    private func plain(_ match: Match) -> Match {
        var match = match
        var bytes = body.bytes
        var steps: [BodyVariant] = []
        for step in match.bodySteps {
            guard case .rewritten(let form) = step else {
                bytes = step.applied(to: bytes, tree: nil) ?? bytes
                steps.append(step)
                continue
            }
            let written = step.applied(to: bytes, tree: JSONTree(bytes)) ?? bytes
            steps += form.isLayoutAlone ? BodyVariant.plainSteps(from: bytes, to: written) ?? [step] : [step]
            bytes = written
        }
        match.bodySteps = steps
        return match
    }

    /// Whether the body is too large for pairs.
    var isLarge: Bool { body.bytes.count > Self.maximumPairedBody }

    private var isOut: Bool { hashed >= Self.maximumHashed }

    private mutating func tryAll(_ keys: [Key], _ bodies: [Body], _ methods: [DigestMethod]) {
        for body in bodies {
            for method in methods {
                for key in method.usesSecret ? keys[...] : keys.prefix(1) {
                    guard !isOut else { return isCutShort = true }
                    tryOne(key, body, method)
                }
            }
        }
    }

    private mutating func tryOne(_ key: Key, _ body: Body, _ method: DigestMethod) {
        let changes = key.steps.count + body.steps.count + (method == .hmacSHA256 ? 0 : 1)
        tried += 1
        hashed += body.bytes.count + 256
        let digest = method.digest(key: key.bytes, body: body.bytes)
        for received in digests {
            guard let reading = received.reading(as: digest) else { continue }
            let cost = changes + reading.cost
            guard cost <= 2, cost < best?.cost ?? 3 else { continue }
            best = Match(
                secret: key.secret, secretSteps: key.steps, bodySteps: body.steps, method: method, reading: reading,
                cost: cost)
        }
    }

    /// The keys that one step makes of these, each once.
    private func changed(_ keys: [Key], by variants: [SecretVariant]) -> [Key] {
        var seen = Set((self.keys + keys).map(\.bytes))
        var changed: [Key] = []
        for key in keys {
            // Nothing comes of what was made from no secret at all.
            for variant in variants where key.steps.last != .empty && !(variant == .empty && !key.steps.isEmpty) {
                guard let bytes = variant.applied(to: key.bytes), seen.insert(bytes).inserted else { continue }
                changed.append(Key(secret: key.secret, steps: key.steps + [variant], bytes: bytes))
            }
        }
        return changed
    }

    /// The bodies that one step makes of these, each once.
    private func changed(_ bodies: [Body], by variants: [BodyVariant]) -> [Body] {
        var seen: Set<Int> = [body.bytes.hashValue]
        for body in bodies { seen.insert(body.bytes.hashValue) }
        var changed: [Body] = []
        let rewrites = variants.count > BodyVariant.cheap.count
        for body in bodies {
            let tree = rewrites ? JSONTree(body.bytes) : nil
            for variant in variants where !(variant == .empty && !body.steps.isEmpty) {
                guard let bytes = variant.applied(to: body.bytes, tree: tree),
                    seen.insert(bytes.hashValue).inserted
                else { continue }
                changed.append(Body(steps: body.steps + [variant], bytes: bytes))
            }
        }
        return changed
    }
}
