import SafeText
import Terminal

@testable import Dashboard

extension User {
    mutating func click(_ column: Int, _ row: Int) {
        tell(.input(.mouse(MouseEvent(.press, .left, at: Point(column: column, row: row)))))
        tell(.input(.mouse(MouseEvent(.release, .left, at: Point(column: column, row: row)))))
    }

    /// Clicks on the first place where a text stands.
    mutating func click(on text: String, behind skipped: Int = 0) {
        guard let point = place(of: text, from: skipped) else { return }
        click(point.column, point.row)
    }

    mutating func doubleClick(_ column: Int, _ row: Int) {
        click(column, row)
        tell(.input(.mouse(MouseEvent(.doublePress, .left, at: Point(column: column, row: row)))))
    }

    mutating func wheel(_ kind: MouseEvent.Kind, _ column: Int, _ row: Int) {
        tell(.input(.mouse(MouseEvent(kind, at: Point(column: column, row: row)))))
    }

    /// The first cell of a text on the screen, from a row on.
    func place(of text: String, from row: Int = 0) -> Point? {
        for (row, line) in lines.enumerated().dropFirst(row) {
            if let range = line.firstRange(of: text) {
                return Point(column: SafeText(String(line[..<range.lowerBound])).width, row: row)
            }
        }
        return nil
    }
}
