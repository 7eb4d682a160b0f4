import History
import Terminal

extension EntryState {
    /// The state in one cell.
    var glyph: String {
        switch self {
        case .queued, .running: "○"
        case .done: "●"
        case .failed: "!"
        case .dead: "✗"
        case .skipped: "–"
        case .uncertain: "?"
        case .onHold: "⊘"
        }
    }

    /// How the state looks; its glyph and word say the same without colour.
    var style: Style {
        switch self {
        case .queued, .running, .skipped: Style(.secondary)
        case .done: Style(.good)
        case .failed, .onHold: Style(.warning)
        case .dead: Style(.bad)
        case .uncertain: Style(.notice)
        }
    }

    /// What it means for a row of a sheet.
    var sheetWord: String {
        switch self {
        case .queued, .running: "pending"
        case .done: "written"
        case .failed, .dead: "failed"
        case .skipped: "skipped"
        case .uncertain: "uncertain"
        case .onHold: "on hold"
        }
    }
}
