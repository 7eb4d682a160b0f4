internal import Notifications
internal import Synchronization

/// What has to be known of the spreadsheet before a batch is written.
extension GoogleSheetAction {
    /// How long the header that was read is believed, in milliseconds: reads have a quota too.
    private static let headerAge: Int64 = 3_000

    /// The request for some items.
    ///
    /// - Parameter takesAway: Whether it takes away what earlier batches have left.
    func prepare(_ items: [ActionItem], number: Int64, takesAway: Bool = true) throws(GoogleProblem) -> GoogleBatch {
        let time = now()
        let sheet: GoogleSheetPlace.Sheet
        if let known = state.withLock({ $0.sheet }) { sheet = known } else { sheet = try place.sheet() }
        var header: SheetHeader
        if let (known, read) = state.withLock({ $0.header }), !known.isEmpty,
            (read.milliseconds...read.milliseconds + Self.headerAge).contains(time.milliseconds)
        {
            header = known
        } else {
            header = try readHeader()
        }
        let writesHeader = header.isEmpty
        if writesHeader {
            header = SheetHeader(adding: settings.options.columns)
        } else if !header.isUseful {
            throw noHeader
        }
        state.withLock { state in
            state.sheet = sheet
            // One that is still to be written is read again.
            if !writesHeader { state.header = (header, time) }
        }
        if !writesHeader { compare(header, sheet) }
        if takesAway { findMarks(at: time) }
        return GoogleBatch(
            number: number, mark: "\(writer) \(time.milliseconds / 1_000)", sheet: sheet.id, header: header,
            writesHeader: writesHeader, items: items, timestamps: settings.options.timestamps,
            done: takesAway ? state.withLock { $0.marks.free(at: time) } : [])
    }

    var noHeader: GoogleProblem {
        GoogleProblem(
            .lasting,
            "row 1 of “\(settings.sheet)” has none of b2watch's headers: write \(SheetRow.headers.joined(separator: ", "))"
                + " there, a cell each, or name an empty sheet")
    }

    private func readHeader() throws(GoogleProblem) -> SheetHeader {
        do throws(GoogleProblem) {
            return try place.header()
        } catch {
            guard error.kind == .refused else { throw error }
            // The name is not there, or no longer: whoever lists the sheets says which there are.
            let sheet = try place.sheet()
            state.withLock { $0.sheet = sheet }
            return try place.header()
        }
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

    /// Once, whether the sheet has timestamps of the other form: mixed, they cannot be sorted.
    private func compare(_ header: SheetHeader, _ sheet: GoogleSheetPlace.Sheet) {
        guard !state.withLock({ $0.hasCompared }) else { return }
        state.withLock { $0.hasCompared = true }
        if let text = try? otherForm(header, sheet) { warn(text) }
    }

    func otherForm(_ header: SheetHeader, _ sheet: GoogleSheetPlace.Sheet) throws(GoogleProblem) -> String? {
        guard let column = header.timestampColumn,
            let last = try place.lastText(column: column, rows: sheet.rows), let first = last.utf8.first
        else { return nil }
        let isNumber = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) && !last.contains("T")
        guard isNumber != (settings.options.timestamps == .epochMilliseconds) else { return nil }
        return "the last row of “\(settings.sheet)” has its timestamp \(isNumber ? "as a number" : "as text"), and new"
            + " rows have it \(isNumber ? "as text" : "as a number"): set “timestamps” to"
            + " \(isNumber ? "epoch" : "rfc3339") for the same form"
    }
}
