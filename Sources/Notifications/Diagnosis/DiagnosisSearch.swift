/// Tries what may have gone wrong with secret, body, method and header until a digest received is the digest computed:
/// first one change, then more.
///
/// There are two kinds of changes to the body. Some leave a recognisable shape (base64, an envelope) and yield few
/// bodies, so they are undone one after the other, breadth first. The others may have happened to any body (a newline,
/// JSON laid out again): each body found gets every one of them once. One limit of work applies to the whole search.
struct DiagnosisSearch {
    /// The changes that make the digest match.
    struct Match {
        let secret: SigningSecret
        let secretSteps: [SecretVariant]
        fileprivate(set) var bodySteps: [BodyStep]
        let method: DigestMethod
        let reading: HeaderReading

        fileprivate let cost: Int
        fileprivate let body: BodyCandidate
    }

    private struct Key {
        let secret: SigningSecret
        var steps: [SecretVariant] = []
        let bytes: [UInt8]
        let mac: HMACSHA256

        init(secret: SigningSecret, steps: [SecretVariant] = [], bytes: [UInt8]) {
            self.secret = secret
            self.steps = steps
            self.bytes = bytes
            mac = HMACSHA256(key: bytes)
        }
    }

    /// The deepest nesting of recognised changes that is undone.
    private static let maximumDepth = 5
    /// The most bodies that are kept to look further from.
    private static let maximumBodies = 160
    /// The most keys of two steps.
    private static let maximumKeys = 20_000

    let digests: [ReceivedDigest]
    private let keys: [Key]
    private let received: BodyCandidate
    private let announced: Int?
    private let withMore: BodyUndo

    /// The number of digests computed.
    private(set) var tried = 0
    /// The changes that were tried completely with this body and make no digest match: phrases for a person, in order.
    private(set) var attempts = DiagnosisAttempts()
    private(set) var work: DiagnosisWork
    /// Whether every change was tried alone.
    private(set) var triesAllAlone = false
    /// The steps that make a notification of a body that is not one, whether or not its digest matches.
    private(set) var recognised: String?
    private var best: Match?
    /// The hashes of the bodies that were tried, and of those to look further from.
    private var seen: Set<Int>
    private var seenShaped: Set<Int>

    /// - Parameter secrets: In the order of preference where several match.
    init(
        _ digests: [ReceivedDigest], secrets: [SigningSecret], delivery: Delivery,
        work: DiagnosisWork = DiagnosisWork()
    ) {
        let body = delivery.body
        let announced = delivery.values(of: "Content-Length").first.flatMap { Int($0) }
        withMore = BodyUndo.signedWithMore(delivery)
        self.announced = announced
        self.digests = digests
        keys = secrets.map { secret in secret.withKey { Key(secret: secret, bytes: $0) } }
        received = BodyCandidate(body)
        seen = [Self.hash(body)]
        seenShaped = seen
        self.work = work
    }

    /// Returns the match with the fewest changes; nil where none was found within the limit.
    mutating func run() -> Match? {
        guard !digests.isEmpty else { return nil }
        search()
        return best.map(plain)
    }

    private mutating func search() {
        tryKeys(keys, received)
        if let best, best.cost <= 1 { return }

        // One change.
        let otherKeys = changed(keys)
        tryKeys(otherKeys, received)
        if !work.isOver { attempts.secret = SecretVariant.tried(otherKeys.flatMap(\.steps)) }
        tryMethods(keys, received)
        var level = shaped([received], isFirst: true)
        if let announced, announced > 0, announced < received.bytes.count {
            level += undone(
                BodyUndo(.announced) { Array($0.bytes.prefix(announced)) }, received, isFirst: true, isShaped: true)
        }
        let others = anywhere(received, keepsAll: true, share: 2)
        _ = undone(withMore, received, isFirst: true)
        attempts.isCutShort = attempts.isCutShort || work.isOver
        triesAllAlone = !attempts.isCutShort
        if best != nil || work.isOver { return }

        // Two changes. The recognised ones are first: they are few, and large bodies leave no work for all the others.
        anywhere(level)
        let second = shaped(level, isFirst: false)
        if best != nil { return }
        pairs(otherKeys, [received] + level + others)
        if best == nil { bodyPairs(others) }
        if best != nil { return }

        // Three and more.
        level = second
        for _ in 2..<Self.maximumDepth where best == nil && !level.isEmpty {
            self.anywhere(level)
            let next = best == nil ? shaped(level, isFirst: false) : []
            if best == nil { pairs(otherKeys, level) }
            level = next
        }
        if work.isOver { attempts.isCutShort = true }
    }

