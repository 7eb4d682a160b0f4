import History
import Notifications
import SafeText
import Terminal

/// What all screens share.
struct Session {
    /// How long a notice stays.
    static let noticeTime = Duration.seconds(8)
    /// How long an announcement withstands keys, so that nobody types over it unread.
    static let readingTime = Duration.seconds(3)
    /// Two presses of Ctrl-C within this time end at once.
    static let doublePress = Duration.seconds(1)

    /// The moment of the event that is being handled.
    var now: ContinuousClock.Instant
    var size: Size
    var change: HistoryChange
    private(set) var keyring: KeyringSummary
    /// Grows whenever the secrets held change.
    private(set) var keyringRevision = 0
    var listening: ListeningState
    let secretsFile: String
    private let localClock: WallClock

    var showsUTC = false
    private(set) var answers = AnswerTimesSummary()
    private(set) var hasReceivedFromElsewhere = false
    /// Whether a test event has been answered.
    var hasTested = false
    /// A warning by the executable.
    var warning: String?
    private(set) var notice: Notice?
    /// What came from outside, with the moment it came, the oldest first. It stays until a key is pressed: nobody may
    /// have been there to see it.
    private(set) var announcements: [(text: SafeText, since: ContinuousClock.Instant)] = []
    private var lastInterrupt: ContinuousClock.Instant?

    init(
        size: Size, now: ContinuousClock.Instant, change: HistoryChange = HistoryChange(),
        keyring: KeyringSummary = KeyringSummary(), listening: ListeningState = .starting, secretsFile: String = "",
        clock: WallClock = .utc
    ) {
        self.size = size
        self.now = now
        self.change = change
        self.keyring = keyring
        self.listening = listening
        self.secretsFile = secretsFile
        localClock = clock
    }

    /// What tells the times that are shown.
    var clock: WallClock { showsUTC ? .utc : localClock }

    /// What is to be told of a listener that is open to others while no secret is held.
    var exposure: SafeText? {
        guard case .listening(_, isLoopback: false) = listening, keyring.isEmpty else { return nil }
        return "Others can post here and no secret is held: press s and paste one."
    }

    /// Whether nothing at all is recorded.
    var isEmpty: Bool { change.latestRow == 0 }

    /// Where the listener is reached, once it is.
    var url: String? {
        if case .listening(let url, _) = listening { url } else { nil }
    }

    mutating func tell(_ text: SafeText, _ role: Role = .plain, kind: Notice.Kind = .remark) {
        notice = Notice(text: text, role: role, kind: kind, until: now + Self.noticeTime)
    }

    /// Shows what came from outside until a key is pressed.
    mutating func announce(_ text: SafeText) {
        announcements.removeAll { $0.text == text }
        announcements = announcements.suffix(2) + [(text, now)]
    }

    /// Takes what the listener says in passing. A moment gone by would never come again, so it is none.
    mutating func measured(_ answers: AnswerTimesSummary, hasReceivedFromElsewhere: Bool) {
        self.answers = answers
        if let until = answers.until, until <= now { self.answers.until = nil }
        self.hasReceivedFromElsewhere = hasReceivedFromElsewhere
    }

    mutating func hold(_ keyring: KeyringSummary) {
        guard keyring != self.keyring else { return }
        self.keyring = keyring
        keyringRevision += 1
    }

    /// A key was pressed: what was said has been read.
    mutating func dropNotices() {
        notice = nil
        announcements.removeAll { now - $0.since >= Self.readingTime }
    }

    /// Drops what has had its time. The answer times that aged out are asked for anew before the next frame.
    mutating func age() {
        if let notice, notice.until <= now { self.notice = nil }
        if let until = answers.until, until <= now { answers.until = nil }
    }

    /// Whether this press of Ctrl-C follows another one at once.
    mutating func isSecondInterrupt() -> Bool {
        defer { lastInterrupt = now }
        guard let lastInterrupt else { return false }
        return now - lastInterrupt <= Self.doublePress
    }

    /// When something of this changes by itself.
    var deadline: ContinuousClock.Instant? {
        [notice?.until, answers.count > 0 ? answers.until : nil].compactMap(\.self).min()
    }
}

/// A line that goes by itself, or at the next key.
struct Notice: Hashable {
    enum Kind {
        case remark
        /// What the deliveries are after judging them again: said whatever else has come of a change of the keyring.
        case rejudged
    }

    let text: SafeText
    let role: Role
    let kind: Kind
    let until: ContinuousClock.Instant
}
