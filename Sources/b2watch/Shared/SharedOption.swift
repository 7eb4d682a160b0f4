import ArgumentParser
import Base
import Foundation
import History
import Postgres
import Settings
import SharedHistory

/// The options of every command that works on a history that several machines share.
struct SharedOption: ParsableArguments {
    @Option(
        name: .customLong("shared"),
        help: ArgumentHelp(
            "The PostgreSQL database of a history that several machines share.",
            discussion: """
                A connection string or URI of PostgreSQL, such as postgresql://b2watch@db.example/b2watch; its variables \
                (PGHOST …), password file and service file work too. This machine keeps a copy, in a file next to the \
                history, or in the one that --history names.
                """, valueName: "url"))
    var text: String?

    @Option(
        name: .customLong("node"),
        help: ArgumentHelp(
            "The name of this process in the shared history. (default: the machine's name)", valueName: "name"))
    var node: String?

    func validate() throws {
        if node != nil, text == nil { throw ValidationError("--node is for --shared: give that too, or leave it out") }
        if let node, node.isEmpty || node.utf8.count > 63 {
            throw ValidationError("--node wants a name of 1 to 63 bytes")
        }
        if let text { try PostgresAddress.check(text, of: "--shared: ") }
    }

    /// The shared history; nil without one.
    ///
    /// - Throws: `PostgresAddressError`, `PlacesError` without a place for the copy.
    func place(_ history: HistoryOption) throws -> SharedPlace? {
        guard let text else { return nil }
        let address = try PostgresAddress(text)
        return SharedPlace(
            address: address, copy: try history.file ?? Self.copy(of: address), node: node ?? Self.machine)
    }

    /// Returns the default path of a copy, which names the database.
    private static func copy(of address: PostgresAddress) throws -> String {
        let name = address.description.split(separator: "@", maxSplits: 1).last.map(String.init) ?? address.description
        let words = name.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".")) }.joined(separator: "-")
        return "\(try ProcessEnvironment.places.state)/shared-\(words.prefix(150)).sqlite"
    }

    /// The machine's name.
    private static var machine: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension PostgresAddress {
    /// Checks an argument.
    ///
    /// - Parameter option: Precedes the problem.
    static func check(_ text: String, of option: String = "") throws(ValidationError) {
        do throws(PostgresAddressError) {
            _ = try PostgresAddress(text)
        } catch {
            throw ValidationError("\(option)\(error)")
        }
    }

    /// A warning about the address; nil if there is none.
    var warning: String? {
        hasPassword
            ? "the address of the shared history has a password, which other users of this machine can see: put it in the"
                + " file ~/.pgpass" : nil
    }
}

/// A shared history, and the place of this machine's copy.
struct SharedPlace: Sendable {
    let address: PostgresAddress
    /// The path of the copy.
    let copy: String
    /// The name of this process.
    let node: String

    /// The time within which a start waits to know whether PostgreSQL answers.
    private static let patience = Duration.seconds(3)

    /// Returns the shared history, for which nothing is connected yet.
    ///
    /// - Parameters:
    ///   - history: The copy.
    ///   - receives: Whether deliveries are recorded.
    func share(_ history: History, receives: Bool) throws -> SharedHistory {
        try SharedHistory(address, copy: history, name: node, version: Version.number, receives: receives)
    }

    /// Begins to follow, and waits for a moment until it is known whether PostgreSQL answers.
    ///
    /// - Parameters:
    ///   - filling: The time to wait for the copy to be up to date: what it then has is not news.
    ///   - say: Receives a sentence if PostgreSQL is away.
    /// - Throws: `SharedUnusable`.
    func start(_ shared: SharedHistory, filling: Duration, say: (String) -> Void) throws(SharedUnusable) {
        shared.start()
        switch shared.started(by: .now + Self.patience) {
        case .connected: _ = shared.caughtUp(by: .now + filling)
        case .away(let reason):
            say("the shared history at \(address) is away; this goes on by itself once it is there: \(reason)")
        case .unusable(let reason): throw SharedUnusable(reason)
        }
    }

    /// Brings the copy up to date, for a command that reads it. One that another process continues is up to date. If
    /// PostgreSQL is away, the copy is read as it is.
    ///
    /// - Returns: The path of the copy.
    /// - Throws: `SharedUnusable`, or `HistoryError`.
    func refresh(_ diagnostics: Diagnostics) throws -> String {
        if let warning = address.warning { diagnostics.say(warning, .warning) }
        do {
            try History.checkUse(of: .file(copy))
        } catch HistoryError.inUse {
            return copy
        }
        let history = try History(.file(copy), for: .copying)
        defer { history.close() }
        let progress = ProgressLine(isShown: true)
        defer { progress.clear() }
        history.observe { event in
            if case .lasting(_, let all?) = event { progress.show(all) }
        }
        let shared = try share(history, receives: false)
        defer { shared.stop() }
        try start(shared, filling: .zero) { _ in }
        if let reason = shared.caughtUp(by: nil) {
            guard history.current.latestDelivery > 0 else { throw SharedUnusable(reason) }
            progress.clear()
            diagnostics.say("this is the copy, up to delivery \(history.current.latestDelivery): \(reason)", .warning)
        }
        return copy
    }
}

/// The reason why a shared history cannot be used, in a sentence.
struct SharedUnusable: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// Actions are configured, and would run once on each machine.
    static let actions = SharedUnusable(
        "actions do not run on a shared history yet: take them out of the configuration, or record without --shared")
}
