import Notifications
import SafeText
import Terminal

/// Laid out JSON in the styles of its tokens.
enum JSONLines {
    static func lines(of json: PrettyJSON, columns: Int) -> [StyledLine] {
        json.lines.flatMap { lines(of: $0, columns: columns) }
    }

    /// The lines of one line; without columns, one however long it is.
    static func lines(of line: PrettyJSON.Line, columns: Int?) -> [StyledLine] {
        // What is too long for one line goes on below its own beginning.
        let indent = columns.map { min(line.level * 2, $0 / 2) } ?? line.level * 2
        var styled = StyledLine()
        for token in line.tokens { styled.append(SafeText(token.text), style(of: token.kind)) }
        let parts = columns.map { styled.wrapped(to: $0 - indent) } ?? [styled]
        return parts.map { StyledLine(.spaces(indent)) + $0 }
    }

    private static func style(of kind: PrettyJSON.Kind) -> Style {
        switch kind {
        case .name: Style(.accent)
        case .punctuation: Style(.secondary)
        case .string: Style(.good)
        case .number, .word: Style(.notice)
        }
    }
}
