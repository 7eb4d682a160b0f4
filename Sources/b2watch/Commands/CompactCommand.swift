import ArgumentParser
import Base
import History
import Settings

/// Writes a history again without its free pages.
struct CompactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact",
        abstract: "Gives the space of removed deliveries back to the file system.",
        discussion: """
            A history that this version has made gives that space back by itself. One that an older version has made \
            uses it again for later deliveries, until this command has written the file again, once. Nothing may record \
            into it in the meantime, and the disk needs room for two more copies of it.

            Exit status: 0 done; 1 failed, and the history is as it was; 4 the history cannot be opened; 64 usage.
            """)

    @OptionGroup var history: HistoryOption

    func run() throws {
        let diagnostics = Diagnostics()
        try StartFailure.explained(by: diagnostics) {
            let path = try history.path
            // Opened for reading first, because opening for writing would create a missing history.
            _ = try ReadOnlyHistory(path)
            let result = try History.compact(path) {
                diagnostics.say(
                    "the history is being brought up to date, once; with a million events that takes a minute or two")
            }
            try OutputLines(diagnostics: diagnostics).write([
                SafeText("\(path): \(result.before >> 10) KiB before, \(result.after >> 10) KiB now")
            ])
        }
    }
}
