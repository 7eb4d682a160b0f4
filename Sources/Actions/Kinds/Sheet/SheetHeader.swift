internal import Notifications

/// The first row of a sheet: which of its columns is filled with what. Columns are found by their header's text, so one
/// that is moved, or inserted, is filled where it stands then.
struct SheetHeader: Sendable {
    /// As they stand there.
    let texts: [String]
    /// What each column is filled with; nil leaves it empty.
    let columns: [SheetColumn?]

    /// - Parameter texts: Where a header is there twice the first column is filled.
    init(_ texts: [String]) {
        self.texts = texts
        var taken: Set<String> = []
        columns = texts.map { text in
            guard let column = SheetColumn.of(header: text), taken.insert(column.header).inserted else { return nil }
            return column
        }
    }

    /// The one of a fresh sheet.
    init(adding more: [SheetColumn]) {
        self.init((SheetColumn.tutorial + more).map(\.header))
    }

    /// Whether there is no header at all.
    var isEmpty: Bool { texts.allSatisfy { SheetColumn.folded($0).isEmpty } }

    /// Whether there is a column to fill.
    var isUseful: Bool { columns.contains { $0 != nil } }

    /// The headers of the columns that are filled, in their order.
    var filled: [String] { columns.compactMap(\.?.header) }

    /// Where the event's timestamp stands.
    var timestampColumn: Int? { columns.firstIndex { $0?.isTimestamp ?? false } }

    /// The ranges of neighbouring columns that are filled.
    var filledRanges: [ClosedRange<Int>] {
        columns.indices.reduce(into: []) { ranges, column in
            guard columns[column] != nil else { return }
            if let last = ranges.last, last.upperBound == column - 1 {
                ranges[ranges.count - 1] = last.lowerBound...column
            } else {
                ranges.append(column...column)
            }
        }
    }

    /// One value a column.
    func values(_ item: ActionItem, _ options: SheetOptions) -> [SheetValue] {
        columns.map { column in
            guard let column else { return .empty }
            let value = column.value(item, options.timestamps)
            return column.isSize && options.sizes == .number ? value.number : value
        }
    }

    // MARK: - Headings that are missing

    /// The columns that are filled, a bit for each of `SheetColumn.all`: short enough to be kept beside the rows.
    var bits: Int {
        SheetColumn.all.enumerated().reduce(0) { bits, column in
            filled.contains(column.element.header) ? bits | 1 << column.offset : bits
        }
    }

    /// The headers of the columns that were filled before and are not any more.
    ///
    /// - Parameter bits: The columns that were filled before.
    func lost(since bits: Int) -> [String] {
        SheetColumn.all.enumerated().filter { bits >> $0.offset & 1 == 1 }.map(\.element.header).filter {
            !filled.contains($0)
        }
    }

    /// A warning about columns that were filled before and are not any more: their headings were renamed or removed.
    ///
    /// - Parameters:
    ///   - bits: The columns that were filled before.
    ///   - place: The first row in words, such as `row 1 of “Sheet1”`.
    ///   - old: The header as it was, where that is known.
    func lossWarning(since bits: Int, in place: String, old: SheetHeader?) -> String? {
        let lost = lost(since: bits)
        guard !lost.isEmpty else { return nil }
        let names = lost.map { header -> String in
            guard let index = old?.columns.firstIndex(where: { $0?.header == header }), texts.indices.contains(index),
                columns[index] == nil, !SheetColumn.folded(texts[index]).isEmpty
            else { return "“\(header)”" }
            return "“\(header)” (it is “\(texts[index])” now)"
        }
        let (subject, object) =
            names.count == 1
            ? ("the heading \(names[0]) is", "its column stays")
            : ("the headings \(names.joined(separator: ", ")) are", "their columns stay")
        return "\(subject) gone from \(place): \(object) empty from here on; write it back, unless this is meant"
    }

    /// The headers of those columns that a fresh sheet would have and this one does not.
    func missing(of options: SheetOptions) -> [String] {
        SheetHeader(adding: options.columns).filled.filter { !filled.contains($0) }
    }

    /// The columns that are filled, and those that are not, in words.
    func summary(_ options: SheetOptions) -> String {
        let missing = missing(of: options)
        return "filled are \(filled.joined(separator: ", "))"
            + (missing.isEmpty ? "" : "; there is no heading for \(missing.joined(separator: ", "))")
    }
}
