import Terminal

/// How commands are called in sentences: by the keys in force, or where commands are typed, by their words.
extension Bindings {
    /// The first key of a command, or its typed name where it has no key.
    func name(of command: Command) -> String {
        if isTyped { return Self.typed[command] ?? command.name }
        guard let key = all.first(where: { $0.command == command })?.keys.first else { return ":\(command.name)" }
        return "\(key.name)"
    }

    /// Such as `press t`.
    func asking(for command: Command) -> String {
        isTyped ? "type \(name(of: command))" : "press \(name(of: command))"
    }

    /// Such as `(y/n)`.
    var answers: String {
        isTyped ? "Type yes or no." : "(\(name(of: .answerYes))/\(name(of: .answerNo)))"
    }

    /// The answers to why a secret is deleted.
    var reasons: String {
        isTyped
            ? "Type rotated, leaked or no."
            : "(\(name(of: .deleteRotated)) rotated / \(name(of: .deleteLeaked)) leaked / \(keepKey) no)"
    }

    /// The answers to whether a deleted secret was leaked.
    var leakAnswers: String { isTyped ? "Type leaked or no." : "(\(name(of: .deleteLeaked)) leaked / \(keepKey) no)" }

    /// The answers to what becomes of a secret in memory.
    var leavings: String {
        isTyped
            ? "Type save, quit or stay."
            : "(\(name(of: .saveAndQuit)) save and quit / \(name(of: .quitUnsaved)) quit without / \(keepKey) stay)"
    }

    private var keepKey: String { name(of: .answerNo) }

    /// What is typed in plain mode, where it is not the command's name.
    private static let typed: [Command: String] = [
        .editFilter: "filter EXPRESSION", .filterOrNot: "filter off", .showProblems: "problems", .toggleMark: "mark",
        .search: "find TEXT", .addSecret: "secret add LABEL", .showKeyring: "secret add LABEL", .sendTest: "test",
        .open: "show",
    ]
}
