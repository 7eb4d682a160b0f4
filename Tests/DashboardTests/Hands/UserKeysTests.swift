import Base
import Foundation
import Notifications
import Terminal
import Testing

@testable import Dashboard
@testable import Receiving

@Suite("The user's own keys")
struct UserKeysTests {
    private typealias Change = DashboardSettings.KeyChange

    @Test("take the place of the command's own, in the footer and the help too")
    func replaced() {
        var user = User.watching(3)
        user.model.bindings = Bindings([Change(command: "edit-filter", keys: [.function(3)])])
        #expect(user.lines[23].contains("F3 filter"))
        user.press(.character("f"))
        #expect(user.model.overlays.prompt == nil)
        user.press(.function(3))
        #expect(user.model.place.nearest == .filter)
        user.press(.escape, .character("?"))
        user.press(.character("/"))
        user.type("edit-filter")
        #expect(user.screen.contains("F3"))
    }

    @Test("are named in sentences, and the command's name where it has none")
    func inSentences() {
        var user = User.watching(3)
        user.model.bindings = Bindings([
            Change(command: "edit-filter", keys: [.function(3)]), Change(command: "toggle-mark", keys: [.control("o")]),
            Change(command: "search", keys: []), Change(command: "cancel-judging", keys: [.function(9)]),
            Change(command: "answer-yes", keys: [.character("j")]),
            Change(command: "show-keyring", keys: [.function(4)]),
            Change(command: "copy-as-received", keys: [.function(5)]),
        ])
        user.press(.character("\\"))
        #expect(user.screen.contains("No filter: F3 writes one."))
        user.press(.character("'"))
        #expect(user.screen.contains("No row is marked: Ctrl-O marks one."))
        user.press(.character("n"))
        #expect(user.screen.contains("No search yet: :search starts one."))
        user.press(.character("y"))
        #expect(user.screen.contains("***; F5 copies"))
        user.press(.escape)
        user.tell(.rejudged(RejudgeSummary(deliveries: [.valid: 1], remaining: 5, stage: .running)))
        #expect(user.screen.contains("Verifying again: 1 of 6 … F9 cancels"))
        user.tell(.rejudged(RejudgeSummary(deliveries: [.valid: 6])))
        user.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true))
        user.press(.control("c"))
        #expect(user.screen.contains("Stop receiving? (j/n)"))
        user.press(.character("n"))
        user.tell(.keyringChanged(KeyringSummary()))
        user.tell(.listening(.listening(url: "https://example.org/", isLoopback: false)))
        #expect(user.screen.contains("press F4 and paste one"))
    }

    @Test("may be none")
    func none() {
        let bindings = Bindings([Change(command: "send-test", keys: [])])
        #expect(bindings.binding(for: .character("t"), in: BindingContext.events.place) == nil)
        #expect(bindings.binding(of: .sendTest, in: BindingContext.events.place) != nil)
    }

    @Test("may be swapped between two commands")
    func swapped() {
        let changes = [
            Change(command: "next-problem", keys: [.character("E")]),
            Change(command: "previous-problem", keys: [.character("e")]),
        ]
        #expect(DashboardSettings.keyProblems(in: changes).isEmpty)
        let swapped = Bindings(changes).binding(for: .character("e"), in: BindingContext.table.place)
        #expect(swapped?.name == "previous-problem")
    }

    @Test("of another command are refused, and both are named")
    func taken() {
        let problems = DashboardSettings.keyProblems(in: [
            Change(command: "send-test", keys: [.function(5)]),
            Change(command: "next-problem", keys: [.character("f")]),
        ])
        #expect(problems.map(\.change) == [1])
        #expect(problems.first?.key == .character("f"))
        #expect(problems.first?.text.contains("“f” for “next-problem” is the key of “edit-filter” already") == true)
    }

    @Test("for no command are refused, with what may have been meant")
    func unknown() {
        let problems = DashboardSettings.keyProblems(in: [Change(command: "next-probelm", keys: [.function(5)])])
        #expect(
            problems.map(\.text) == [
                "“next-probelm” is not a command; did you mean next-problem? (docs/keys.md has all)"
            ])
    }

    @Test("never take a letter from what is typed, nor the last way out")
    func refused() {
        #expect(
            DashboardSettings.keyProblems(in: [Change(command: "apply-filter", keys: [.character("x")])]).first?.text
                .contains("typed as text") == true)
        #expect(DashboardSettings.keyProblems(in: [Change(command: "interrupt", keys: [])]).count == 1)
    }
}

@Suite("The page of keys")
struct KeysPageTests {
    @Test("is what docs/keys.md says; with B2WATCH_WRITE_DOCS set, it is written there")
    func document() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/keys.md")
        if ProcessInfo.processInfo.environment["B2WATCH_WRITE_DOCS"] != nil {
            try KeysPage.markdown.write(to: file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: file, encoding: .utf8)
        #expect(written == KeysPage.markdown, "run the tests once with B2WATCH_WRITE_DOCS=1")
    }
}

/// The text of `docs/keys.md`, made from the table of commands.
private enum KeysPage {
    static let markdown: String = """
        # Keys

        Every key, by where it works. `?` shows the same on the screen, with your own keys, searches it and runs what is
        selected; `:` takes every command by its name, and goes to where it works. This page is made from the table of
        commands; a test sees that it is.

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

        """

    private static let sections = BindingContext.allCases.compactMap { context -> String? in
        let commands = Command.all.filter { $0.context == context }
        guard !commands.isEmpty else { return nil }
        let head = context == .typed ? ["| write | for |", "|---|---|"] : ["| keys | for | name |", "|---|---|---|"]
        return "## \(context.title)\n\n" + (head + commands.map(row)).joined(separator: "\n")
    }

    private static func row(_ command: Command) -> String {
        if let arguments = command.arguments {
            return "| `\(command.name) \(cell(arguments.form))` | \(cell(command.meaning)) |"
        }
        let keys = command.keys.map { code($0.name) }.joined(separator: " ")
        return "| \(keys) | \(cell(command.meaning)) | `\(command.name)` |"
    }

    private static func code(_ key: String) -> String { "`\(cell(key))`" }

    private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
