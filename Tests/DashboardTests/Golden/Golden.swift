import Base
import Foundation
import Terminal
import Testing

/// Screens as they look, kept as text files in `Screens`.
///
/// A test that fails shows which lines differ. Where a screen is to look otherwise now, `B2WATCH_WRITE_GOLDENS=1 swift
/// test --filter DashboardTests` writes the files anew; what changed is then read in the diff.
enum Golden {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Screens")
    private static let isWriting = ProcessInfo.processInfo.environment["B2WATCH_WRITE_GOLDENS"] == "1"

    /// Compares a screen with what is kept under its name.
    static func expect(_ screen: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let file = folder.appending(path: "\(name).txt")
        let kept = try? String(contentsOf: file, encoding: .utf8)
        let text = screen + "\n"
        guard kept != text else { return }
        if isWriting {
            do {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            } catch {
                Issue.record(error, sourceLocation: sourceLocation)
            }
            return
        }
        let told =
            kept.map { difference(from: $0, to: text) } ?? "There is no such file yet. The screen:\n\(text)"
        Issue.record(
            "\(name) is not as kept in \(file.path).\n\(told)\nB2WATCH_WRITE_GOLDENS=1 keeps what is now.",
            sourceLocation: sourceLocation)
    }

    /// The lines that differ, each with its number: `-` as kept, `+` as it is.
    static func difference(from kept: String, to text: String) -> String {
        let (old, new) = (lines(kept), lines(text))
        return (0..<max(old.count, new.count)).flatMap { index -> [String] in
            let (one, other) = (index < old.count ? old[index] : nil, index < new.count ? new[index] : nil)
            guard one != other else { return [] }
            return [one.map { "\(index + 1) -|\($0)" }, other.map { "\(index + 1) +|\($0)" }].compactMap(\.self)
        }
        .joined(separator: "\n")
    }

    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}

extension Surface {
    /// What it says, below each line a letter for the meaning of each character: the first one of its role, a capital
    /// where it is reversed; blank where it is plain.
    var styledText: String {
        (0..<size.rows).flatMap { line -> [String] in
            let letters = (0..<size.columns).map { column in
                let style = self[line, column].style
                let letter = style.role == .plain ? (style.isReversed ? "P" : " ") : style.role.rawValue.prefix(1)
                return style.isReversed ? letter.uppercased() : String(letter)
            }
            .joined()
            let last = letters.lastIndex { $0 != " " }.map { letters.index(after: $0) } ?? letters.startIndex
            return [row(line), String(letters[..<last])]
        }
        .joined(separator: "\n")
    }
}

@Suite("Kept screens")
struct GoldenTests {
    @Test("what differs is told line by line")
    func difference() {
        #expect(Golden.difference(from: "a\nb\nc\n", to: "a\nB\nc\nd\n") == "2 -|b\n2 +|B\n4 -|\n4 +|d\n5 +|")
        #expect(Golden.difference(from: "a\n", to: "a\n").isEmpty)
    }

    @Test("styles are letters below the text")
    func styles() {
        var surface = Surface(size: Size(columns: 6, rows: 2))
        surface.put("ok", at: Point(column: 1, row: 0), style: Style(.good))
        surface.put("no", at: Point(column: 3, row: 1), style: Style(.bad, reversed: true))
        #expect(surface.styledText == " ok\n gg\n   no\n   BB")
    }
}
