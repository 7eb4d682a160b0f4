import History

/// The columns of both views, and how wide the texts of the rows held are in them.
struct ListColumns: Hashable {
    /// Which columns are shown, from left to right.
    struct Choice: Hashable {
        var events = EventColumn.standard
        var table = TableColumn.standard

        /// Adds the mark for what became of the actions, behind the verdict.
        mutating func showActionMarks() {
            let place = events.firstIndex(of: .signature).map { $0 + 1 } ?? min(1, events.count)
            events.insert(.actions, at: place)
        }

        /// Adds what became of the row in the sheet, before all else.
        mutating func showSheet() { table.insert(.sheet, at: 0) }
    }

    let choice: Choice
    /// In the order of the columns chosen.
    let eventWidths: TextWidths
    let tableWidths: TextWidths

    init(_ choice: Choice = Choice(), rows: [EventRow] = []) {
        self.choice = choice
        eventWidths = EventsScreen.widths(of: rows, in: choice.events)
        tableWidths = TableScreen.widths(of: rows, in: choice.table)
    }
}
