import Browsing
import Export
import Foundation
import History
import Settings

/// An export on its way to a file or to standard output, and what becomes of it when it cannot go on.
final class ExportRun: Sendable {
    private let file: WholeFile?
    private let history: ReadableHistory
    private let diagnostics: Diagnostics
    private let progress: ProgressLine

    /// Makes the file, and from now on removes it where a signal ends the process. The signals are held.
    ///
    /// - Parameter path: Nil for standard output.
    /// - Throws: `WholeFileError`, or `OutputIsHistory`.
    init(to path: String?, reading history: ReadableHistory, _ diagnostics: Diagnostics) throws {
        if let path, Self.isPart(path, of: history) { throw OutputIsHistory(path: path) }
        let file = try path.map { try WholeFile($0) }
        // A bar amid the rows themselves would spoil both.
        let progress = ProgressLine(isShown: file != nil || isatty(STDOUT_FILENO) == 0)
        (self.file, self.history, self.diagnostics, self.progress) = (file, history, diagnostics, progress)
        // Not by asking whoever writes: the reader of a pipe may never take the rest.
        Signals.follow { number in
            file?.abandon()
            history.removeCopy()
            progress.clear()
            Signals.end(by: number)
        }
    }

    /// Writes all that matches.
    ///
    /// - Throws: An `ExitCode`, after the reason has been said, or what the history says.
    func write(_ filter: Filter, by writer: any ExportWriter) throws {
        let isForTerminal = file == nil && isatty(STDOUT_FILENO) == 1
        let export = Export(
            .matching(filter.predicate, through: history.latestRow), by: writer, isForTerminal: isForTerminal)
        let output = ByteOutput(descriptor: STDOUT_FILENO)
        do {
            let result = try export.run(
                reading: history.reader, progress: { progress.show($0) },
                onDamage: { [history, progress] in
                    try history.recover { progress.show("reading around the damage: \(Int($0 * 100)) %") }
                }
            ) { bytes in
                if let file { try file.write(bytes) } else { try output.write(bytes) }
            }
            try file?.finish()
            progress.clear()
            // Whoever looks on wants to know; a script has its status.
            if isatty(STDERR_FILENO) == 1, !isForTerminal { tell(result) }
            if result.written == 0, result.leftOut == 0 || isatty(STDERR_FILENO) != 1 {
                tellNothing(filter, leftOut: result.leftOut)
            }
        } catch {
            file?.discard()
            progress.clear()
            switch error {
            case let error as OutputFailure where error.isClosedPipe: Signals.end(by: SIGPIPE)
            case let error as WholeFileError where error.isClosedPipe: Signals.end(by: SIGPIPE)
            case let error as OutputFailure:
                diagnostics.say("b2watch: standard output takes no more: \(error.reason)")
                diagnostics.flush()
                throw ExitStatus.failed
            default: throw error
            }
        }
    }

    /// Nothing was written, which is no failure, but is said also to a script's log.
    private func tellNothing(_ filter: Filter, leftOut: Int) {
        if leftOut > 0 {
            let requests = leftOut == 1 ? "a request" : "\(leftOut) requests"
            diagnostics.say("b2watch: only \(requests) without a readable event matched: --format jsonl has them")
        } else {
            let sentence = NothingMatched.sentence(filter, history.reader, through: history.latestRow)
            diagnostics.say("b2watch: \(sentence)")
        }
        diagnostics.flush()
    }

    private func tell(_ result: ExportProgress) {
        if let file { diagnostics.say("\(result.unit.counted(result.written)) written to \(file.path)") }
        if result.leftOut > 0 {
            let requests = result.leftOut == 1 ? "1 request" : "\(result.leftOut) requests"
            diagnostics.say("\(requests) without a readable event left out: --format jsonl has them")
        }
        diagnostics.flush()
    }

    /// Whether a file would be put in the place of the history, or of what belongs to it.
    private static func isPart(_ path: String, of history: ReadableHistory) -> Bool {
        let place = WholeFile.resolved(path)
        return ["", "-wal", "-shm", "-journal", ".lock"].contains { place == history.path + $0 }
    }
}

/// The file to write is the one to read.
struct OutputIsHistory: Error, CustomStringConvertible {
    let path: String

    var description: String { "--output \(path) is the history itself: give another file" }
}
