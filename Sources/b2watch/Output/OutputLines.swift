import Foundation
import SafeText

/// Lines on standard output, with nothing in them that a terminal would obey.
struct OutputLines: Sendable {
    private let output = ByteOutput(descriptor: STDOUT_FILENO)
    let diagnostics: Diagnostics

    /// Writes them. A pipe that nobody reads any more ends the process as it ends others.
    ///
    /// - Throws: An `ExitCode` where no more can be written, after the reason has been said.
    func write(_ lines: [SafeText]) throws {
        do throws(OutputFailure) {
            try output.write(Array(lines.map { $0.string + "\n" }.joined().utf8))
        } catch  where error.isClosedPipe {
            Signals.end(by: SIGPIPE)
        } catch {
            diagnostics.say("b2watch: standard output takes no more: \(error.reason)")
            diagnostics.flush()
            throw ExitStatus.failed
        }
    }

    /// Writes a text of several lines, each of them escaped.
    func write(text: [UInt8]) throws {
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        try write(lines.map { SafeText(utf8: $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0) })
    }
}

/// Cells in columns, each as wide as its widest cell.
struct LineTable {
    private var rows: [[SafeText]]

    init(_ heads: [SafeText]) {
        rows = [heads]
    }

    mutating func add(_ cells: [SafeText]) {
        rows.append(cells)
    }

    var lines: [SafeText] {
        let widths = (0..<(rows.map(\.count).max() ?? 0)).map { column in
            rows.map { column < $0.count ? $0[column].width : 0 }.max() ?? 0
        }
        return rows.map { cells in
            var line = SafeText.empty
            for (column, cell) in cells.enumerated() {
                line += cell
                // Nothing stands behind the last one.
                if column < cells.count - 1 { line += .spaces(widths[column] - cell.width + 2) }
            }
            return line
        }
    }
}
