import ArgumentParser
import Base
import Dashboard
import Foundation
import History
import Notifications
import Receiving
import Sending
import Settings
import Synchronization

/// Sends recorded deliveries again, as they were received.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Sends recorded deliveries again, as they were received, to another receiver or to b2watch itself.",
        usage: """
            b2watch replay <number> ... [--to <url>] [--sign-with <file>] [--rate <n/s>] [--yes]
            b2watch replay --filter <filter> [--to <url>] [--sign-with <file>] [--rate <n/s>] [--yes]
            """,
        discussion: """
            The body goes byte for byte, and so do the header fields but for those of the connection, so that the \
            receiver's own check of the signature passes. What b2watch itself receives so is a duplicate like any other.

            A line for each on standard output: the delivery's number, the status that was answered, or - where there was \
            no answer, and the milliseconds it took. Reasons, progress and the sum are on standard error. Only reads the \
            history, beside a b2watch that records into it.

            Exit status: 0 all answered with a status below 400; 1 not so, or not sent; 4 the history cannot be opened; 64 \
            usage.
            """)

    @Argument(help: "Numbers of deliveries.")
    var deliveries: [Int64] = []

    @Option(
        parsing: .unconditional,
        help: "The deliveries with an event that the filter lets through: docs/filter.md; '' for all.")
    var filter: String?

    @Option(
        name: .customLong("to"),
        help: ArgumentHelp(
            "Where to send: an http or https URL. Without it, to the b2watch that runs with this history.",
            valueName: "url"))
    var target: String?

    @Option(
        name: .customLong("sign-with"),
        help: ArgumentHelp(
            "Sign with the secret in this file, in place of the signature that was received.",
            valueName: "file"))
    var secretFile: String?

    @Option(help: ArgumentHelp("How many to send at most, such as 5/s, 60/m or 100/h.", valueName: "n/s"))
    var rate: ReplayRate?

    @Flag(
        name: .customLong("allow-http"), help: "Send over plain http to another machine too: anyone between reads it.")
    var allowsPlainHTTP = false

    @Flag(name: .customLong("yes"), help: "Do not ask; needed for more than one where there is no terminal.")
    var isConfirmed = false

    @OptionGroup var history: HistoryOption

    @OptionGroup var shared: SharedOption

    @OptionGroup var authorities: AuthorityOptions

    @Flag(help: "Read times in the filter that name no zone as UTC, not as local ones.")
    var utc = false

    func validate() throws {
        if deliveries.isEmpty, filter == nil {
            throw ValidationError("give numbers of deliveries, or --filter")
        }
        if !deliveries.isEmpty, filter != nil {
            throw ValidationError("numbers of deliveries and --filter exclude each other: give one of them")
        }
        if secretFile?.isEmpty == true { throw ValidationError("--sign-with wants a file's path") }
        do throws(WebhookURLError) {
            guard let url = try target.map(WebhookURL.init), !url.isSecure, !url.isLoopback, !allowsPlainHTTP else {
                return
            }
        } catch {
            throw ValidationError("--to: \(error)")
        }
        throw ValidationError(
            "--to: anyone between could read what goes over plain http: write https://, or give --allow-http too")
    }

    func run() throws {
        Signals.block()
        let diagnostics = Diagnostics("replay")
        let count = try StartFailure.explained(by: diagnostics) { try replay(diagnostics) }
        diagnostics.flush()
        if count.bad > 0 { throw ExitStatus.failed }
    }

    private func replay(_ diagnostics: Diagnostics) throws -> ReplayCount {
        let loaded = try secretFile.map { try SecretFile(argument: $0).load() }
        for note in loaded?.notes ?? [] { diagnostics.say(note, .warning) }
        let secret = loaded?.secret
        let filter = try self.filter.map {
            try FilterArgument($0, isUTC: utc, allowsRegularExpressions: false).parsed()
        }
        let path = try shared.place(self.history)?.refresh(diagnostics) ?? self.history.path
        let history = try ReadOnlyHistory(path)
        defer { history.close() }
        let ids = try filter.map {
            try history.reader.deliveries(matching: $0.predicate, through: history.opened.latestRow)
        }
        let numbers = ids ?? deliveries
        var count = ReplayCount()
        guard !numbers.isEmpty else {
            if let filter {
                let reason = NothingMatched.sentence(filter, history.reader, through: history.opened.latestRow)
                diagnostics.say("\(reason): nothing was sent")
            } else {
                diagnostics.say("no delivery matches: nothing was sent")
            }
            return count
        }
        let progress = ProgressLine(isShown: isatty(STDOUT_FILENO) == 0)
        defer { progress.clear() }
        let sum = ReplaySum()
        Signals.follow { number in
            progress.leave()
            _ = diagnostics.keepLog()
            diagnostics.say("ended. \(sum.count.result)")
            diagnostics.flush()
            Signals.end(by: number)
        }
        let url = try url(of: history, diagnostics)
        count = ReplayCount(to: url.description)
        let words = numbers.count == 1 ? "1 delivery" : "\(numbers.count) deliveries"
        try Confirmation(isGiven: isConfirmed).ask(numbers.count, "Send \(words) to \(url)?")

        let output = OutputLines(diagnostics: diagnostics)
        let outbound = try Outbound(caFile: authorities.caFile)
        let replay = Replay(
            reader: history.reader, http: outbound.forReplays, url: url, secret: secret,
            // The listener's own address is on this machine, whatever it looks like.
            allowsPlainHTTP: allowsPlainHTTP || target == nil, pace: rate?.pace ?? .zero)
        var done = 0
        try replay.send(numbers) { outcome in
            count.add(outcome.counted)
            sum.add(count)
            done += 1
            if case .failure(let failure) = outcome.result {
                progress.clear()
                diagnostics.say("delivery \(outcome.delivery): \(failure)", .warning)
            }
            try output.write([Self.line(outcome)])
            progress.show("\(done) of \(numbers.count) sent")
            return true
        }
        progress.clear()
        // Only the result is for the log: a line for each delivery would push everything else out of it.
        _ = diagnostics.keepLog()
        diagnostics.say(count.result)
        return count
    }

    private func url(of history: ReadOnlyHistory, _ diagnostics: Diagnostics) throws -> WebhookURL {
        if let target { return try WebhookURL(target) }
        do {
            let url = try ListenerCall(history: history.path, owner: history.owner).ask(ReadHook())
            diagnostics.say("to b2watch itself, at \(url)")
            return try WebhookURL(url)
        } catch let failure as ListenerCallFailure where failure.isNobody {
            throw NoHook()
        }
    }

    private static func line(_ outcome: Replay.Outcome) -> SafeText {
        switch outcome.result {
        case .success(let answer):
            SafeText("\(outcome.delivery)  \(answer.status)  \(answer.duration.inMilliseconds)")
        case .failure: SafeText("\(outcome.delivery)  -")
        }
    }
}

