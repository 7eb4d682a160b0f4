import Browsing
import Export
import History
import Log
import Notifications
import Terminal

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
    case rowsRead(Result<RowWindow, EffectFailure>, generation: Int)
    case pulseRead(Result<Pulse, EffectFailure>, for: PulseReading.Ticket)
    case browsed(BrowseProgress)
    /// How far a query has come waits where the runner left it.
    case browseMoved
    case sought(Result<SeekOutcome, EffectFailure>, generation: Int)
    case timeFound(Result<TimeAnswer, EffectFailure>, of: TimeQuestion)
    case counted(Result<MatchCounts.Answer, EffectFailure>, generation: Int)
    case deliveriesRead(Result<WindowAnswer<DeliveryRow>, EffectFailure>, generation: Int)
    /// The next delivery of the same event; nil where there is no other.
    case otherDeliveryFound(Result<Int64?, EffectFailure>, from: Int64)
    case logRead(Result<WindowAnswer<LogEntry>, EffectFailure>, generation: Int)
    case valuesRead(SeenValues)
    case actionsRead(Result<[ListedAction], EffectFailure>, generation: Int)
    case entriesRead(Result<WindowAnswer<OutboxRow>, EffectFailure>, generation: Int)
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
