import Terminal

extension BindingTable {
    static let keyring: [Binding] = [
        Binding(
            .character("a"), in: .keyring, do: .addSecret, "add a secret", footer: ("add", .narrow), obstacle: isAway),
        Binding(
            .character("r"), .enter, in: .keyring, do: .replaceSecret, "replace the selected secret",
            footer: ("replace", .medium), obstacle: holdsNone),
        Binding(
            .character("f"), in: .keyring, do: .forgetSecret, "forget the selected secret", footer: ("forget", .medium),
            obstacle: holdsNone),
        Binding(
            .character("m"), in: .keyring, do: .rememberSecret, "remember the selected secret for the next start",
            footer: ("remember", .medium), obstacle: holdsNone),
        Binding(
            .character("R"), in: .keyring, do: .reloadSecrets, "read the files and other sources of secrets again",
            footer: ("reload", .wide), obstacle: isAway),
        Binding(.enter, in: .form, do: .submit, "hold this secret", footer: ("hold", .narrow), obstacle: isAway),
        Binding(.tab, .down, in: .form, do: .nextField, "next field", footer: ("next field", .medium)),
        Binding(.backTab, .up, in: .form, do: .previousField, "previous field"),
        Binding(.escape, in: .form, do: .goBack, "leave the form", footer: ("leave", .narrow)),
    ]

    static let questions: [Binding] = [
        Binding(.character("y"), .character("Y"), in: .question, do: .answerYes, "yes", footer: ("yes", .narrow)),
        Binding(
            .character("n"), .character("N"), .character("q"), .escape, in: .question, do: .answerNo, "no",
            footer: ("no", .narrow)),
    ]

    private static let holdsNone: @Sendable (DashboardModel) -> String? = { model in
        isAway(model)
            ?? (model.session.keyring.isEmpty
                ? "No secret is held: \(model.bindings.name(of: .addSecret)) adds one." : nil)
    }
}
