import Base
import History
import Notifications
import Terminal

/// What has to happen outside of the model.
enum Effect: Sendable {
    /// Finds the answer to a question.
    case ask(Asked)
    /// Ends the work of a question; what it answers is applied.
    case cancel(Slot)
    /// Ends the work of a question whose answer is void.
    case forget(Slot)
    /// Lists other rows. How far that has come is reported until others are listed.
    case browse(BrowseQuery, generation: Int, HistoryChange)
    /// Takes in what has changed in the history.
    case follow(HistoryChange)
    /// Keeps what is kept of the screen from one run to the next.
    case keepViewState(ViewState)
    /// Keeps the marked rows in the record, whatever its bounds.
    case keepMarked(Set<Int64>)
    /// Reports lines that others write in the log, or no longer does.
    case followLog(Bool)
    /// Asks the terminal to keep this for pasting.
    case sendToTerminal([UInt8])
    case use(Theme)
    case ring
    /// Ends the dashboard.
    case end(DashboardEnding)
    /// Stops the process as Ctrl-Z does.
    case suspend
    /// Draws everything again, whatever the terminal shows.
    case redraw
}

/// What happens to the model.
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
    case measured(AnswerTimesSummary, hasReceivedFromElsewhere: Bool)
    case browsed(BrowseProgress)
    /// How far a query has come waits where the runner left it.
    case browseMoved
    case answered(Answered)
}
