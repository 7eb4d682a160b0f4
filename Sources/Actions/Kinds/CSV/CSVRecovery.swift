/// Finds out how much of a batch a process has written before it ended.
struct CSVRecovery {
    /// How far back rows are looked for, in bytes.
    static let reach = 1 << 20

    let file: CSVFile
    /// As the rows may have been written: that of the file, and a fresh file's, of whose header only half may be there.
    let layouts: [CSVLayout]
    let items: [ActionItem]

    /// What was found of the batch.
    struct Finding: Hashable {
        /// How many of its rows are there, from the first.
        var rows: Int
        /// Where the file is to be cut, because what is behind is part of a row of this batch.
        var cut: Int64?

        static let nothing = Finding(rows: 0)
        var isNothing: Bool { self == .nothing }
    }

    /// - Parameter note: What was noted before the batch was written.
    func find(_ note: CSVNote.Answer) throws(CSVProblem) -> Finding {
        let size = try file.size()
        if note == .notBegun { return .nothing }
        if case .began(let offset) = note, offset == size { return .nothing }
        for layout in layouts.flatMap(\.variants) {
            let lines = items.map(layout.line)
            if case .began(let offset) = note, offset < size {
                let last = offset > 0 ? try file.read(at: offset - 1, 1).first : nil
                let finding = try walk([layout.lead(behind: last)] + lines, from: offset, size: size)
                if !finding.isNothing { return finding }
            }
            // No note, or somebody has changed what stands before.
            let finding = try search(layout, lines, size: size)
            if !finding.isNothing { return finding }
        }
        return .nothing
    }

    /// Compares what stands from an offset with what was to be written there.
    ///
    /// - Parameter pieces: What stands before the rows, which may be empty, and then the rows.
    private func walk(_ pieces: [[UInt8]], from offset: Int64, size: Int64) throws(CSVProblem) -> Finding {
        let length = pieces.reduce(0) { $0 + $1.count }
        let bytes = try file.read(at: offset, length)
        let isEnd = offset + Int64(bytes.count) == size
        var index = 0
        for (number, piece) in pieces.enumerated() {
            let rest = bytes[index...]
            if rest.starts(with: piece) {
                index += piece.count
                continue
            }
            // After a loss of power, pages that were not written yet are zeros.
            let written = rest.prefix(rest.count - rest.reversed().prefix { $0 == 0 }.count)
            let isTorn =
                isEnd && !rest.isEmpty && written.count < piece.count && piece.starts(with: written)
            return Finding(rows: max(0, number - 1), cut: isTorn ? offset + Int64(index) : nil)
        }
        return Finding(rows: pieces.count - 1)
    }

    /// Looks for the rows near the end of the file, where nobody knows where they began.
    private func search(_ layout: CSVLayout, _ lines: [[UInt8]], size: Int64) throws(CSVProblem) -> Finding {
        guard let first = lines.first else { return .nothing }
        let start = max(0, size - Int64(Self.reach + lines.reduce(0) { $0 + $1.count }))
        let bytes = try file.read(at: start, Int(size - start))
        if start == 0 {
            let finding = try walk([layout.headerLine] + lines, from: 0, size: size)
            if finding.rows > 0 || finding.cut != nil { return finding }
        }
        // The last place that holds most of them.
        var best = Finding.nothing
        var end = bytes.count
        while end >= first.count, let place = Self.last(first, in: bytes[..<end]) {
            let finding = try walk([[]] + lines, from: start + Int64(place), size: size)
            if finding.rows > best.rows { best = finding }
            if best.rows == lines.count { break }
            end = place + first.count - 1
        }
        if !best.isNothing { return best }
        // A first row that is torn: what is behind the last newline, as far as the row has no newlines itself.
        for length in stride(from: first.count - 1, to: 0, by: -1) where bytes.count >= length {
            let place = bytes.count - length
            let isLine = place == 0 ? start == 0 : bytes[place - 1] == 0x0A
            if isLine, bytes[place...].elementsEqual(first[..<length]) {
                return Finding(rows: 0, cut: start + Int64(place))
            }
        }
        return .nothing
    }

    /// The last place of a piece that begins a line.
    private static func last(_ piece: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        var place = bytes.endIndex - piece.count
        while place >= bytes.startIndex {
            if place == bytes.startIndex || bytes[place - 1] == 0x0A, bytes[place...].starts(with: piece) {
                return place
            }
            place -= 1
        }
        return nil
    }
}
