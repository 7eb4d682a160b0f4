import ArgumentParser
import Dashboard
import SafeText

/// Ends the work of an action for a while.
struct ActionsPauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Lets an action's entries wait; none is lost. It stays so until it is resumed.")

    @Argument(help: "The action's name in config.yaml.")
    var name: String

    @OptionGroup var options: ActionsOptions

    func run() throws {
        try options.setPaused(name, true)
    }
}

/// Begins it again.
struct ActionsResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Has a paused action go on with what waits.")

    @Argument(help: "The action's name in config.yaml.")
    var name: String

    @OptionGroup var options: ActionsOptions

    func run() throws {
        try options.setPaused(name, false)
    }
}

extension ActionsOptions {
    fileprivate func setPaused(_ name: String, _ isPaused: Bool) throws {
        try asking { desk, output in
            try desk.check(name)
            try desk.control.setPaused(name, isPaused)
            try output.write(["\(SafeText(name)) is \(isPaused ? "paused" : "resumed")"])
        }
    }
}
