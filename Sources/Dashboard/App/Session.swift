import Base
import History
import Notifications
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
    /// The state of the history when the screen was frozen; nil while it is not.
    var frozen: HistoryChange?
    /// The state of the history that the screen shows.
    var shown: HistoryChange { frozen ?? change }
    private(set) var keyring: KeyringSummary
    /// Grows whenever the secrets held change.
    private(set) var keyringRevision = 0
    var listening: ListeningState {
        // Who holds the secrets can, or can not, be asked now.
        didSet { if listening != oldValue { keyringRevision += 1 } }
    }
    var secretsFile: String
    /// The keys in force, by which sentences name commands.
    var bindings = Bindings.standard
    /// Whether the listener runs in another process.
    let isAttached: Bool
    /// Whether the history is in memory only, and ends with the process.
    var isInMemory = false
    private let localClock: WallClock
    /// What is kept of the screen from one run to the next.
    var viewState: ViewState
    /// A moment, and the time that it was.
    private let began: (at: ContinuousClock.Instant, time: Timestamp)

    var showsUTC = false
    private(set) var answers = AnswerTimesSummary()
    private(set) var hasReceivedFromElsewhere = false
    /// What the record shows of the first steps.
    var firstSteps = FirstStepsReading()
    /// Whether a test event has been answered.
    var hasTested = false
    /// A warning by the executable.
    var warning: String?
    /// For how long nothing has come, where that is warned of.
    var quiet: String?
    private(set) var notice: Notice?
    /// What of the actions a person should see to.
    var troubles: [ActionTrouble] = []
    /// Judging again that is under way, or that was cancelled. Its progress has a line of its own, so that it takes the
    /// place of no message.
    private(set) var judging: RejudgeSummary?
    /// What came from outside, with the moment it came, the oldest first. It stays until a key is pressed: nobody may
    /// have been there to see it.
    private(set) var announcements: [(text: SafeText, since: ContinuousClock.Instant)] = []
    private var lastInterrupt: ContinuousClock.Instant?

    init(
        size: Size, now: ContinuousClock.Instant, change: HistoryChange = HistoryChange(),
        keyring: KeyringSummary = KeyringSummary(), listening: ListeningState = .starting, secretsFile: String = "",
        isAttached: Bool = false, clock: WallClock = .utc, viewState: ViewState = ViewState(),
        wallTime: Timestamp = Timestamp(milliseconds: 0)
    ) {
        self.size = size
        self.now = now
        self.change = change
        self.keyring = keyring
        self.listening = listening
        self.secretsFile = secretsFile
        self.isAttached = isAttached
        localClock = clock
        self.viewState = viewState
        began = (now, wallTime)
    }

    /// The time by the calendar.
    var wallTime: Timestamp {
        Timestamp(milliseconds: began.time.milliseconds + Int64((now - began.at) / .milliseconds(1)))
    }

    /// What tells the times that are shown.
    var clock: WallClock { showsUTC ? .utc : localClock }

    /// Writes the times of lists.
    var rowClock: RowClock { RowClock(clock, now: wallTime) }

    /// When the next day begins by the clock that is shown; nil outside the years that calendars have here.
    var nextMidnight: ContinuousClock.Instant? {
        let today = FilterMoment(in: filterContext).stretch("today")
        return today.map { now + .milliseconds($0.upperBound.milliseconds - wallTime.milliseconds) }
    }

    /// The heading of a column of times, with the zone.
    var timeTitle: SafeText { "TIME \(clock.zone(at: wallTime))" }

    /// What is to be told of a listener that is open to others while there is no secret.
    var exposure: SafeText? {
        guard case .listening(_, isLoopback: false) = listening, keyring.isEmpty else { return nil }
        return "Others can post here and there is no secret: \(bindings.asking(for: .showKeyring)) and paste one."
    }

    /// Whether nothing at all is recorded.
    var isEmpty: Bool { change.latestRow == 0 }

    /// Where the listener is reached, once it is.
    var url: String? {
        if case .listening(let url, _) = listening { url } else { nil }
    }

    /// Why the listener cannot be spoken to, if so.
    var absence: ListenerAbsence? {
        if case .away(let absence) = listening { absence } else { nil }
    }

    mutating func tell(_ text: SafeText, _ role: Role = .plain, kind: Notice.Kind = .remark) {
        notice = Notice(text: text, role: role, kind: kind, until: now + Self.noticeTime)
    }

    /// Takes how far judging again has come.
    mutating func take(_ summary: RejudgeSummary) {
        judging = summary.stage == .running || summary.stage == .cancelled ? summary : nil
        switch summary.stage {
        case .running: break
        case .finished: tell("\(summary.sentence(bindings))", .good, kind: .rejudged)
        case .cancelled, .failed: tell("\(summary.sentence(bindings))", .notice, kind: .rejudged)
        }
    }

    /// The line that tells of an export under way.
    var exporting: SafeText?

    /// Whether there is somebody who runs actions.
    var canAct = false
    /// The line that tells of what is done for many rows.
    var acting: SafeText?

    /// The line that tells of judging under way.
    var progress: SafeText? {
        judging.flatMap { $0.stage == .running ? "\($0.sentence(bindings))" : nil }
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

    /// What a filter is read by: now, in the zone that is shown.
    var filterContext: FilterContext {
        FilterContext(now: wallTime, secondsFromUTC: clock.secondsFromUTC)
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

// MARK: - Wording

/// Numbers and quantities as the screen says them.
enum Wording {
    /// Such as `1 delivery` and `2,000 deliveries`.
    static func count(_ number: Int, _ one: String, _ many: String) -> String {
        "\(grouped(number)) \(number == 1 ? one : many)"
    }

    /// Such as `12,345`.
    static func grouped(_ number: Int) -> String {
        var text = ""
        for (index, digit) in String(number.magnitude).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (number < 0 ? "-" : "") + String(text.reversed())
    }

    /// A size for people: `0 B`, `512 B`, `1.2 KiB`, `10.0 MiB`.
    static func bytes(_ count: Int64) -> String {
        ByteAmount.words(count)
    }

    /// A duration: `0.3 ms`, `12 ms`, `3.2 s`.
    static func duration(microseconds: Int) -> String {
        switch microseconds.magnitude {
        case 0..<9_950: "\(oneDecimal(Double(microseconds) / 1_000)) ms"
        case 0..<999_500: "\((microseconds + 500) / 1_000) ms"
        default: "\(oneDecimal(Double(microseconds) / 1_000_000)) s"
        }
    }

    /// How long after a moment another one was: `0.4 s later`, `2 min 5 s later`, `1.0 s earlier`.
    static func delay(milliseconds: Int64) -> String {
        "\(amount(milliseconds: milliseconds.magnitude)) \(milliseconds >= 0 ? "later" : "earlier")"
    }

    /// A number in six columns at most: `999,999`, `1.2 M`.
    static func short(_ number: Int) -> String {
        switch number.magnitude {
        case 0..<100_000: grouped(number)
        case 0..<1_000_000: "\(number / 1_000) k"
        case 0..<1_000_000_000: "\(oneDecimal(Double(number) / 1_000_000)) M"
        default: "\(oneDecimal(Double(number) / 1_000_000_000)) G"
        }
    }

    /// A share in percent, rounded.
    static func percent(_ part: Int, of whole: Int) -> Int {
        whole > 0 ? Int((Double(part) * 100 / Double(whole)).rounded()) : 0
    }

    /// A duration of any length: `0.3 ms`, `3.2 s`, `2 min 5 s`, `3 days`.
    static func span(microseconds: Int) -> String {
        guard microseconds.magnitude >= 60_000_000 else { return duration(microseconds: microseconds) }
        return amount(milliseconds: UInt64(microseconds.magnitude / 1_000))
    }

    private static func amount(milliseconds size: UInt64) -> String {
        let seconds = Int64(clamping: size / 1_000)
        return switch size {
        case 0..<1_000: "\(size) ms"
        case 0..<60_000: "\(oneDecimal(Double(size) / 1_000)) s"
        case 0..<3_600_000: "\(seconds / 60) min \(seconds % 60) s"
        case 0..<172_800_000: "\(seconds / 3_600) h \(seconds / 60 % 60) min"
        default: "\(seconds / 86_400) days"
        }
    }

    private static func oneDecimal(_ value: Double) -> String {
        let tenths = Int64((value * 10).rounded())
        return "\(tenths < 0 ? "-" : "")\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
    }
}
