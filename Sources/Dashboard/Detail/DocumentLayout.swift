import Notifications
import Terminal

/// What the lines of a document are, beside what they say.
///
/// A line that wraps is several lines of a document, and one of its source: of the body, of the laid out JSON, of the
/// header fields. What belongs to the source (numbers, folds, marks, the cursor) outlives a change of the width.
struct DocumentLayout: Sendable, Hashable {
    /// The source's line that each line shows, from 0, rising; -1 for the notes before it. Empty where there is no
    /// source.
    var sources: [Int32] = []
    /// How many lines the source has.
    var sourceCount = 0
    /// Whether each is to be shown with its number.
    var isNumbered = false
    /// Whether the keys move a cursor rather than the text.
    var hasCursor = false
    /// The columns that stay where the view moves sideways, such as those of names.
    var stayingColumns = 0
    /// What can be folded, in the order in which it opens.
    var folds: [PrettyJSON.Fold] = []
    /// The lines that open what is folded where everything is: the events, or what stands in the outermost container.
    var groups: [Int] = []
    /// The lines that open what is folded at first.
    var startsFolded: Set<Int> = []
    /// The lines of the event whose row is selected, where there are others.
    var event: ClosedRange<Int>?
    /// The line that keeps the body from being JSON.
    var badLine: Int?

    /// The columns of the numbers and marks at the left edge.
    var gutter: Int { numberColumns + markColumns }

    /// The columns of a number with its gap.
    var numberColumns: Int { isNumbered && sourceCount > 0 ? String(sourceCount).utf8.count + 1 : 0 }

    /// The columns of a mark with its gap.
    var markColumns: Int { event == nil && badLine == nil ? 0 : 2 }

    /// The first of the document's lines that show this line of the source, or a later one.
    func firstLine(ofSource source: Int) -> Int {
        var (low, high) = (0, sources.count)
        while low < high {
            let middle = (low + high) / 2
            if Int(sources[middle]) < source { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The line of the source that a line shows; nil for a note.
    func source(ofLine line: Int) -> Int? {
        guard sources.indices.contains(line), sources[line] >= 0 else { return nil }
        return Int(sources[line])
    }

    /// Whether a line is the first that shows its source's line.
    func isFirst(_ line: Int) -> Bool {
        line == 0 || sources[line - 1] != sources[line]
    }

    /// What opens on a line of the source.
    func fold(opening source: Int) -> PrettyJSON.Fold? {
        let place = place(ofFoldUpTo: source)
        guard place >= 0, folds[place].lines.lowerBound == source else { return nil }
        return folds[place]
    }

    /// The innermost of what holds a line of the source, its own opening and closing lines included.
    ///
    /// - Parameter outside: Leaves out what opens on the line itself.
    func fold(around source: Int, outside: Bool = false) -> PrettyJSON.Fold? {
        var place = place(ofFoldUpTo: outside ? source - 1 : source)
        while place >= 0, folds[place].lines.upperBound < source { place -= 1 }
        return place >= 0 ? folds[place] : nil
    }

    /// The place of the last fold that opens on a line or before it; -1 if there is none.
    private func place(ofFoldUpTo source: Int) -> Int {
        var (low, high) = (0, folds.count)
        while low < high {
            let middle = (low + high) / 2
            if folds[middle].lines.lowerBound <= source { low = middle + 1 } else { high = middle }
        }
        return low - 1
    }
}

/// Lines with their layout, while they are being made.
struct DocumentContent {
    private(set) var lines: [StyledLine]
    var layout: DocumentLayout

    init(lines: [StyledLine] = [], layout: DocumentLayout = DocumentLayout()) {
        self.lines = lines
        self.layout = layout
    }

    /// Adds the lines that show the next line of the source.
    mutating func add(source: Int, _ lines: some Sequence<StyledLine>) {
        for line in lines {
            self.lines.append(line)
            layout.sources.append(Int32(clamping: source))
        }
    }

    /// Puts notes before the rest.
    mutating func note(_ notes: [StyledLine]) {
        lines.insert(contentsOf: notes, at: 0)
        if !layout.sources.isEmpty {
            layout.sources.insert(contentsOf: repeatElement(-1, count: notes.count), at: 0)
        }
    }
}
