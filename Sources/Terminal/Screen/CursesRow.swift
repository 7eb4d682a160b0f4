internal import CNcurses
internal import Glibc
internal import SafeText

/// A row of cells as ncurses takes it: its wide characters once, without their right halves.
struct CursesRow {
    private(set) var cells: [cchar_t] = []
    /// One character, ended by 0. A cell of ncurses has room for five scalars; ours has at most four.
    private var scalars = [wchar_t](repeating: 0, count: Int(CCHARW_MAX) + 1)

    init(_ row: ArraySlice<Cell>, encoding: ScreenOptions.Encoding, pens: inout Pens) {
        cells.reserveCapacity(row.count)
        var style = Style.plain
        var pen = pens.pen(for: style)
        for (index, cell) in zip(row.indices, row) where !cell.isRightHalf {
            if cell.style != style {
                style = cell.style
                pen = pens.pen(for: style)
            }
            switch encoding {
            case .utf8:
                append(cell.text.unicodeScalars, pen)
            case .ascii:
                let isWide = index + 1 < row.endIndex && row[index + 1].isRightHalf
                for scalar in Self.standIns(for: cell.text, isWide: isWide) { append(CollectionOfOne(scalar), pen) }
            }
        }
    }

    private mutating func append(_ character: some Sequence<Unicode.Scalar>, _ pen: Pen) {
        var count = 0
        for scalar in character where count < Int(CCHARW_MAX) {
            scalars[count] = wchar_t(bitPattern: scalar.value)
            count += 1
        }
        scalars[count] = 0
        var cell = cchar_t()
        setcchar(&cell, scalars, pen.attributes, pen.pair, nil)
        cells.append(cell)
    }

    private static func standIns(for text: String, isWide: Bool) -> [Unicode.Scalar] {
        let standIn = text.unicodeScalars.first.flatMap(SafeText.asciiStandIn(for:)) ?? "?"
        return isWide ? [standIn, standIn] : [standIn]
    }
}
