import Export
import SafeText
import Terminal

/// The question what to copy: a letter answers it.
struct CopyMenu: Hashable {
    let policy: Masking
    let deliveryID: Int64
    /// The event's place in its delivery, from 0.
    let position: Int?
    /// The value that was at hand when it was opened.
    let value: CopyRequest.Value
    /// The rows that were selected, if any, and how many they are in words.
    var rows: ExportRequest.Rows?
    var words: String?

    /// The letters with what they copy, and what becomes of secret-bearing fields.
    func lines(_ bindings: Bindings, columns: Int) -> [StyledLine] {
        let remark =
            switch policy {
            case .masked:
                "Authorization, cookies and the rule's own header fields become ***; "
                    + "\(bindings.name(of: .copyAsReceived)) copies them as they came."
            case .asReceived: "All header fields as they came, also Authorization, cookies and the rule's own."
            }
        let style = Style(policy == .masked ? .secondary : .warning)
        return buttons(bindings, columns: columns).map(\.line)
            + Prose.lines(remark, columns: columns - 2, style: style).map { StyledLine(" ") + $0 }
    }

    /// The letters, each a button.
    func buttons(_ bindings: Bindings, columns: Int) -> [ButtonLine<Command>] {
        var lines = [ButtonLine<Command>(StyledLine(" Copy", Style(.heading)))]
        if let words { lines[0].append(StyledLine(" \(words):")) }
        for item in bindings.bindings(in: .copying) where item.command != .goBack {
            guard let key = item.keys.first else { continue }
            let hint = StyledLine("\(key.name)", Style(.accent, bold: true)) + StyledLine(" \(item.title)")
            if lines[lines.count - 1].width + hint.width + 2 > columns {
                lines.append(ButtonLine(StyledLine("     ")))
            }
            lines[lines.count - 1].append(StyledLine("  "))
            lines[lines.count - 1].append(hint, item.command)
        }
        return lines
    }
}
