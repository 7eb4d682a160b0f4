/// One step from the body received to the body signed: what it undoes, what usually does that, and what to change there.
public struct BodyStep: Codable, Sendable, Hashable {
    /// The name of the step in tests and on the control socket; it may contain a name from outside.
    public let name: String
    /// The difference between the body signed and the one received: a phrase that follows “for the body”.
    let phrase: String
    /// The usual cause of such a change, in a sentence; nil if there are too many possible ones.
    let doneBy: String?
    /// The things to change, in sentences.
    let advice: String

    init(_ name: String, _ phrase: String, doneBy: String? = nil, advice: String) {
        self.name = name
        self.phrase = phrase
        self.doneBy = doneBy
        self.advice = advice
    }

    /// Returns the phrases of several steps.
    static func phrase(_ steps: [BodyStep]) -> String {
        switch steps {
        case [.withNewline, .withNewline]: return "with two newlines at its end"
        case [.withReturn, .withReturn]: return "with two CR LF at its end"
        default: break
        }
        var phrases: [String] = []
        for step in steps {
            // The same phrase a second time becomes “twice”.
            if step.phrase == phrases.last {
                phrases[phrases.count - 1] += " twice"
            } else {
                phrases.append(step.phrase)
            }
        }
        guard let last = phrases.popLast() else { return "" }
        return phrases.isEmpty ? last : phrases.joined(separator: ", ") + " and " + last
    }
}

/// A body that is tried: the one received, or what one step made of another.
final class BodyCandidate {
    let bytes: [UInt8]
    /// The steps that made it of the body received.
    let steps: [BodyStep]
    /// The body that the last step was applied to.
    let parent: BodyCandidate?
    /// The form, where the last step is JSON written another way.
    let form: JSONForm?

    /// The JSON, where it is any.
    private(set) lazy var tree: JSONTree? = JSONTree(bytes)

    /// The place where the JSON stops making sense; nil for JSON.
    private(set) lazy var problem: JSONError? = {
        if case .notJSON(let error) = Payload(scanning: bytes) { error } else { nil }
    }()

    /// Whether the bytes are UTF-8 without a NUL.
    private(set) lazy var isText: Bool = !bytes.contains(0) && String(validating: bytes, as: UTF8.self) != nil

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        steps = []
        parent = nil
        form = nil
    }

    init(_ bytes: [UInt8], _ step: BodyStep, of parent: BodyCandidate, form: JSONForm? = nil) {
        self.bytes = bytes
        steps = parent.steps + [step]
        self.parent = parent
        self.form = form
    }
}

/// A body that a step makes of another.
struct Undone {
    let step: BodyStep
    let bytes: [UInt8]
    let form: JSONForm?

    init(_ step: BodyStep, _ bytes: [UInt8], form: JSONForm? = nil) {
        self.step = step
        self.bytes = bytes
        self.form = form
    }
}

/// A kind of change to a whole body, and how to undo it.
struct BodyUndo: Sendable {
    /// The changes that were tried, which are then ruled out: a phrase that follows “the body”.
    let tried: String
    /// Passes each body that this one may have been to `pass`, until that returns false; passes nothing if the body
    /// does not look changed in this way.
    let run: @Sendable (BodyCandidate, _ pass: (Undone) -> Bool) -> Void

    init(_ tried: String, run: @escaping @Sendable (BodyCandidate, _ pass: (Undone) -> Bool) -> Void) {
        self.tried = tried
        self.run = run
    }

    /// Creates a kind whose bodies are few and are made at once.
    init(_ tried: String, _ candidates: @escaping @Sendable (BodyCandidate) -> [Undone]) {
        self.init(tried) { body, pass in
            for candidate in candidates(body) { guard pass(candidate) else { return } }
        }
    }

    /// Creates a kind that yields at most one body.
    init(_ step: BodyStep, _ undo: @escaping @Sendable (BodyCandidate) -> [UInt8]?) {
        self.init(step.phrase) { body in undo(body).map { [Undone(step, $0)] } ?? [] }
    }

    /// The kinds that leave a recognisable shape, and so yield few bodies; the plainest first.
    static let shaped: [BodyUndo] =
        compressed + charsets + quoted + encoded + wrapped + rebuilt

    /// The kinds that may have happened to any body, the plainest first.
    static let anywhere: [BodyUndo] = plain + [rewritten, numbers] + signedOtherwise
}

/// The work that one diagnosis may do, and whether anybody still waits for it.
struct DiagnosisWork {
    /// The limit of the bytes that are hashed and made for one delivery; a byte that is made costs as much as `making`
    /// bytes that are hashed. The limit corresponds to some tenths of a second.
    static let limit = 160 << 20
    /// The longest body that is made or unpacked, in bytes.
    static let longest = 1 << 20
    private static let making = 12

    private(set) var left: Int
    /// Whether nobody waits for it any more.
    private(set) var isCancelled = false
    private let askCancelled: () -> Bool
    private var untilAsked = 0

    init(limit: Int = Self.limit, isCancelled: @escaping () -> Bool = { false }) {
        left = limit
        askCancelled = isCancelled
    }

    /// Sets all but a part of the work aside.
    ///
    /// - Returns: What was set aside, for `release`.
    mutating func reserve(part: Int) -> Int {
        let rest = left - left / part
        left -= rest
        return rest
    }

    /// Puts back what was set aside.
    ///
    /// - Returns: Whether the part was used up.
    mutating func release(_ rest: Int) -> Bool {
        let isUsedUp = left <= 0
        left = max(left, 0) + rest
        return isUsedUp
    }

    var isOver: Bool { left <= 0 || isCancelled }

    /// Counts a body that was looked through.
    mutating func look(_ bytes: Int) { spend(3 * bytes + 64) }

    mutating func hash(_ bytes: Int) { spend(bytes + 256) }

    mutating func make(_ bytes: Int) { spend(bytes * Self.making) }

    private mutating func spend(_ units: Int) {
        left -= units
        untilAsked -= units
        guard untilAsked <= 0 else { return }
        untilAsked = 1 << 20
        if askCancelled() { isCancelled = true }
    }
}
