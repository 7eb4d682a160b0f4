import ArgumentParser
import Base
import History
import Settings

/// Writes the readable part of a damaged history into a new one.
struct RecoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Writes what can still be read of a damaged history into a new one.",
        discussion: """
            Reads the file page by page, without SQLite, together with its write-ahead log (-wal) if that is there: every \
            delivery, event, verdict and queued event of an action in a page that is whole gets into the new history, \
            under the number it had. Where the body of a delivery is lost but its events are not, they are kept; where \
            its verdict is lost, it is verified again at the next start. The damaged files are never written to.

            Exit status: 0 recovered; 1 nothing could be recovered, or it could not be written; 64 usage.
            """)

    @Argument(
        help: ArgumentHelp(
            "The damaged history.",
            discussion: "By default $XDG_STATE_HOME/b2watch/history.sqlite, or ~/.local/state/b2watch/history.sqlite.",
            valueName: "file"))
    var file: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The new history: a file that does not exist yet. By default next to the damaged one, with -recovered in its"
                + " name.", valueName: "file"))
    var output: String?

    func validate() throws {
        if file?.isEmpty == true { throw ValidationError("the file wants a path") }
        if output?.isEmpty == true { throw ValidationError("--output wants a file's path") }
    }

    func run() throws {
        let diagnostics = Diagnostics()
        try StartFailure.explained(by: diagnostics) {
            let path = try file ?? ProcessEnvironment.places.history
            let output = output ?? Self.recovered(path)
            let bar = ProgressLine(isShown: true)
            defer { bar.clear() }
            let report = try HistoryRecovery.run(path, to: output) { bar.show("reading: \(Int($0 * 100)) %") }
            bar.clear()
            try OutputLines(diagnostics: diagnostics).write(Self.lines(report, path, output))
        }
    }

    /// Returns the default name of the copy: `history.sqlite` becomes `history-recovered.sqlite`.
    private static func recovered(_ path: String) -> String {
        let parts = PathParts(path)
        guard let dot = parts.name.lastIndex(of: "."), dot != parts.name.startIndex else { return path + "-recovered" }
        return String(path.dropLast(parts.name.count)) + parts.name[..<dot] + "-recovered" + parts.name[dot...]
    }

    private static func lines(_ report: HistoryRecovery.Report, _ path: String, _ output: String) -> [SafeText] {
        func count(_ number: Int, _ one: String, _ many: String) -> String { "\(number) \(number == 1 ? one : many)" }
        var lines = [
            "\(output): \(count(report.deliveries, "whole delivery", "whole deliveries")), "
                + "\(count(report.events, "event", "events")), "
                + "\(count(report.entries, "event", "events")) in the queues of actions"
        ]
        if report.parts > 0 {
            lines.append(
                "of \(count(report.parts, "more delivery", "more deliveries")) only the events or the verdict could be read"
            )
        }
        if report.lost > 0 {
            lines.append("of \(count(report.lost, "delivery", "deliveries")) nothing is left")
        }
        if report.isLogForeign {
            lines.append("\(path)-wal belongs to another history and was left out")
        }
        lines.append(
            "\(path) is as it was. Use the new history with --history \(output), or put it in the old one's place:")
        lines.append("remove \(path), \(path)-wal and \(path)-shm, and rename \(output)")
        return lines.map { SafeText($0) }
    }
}
