import Base
import History
import Notifications
import Sending
import Terminal

/// What has to happen outside of the model; what becomes of it comes back as an event.
enum Effect: Sendable {
    /// Lists other rows.
    case browse(BrowseQuery, generation: Int, HistoryChange)
    /// The list is to take in what has changed in the history.
    case follow(HistoryChange)
    /// Looks for a row of the list; what was looked for before is given up.
    case seek(SeekRequest)
    case cancelSeeking
    /// Looks for the delivery, or the line of the log, nearest to a time.
    case findTime(TimeQuestion)
    /// Counts how many rows match some conditions, each alone.
    case count(MatchCounts.Question)
    /// Keeps what is kept of the screen from one run to the next.
    case keepViewState(ViewState)
    /// Keeps the marked rows in the record, whatever its bounds.
    case keepMarked(Set<Int64>)
    case readRows(WindowTicket<Int64>)
    /// What filters may be completed with, of all that is recorded.
    case readValues
    /// Counts for the pulse; what was counted before may be added to.
    case readPulse(PulseReading.Ticket, adding: Pulse?)
    /// A question of a tab.
    case ask(Asked)
    /// Looks for the next delivery that holds the first event of this one.
    case findOtherDelivery(Int64)
    /// Lets lines that others write in the log be told, or no more.
    case followLog(Bool)
    /// How the actions stand.
    case readActions(generation: Int)
    /// One entry, with what was asked and answered.
    case readEntry(Int64)
    case callAction(ActionCall)
    /// Does something for rows, or counts what that would come to.
    case act(ActRequest)
    case cancelActing
    case buildDocument(DocumentRequest)
    /// Looks in the deliveries after one and up to another for what ticks the first steps.
    case readFirstSteps(after: Int64, through: Int64)
    /// Asks what may be told of the secrets held, and what they have matched by now.
    case readKeyring
    case control(ControlCall)
    /// Fetches what is to be copied.
    case copy(CopyRequest)
    /// Asks the terminal to keep this for pasting.
    case sendToTerminal([UInt8])
    /// Writes rows to a file; one that is under way is cancelled.
    case export(ExportRequest)
    case cancelExport
    /// Reads again what the user has set.
    case reloadSettings
    case use(Theme)
    case ring
    /// Ends the dashboard.
    case end(DashboardEnding)
    /// Stops the process as Ctrl-Z does.
    case suspend
    /// Draws everything anew, whatever the terminal shows.
    case redraw
}

/// What is asked of the listener.
enum ControlCall: Sendable {
    case addSecret(SecretDraft)
    case replaceSecret(String, SecretDraft)
    /// Deletes the secret with this label, as leaked or as rotated.
    case forgetSecret(String, wasLeaked: Bool)
    /// Marks one as leaked that verifies no longer.
    case markLeaked(SecretIdentity)
    case rememberSecret(String)
    case cancelJudging
    case resumeJudging
    case reloadSecrets
    case sendTestEvent
}

// MARK: - What happened

/// Whatever the model is told.
enum DashboardEvent: Sendable {
    case input(Input)
    /// A moment that the model asked for with its deadline.
    case tick

    /// A change waits where `Dashboard.announce` left it.
    case historyMoved
    case historyChanged(HistoryChange)
    /// Something was written to the log.
    case logMoved
    case keyringChanged(KeyringSummary)
    case secretsFile(String)
    case rejudged(RejudgeSummary)
    case listening(ListeningState)
    case warning(String?)
    case notice(String)
    /// Nothing has come for a while; nil once something has.
    case quiet(String?)
    case bell
    case signal(DashboardSignal)
    /// What the listener says when it is asked in passing.
    /// What the record shows of the first steps, up to a delivery.
    case firstStepsRead(Result<FirstSteps, EffectFailure>, through: Int64)
    case measured(AnswerTimesSummary, hasReceivedFromElsewhere: Bool)

