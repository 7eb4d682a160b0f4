internal import Notifications
internal import Synchronization

/// What has to be known of the spreadsheet before a batch is written.
extension GoogleSheetAction {
    /// The request for some items.
    ///
    /// - Parameter takesAway: Whether it takes away what earlier batches have left.
    func prepare(_ items: [ActionItem], number: Int64, takesAway: Bool = true) throws(GoogleProblem) -> GoogleBatch {
        if takesAway { findMarks(at: now()) }
        try compareOnce()
        // Last, so that the rows follow row 1 as it is when they are written.
        let sight = try look()
        var header = sight.row.header
        let writesHeader = header.isEmpty
        if writesHeader {
            try place.checkEmpty(sight.sheet)
            header = SheetHeader(adding: settings.options.columns)
        } else if !header.isUseful {
            throw noHeader.with(sight.row.exchange)
        }
        let time = now()
        let since = String(time.milliseconds / 1_000, radix: GoogleBatch.radix)
        return GoogleBatch(
            number: number, mark: "\(writer) \(since)", sheet: sight.sheet.id, header: header,
            writesHeader: writesHeader, items: items, timestamps: settings.options.timestamps,
            done: takesAway ? state.withLock { $0.marks.free(at: time) } : [])
    }

    /// Reads row 1, and finds the sheet by its name where that may be another one by now.
    private func look() throws(GoogleProblem) -> GoogleSight {
        if let sight = try lookAgain() { return sight }
        let foundAt = now()
        let sheet = try place.sheet()
        let sight = GoogleSight(sheet: sheet, foundAt: foundAt, row: try place.firstRow(), readAt: now())
        state.withLock { $0.sight = sight }
        return sight
    }

    /// Nil where anything is not as it was.
    private func lookAgain() throws(GoogleProblem) -> GoogleSight? {
        let time = now()
        guard let old = state.withLock({ $0.sight }),
            old.isBelieved(at: time, isShortOfReads: client.isShortOfReads)
        else { return nil }
        do throws(GoogleProblem) {
            let row = try place.firstRow()
            guard !row.header.isEmpty, row.header.texts == old.row.header.texts else { return nil }
            let sight = GoogleSight(sheet: old.sheet, foundAt: old.foundAt, row: row, readAt: now())
            state.withLock { $0.sight = sight }
            return sight
        } catch {
            // The name is no longer there: whoever looks for it says which there are.
            guard error.kind == .refused else { throw error }
            return nil
        }
    }

    var noHeader: GoogleProblem {
        GoogleProblem(
            .lasting,
            "row 1 of “\(settings.sheet)” has none of b2watch's headers: write \(SheetRow.headers.joined(separator: ", "))"
                + " there, a cell each, or name an empty sheet")
    }

    /// What earlier processes have left, to be taken away when no copy of it can be under way.
    private func findMarks(at time: Timestamp) {
        guard state.withLock({ $0.marks.areMissing(at: time) }) else { return }
        let found = try? place.marks(of: writer)
        state.withLock { $0.marks.found(found, at: time) }
    }

    func warn(_ text: String) {
        state.withLock { $0.warnings.append(text) }
    }

    /// Looks once whether the sheet has timestamps of the other form: mixed, they cannot be sorted.
    private func compareOnce() throws(GoogleProblem) {
        guard !state.withLock({ $0.hasCompared }) else { return }
        let sight = try look()
        let header = sight.row.header
        guard header.isUseful || header.isEmpty else { return }
        state.withLock { $0.hasCompared = true }
        if !header.isEmpty, let text = try? otherForm(header, sight.sheet) { warn(text) }
    }

    func otherForm(_ header: SheetHeader, _ sheet: GoogleSheetPlace.Sheet) throws(GoogleProblem) -> String? {
        guard let column = header.timestampColumn, let last = try place.lastText(column: column, rows: sheet.rows),
            let form = SheetRow.TimestampForm(of: last)
        else { return nil }
        let isNumber = form == .epochMilliseconds
        guard form != settings.options.timestamps else { return nil }
        return "the last row of “\(settings.sheet)” has its timestamp \(isNumber ? "as a number" : "as text"), and new"
            + " rows have it \(isNumber ? "as text" : "as a number"): set “timestamps” to"
            + " \(isNumber ? "epoch" : "rfc3339") for the same form"
    }
}
