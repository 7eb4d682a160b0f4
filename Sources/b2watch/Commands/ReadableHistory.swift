import ArgumentParser
import Base
import Dashboard
import Foundation
import History
import Settings
import Synchronization

/// A history to read, even if it is damaged: then a copy of its readable part replaces it.
final class ReadableHistory: Sendable {
    private struct State {
        var history: ReadOnlyHistory
        var damage: PartlyUnreadable?
    }

    /// The path, with links followed.
    let path: String
    /// The folder of the copy, which only this user can read.
    private let folder: String
    private let state: Mutex<State>

    /// Opens a history. One that cannot be opened because it is damaged is recovered at once.
    ///
    /// - Throws: `ReadOnlyHistoryError`, or `HistoryRecoveryError`.
    init(_ name: String) throws {
        let copies = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        folder = "\(copies)/b2watch-export-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        if let opened = try Self.opened(name) {
            path = opened.path
            state = Mutex(State(history: opened))
            return
        }
        path =
            realpath(name, nil).map { resolved in
                defer { free(resolved) }
                return String(cString: resolved)
            } ?? name
        do {
            let (history, damage) = try Self.copy(path, to: folder) { _ in }
            state = Mutex(State(history: history, damage: damage))
        } catch HistoryRecoveryError.nothing {
            throw ReadOnlyHistoryError.foreign(path: path)
        }
    }

    /// Returns the history; nil if it is damaged.
    private static func opened(_ name: String) throws(ReadOnlyHistoryError) -> ReadOnlyHistory? {
        do throws(ReadOnlyHistoryError) {
            return try ReadOnlyHistory(name)
        } catch {
            switch error {
            case .damaged, .foreign: return nil
            default: throw error
            }
        }
    }

    var reader: HistoryReader { state.withLock { $0.history.reader } }

    /// The newest row when it was opened.
    var latestRow: Int64 { state.withLock { $0.history.opened.latestRow } }

    /// The part that could not be read; nil for a history that was readable so far.
    var damage: PartlyUnreadable? { state.withLock { $0.damage } }

    /// Recovers the readable part into a copy.
    ///
    /// - Returns: The copy's reader: its rows have the same numbers.
    /// - Throws: `HistoryRecoveryError`, or `HistoryError` if the copy does not fit on the disk.
    func recover(_ progress: @escaping (Double) -> Void) throws -> HistoryReader {
        let (history, damage) = try Self.copy(path, to: folder, progress)
        let old = state.withLock { state in
            defer { state = State(history: history, damage: damage) }
            return state.history
        }
        old.close()
        return history.reader
    }

    /// Closes the history, and removes the copy.
    func close() {
        state.withLock { $0.history }.close()
        removeCopy()
    }

    /// Removes the copy, if there is one.
    func removeCopy() {
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func copy(
        _ path: String, to folder: String, _ progress: @escaping (Double) -> Void
    ) throws -> (ReadOnlyHistory, PartlyUnreadable) {
        do {
            guard mkdir(folder, 0o700) == 0 else {
                throw HistoryError.unusable(path: folder, reason: String(cString: strerror(errno)))
            }
            let report = try HistoryRecovery.run(
                path, to: folder + "/history.sqlite", progress: progress, isInUse: true)
            return (try ReadOnlyHistory(folder + "/history.sqlite"), PartlyUnreadable(path: path, report: report))
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }
}

/// Some rows of a history could not be read; the others were.
struct PartlyUnreadable: Error, CustomStringConvertible {
    let path: String
    let report: HistoryRecovery.Report

    var description: String {
        let missing = report.parts + report.lost
        let what =
            missing == 0
            ? "every delivery was found all the same"
            : "of \(missing == 1 ? "1 delivery" : "\(missing) deliveries") nothing or only a part can be read"
        return "the history \(path) is damaged: what can be read was written; \(what)."
            + " b2watch recover \(path) writes a new history of it"
    }
}

// MARK: - Filters

/// A filter as the argument of a command.
struct FilterArgument {
    private let text: String
    private let isUTC: Bool
    private let allowsRegularExpressions: Bool

    /// - Parameter allowsRegularExpressions: Whether rows are only read by it, and nothing is sent or done for them.
    init(_ text: String, isUTC: Bool, allowsRegularExpressions: Bool) {
        self.text = text
        self.isUTC = isUTC
        self.allowsRegularExpressions = allowsRegularExpressions
    }

    /// - Throws: `FilterArgumentError`.
    func parsed() throws(FilterArgumentError) -> Filter {
        let clock = isUTC ? WallClock.utc : .local
        do throws(FilterError) {
            return try Filter(
                text,
                in: FilterContext(
                    now: .now, secondsFromUTC: clock.secondsFromUTC, allowsRegularExpressions: allowsRegularExpressions)
            )
        } catch {
            throw FilterArgumentError(text: text, error: error)
        }
    }
}

/// A problem of a filter, with its place marked below.
struct FilterArgumentError: Error, CustomStringConvertible {
    let text: String
    let error: FilterError

    /// The length of the parts of a filter that are shown before and after the place of the problem.
    private static let most = 50

    /// The filter, or the part of it around the place; a line of marks below the place; and the expected text.
    var description: String {
        let characters = Array(text)
        let place = min(error.range.lowerBound, characters.count)
        let start = max(0, place - Self.most)
        let end = min(characters.count, place + Self.most)
        let before = SafeText((start > 0 ? "…" : "") + String(characters[start..<place]))
        let after = SafeText(String(characters[place..<end]) + (end < characters.count ? "…" : ""))
        let wrong = characters[place..<end].prefix(error.range.count)
        let column = before.width
        let marks = max(1, SafeText(String(wrong)).width)
        return """
            --filter cannot be read:
              \(before)\(after)
              \(String(repeating: " ", count: column))\(String(repeating: "^", count: marks))
            \(error)
            """
    }
}

// MARK: - --history

/// The option of every command that uses a history.
struct HistoryOption: ParsableArguments {
    @Option(
        name: .customLong("history"),
        help: ArgumentHelp(
            "The file of the history, in which every delivery is recorded.",
            discussion: "By default $XDG_STATE_HOME/b2watch/history.sqlite, or ~/.local/state/b2watch/history.sqlite.",
            valueName: "file"))
    var file: String?

    func validate() throws {
        if file?.isEmpty == true { throw ValidationError("--history wants a file's path") }
    }

    /// The path of the history.
    ///
    /// - Throws: `PlacesError` without a place for it.
    var path: String { get throws { try file ?? ProcessEnvironment.places.history } }
}
