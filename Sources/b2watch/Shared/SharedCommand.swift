import ArgumentParser
import Base
import Foundation
import Postgres
import SharedHistory

/// The commands about a history that several machines share.
struct SharedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shared", abstract: "Creates a history that several machines share, and shows who uses it.",
        subcommands: [SharedInitCommand.self, SharedStatusCommand.self])
}

/// The address as an argument.
struct SharedArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "The PostgreSQL database: a connection string or URI, such as postgresql://b2watch@db.example/b2watch.",
            valueName: "url"))
    var text: String

    func validate() throws { try PostgresAddress.check(text) }

    /// Connects.
    ///
    /// - Throws: `PostgresAddressError`, or `PostgresError`.
    func connect(_ diagnostics: Diagnostics) throws -> PostgresConnection {
        let address = try PostgresAddress(text)
        if let warning = address.warning { diagnostics.say(warning, .warning) }
        return try PostgresConnection.open(address, application: "b2watch shared", by: .now + address.connectLimit)
    }
}

/// Creates the tables of a shared history.
struct SharedInitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Creates the tables of a shared history, or brings them up to date.",
        discussion: """
            Run it as a role that may create a schema in the database. Listeners and dashboards need far less: name \
            their role with --role. Where an administrator does this, give them what --print writes.

            Exit status: 0 done; 1 not done; 64 usage.
            """)

    @Argument(
        help: ArgumentHelp(
            "The PostgreSQL database: a connection string or URI, such as postgresql://admin@db.example/b2watch.",
            valueName: "url"))
    var text: String?

    @Option(
        help: ArgumentHelp(
            "The role of listeners and dashboards, which gets the rights that these need; it must exist.",
            valueName: "name"))
    var role: String?

    @Flag(name: .customLong("print"), help: "Write the SQL for a new shared history, and run nothing.")
    var prints = false

    func validate() throws {
        if role?.isEmpty == true { throw ValidationError("--role wants a name") }
        if prints { return }
        guard let text else { throw ValidationError("give the address of the database, or --print") }
        try PostgresAddress.check(text)
    }

    func run() throws {
        let diagnostics = Diagnostics("shared")
        try StartFailure.explained(by: diagnostics) {
            guard !prints, let text else {
                return try ByteOutput(descriptor: STDOUT_FILENO).write(Array(SharedSchema.script(for: role).utf8))
            }
            let address = try PostgresAddress(text)
            let connection = try PostgresConnection.open(
                address, application: "b2watch shared init", by: .now + address.connectLimit)
            // The second of two waits for the first.
            let done = try SharedSchema.prepare(connection, for: role, by: .now + .seconds(300))
            let what =
                switch done.before {
                case 0: "the shared history is created"
                case SharedSchema.version: "the shared history is there, and up to date"
                default: "the shared history is brought up to date"
                }
            try OutputLines(diagnostics: diagnostics).write([SafeText("\(connection.place): \(what)")])
        }
        diagnostics.flush()
    }
}

/// Shows who uses a shared history.
struct SharedStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows who is connected to a shared history, and how far each copy is.",
        discussion: """
            A line for each process that has used it, with its name, what it does, how many deliveries its copy lacks, and \
            when it was last heard of.

            Exit status: 0 shown; 1 not shown; 64 usage.
            """)

    @OptionGroup var address: SharedArgument

    func run() throws {
        let diagnostics = Diagnostics("shared")
        try StartFailure.explained(by: diagnostics) {
            let connection = try address.connect(diagnostics)
            let status = try SharedStatus(connection, by: .now + .seconds(10))
            try OutputLines(diagnostics: diagnostics).write(status.lines)
        }
        diagnostics.flush()
    }
}