    /// Undoes what is recognised in these bodies.
    private mutating func shaped(_ bodies: [BodyCandidate], isFirst: Bool) -> [BodyCandidate] {
        var found: [BodyCandidate] = []
        for body in bodies where body.bytes.count <= 2 * DiagnosisWork.longest {
            for undo in BodyUndo.shaped {
                guard !work.isOver, found.count < Self.maximumBodies else { return found }
                found += undone(undo, body, isFirst: isFirst, isShaped: true)
            }
        }
        if recognised == nil, received.tree.map({ B2Format.events(of: $0.root) != nil }) != true {
            let notification = found.first { $0.tree.map { B2Format.events(of: $0.root) != nil } == true }
            recognised = notification.map { BodyStep.phrase($0.steps) }
        }
        return found
    }

    /// Tries what may have happened to any body with each of these.
    private mutating func anywhere(_ bodies: [BodyCandidate]) {
        for body in bodies {
            guard best == nil, !work.isOver else { return }
            _ = anywhere(body, keepsAll: false, share: max(4, bodies.count))
        }
    }

    /// Tries what may have happened to any body.
    ///
    /// - Parameters:
    ///   - keepsAll: Whether the bodies are returned, to be tried in pairs.
    ///   - share: Which part of the work that is left it may take: a half, a third and so on.
    private mutating func anywhere(_ body: BodyCandidate, keepsAll: Bool, share: Int) -> [BodyCandidate] {
        let rest = work.reserve(part: share)
        defer { if work.release(rest) { attempts.isCutShort = true } }
        var found: [BodyCandidate] = []
        for undo in BodyUndo.anywhere {
            guard !work.isOver, keepsAll || best == nil else { break }
            let bodies = undone(undo, body, isFirst: keepsAll)
            if keepsAll { found += bodies }
        }
        return found
    }

    private mutating func undone(
        _ undo: BodyUndo, _ body: BodyCandidate, isFirst: Bool, isShaped: Bool = false
    ) -> [BodyCandidate] {
        work.look(body.bytes.count)
        var found: [BodyCandidate] = []
        var hasTried = false
        undo.run(body) { candidate in
            work.make(candidate.bytes.count)
            guard !work.isOver else { return false }
            guard candidate.bytes.count <= DiagnosisWork.longest || candidate.bytes.count <= body.bytes.count + 64
            else { return true }
            let hash = Self.hash(candidate.bytes)
            let isNew = seen.insert(hash).inserted
            // One that was tried as an end may still be a beginning.
            guard isShaped ? seenShaped.insert(hash).inserted : isNew else { return true }
            let next = BodyCandidate(candidate.bytes, candidate.step, of: body, form: candidate.form)
            hasTried = true
            if isNew { tryKeys(keys, next) }
            found.append(next)
            return !work.isOver
        }
        if isFirst, hasTried, !work.isOver { attempts.add(undo) }
        return found
    }

    /// Tries changed secrets and other methods with bodies.
    private mutating func pairs(_ otherKeys: [Key], _ bodies: [BodyCandidate]) {
        for body in bodies where body !== received {
            guard !work.isOver else { return }
            tryKeys(otherKeys, body)
        }
        if best != nil { return }
        for body in bodies {
            guard !work.isOver else { return }
            if body === received {
                for method in DigestMethod.allCases where method != .hmacSHA256 && method.usesSecret {
                    tryKeys(otherKeys, body, method)
                }
            } else {
                tryMethods(keys, body)
            }
        }
        guard best == nil, bodies.contains(where: { $0 === received }), otherKeys.count < Self.maximumKeys else {
            return
        }
        tryKeys(changed(otherKeys), received)
        if !work.isOver { attempts.hasTriedPairs = true }
    }

