import Terminal

extension BindingTable {
    static let keyring: [Binding] = [
        Binding(
            .character("a"), in: .keyring, do: .addSecret, "add a secret", footer: ("add", .narrow), obstacle: isAway),
        Binding(
            .character("r"), .enter, in: .keyring, do: .replaceSecret, "replace the selected secret",
            footer: ("replace", .medium), obstacle: selectsPast),
        Binding(
            .character("f"), in: .keyring, do: .forgetSecret, "delete the selected secret, as rotated or as leaked",
            footer: ("delete", .medium),
            obstacle: selectsNone),
        Binding(
            .character("m"), in: .keyring, do: .rememberSecret, "save the selected secret for the next start",
            footer: ("save", .medium), obstacle: selectsPast),
        Binding(
            .character("R"), in: .keyring, do: .reloadSecrets, "read the files and other sources of secrets again",
            footer: ("reload", .wide), obstacle: isAway),
        Binding(.enter, in: .form, do: .submit, "use this secret", footer: ("use", .narrow), obstacle: isAway),
        Binding(.tab, .down, in: .form, do: .nextField, "next field", footer: ("next field", .medium)),
        Binding(.backTab, .up, in: .form, do: .previousField, "previous field"),
        Binding(.escape, in: .form, do: .goBack, "leave the form", footer: ("leave", .narrow)),
    ]

    static let questions: [Binding] = [
        Binding(.character("y"), .character("Y"), in: .question, do: .answerYes, "yes", footer: ("yes", .narrow)),
        Binding(
            .character("n"), .character("N"), .character("q"), .escape, in: .question, do: .answerNo, "no",
            footer: ("no", .narrow)),
        Binding(
            .character("r"), .enter, in: .deleting, do: .deleteRotated, "it was rotated: its verdicts stay",
            footer: ("rotated", .narrow), obstacle: isPast),
        Binding(
            .character("l"), in: .deleting, do: .deleteLeaked,
            "it was leaked: its verdicts read “valid, secret removed”, and what is queued for them goes on hold",
            footer: ("leaked", .narrow)),
        Binding(
            .character("n"), .character("N"), .character("q"), .escape, in: .deleting, do: .answerNo,
            "neither: leave it as it is", footer: ("leave it", .narrow)),
        Binding(
            .character("s"), .enter, in: .leaving, do: .saveAndQuit, "save it, and quit",
            footer: ("save and quit", .narrow)),
        Binding(
            .character("y"), .character("Y"), in: .leaving, do: .quitUnsaved, "quit without saving it",
            footer: ("quit without", .narrow)),
        Binding(
            .character("n"), .character("N"), .character("q"), .escape, in: .leaving, do: .answerNo, "stay",
            footer: ("stay", .narrow)),
    ]

    private static let isPast: @Sendable (DashboardModel) -> String? = { model in
        if case .markLeaked = model.question { "It is deleted already." } else { nil }
    }

    private static let selectsNone: @Sendable (DashboardModel) -> String? = { model in
        isAway(model)
            ?? (model.keyring?.selected(in: model.session.keyring) == nil
                ? "There is no secret: \(model.bindings.name(of: .addSecret)) adds one." : nil)
    }

    private static let selectsPast: @Sendable (DashboardModel) -> String? = { model in
        if let obstacle = selectsNone(model) { return obstacle }
        guard case .past = model.keyring?.selected(in: model.session.keyring) else { return nil }
        return "This secret is deleted: paste it, or \(model.bindings.name(of: .addSecret)) types it."
    }
}