// MARK: - Rates

/// A rate in a second, a minute or an hour: `5`, `0.5/s`, `60/m`.
struct ReplayRate: ExpressibleByArgument, Sendable {
    let perSecond: Double

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        let units = ["s": 1.0, "m": 60, "h": 3_600]
        guard let number = Double(parts[0]), let unit = parts.count == 1 ? 1 : units[String(parts[1])],
            parts.count <= 2, (0.001...10_000).contains(number), number / unit >= 0.000_1
        else { return nil }
        perSecond = number / unit
    }

    /// The time between the starts of two deliveries.
    var pace: Duration { .seconds(1 / perSecond) }
}

// MARK: - Sums

/// The results of a replay so far, read by the code that ends it.
final class ReplaySum: Sendable {
    private let state = Mutex(ReplayCount())

    var count: ReplayCount { state.withLock { $0 } }

    func add(_ count: ReplayCount) {
        state.withLock { $0 = count }
    }
}

// MARK: - Recorded deliveries

extension HistoryReader {
    /// Returns the deliveries with a matching row, in the order of arrival. Reads the whole history in steps.
    ///
    /// - Parameter last: The last row to read.
    func deliveries(matching predicate: RowPredicate, through last: Int64) throws -> [Int64] {
        var deliveries: [Int64] = []
        var through: Int64 = 0
        while through < last {
            let stretch = try rows(matching: predicate, after: through, through: last, limit: 10_000)
            for row in stretch.rows where deliveries.last != row.deliveryID { deliveries.append(row.deliveryID) }
            through = stretch.through
        }
        return deliveries
    }

    /// Returns the ids of rows that match, in the order of arrival. Reads the whole history in steps.
    ///
    /// - Parameter last: The last row to read.
    func ids(matching predicate: RowPredicate, through last: Int64) throws -> [Int64] {
        let step: Int64 = 50_000
        var ids: [Int64] = []
        var through: Int64 = 0
        while through < last {
            let end = min(last, through + step)
            ids += try self.ids(matching: predicate, in: through + 1...end, newestFirst: false)
            through = end
        }
        return ids
    }
}

/// A delivery is to be replayed to the listener itself, but no listener runs.
struct NoHook: Error, CustomStringConvertible {
    let description = "no listener runs here to send to: give the URL with --to"
}
