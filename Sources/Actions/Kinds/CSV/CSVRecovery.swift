/// Finds out how much of a batch a process has written before it ended.
struct CSVRecovery {
    /// How far back rows are looked for, in bytes.
    static let reach = 1 << 20

    let file: CSVFile

    /// What was found of the batch.
    struct Finding: Hashable {
        /// How many of its rows are there, from the first.
        var rows: Int
        /// Where the file is to be cut, because what is behind is part of a row of this batch.
        var cut: Int64?

        static let nothing = Finding(rows: 0)
        var isNothing: Bool { self == .nothing }
    }

    /// Looks for what was noted before the batch was written.
    func find(_ noted: CSVNote.Batch) throws(CSVProblem) -> Finding {
        let size = try file.size()
        guard noted.offset != size else { return .nothing }
        let lines = noted.rows.map(\.bytes)
        if noted.offset < size {
            let finding = try walk([noted.lead] + lines, from: noted.offset, size: size)
            if !finding.isNothing { return finding }
        }
        // Somebody has changed what stands before.
        return try search(lines, behind: noted.offset == 0 ? noted.lead : [], size: size)
    }

    /// Looks for the rows of items without a note.
    ///
    /// - Parameter layouts: As they may have been written.
    func find(_ items: [ActionItem], layouts: [CSVLayout]) throws(CSVProblem) -> Finding {
        let size = try file.size()
        for layout in layouts.flatMap(\.variants) {
            let finding = try search(items.map(layout.line), behind: layout.headerLine, size: size)
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

    /// Looks for rows near the end of the file, where nobody knows where they began.
    ///
    /// - Parameter header: What stands before them where they are the first of the file; empty where they are not.
    private func search(_ lines: [[UInt8]], behind header: [UInt8], size: Int64) throws(CSVProblem) -> Finding {
        guard let first = lines.first else { return .nothing }
        let start = max(0, size - Int64(Self.reach + lines.reduce(0) { $0 + $1.count }))
        let bytes = try file.read(at: start, Int(size - start))
        if start == 0, !header.isEmpty {
            let finding = try walk([header] + lines, from: 0, size: size)
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