    /// Tries two changes of those that may have happened to any body.
    private mutating func bodyPairs(_ bodies: [BodyCandidate]) {
        for body in bodies where body.steps != [.empty] && !body.bytes.isEmpty {
            guard best == nil, !work.isOver else { return }
            // JSON that could not be read before can be written in other forms now.
            let undos = body.tree != nil && received.tree == nil ? BodyUndo.plain + [.rewritten] : BodyUndo.plain
            for undo in undos { _ = undone(undo, body, isFirst: false) }
        }
        if !work.isOver { attempts.hasTriedEnds = true }
    }

    private mutating func tryMethods(_ keys: [Key], _ body: BodyCandidate) {
        for method in DigestMethod.allCases where method != .hmacSHA256 {
            tryKeys(method.usesSecret ? keys : Array(keys.prefix(1)), body, method)
        }
        if body === received, !work.isOver { attempts.hasTriedMethods = true }
    }

    private mutating func tryKeys(_ keys: [Key], _ body: BodyCandidate, _ method: DigestMethod = .hmacSHA256) {
        for key in keys {
            guard !work.isOver else { return }
            tryOne(key, body, method)
        }
    }

    private mutating func tryOne(_ key: Key, _ body: BodyCandidate, _ method: DigestMethod) {
        let changes = key.steps.count + body.steps.count + (method == .hmacSHA256 ? 0 : 1)
        tried += 1
        work.hash(body.bytes.count)
        let digest =
            method == .hmacSHA256
            ? DigestMethod.hex(body.bytes.withUnsafeBytes { key.mac.digest(of: $0) })
            : method.digest(key: key.bytes, body: body.bytes)
        for received in digests {
            guard let reading = received.reading(as: digest) else { continue }
            let cost = changes + reading.cost
            guard cost < best?.cost ?? .max else { continue }
            best = Match(
                secret: key.secret, secretSteps: key.steps, bodySteps: body.steps, method: method, reading: reading,
                cost: cost, body: body)
        }
    }

    private static func hash(_ bytes: [UInt8]) -> Int {
        var hasher = Hasher()
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    /// Returns the match with steps that need no JSON parser in place of JSON laid out again, if both give the same
    /// body.
    private func plain(_ match: Match) -> Match {
        var steps: [BodyStep] = []
        var body = match.body
        while let parent = body.parent, let step = body.steps.last {
            var told = [step]
            if let form = body.form, form.isLayoutAlone, parent.bytes.count <= 256 << 10 {
                told = BodyUndo.plainSteps(from: parent.bytes, to: body.bytes) ?? told
            }
            steps = told + steps
            body = parent
        }
        var match = match
        match.bodySteps = steps
        return match
    }

    /// Returns the keys that one step makes of these, each once.
    private func changed(_ keys: [Key]) -> [Key] {
        var seen = Set((self.keys + keys).map(\.bytes))
        var changed: [Key] = []
        for key in keys {
            // A key made from no secret at all leads to nothing.
            for variant in SecretVariant.allCases
            where key.steps.last != .empty && !(variant == .empty && !key.steps.isEmpty) {
                guard let bytes = variant.applied(to: key.bytes), seen.insert(bytes).inserted else { continue }
                changed.append(Key(secret: key.secret, steps: key.steps + [variant], bytes: bytes))
            }
        }
        return changed
    }
}

/// The changes that a search has tried completely, and that can therefore be ruled out.
struct DiagnosisAttempts {
    /// Changes to the secret, a phrase each.
    var secret: [String] = []
    /// Changes to the body, a phrase each: goes behind “the body”.
    private(set) var body: [String] = []
    var hasTriedMethods = false
    /// Whether every change to the secret was tried with every one to the body, and with another.
    var hasTriedPairs = false
    /// Whether a second change at the ends or of the line ends was tried behind each to the body.
    var hasTriedEnds = false
    /// Whether something was left out, for want of work or of somebody who waits.
    var isCutShort = false

    mutating func add(_ undo: BodyUndo) {
        if !body.contains(undo.tried) { body.append(undo.tried) }
    }
}
