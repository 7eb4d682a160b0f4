import Base
import History
import Receiving
import Terminal

/// A question that the user must answer before something is done. Only keys answer it, never a paste.
enum Question: Hashable, Overlay {
    static let layer = OverlayLayer.question

    /// Whether to quit, which loses this number of deliveries if the history is in memory.
    case stopReceiving(lost: Int)
    case suspend
    /// Whether to delete a secret; `isLast` means that no other current secret is left.
    case delete(SecretSummary, isLast: Bool)
    /// Whether to mark a past secret as leaked.
    case markLeaked(PastSecret)
    /// Whether to remove a rule from those that are named as ones that do not sign.
    case forgetUnsigned(String)
    /// Whether to quit although some secrets are only in memory.
    case quitUnsaved([String], file: String, isReceiving: Bool, lost: Int)
    case remember(String, file: String)
    /// Whether to overwrite a file.
    case replace(ExportRequest)
    /// Whether to do something for many rows.
    case act(ActRequest, ActCount)
    /// Whether to retry all entries of an action that failed or are on hold.
    case retryAll(String, Int, onHold: Int)
    /// Whether to skip all that an action still has to do, and its dead entries.
    case skipAll(String, Int)
    /// Whether to run an action for the events that it missed.
    case addMissed(String, MissedRows)
    /// Whether to change a rule of the account as its page shows.
    case changeRule(RuleChange, RulePlan)

    func text(_ bindings: Bindings) -> String {
        let answers = bindings.answers(to: self)
        return switch self {
        case .stopReceiving(let lost): "Stop receiving?\(Self.losing(lost)) \(answers)"
        case .suspend: "Suspend? While b2watch sleeps it answers nothing, and B2's deliveries time out. \(answers)"
        case .delete(let secret, let isLast):
            "Delete \(secret.label) (\(secret.fingerprint))?"
                + (isLast ? " It is the last secret: what arrives then is unverified." : "")
                + " If it was rotated, its verdicts stay"
                + (secret.matches.map { $0 > 0 ? " (\(Wording.grouped($0)) valid)" : "" } ?? "")
                + "; if it was leaked, they read “valid, secret removed”, and what is queued for them goes on hold."
                + " \(answers)"
        case .markLeaked(let secret):
            "Was \(secret.identity) leaked? Its verdicts (\(Wording.grouped(secret.matches))) then read “valid, secret"
                + " removed”, and what is queued for them goes on hold. \(answers)"
        case .forgetUnsigned(let rule):
            "Remove \(rule) from the rules that do not sign? What it brings is then answered 401, once there is a secret."
                + " \(answers)"
        case .quitUnsaved(let labels, let file, let isReceiving, let lost):
            (isReceiving ? "Stop receiving?\(Self.losing(lost)) " : "")
                + "The secret \(labels.joined(separator: ", ")) is in memory only. Save it to \(file), readable by you"
                + " alone, for the next start? Without it "
                + (lost > 0 ? "" : "the verdicts stay, and ") + "what arrives then is unverified."
                + " \(answers)"
        case .replace(let request): "\(request.path) is there. Replace it? \(answers)"
        case .act(let request, let count): request.question(count, answers: answers)
        case .retryAll(let action, let count, let onHold):
            "Retry “\(action)” for \(Self.retried(count, onHold))? \(answers)"
        case .skipAll(let action, let count):
            "Skip \(Wording.count(count, "entry", "entries")) of “\(action)” that \(count == 1 ? "waits or is" : "wait or are") dead? \(answers)"
        case .addMissed(let action, let missed):
            "\(ActionsScreen.missedWords(missed)). Run “\(action)” for \(Self.added(missed))? \(answers)"
        case .changeRule(let change, let plan): DashboardModel.question(change, plan, answers: answers)
        case .remember(let label, let file):
            "Write \(label) to \(file), readable by you alone, for the next start? \(answers)"
        }
    }

    func notice(_ model: DashboardModel, columns: Int) -> [StyledLine]? {
        StatusLines.lines(text(model.bindings), Style(.warning, bold: true), columns)
    }

    var context: BindingContext {
        switch self {
        case .delete, .markLeaked: .deleting
        case .quitUnsaved: .leaving
        case .changeRule: .confirming
        default: .question
        }
    }

    private static func losing(_ lost: Int) -> String {
        guard lost > 0 else { return "" }
        return " The history is in memory, and its \(Wording.count(lost, "delivery is", "deliveries are")) lost then."
    }

