import History
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
    case keyringChanged(KeyringSummary)
    case rejudged(RejudgeSummary)
    case listening(ListeningState)
    case warning(String?)
    case notice(String)
    case signal(DashboardSignal)
    /// What the listener says when it is asked in passing.
    case measured(AnswerTimesSummary, hasReceivedFromElsewhere: Bool)

    // What became of effects.
    case rowsRead(Result<RowWindow, EffectFailure>, generation: Int)
    case documentBuilt(DetailDocument)
    case keyringRead(Result<KeyringSummary, EffectFailure>)
    case controlEnded(ControlCall, Result<ControlOutcome, EffectFailure>)
}

/// What the listener answered.
enum ControlOutcome: Sendable {
    case keyring(KeyringSummary)
    case said(String)
}

/// What an effect failed with, in a sentence.
struct EffectFailure: Error, Sendable, Hashable {
    let sentence: String

    init(_ error: any Error) {
        sentence = String(describing: error)
    }
}
