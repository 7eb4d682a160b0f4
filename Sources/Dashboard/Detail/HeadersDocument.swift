import Notifications
import SafeText
import Terminal

/// The Headers tab: every field in the order, case and number in which it came.
struct HeadersDocument {
    let headers: [HeaderField]
    let columns: Int

    var lines: [StyledLine] {
        guard !headers.isEmpty else { return [StyledLine("The request has no header fields.", Style(.secondary))] }
        return headers.flatMap { field in
            var line = StyledLine("\(field.name):", Style(.accent))
            line.append(" \(field.value)")
            if field.isAltered { line.append("  bytes that were not UTF-8 are replaced", Style(.warning)) }
            // What is too long for one line goes on a little to the right, so that names stand out.
            return line.wrapped(to: columns - 2).enumerated().map { $0 == 0 ? $1 : StyledLine("  ") + $1 }
        }
    }
}
