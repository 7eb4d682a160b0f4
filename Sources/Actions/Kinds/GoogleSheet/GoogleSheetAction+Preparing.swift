internal import Notifications
internal import Synchronization

/// What has to be known of the spreadsheet before a batch is written.
extension GoogleSheetAction {
    /// Returns the request for some items.
    ///
    /// - Parameter takesAway: Whether it takes away what earlier batches have left.
    func prepare(_ items: [ActionItem], number: Int64, takesAway: Bool = true) throws(GoogleProblem) -> GoogleBatch {
        if takesAway { findMarks(at: now()) }
        // Last, so that the rows follow row 1 as it is when they are written.
        let sight = try look()
        var header = sight.row.header
        let writesHeader = header.isEmpty
        if writesHeader {
            try place.checkEmpty(sight.sheet)
            header = SheetHeader(adding: settings.options.columns)
        } else if !header.isUseful {
            throw noHeader.with(sight.row.exchange)
        } else if takesAway {
            examine(sight)
        }
        let time = now()
        let since = String(time.milliseconds / 1_000, radix: GoogleBatch.radix)
        return GoogleBatch(
            number: number, mark: "\(writer) \(since) \(String(header.bits, radix: GoogleBatch.radix))",
            sheet: sight.sheet, above: sight.end.row, header: header, writesHeader: writesHeader, items: items,
            options: settings.options, dateColumns: dateColumns(header, sight),
            done: takesAway ? state.withLock { $0.marks.free(at: time) } : [])
    }

    /// The columns whose new cells have to be made dates: those of moments where the row above shows no date.
    private func dateColumns(_ header: SheetHeader, _ sight: GoogleSight) -> [Int] {
        guard settings.options.timestamps == .date else { return [] }
        return header.columns.indices.filter { column in
            guard header.columns[column]?.isMoment ?? false else { return false }
            guard let text = sight.end.texts[column] else { return true }
            let form = SheetRow.TimestampForm(of: text)
            return form == .rfc3339 || form == .epochMilliseconds || Double(text) != nil
        }
    }

    /// Reads row 1 and where the rows end, and finds the sheet by its name where that may be another one by now.
    private func look() throws(GoogleProblem) -> GoogleSight {
        if let sight = try lookAgain() { return sight }
        let foundAt = now()
        let sheet = try place.sheet()
        let sight: GoogleSight
        do throws(GoogleProblem) {
            sight = try self.sight(of: sheet, foundAt: foundAt)
        } catch {
            var problem = error
            // It was there a moment ago: a person is changing it.
            if problem.kind == .refused { problem.kind = .later(after: nil) }
            throw problem
        }
        state.withLock { $0.sight = sight }
        return sight
    }

    private func sight(
        of sheet: GoogleSheetPlace.Sheet, foundAt: Timestamp
    ) throws(GoogleProblem) -> GoogleSight {
        var known: (row: GoogleSheetPlace.FirstRow, end: GoogleSheetPlace.End?)?
        if let old = state.withLock({ $0.sight }), old.sheet.id == sheet.id, !old.row.header.isEmpty,
            old.end.row <= sheet.rows
        {
            known = try place.again(old.row.header, old.end, in: sheet)
        }
        let row: GoogleSheetPlace.FirstRow
        if let known { row = known.row } else { row = try place.firstRow() }
        var end = GoogleSheetPlace.End(row: row.header.isEmpty ? 0 : max(1, sheet.frozen))
        if let found = known?.end {
            end = found
        } else if row.header.isUseful {
            end = try place.end(of: row.header, in: sheet)
        }
        return GoogleSight(sheet: sheet, foundAt: foundAt, row: row, end: end, readAt: now())
    }

    /// Returns nil where anything is not as it was.
    private func lookAgain() throws(GoogleProblem) -> GoogleSight? {
        let time = now()
        guard let old = state.withLock({ $0.sight }), !old.row.header.isEmpty,
            old.isBelieved(at: time, isShortOfReads: client.isShortOfReads)
        else { return nil }
        do throws(GoogleProblem) {
            let (row, end) = try place.again(old.row.header, old.end, in: old.sheet)
            guard let end else { return nil }
            let sight = GoogleSight(sheet: old.sheet, foundAt: old.foundAt, row: row, end: end, readAt: now())
            state.withLock { $0.sight = sight }
            return sight
        } catch {
            // The name is no longer there, or fewer rows are: the sheet is looked for again.
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
        state.withLock { state in
            state.marks.found(found, at: time)
            if state.filled == nil, let bits = found?.latestBits { state.filled = (bits, nil) }
        }
    }

    func warn(_ text: String) {
        state.withLock { $0.warnings.append(text) }
    }

    /// Warns of what a person should know of the sheet: each once.
    private func examine(_ sight: GoogleSight) {
        let header = sight.row.header
        let (before, isFirst) = state.withLock { state in
            defer {
                state.filled = (header.bits, header)
                state.hasExamined = true
            }
            return (state.filled, !state.hasExamined)
        }
        if let before,
            let warning = header.lossWarning(
                since: before.bits, in: "row 1 of “\(settings.sheet)”", old: before.header)
        {
            warn(warning)
        }
        guard isFirst else { return }
        if let warning = otherForm(sight) { warn(warning) }
        if let warning = try? place.fillWarning(header, in: sight.sheet, below: sight.end) { warn(warning) }
    }

    /// Compares the form of the sheet's last timestamp with that of new ones: mixed, they cannot be sorted.
    func otherForm(_ sight: GoogleSight) -> String? {
        func name(_ form: SheetRow.TimestampForm) -> (words: String, setting: String) {
            switch form {
            case .rfc3339: ("as text", "rfc3339")
            case .epochMilliseconds: ("as a number", "epoch")
            case .date: ("as a date", "date")
            }
        }
        let setting = settings.options.timestamps
        guard let column = sight.row.header.timestampColumn, let last = sight.end.texts[column],
            let form = SheetRow.TimestampForm(of: last), form != setting
        else { return nil }
        return "the last row of “\(settings.sheet)” has its timestamp \(name(form).words), and new rows have it"
            + " \(name(setting).words): set “timestamps” to \(name(form).setting) for the same form"
    }
}
