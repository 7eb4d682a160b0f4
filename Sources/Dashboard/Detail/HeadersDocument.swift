import Notifications
import SafeText
import Terminal

/// The Headers tab: every field in the order, case and number in which it came, with the values in one column.
struct HeadersDocument {
    let headers: [HeaderField]
    let columns: Int
    var wraps = true

    /// The widest column of names; a longer name has a line of its own.
    private var nameColumns: Int {
        let most = min(36, columns / 3)
        let names = headers.map { SafeText($0.name).width + 2 }
        return names.filter { $0 <= most }.max() ?? min(most, names.max() ?? 0)
    }

    var content: DocumentContent {
        guard !headers.isEmpty else {
            return DocumentContent(lines: [StyledLine("The request has no header fields.", Style(.secondary))])
        }
        let nameColumns = nameColumns
        var content = DocumentContent()
        content.layout.sourceCount = headers.count
        content.layout.hasCursor = true
        content.layout.stayingColumns = nameColumns
        for (index, field) in headers.enumerated() {
            content.add(source: index, lines(of: field, nameColumns: nameColumns))
        }
        return content
    }

    private func lines(of field: HeaderField, nameColumns: Int) -> [StyledLine] {
        var value = StyledLine("\(field.value)")
        if field.isAltered { value.append("  bytes that were not UTF-8 are replaced", Style(.warning)) }
        let values = wraps ? value.wrapped(to: max(8, columns - nameColumns)) : [value]
        let name: SafeText = "\(field.name):"
        let indented = values.map { StyledLine(.spaces(nameColumns)) + $0 }
        if name.width < nameColumns {
            return [StyledLine(name.padded(to: nameColumns), Style(.accent)) + values[0]] + indented.dropFirst()
        }
        let names = wraps ? name.wrapped(to: columns) : [name]
        return names.map { StyledLine($0, Style(.accent)) } + indented
    }
}
