import SafeText
import Terminal

// What a search needs.
extension DetailPane {
    /// Where one is in a document.
    struct Position: Hashable {
        fileprivate let page: DocumentRequest?
        fileprivate let top: Int
        fileprivate let cursor: Int
        fileprivate let sideways: Int
        fileprivate let folded: Set<Int>
        fileprivate let match: Int?
    }

    var position: Position {
        Position(
            page: document?.request, top: scroll.top, cursor: cursor, sideways: sideways, folded: folding.folded,
            match: match)
    }

    /// Goes back to where one was, unless another page is shown by now.
    mutating func goBack(to position: Position) {
        guard let document, let page = position.page, document.request.isSamePage(as: page) else { return }
        folding.fold(position.folded, in: document)
        (cursor, sideways, match) = (position.cursor, position.sideways, position.match)
        settle(height: scroll.height)
        scroll.scroll(by: position.top - scroll.top)
    }

    /// The lines from which a search goes on, and whether the first of them is one that was found before.
    var searchStart: (line: Int, isFound: Bool) {
        guard folding.count > 0 else { return (0, false) }
        if hasCursor {
            let line = folding.line(at: min(cursor, folding.count - 1))
            return (line, line == match)
        }
        return match.map { ($0, true) } ?? (folding.line(at: min(scroll.top, folding.count - 1)), false)
    }

    /// Shows what was found in a line of the document, whatever it is folded into or out of view by.
    ///
    /// - Parameter columns: Where it stands in the line.
    mutating func reveal(line: Int, columns: Range<Int>) {
        guard let document, document.lines.indices.contains(line) else { return }
        let layout = document.layout
        if let source = layout.source(ofLine: line) { folding.reveal(source, in: document) }
        match = line
        let place = folding.place(of: line)
        if layout.hasCursor { cursor = place }
        settle(height: scroll.height)
        scroll.ensureVisible(place)
        guard !wraps, columns.lowerBound >= layout.stayingColumns else { return }
        let room = max(1, document.request.columns - layout.gutter)
        if columns.lowerBound < sideways + layout.stayingColumns || columns.upperBound > sideways + room {
            sideways = max(0, columns.lowerBound - layout.stayingColumns - (room - layout.stayingColumns) / 2)
        }
    }

    /// The row below the tabs in which it stands; nil where it is out of view.
    var rowOfMatch: Int? {
        guard let match, isCurrent else { return nil }
        let place = folding.place(of: match)
        return scroll.visible.contains(place) && folding.line(at: place) == match ? place - scroll.top : nil
    }

    /// Nothing is searched for any more.
    mutating func forgetMatch() {
        match = nil
    }
}

extension SearchPattern {
    /// Where it stands first in a line, in columns of the screen.
    func columns(in text: SafeText) -> Range<Int>? {
        let characters = text.string.map(String.init)
        guard let range = ranges(in: characters).first else { return nil }
        let start = SafeText(characters[..<range.lowerBound].joined()).width
        return start..<start + SafeText(characters[range].joined()).width
    }
}