    private static func retried(_ count: Int, _ onHold: Int) -> String {
        let leaked = "verified by a secret deleted as leaked"
        guard onHold < count else { return "\(Wording.count(count, "entry", "entries")) \(leaked)" }
        let failed = "all \(Wording.count(count - onHold, "entry", "entries")) that failed"
        return onHold > 0 ? "\(failed), and \(Wording.grouped(onHold)) \(leaked)" : failed
    }

    private static func added(_ missed: MissedRows) -> String {
        if missed.rows.count < missed.count { return "the first \(Wording.grouped(missed.rows.count))" }
        return missed.count == 1 ? "it" : "them"
    }
}

// MARK: - Answers

extension BindingContext {
    static let question: BindingContext = .init(
        "question", title: "A question", with: [.everywhere], occasion: "while a question is open")
    /// A question below the page of a difference, which can be scrolled while the question is open.
    static let confirming: BindingContext = .init(
        "question", title: "A question", with: [.page, .everywhere], occasion: "while a question is open")
    /// The question why a secret is deleted.
    static let deleting: BindingContext = .init(
        "deleting", title: "Deleting a secret", with: [.everywhere],
        occasion: "while it is asked why a secret is deleted", begin: .forgetSecret)
    /// The question whether to save the secrets in memory before the end.
    static let leaving: BindingContext = .init(
        "leaving", title: "Quitting with a secret that is not saved", with: [.everywhere],
        occasion: "while it is asked whether to save a secret", begin: .close)
}

extension Command {
    static let answerYes = Command(
        "answer-yes", "y", "Y", in: .question, "yes", footer: .narrow("yes"), plain: .answer("yes", "y")
    ) {
        $0.answerYes()
    }
    static let answerNo = Command(
        "answer-no", "n", "N", "q", .escape, in: .question, "no", footer: .narrow("no"),
        plain: .answer("no", "n", "stay"),
        run: { model in
            let wasAboutRule = model.question?.isAboutRule == true
            model.question = nil
            model.deafUntil = nil
            if wasAboutRule { model.reopenForm() }
        })
    static let deleteRotated = Command(
        "delete-rotated", "r", .enter, in: .deleting, "it was rotated: its verdicts stay", footer: .narrow("rotated"),
        plain: .answer("rotated"),
        unavailable: { if case .markLeaked = $0.question { "It is deleted already." } else { nil } }
    ) { $0.answerDeletion(wasLeaked: false) }
    static let deleteLeaked = Command(
        "delete-leaked", "l", in: .deleting,
        "it was leaked: its verdicts read “valid, secret removed”, and what is queued for them goes on hold",
        footer: .narrow("leaked"), plain: .answer("leaked")
    ) { $0.answerDeletion(wasLeaked: true) }
    static let saveAndQuit = Command(
        "save-and-quit", "s", .enter, in: .leaving, "save it, and quit", footer: .narrow("save and quit"),
        plain: .answer("save")
    ) { $0.saveAndQuit() }
    static let quitUnsaved = Command(
        "quit-unsaved", "y", "Y", in: .leaving, "quit without saving it", footer: .narrow("quit without"),
        plain: .answer("quit")
    ) { if !$0.isDeaf { $0.request(.end(.quit)) } }

    /// The commands that answer questions.
    static let ofQuestions: [Command] = [
        answerYes, answerNo, deleteRotated, deleteLeaked,
        answerNo.also(in: .deleting, "neither: leave it as it is", footer: .narrow("leave it")),
        saveAndQuit, quitUnsaved,
        answerNo.also(in: .leaving, "stay", footer: .narrow("stay"), plain: .answer("stay", "no", "n")),
    ]
}

extension DashboardModel {
    fileprivate mutating func answerYes() {
        guard !isDeaf else { return }
        defer {
            question = nil
            deafUntil = nil
        }
        switch question {
        case .stopReceiving: request(.end(.quit))
        case .suspend: request(.suspend)
        case .replace(var request):
            request.mayReplace = true
            write(request)
        case .remember(let label, _): remember(label)
        case .forgetUnsigned(let rule): forgetUnsigned(rule)
        case .act(let request, _): confirm(request)
        case .retryAll(let action, _, _): retryAll(action)
        case .skipAll(let action, _): skipAll(action)
        case .addMissed(let action, let missed): addMissed(action, missed)
        case .changeRule(let change, let plan): makeChange(change, plan)
        // These questions have their own answers.
        case .delete, .markLeaked, .quitUnsaved, nil: break
        }
    }
}

extension DashboardModel {
    /// The open question.
    var question: Question? {
        get { self[Question.self] }
        set { self[Question.self] = newValue }
    }
}
