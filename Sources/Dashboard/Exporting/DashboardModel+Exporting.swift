import Browsing
import Export
import History
import Notifications
import SafeText
import Terminal

extension DashboardModel {
    mutating func performOnExport(_ command: Command) -> [Effect] {
        switch command {
        case .export: openExport()
        case .nextFormat, .previousFormat:
            guard case .export(var prompt) = prompt else { break }
            prompt.changeFormat(by: command == .nextFormat ? 1 : -1)
            self.prompt = .export(prompt)
        case .nextColumnSet, .previousColumnSet:
            guard case .export(var prompt) = prompt else { break }
            prompt.changeColumns(by: command == .nextColumnSet ? 1 : -1)
            self.prompt = .export(prompt)
        default: return submitExport()
        }
        return []
    }

    private mutating func openExport() {
        let day = session.clock.time(session.wallTime)?.date ?? ""
        let (rows, words) = exported
        let columns = self.rows.layout.choice
        let shown = view == .table ? columns.table.compactMap(\.exported) : columns.events.compactMap(\.exported)
        prompt = .export(ExportPrompt(rows, words, shown: shown, day: "\(day)"))
    }

    /// The rows selected; where none is, all that are listed.
    var exported: (ExportRequest.Rows, words: String) {
        if let selectedRows { return selectedRows }
        let count = listing.query.isPlain ? shown.tally.rows : listing.isRunning ? nil : listing.progress?.matched
        let words = count.map { Wording.count($0, "row", "rows") } ?? "all rows that are found"
        return (.matching(listing.query.predicate, through: shown.latestRow), words)
    }

    /// The rows selected, to be read off the screen's thread; nil where none is.
    var selectedRows: (ExportRequest.Rows, words: String)? {
        guard !selection.isEmpty, let actsOn else { return nil }
        switch actsOn {
        case .current: return nil
        case .chosen(let ids): return (.chosen(ids.sorted()), Wording.count(ids.count, "row selected", "rows selected"))
        case .all(_, let latest, _, _):
            let words = actsOn.count.map { Wording.count($0, "row selected", "rows selected") } ?? "all rows selected"
            return (.matching(actsOn.query.predicate, through: latest), words)
        }
    }

    private mutating func submitExport() -> [Effect] {
        guard case .export(let prompt) = prompt else { return [] }
        guard !prompt.editor.text.allSatisfy(\.isWhitespace) else {
            session.tell("The file has no name yet.", .notice)
            return []
        }
        self.prompt = nil
        return write(
            ExportRequest(
                rows: prompt.rows, format: prompt.format.name, path: prompt.editor.text, timestamps: table.timestamps,
                columns: prompt.format.hasColumns ? prompt.columns : []))
    }

    mutating func write(_ request: ExportRequest) -> [Effect] {
        session.exporting = "Exporting… \(bindings.name(of: .cancelJudging)) cancels"
        return [.export(request)]
    }

    mutating func cancelExport() -> [Effect] { [.cancelExport] }

    mutating func take(_ progress: ExportProgress) {
        guard session.exporting != nil else { return }
        session.exporting =
            "Exporting: \(progress.percent) %, \(progress.unit.counted(progress.written)) … \(bindings.name(of: .cancelJudging)) cancels"
    }

    mutating func take(_ result: Result<ExportOutcome, EffectFailure>) {
        session.exporting = nil
        switch result {
        case .success(.written(let result, let path)):
            var text: SafeText = "\(result.unit.counted(result.written)) written to \(path)."
            if result.written == 0, result.leftOut == 0 {
                session.tell("Nothing matched: there is no event in \(path).", .notice)
                break
            }
            if result.leftOut > 0 {
                text =
                    text + " \(Wording.count(result.leftOut, "request", "requests")) without a readable event left out."
            }
            session.tell(text, .good)
        case .success(.exists(let request)): question = .replace(request)
        case .success(.cancelled): session.tell("The export was cancelled: no file was written.", .notice)
        case .failure(let failure): session.tell("\(failure.sentence).", .bad)
        }
    }
}
