/// What has to happen outside of the model; what becomes of it comes back as an event.
enum Effect: Sendable {
    case readRows(RowReading.Ticket)
    case buildDocument(DocumentRequest)
    /// Asks what may be told of the secrets held, and what they have matched by now.
    case readKeyring
    case control(ControlCall)
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
    case forgetSecret(String)
    case rememberSecret(String)
    case sendTestEvent
}
