import History

/// What the user is asked before it is done. Only a key answers, never a paste.
enum Question: Hashable {
    case stopReceiving
    case suspend
    /// Forgets the last secret.
    case forget(String)
    case remember(String, file: String)
    /// Writes over a file.
    case replace(ExportRequest)
    /// Does something for many rows.
    case act(ActRequest, ActCount)
    /// Tries all entries of an action again that failed.
    case retryAll(String, Int)
    /// Runs an action for events that it missed.
    case addMissed(String, MissedRows)

    func text(_ bindings: Bindings) -> String {
        let answers = bindings.answers
        return switch self {
        case .stopReceiving: "Stop receiving? \(answers)"
        case .suspend: "Suspend? While b2watch sleeps it answers nothing, and B2's deliveries time out. \(answers)"
        case .forget(let label):
            "Forget \(label)? It is the last secret: what arrives then is taken as unverified. \(answers)"
        case .replace(let request): "\(request.path) is there. Replace it? \(answers)"
        case .act(let request, let count): request.question(count, answers: answers)
        case .retryAll(let action, let count):
            "Retry “\(action)” for all \(Wording.count(count, "entry", "entries")) that failed? \(answers)"
        case .addMissed(let action, let missed):
            "\(ActionsScreen.missedWords(missed)). Run “\(action)” for \(Self.added(missed))? \(answers)"
        case .remember(let label, let file):
            "Write \(label) to \(file), readable by you alone, to be held again after the next start? \(answers)"
        }
    }

    private static func added(_ missed: MissedRows) -> String {
        if missed.rows.count < missed.count { return "the first \(Wording.grouped(missed.rows.count))" }
        return missed.count == 1 ? "it" : "them"
    }
}
