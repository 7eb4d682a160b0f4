import Browsing
import History
import Log
import Notifications
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
    case readRows(RowReading.Ticket)
    /// What filters may be completed with, of all that is recorded.
    case readValues
    /// Counts for the pulse; what was counted before may be added to.
    case readPulse(PulseReading.Ticket, adding: Pulse?)
    case readDeliveries(WindowTicket<Int64>)
    /// Looks for the next delivery that holds the first event of this one.
    case findOtherDelivery(Int64)
    /// Lets lines that others write in the log be told, or no more.
    case followLog(Bool)
    case readLog(WindowTicket<LogPlace>)
    /// How the actions stand.
    case readActions(generation: Int)
    case readEntries(EntriesTicket)
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
