import Terminal

/// `docs/keys.md`, made from the table of bindings.
enum KeysPage {
    static let markdown: String = """
        # Keys

        Every key, by where it works. `?` shows the same on the screen, with your own keys, searches it and runs what is
        selected; `:` takes every command by its name, and goes to where it works. This page is made from the table of
        bindings; a test sees that it is.

        A click selects, a double click opens, and the wheel scrolls what is under it: over the bars of the pulse, time. Tabs,
        headings, footer hints and the letters of a menu are buttons.

        Other keys are set by the names of commands, below `keys` in [config.yaml](configuration.md):

        ```yaml
        keys:
          next-problem: [e, f5]   # these take the place of the command's own
          toggle-mark: []         # none
        ```

        What a name stands for is the same wherever it is in these tables: a key given to it is its key in all of them.

        \(sections.joined(separator: "\n\n"))

        ## Commands that take more, behind `:`

        | write | for |
        |---|---|
        \(TypedCommand.Word.allCases.map(row).joined(separator: "\n"))

        """

    private static let sections = BindingContext.allCases.compactMap { context -> String? in
        let bindings = BindingTable.all.filter { $0.context == context }
        guard !bindings.isEmpty else { return nil }
        let rows = bindings.map { binding in
            "| \(binding.keys.map { code($0.name) }.joined(separator: " ")) | \(cell(binding.title)) | `\(binding.command.name)` |"
        }
        return "## \(context.title)\n\n" + (["| keys | for | name |", "|---|---|---|"] + rows).joined(separator: "\n")
    }

    private static func row(_ word: TypedCommand.Word) -> String {
        "| `\(word.rawValue) \(cell(word.usage.form))` | \(cell(word.usage.meaning)) |"
    }

    private static func code(_ key: String) -> String { "`\(cell(key))`" }

    private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
