public import History
public import Notifications

/// What the dashboard asks of the listener it shows, in this process or in another one: implemented by the executable.
///
/// The calls are made off the screen's thread, one at a time, unless said otherwise. What they throw is shown to the
/// user: errors whose text is a sentence.
public protocol ListenerControl: Sendable {
    /// The secrets held now, with what each has matched.
    func keyring() throws -> KeyringSummary

    /// Holds one more secret and judges all recorded deliveries again.
    func addSecret(_ draft: SecretDraft) throws -> KeyringSummary

    /// Puts a secret in the place of the one with this label, and judges again.
    func replaceSecret(_ label: String, with draft: SecretDraft) throws -> KeyringSummary

    /// Deletes a secret, also where it was saved.
    ///
    /// - Parameter wasLeaked: Whether what it has verified reads "valid, secret removed" from now on; else its verdicts stay.
    func forgetSecret(_ label: String, wasLeaked: Bool) throws -> KeyringSummary

    /// Marks a secret as leaked that verifies no longer.
    func markLeaked(_ secret: SecretIdentity) throws -> KeyringSummary

    /// Keeps a secret for the next start.
    ///
    /// - Returns: Where it was written.
    func rememberSecret(_ label: String) throws -> String

    /// Reads the files and other sources of secrets again, holds what is there now, and judges by that.
    func reloadSecrets() throws -> KeyringSummary

    /// Ends judging again; what remains keeps its verdicts.
    func cancelJudging() throws

    /// Judges what remains to be judged again.
    func resumeJudging() throws

    /// Sends a signed test event through the listener's own socket.
    ///
    /// - Returns: What became of it, such as `answered 200 OK in 2 ms`.
    func sendTestEvent() throws -> String

    /// Returns what the Signature tab shows, by the current secrets. It may block, and is not called one at a time with
    /// others.
    ///
    /// - Parameter isCancelled: Asked often whether nobody waits for it any more; what was found until then is returned.
    func evidence(for record: DeliveryRecord, isCancelled: @escaping @Sendable () -> Bool) -> SignatureEvidence

    /// Whether a secret that is held occurs in these bytes: what holds one is not copied.
    func holdsSecret(in bytes: [UInt8]) -> Bool

    /// The answer times of the last five minutes. Called on the screen's thread: it may take a lock, and no more.
    func answerTimes() -> AnswerTimesSummary

    /// Whether a delivery has come that is no test of ours. Called on the screen's thread.
    func hasReceivedFromElsewhere() -> Bool
}
