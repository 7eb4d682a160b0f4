import ArgumentParser
import History
import Base
import Settings

/// Copies a history while it is in use.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copies the history into a file, also while b2watch records into it.",
        discussion: """
            The copy has everything that was recorded when the command began, with the queues of the actions, and is one \
            file without any others beside it. It is checked before it gets its name, so a copy under that name is whole. \
            A listener that records in the meantime is not delayed. To use the copy, name it with --history, or put it in \
            the place of the history while nothing runs.

            Exit status: 0 copied; 1 failed, and nothing was left behind; 4 the history cannot be opened; 64 usage.
            """)

    @Argument(help: ArgumentHelp("The copy: a file that is not there yet.", valueName: "file"))
    var file: String

    @OptionGroup var history: HistoryOption

    func validate() throws {
        if file.isEmpty { throw ValidationError("the file wants a path") }
    }

    func run() throws {
        let diagnostics = Diagnostics()
        try StartFailure.explained(by: diagnostics) {
            let history = try ReadOnlyHistory(self.history.path)
            defer { history.close() }
            let bar = ProgressLine(isShown: true)
            defer { bar.clear() }
            let copy = try history.backUp(to: file) { bar.show("copying: \(Int($0 * 100)) %") }
            bar.clear()
            let words = copy.deliveries == 1 ? "1 delivery" : "\(copy.deliveries) deliveries"
            try OutputLines(diagnostics: diagnostics).write([
                SafeText("\(file): \(words), the newest is \(copy.newest), \(copy.bytes >> 10) KiB")
            ])
        }
        diagnostics.flush()
    }
}