    // What became of effects.
    case rowsRead(Result<WindowAnswer<EventRow>, EffectFailure>, generation: Int)
    case pulseRead(Result<Pulse, EffectFailure>, for: PulseReading.Ticket)
    case browsed(BrowseProgress)
    /// How far a query has come waits where the runner left it.
    case browseMoved
    case sought(Result<SeekOutcome, EffectFailure>, generation: Int)
    case timeFound(Result<TimeAnswer, EffectFailure>, of: TimeQuestion)
    case counted(Result<MatchCounts.Answer, EffectFailure>, generation: Int)
    /// The answer to a question of a tab.
    case answered(MainView, any Sendable)
    /// The next delivery of the same event; nil where there is no other.
    case otherDeliveryFound(Result<Int64?, EffectFailure>, from: Int64)
    case valuesRead(SeenValues)
    case actionsRead(Result<[ListedAction], EffectFailure>, generation: Int)
    case entryRead(Result<TextPage.Content, EffectFailure>, of: Int64)
    case actionAnswered(ActionCall, Result<ActionAnswer, EffectFailure>)
    /// So many rows were gone through.
    case actMoved(ActRequest, Int)
    case acted(ActRequest, Result<ActOutcome, EffectFailure>)
    case documentBuilt(DetailDocument)
    case copied(Result<Copied, EffectFailure>)
    case keyringRead(Result<KeyringSummary, EffectFailure>)
    case exportMoved(ExportProgress)
    case exported(Result<ExportOutcome, EffectFailure>)
    case settingsRead(Result<DashboardSettings, EffectFailure>)
    case controlEnded(ControlCall, Result<ControlOutcome, EffectFailure>)
}

/// What the listener answered.
enum ControlOutcome: Sendable {
    case keyring(KeyringSummary)
    case said(String)
    /// What comes of it is told otherwise.
    case done
}

/// What an effect failed with, in a sentence.
struct EffectFailure: Error, Sendable, Hashable {
    let sentence: String

    init(_ error: any Error) {
        sentence = String(describing: error)
    }
}

// MARK: - What is asked of the actions

/// What is asked of whoever runs the actions, beside what is done for rows.
enum ActionCall: Sendable, Hashable {
    case setPaused(String, Bool)
    case retryEntry(Int64)
    case skipEntry(Int64)
    case retryAll(String, Set<EntryState>)
    case skipAll(String, Set<EntryState>)
    /// What an action would send for the first of these rows.
    case preview(String, ActedRows)
    case test(String)
    /// How many rows were missed before their verdict or the action's `when` changed.
    case missed(String, MissedOccasion)

    // MARK: - Words

    /// Whether the answer may come late: it waits for the network, or for all of the history.
    var takesTime: Bool {
        switch self {
        case .test, .missed: true
        case .setPaused, .retryEntry, .skipEntry, .retryAll, .skipAll, .preview: false
        }
    }

    /// Whether the answer is shown, or asked about, as long as nothing else was asked for meanwhile.
    var isAwaited: Bool {
        switch self {
        case .preview, .missed(_, .asked): true
        default: false
        }
    }
}

/// Why it is looked for what an action has missed.
enum MissedOccasion: Sendable, Hashable {
    /// Somebody wants it added.
    case asked
    /// Verdicts have changed: what there is to offer is announced.
    case judged
    /// The action is looked at: what there is to offer stands beside it.
    case seen

    /// Where it is looked for: what nobody has asked for is to take a moment only, however often it is looked at.
    var reach: MissedReach { self == .seen ? .newest : .all }
}

/// What was answered.
enum ActionAnswer: Sendable, Hashable {
    case done
    case count(Int)
    case preview(DryRun)
    case sentence(String)
    case missed(MissedRows)
}

/// Why nothing can be asked.
struct NobodyActs: Error, CustomStringConvertible {
    var description: String { "Nobody runs actions here." }
}
