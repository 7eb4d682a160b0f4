import Base
import History
import Notifications
import Receiving
import Terminal

/// The state that all views share.
struct Session {
    /// The time for which a notice stays.
    static let noticeTime = Duration.seconds(8)
    /// The time for which an announcement stays even if keys are pressed, so that a typing user does not miss it.
    static let readingTime = Duration.seconds(3)
    /// The time within which a second Ctrl-C ends b2watch at once.
    static let doublePress = Duration.seconds(1)

    /// The time of the event that is being handled.
    var now: ContinuousClock.Instant
    var size: Size
    var change: HistoryChange
    /// The state of the history when the screen was frozen; nil if it is not frozen.
    var frozen: HistoryChange?
    /// The state of the history that the screen shows.
    var shown: HistoryChange { frozen ?? change }
    private(set) var keyring: KeyringSummary
    /// A number that grows whenever the current secrets change.
    private(set) var keyringRevision = 0
    var listening: ListeningState {
        // The process with the secrets can be reached now, or no longer can.
        didSet { if listening != oldValue { keyringRevision += 1 } }
    }
    var secretsFile: String
    /// The active keys, by which sentences name commands.
    var bindings = Bindings.standard
    /// Whether the listener runs in another process.
    let isAttached: Bool
    /// Whether the history is only in memory and ends with the process.
    var isInMemory = false
    private let localClock: WallClock
    /// The state of the screen that is saved for the next run.
    var viewState: ViewState
    /// A moment on both clocks, from which the wall time is computed.
    private let began: (at: ContinuousClock.Instant, time: Timestamp)

    var showsUTC = false
    private(set) var answers = AnswerTimesSummary()
    private(set) var hasReceivedFromElsewhere = false
    /// The first steps that the history shows to be done.
    var firstSteps = FirstStepsReading()
    /// Whether a test event has been answered.
    var hasTested = false
    /// A warning from the executable.
    var warning: String?
    /// A warning that nothing has been received for some time.
    var quiet: String?
    private(set) var notice: Notice?
    /// The problems of actions that need the user's attention.
    var troubles: [ActionTrouble] = []
    /// The progress of verifying again while it runs, or after it was cancelled. It has its own line, so that it
    /// replaces no message.
    private(set) var judging: RejudgeSummary?
    /// The announcements from outside, each with its time, the oldest first. They stay until a key is pressed, because
    /// the user may be away.
    private(set) var announcements: [(text: SafeText, since: ContinuousClock.Instant)] = []
    private var lastInterrupt: ContinuousClock.Instant?
    /// The labels of the secrets that are being saved before the end.
    var savingToQuit: Set<String> = []
    /// The action that was chosen last. The menu begins with it the next time.
    var lastAction: String?
    /// The commands typed after `:`, the newest first.
    var pastCommands: [String] = []

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

    /// The date and time of the current moment.
    var wallTime: Timestamp {
        Timestamp(milliseconds: began.time.milliseconds + Int64((now - began.at) / .milliseconds(1)))
    }

    /// The clock for displayed times.
    var clock: WallClock { showsUTC ? .utc : localClock }

    /// The formatter for times in lists.
    var rowClock: RowClock { RowClock(clock, now: wallTime) }

    /// The start of the next day in the displayed zone; nil outside the supported years.
    var nextMidnight: ContinuousClock.Instant? {
        let today = FilterMoment(in: filterContext).stretch("today")
        return today.map { now + .milliseconds($0.upperBound.milliseconds - wallTime.milliseconds) }
    }

    /// The title of a column of times, with the zone.
    var timeTitle: SafeText { "TIME \(clock.zone(at: wallTime))" }

    /// A warning that the listener accepts connections from outside although b2watch has no secrets.
    var exposure: SafeText? {
        guard case .listening(_, isLoopback: false) = listening, keyring.isEmpty else { return nil }
        return "Others can post here and there is no secret: \(bindings.asking(for: .showKeyring)) and paste one."
    }

    /// Whether nothing is recorded.
    var isEmpty: Bool { change.latestRow == 0 }

    /// The listener's URL, once it listens.
    var url: String? {
        if case .listening(let url, _) = listening { url } else { nil }
    }

    /// The reason why the listener cannot be reached, if it cannot.
    var absence: ListenerAbsence? {
        if case .away(let absence) = listening { absence } else { nil }
    }

    mutating func tell(_ text: SafeText, _ role: Role = .plain, kind: Notice.Kind = .remark) {
        notice = Notice(text: text, role: role, kind: kind, until: now + Self.noticeTime)
    }

    /// Applies the progress of verifying again.
    mutating func take(_ summary: RejudgeSummary) {
        judging = summary.stage == .running || summary.stage == .cancelled ? summary : nil
        switch summary.stage {
        case .running: break
        case .finished: tell("\(summary.sentence(bindings))", .good, kind: .rejudged)
        case .cancelled, .failed: tell("\(summary.sentence(bindings))", .notice, kind: .rejudged)
        }
    }

    /// The progress line of an export.
    var exporting: SafeText?

    /// Whether a process runs actions.
    var canAct = false
    /// The progress line of work on many rows.
    var acting: SafeText?
    /// The progress line of a comparison of a bucket with the record.
    var comparing: SafeText?

    /// The progress line of verifying again.
    var progress: SafeText? {
        judging.flatMap { $0.stage == .running ? "\($0.sentence(bindings))" : nil }
    }

    /// Shows an announcement until a key is pressed.
    mutating func announce(_ text: SafeText) {
        announcements.removeAll { $0.text == text }
        announcements = announcements.suffix(2) + [(text, now)]
    }

    /// Applies figures of the listener. If their end of validity has already passed, it is dropped, because its
    /// deadline would never arrive.
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

    /// Removes the notices that the user has read, after a key press.
    mutating func dropNotices() {
        notice = nil
        announcements.removeAll { now - $0.since >= Self.readingTime }
    }

    /// Removes notices whose time is over. Outdated answer times are read again before the next frame.
    mutating func age() {
        if let notice, notice.until <= now { self.notice = nil }
        if let until = answers.until, until <= now { answers.until = nil }
    }

    /// Returns whether this Ctrl-C follows another one within `doublePress`.
    mutating func isSecondInterrupt() -> Bool {
        defer { lastInterrupt = now }
        guard let lastInterrupt else { return false }
        return now - lastInterrupt <= Self.doublePress
    }

    /// The next time at which this state changes by itself.
    var deadline: ContinuousClock.Instant? {
        [notice?.until, answers.count > 0 ? answers.until : nil].compactMap(\.self).min()
    }

    /// The context for reading filters: the current time and the displayed zone.
    var filterContext: FilterContext {
        FilterContext(now: wallTime, secondsFromUTC: clock.secondsFromUTC)
    }
}

/// A message that disappears by itself or at the next key.
struct Notice: Hashable {
    enum Kind {
        case remark
        /// The verdicts after verifying again. A message about the change of the keyring does not replace it.
        case rejudged
    }

    let text: SafeText
    let role: Role
    let kind: Kind
    let until: ContinuousClock.Instant
}
