import Base
import History
import Notifications
import Receiving
import Terminal

/// A change to make outside the model.
enum Effect: Sendable {
    /// Finds the answer to a question.
    case ask(Asked)
    /// Cancels the work of a question. Answers that it still sends are applied.
    case cancel(Slot)
    /// Cancels the work of a question, and drops its answer.
    case forget(Slot)
    /// Starts another list. Its progress is reported until the next list starts.
    case browse(BrowseQuery, generation: Int, HistoryChange)
    /// Adds the changes of the history to the list.
    case follow(HistoryChange)
    /// Saves the state of the screen for the next run.
    case keepViewState(ViewState)
    /// Protects the marked rows from the limits of the history.
    case keepMarked(Set<Int64>)
    /// Starts or stops reporting the lines that other processes write to the log.
    case followLog(Bool)
    /// Asks the terminal to put these bytes on the clipboard.
    case sendToTerminal([UInt8])
    case use(Theme)
    case ring
    /// Ends the dashboard.
    case end(DashboardEnding)
    /// Suspends the process as Ctrl-Z does.
    case suspend
    /// Draws the whole screen again, whatever the terminal shows.
    case redraw
}

/// An event that the model handles.
enum DashboardEvent: Sendable {
    case input(Input)
    /// The deadline that the model asked for has passed.
    case tick

    /// A change of the history waits where `Dashboard.announce` left it.
    case historyMoved
    case historyChanged(HistoryChange)
    /// The log has grown.
    case logMoved
    case keyringChanged(KeyringSummary)
    case secretsFile(String)
    case rejudged(RejudgeSummary)
    case listening(ListeningState)
    case warning(String?)
    case notice(String)
    /// Nothing has been received for a while, as this sentence states; nil once something has.
    case quiet(String?)
    case bell
    case signal(DashboardSignal)
    /// The figures that the listener returned.
    case measured(AnswerTimesSummary, hasReceivedFromElsewhere: Bool)
    case browsed(BrowseProgress)
    /// A report on the progress of the list waits where the runner left it.
    case browseMoved
    case answered(Answered)
}
