import Browsing
import History
import Notifications
import SafeText
import Terminal

extension PlainModel {
    /// Takes what came of a command's request; says whether it was that.
    mutating func takeOwn(_ event: DashboardEvent) -> Bool {
        switch event {
        case .rowsRead(let result, let generation) where generation < 0: take(result, requests.finish(generation))
        case .deliveriesRead(let result, let generation) where generation < 0:
            take(result.map(\.rows), requests.finish(generation))
        case .logRead(let result, let generation) where generation < 0:
            _ = requests.finish(generation)
            take(result.map { $0.rows.map { LogEntryLine(entry: $0, clock: model.session.rowClock).texts } })
        case .actionsRead(let result, let generation) where generation < 0:
            _ = requests.finish(generation)
            takeActions(result)
        case .entriesRead(let result, let generation) where generation < 0:
            _ = requests.finish(generation)
            takeEntries(result)
        case .entryRead(let result, let id) where id == requests.entry: takeEntry(result, id)
        case .documentBuilt(let document) where document.request == requests.document: print(document)
        case .pulseRead(let result, let ticket) where ticket == requests.pulse: take(result)
        case .copied(let result):
            requests.copies = max(0, requests.copies - 1)
            take(result)
        case .otherDeliveryFound(let result, let origin) where origin == requests.sameEvent:
            switch result {
            case .success(let delivery): found(sameEvent: delivery)
            case .failure(let failure):
                requests.sameEvent = nil
                unreadable(failure)
            }
        case .keyringRead(.success(let summary)) where requests.listsSecrets:
            requests.listsSecrets = false
            listSecrets(summary)
        case .keyringRead(.failure(let failure)) where requests.listsSecrets:
            requests.listsSecrets = false
            say("\(failure.sentence)")
        default: return false
        }
        return true
    }

    private mutating func unreadable(_ failure: EffectFailure) {
        say("The history could not be read: \(failure.sentence)")
    }

    private mutating func take(_ result: Result<RowWindow, EffectFailure>, _ purpose: PlainRequests.Purpose?) {
        let clock = model.session.rowClock
        switch (result, purpose) {
        case (.failure(let failure), _):
            if case .news = purpose { news.failed() }
            unreadable(failure)
        case (.success(let window), .news(let latest)):
            for line in news.take(window, latest: latest, isFiltered: !model.listing.query.isPlain, clock: clock) {
                say(line)
            }
        case (.success(let window), .table):
            if window.rows.isEmpty { say("No event is listed.") }
            window.rows.forEach { sayInTable($0) }
        case (.success(let window), _):
            if window.rows.isEmpty { say("No event is listed.") }
            // While the newest row is followed, the list read now may be newer than the one held.
            let selected = model.rows.isFollowing ? window.rows.last?.id : model.rows.selection
            for row in window.rows {
                var line = PlainRow(row: row, clock: clock).listed
                if model.marks.contains(row.id) { line += ", marked" }
                if !model.selection.isEmpty, model.selection.contains(row) { line += ", selected" }
                if row.id == selected { line += ", current" }
                say(line)
            }
        }
    }

    private mutating func sayInTable(_ row: EventRow) {
        let number = PlainRow.number(row)
        if let note = EventLine.note(row) { return say(number + ": " + note + ", not in the sheet") }
        let sheet = SheetRow(row.sheetFields, timestamps: model.table.timestamps)
        let cells = model.rows.layout.choice.table.map { column -> SafeText in
            let text = column.text(of: row, sheet: sheet)
            return column.title + " " + (text.isEmpty ? "empty" : PlainRow.name(text.string))
        }
        say(number + ": " + cells.joined(separator: ", "))
    }

    private mutating func take(_ result: Result<[DeliveryRow], EffectFailure>, _ purpose: PlainRequests.Purpose?) {
        switch (result, purpose) {
        case (.failure(let failure), _): unreadable(failure)
        case (.success(let rows), .lookUp(let delivery, let event, let page)):
            found(rows.first, delivery: delivery, event: event, page)
        case (.success(let rows), _):
            if rows.isEmpty { say("No delivery yet.") }
            for row in rows { say(Self.sentence(row, model.session.rowClock)) }
        }
    }

    private static func sentence(_ row: DeliveryRow, _ clock: RowClock) -> SafeText {
        let texts = DeliveryLine(row: row, clock: clock).texts
        func text(_ column: DeliveryColumn) -> SafeText { texts[column.rawValue] ?? .empty }
        let answered: SafeText = row.answerTime == nil ? "" : " in " + text(.answer)
        var parts: [SafeText] = [
            "\(row.id): " + text(.time) + " \(row.first.verdict.title)", "answered " + text(.status) + answered,
            text(.bytes), "from " + text(.from),
        ]
        if row.first.position == nil {
            parts.append(text(.object))
        } else {
            parts.append(
                "\(Wording.count(row.first.eventCount, "event", "events")): "
                    + PlainRow.name(row.first.objectName.text))
        }
        if row.others > 0 { parts.append(text(.also) + " the same event elsewhere") }
        return parts.joined(separator: ", ")
    }

    private mutating func take(_ result: Result<[[SafeText?]], EffectFailure>) {
        switch result {
        case .failure(let failure): say("The log could not be read: \(failure.sentence)")
        case .success(let entries):
            if entries.isEmpty { say("Nothing is logged.") }
            for entry in entries {
                say(entry.compactMap(\.self).filter { !$0.isEmpty }.joined(separator: " "))
            }
        }
    }

    private mutating func print(_ document: DetailDocument) {
        requests.document = nil
        let request = document.request
        let form: SafeText = request.tab == .body ? ", \(request.form.word)" : ""
        say("Delivery " + request.heading + ", \(request.tab.title)" + form + ":")
        for line in document.lines.indices { say(document.text(ofLine: line)) }
    }

    private mutating func take(_ result: Result<Copied, EffectFailure>) {
        switch result {
        case .failure(let failure): say("\(failure.sentence)")
        case .success(let copied):
            switch copied.place {
            case .file: say("\(copied.sentence(asReceived: "as-received"))")
            case .terminal(let bytes):
                say("\(Wording.count(copied.count, "byte", "bytes")) of \(copied.name):")
                // A line's end ends a line here; whatever else is in it is written out.
                for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
                    say(SafeText(utf8: line.last == UInt8(ascii: "\r") ? line.dropLast() : line))
                }
                for remark in copied.remarks + copied.hidden(asReceived: "as-received") { say("\(remark)") }
            }
        }
    }
}
