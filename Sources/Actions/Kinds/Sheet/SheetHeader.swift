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

    /// One value a column.
    func values(_ item: ActionItem, timestamps: SheetRow.TimestampForm) -> [SheetValue] {
        columns.map { $0?.value(item, timestamps) ?? .empty }
    }
}
