import ArgumentParser
import Dashboard
import SafeText

/// Finds out whether an action would work.
struct ActionsTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Finds out whether an action would work, changing as little as can be.",
        discussion: "Exit status 1 where it would not; the reason says what to do.")

    @Argument(help: "The action's name in config.yaml.")
    var name: String

    @OptionGroup var options: ActionsOptions

    func run() throws {
        try options.asking(needsHistory: false) { desk, output in
            try desk.check(name)
            try output.write([SafeText(try desk.control.testAction(name))])
        }
    }
}
