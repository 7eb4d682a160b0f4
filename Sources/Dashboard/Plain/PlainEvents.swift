import Base
import History
import Notifications
import Sending
import Terminal

extension PlainModel {
    /// Reads the rows around the current one, or the newest rows while the list follows them.
    mutating func readRows(_ arguments: PlainArguments, usual: Int, asTable isTable: Bool = false) {
        guard let count = count(arguments, usual) else { return }
        let rows = model.events.rows
        let request =
            if rows.isFollowing || rows.selection == nil {
                WindowRequest<Int64>(model.frozen.map { .row($0.latestRow) } ?? .newest, before: count - 1, after: 0)
            } else {
                WindowRequest<Int64>(.row(rows.selection ?? 0), before: count / 2, after: count - 1 - count / 2)
            }
        ask(on: .rows) { outside, _ in
            try outside.rows(request)
        } then: {
            $0.tell($1, asTable: isTable)
        }
    }

    mutating func readDeliveries(_ arguments: PlainArguments) {
        guard let count = count(arguments, 10) else { return }
        let request = WindowRequest<Int64>(.newest, before: count - 1, after: 0)
        ask(on: .rows) { outside, _ in
            try outside.deliveries(.window(request)).rows
        } then: {
            $0.tell($1)
        }
    }

    mutating func readLog(_ arguments: PlainArguments) {
        guard let count = count(arguments, 10) else { return }
        let request = WindowRequest<LogPlace>(.newest, before: count - 1, after: 0)
        ask(on: .log) { outside, _ in
            try outside.log(.window(request)).rows
        } then: {
            $0.tell($1)
        }
    }

    mutating func readPulse(_ arguments: PlainArguments) {
        let names: [(String, PulseSpan)] = [
            ("minute", .minute), ("hour", .hour), ("day", .day), ("week", .week), ("month", .month),
            ("quarter", .quarter), ("year", .year),
        ]
        guard let span = arguments.text.isEmpty ? .hour : names.first(where: { $0.0 == arguments.text })?.1 else {
            return say("pulse is of a \(names.map(\.0).joined(separator: ", ")).")
        }
        let width = span.barWidth(atMost: 60)
        let request = PulseRequest(
            barWidth: width, barCount: span.barCount(width: width),
            secondsFromUTC: model.session.clock.secondsFromUTC(model.session.wallTime))
        let ticket = PulseReading.Ticket(
            request: request, revision: model.shown.revision, through: model.shown.latestDelivery)
        ask("pulse", on: .pulse) { outside, asking in
            try outside.pulse(ticket, adding: nil, asking)
        } then: { plain, result in
            switch result {
            case .failure(let failure): plain.say("The history could not be counted: \(failure.sentence)")
            case .success(let pulse): if let pulse, pulse.isComplete { plain.tell(pulse) }
            }
        }
    }

    private mutating func count(_ arguments: PlainArguments, _ usual: Int) -> Int? {
        let count = arguments.count(usual)
        if count == nil { say("How many is a number from 1 to 1,000.") }
        return count
    }

    mutating func move(_ motion: Motion, _ arguments: PlainArguments) {
        guard let count = count(arguments, 1) else { return }
        let before = model.events.rows.selection
        isToTellRow = true
        change { model in
            for _ in 0..<count { model.events.rows.move(motion, in: model.extent) }
        }
        if before != nil, before == model.events.rows.selection {
            say(motion == .down ? "No newer event:" : "No older event:")
        }
    }

    // MARK: - One event

    /// Runs `show [NUMBER] [tab] [form]`.
    mutating func show(_ arguments: PlainArguments) {
        var words = arguments.words[...]
        var place: (delivery: Int64, event: Int)?
        if let first = words.first, first.first?.isNumber == true {
            guard let number = number(first) else { return }
            place = number
            words.removeFirst()
        }
        var page = PlainPage()
        for word in words.map({ $0.lowercased() }) {
            if let tab = DetailTab.allCases.first(where: { $0.title.lowercased() == word }) {
                page.tab = tab
            } else if let form = BodyForm.allCases.first(where: { $0.word == word }) {
                page = PlainPage(tab: .body, form: form)
            } else {
                say(
                    "Unknown page \(word): show summary, headers, body, signature or actions; body raw, pretty or hex."
                )
                return
            }
        }
        if let place { return lookUp(place, page) }
        guard let row = model.events.rows.selectedRow else { return nothingCurrent() }
        return show(row, page)
    }

    mutating func open(_ arguments: PlainArguments) {
        guard let word = arguments.words.first, let place = number(word) else {
            if arguments.text.isEmpty { say("Which one? Such as open 126; list shows the numbers.") }
            return
        }
        return lookUp(place, nil)
    }

    private mutating func number(_ word: Substring) -> (delivery: Int64, event: Int)? {
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count <= 2, let delivery = Int64(parts[0]), delivery > 0 {
            if parts.count == 1 { return (delivery, 1) }
            if let event = Int(parts[1]), event > 0 { return (delivery, event) }
        }
        say(
            "\(SafeText(String(word)).clipped(to: 40)) is not a number: 126, or 126.2 for the second event of a delivery."
        )
        return nil
    }

    private mutating func lookUp(_ place: (delivery: Int64, event: Int), _ page: PlainPage?) {
        let request = WindowRequest<Int64>(.row(place.delivery), before: 0, after: 0)
        ask(on: .rows) { outside, _ in
            try outside.deliveries(.window(request)).rows
        } then: { plain, result in
            switch result {
            case .success(let rows): plain.found(rows.first, delivery: place.delivery, event: place.event, page)
            case .failure(let failure): plain.unreadable(failure)
            }
        }
    }

    /// Selects the delivery that was read by its number. The next step then prints it.
    private mutating func found(_ row: DeliveryRow?, delivery: Int64, event: Int, _ page: PlainPage?) {
        guard let row, row.id == delivery else { return say("Delivery \(delivery) is not recorded.") }
        let count = row.first.eventCount
        guard event <= max(1, count) else {
            return say("Delivery \(row.id) has \(Wording.count(count, "event", "events")).")
        }
        // The next row belongs to another delivery.
        guard event <= Payload.maximumEvents else {
            let (all, first) = (Wording.grouped(count), Wording.grouped(Payload.maximumEvents))
            return say("Delivery \(row.id) has \(all) events, of which only the first \(first) are listed.")
        }
        var first = row.first
        first.id += Int64(event - 1)
        if first.position != nil { first.position = event - 1 }
        change { $0.events.rows.go(to: first.id, in: $0.extent) }
        if let page { show(first, page) } else { isToTellRow = true }
    }

    private mutating func show(_ row: EventRow, _ page: PlainPage) {
        let request = DocumentRequest(
            rowID: row.id, deliveryID: row.deliveryID, position: row.position, eventCount: row.eventCount,
            isDuplicate: row.isDuplicate, tab: page.tab, form: page.form, columns: Self.columns,
            showsUTC: model.session.showsUTC, revision: model.shown.revision,
            keyringRevision: model.session.keyringRevision, wraps: page.tab != .headers && page.tab != .body,
            showsNumbers: false, isAnswered: model.shown.latestAnswered >= row.deliveryID)
        ask("document", on: .documents) { outside, asking in
            outside.document(request) { asking.isCancelled }
        } then: { plain, result in
            if case .success(let document) = result { plain.tell(document) }
        }
    }

    /// Wide enough that b2watch breaks no line: the reader's own software wraps them.
    private static let columns = 100_000

    mutating func printText(_ arguments: PlainArguments) {
        let subjects: [(String, CopyRequest.Subject)] = [
            ("body", .body), ("headers", .headers), ("request", .request), ("curl", .curl), ("signature", .signature),
            ("event-id", .eventID), ("object", .value(.object)),
        ]
        let words = arguments.words.map { $0.lowercased() }
        guard let word = words.first, let subject = subjects.first(where: { $0.0 == word })?.1, words.count <= 2,
            words.count == 1 || words[1] == "as-received"
        else { return say("print \(subjects.map(\.0).joined(separator: ", ")); behind it as-received masks nothing.") }
        guard let row = model.events.rows.selectedRow else { return nothingCurrent() }
        let request = CopyRequest(
            deliveryID: row.deliveryID, position: row.position, subject: subject,
            policy: words.count == 2 ? .asReceived : .masked, rows: model.selectedRows?.0,
            listener: model.session.url)
        ask(on: .documents) { outside, _ in
            try outside.copy(request)
        } then: {
            $0.tell($1)
        }
    }

    /// Goes to the next delivery that contains the current event.
    mutating func nextOfSameEvent() {
        guard let row = model.events.rows.selectedRow else { return nothingCurrent() }
        let id = row.deliveryID
        ask("same event", on: .rows) { outside, _ in
            try outside.nextDelivery(sharingEventWith: id)
        } then: { plain, result in
            switch result {
            case .success(let next?): plain.lookUp((next, 1), nil)
            case .success(nil): plain.say("No other delivery contains this event.")
            case .failure(let failure): plain.unreadable(failure)
            }
        }
    }

    /// Runs `export [FORMAT] FILE`, for the selected rows or else for all listed rows.
    mutating func export(_ arguments: PlainArguments) {
        if let obstacle = model.session.exporting.map({ _ in "An export is running: cancel-judging cancels it." }) {
            return say("\(obstacle)")
        }
        let first = arguments.split
        let named = ExportFormat.named(first.word.lowercased())
        let path = named == nil || first.rest.text.isEmpty ? arguments.text : first.rest.text
        guard !path.isEmpty, named == nil || path != arguments.text else {
            return say("Export to which file? Such as export csv events.csv; formats are \(Self.formats).")
        }
        let ending = path.split(separator: ".").last.flatMap { ExportFormat.named($0.lowercased()) }
        guard let format = named ?? ending else {
            return say(
                "In which format? Such as export csv \(SafeText(path).clipped(to: 60)); formats are \(Self.formats).")
        }
        let request = ExportRequest(
            rows: model.exported.0, format: format.name, path: path, timestamps: model.table.timestamps)
        change { $0.write(request) }
    }

    private static var formats: String { ExportFormat.all.map(\.name).joined(separator: ", ") }

    private mutating func nothingCurrent() {
        say("No event here.")
    }

    // MARK: - The list

    mutating func filter(_ arguments: PlainArguments) {
        switch arguments.text.lowercased() {
        case "":
            say(PlainState.listed(model.filter).map { "Listed: " + $0 } ?? "Every event is listed.")
            return
        case "off":
            guard model.filter.isRestricting else { return say("Every event is listed.") }
            change { $0.filter.lift() }
        case "on":
            guard model.filter.hasFilter, !model.filter.isOn else { return filter(PlainArguments("")) }
            change { $0.filterOrNot() }
        default: return perform(.filter, arguments.text)
        }
    }

    mutating func find(_ arguments: PlainArguments) {
        guard let pattern = SearchPattern(arguments.text) ?? model.pattern else {
            return say("Find what? find TEXT; later find alone repeats the search.")
        }
        isToTellRow = true
        change { model in
            model.pattern = pattern
            model.seek(.match(pattern), pattern.predicate, .previous)
        }
    }

    // MARK: - Pulse

    /// The number of names that are printed for each section.
    private static let names = 5

    private mutating func tell(_ pulse: Pulse) {
        guard pulse.latest != nil else { return say("Nothing has arrived yet.") }
        let clock = model.session.clock
        say(
            "\(Wording.count(pulse.deliveries, "delivery", "deliveries")) from \(time(pulse.start, clock)) to \(time(pulse.end, clock))."
        )
        let verdicts = SignatureVerdict.allCases.compactMap { verdict -> SafeText? in
            let count = pulse.bars.indices.reduce(0) { $0 + pulse[$1, verdict] }
            return count > 0 ? "\(Wording.grouped(count)) \(verdict.title)" : nil
        }
        if !verdicts.isEmpty { say("By verdict: " + verdicts.joined(separator: ", ")) }
        let bars = pulse.bars.map { $0.reduce(0, +) }
        if let most = bars.max(), most > 0, let bar = bars.firstIndex(of: most) {
            let start = Timestamp(milliseconds: pulse.start.milliseconds + Int64(bar) * pulse.request.barWidth)
            let width = Wording.span(microseconds: Int(pulse.request.barWidth) * 1_000)
            say("Most at once: \(Wording.grouped(most)) within \(width) from \(time(start, clock)).")
        }
        shares("By type", pulse.types)
        shares("By bucket", pulse.buckets)
        timings("From the event to its arrival", pulse.delays, microsecondsPerUnit: 1_000)
        timings("Time to answer", pulse.answers, microsecondsPerUnit: 1)
        let late = pulse.answers.countAbove(DeliveriesScreen.late)
        if late > 0 { say("\(Wording.grouped(late)) answers took longer than the 3 seconds that B2 waits.") }
    }

    private mutating func shares(_ title: SafeText, _ shares: PulseShares) {
        guard shares.total > 0 else { return }
        let named = shares.largest(Self.names).map { share -> SafeText in
            let percent = Wording.percent(share.count, of: shares.total)
            return PlainRow.name(share.name) + " \(Wording.grouped(share.count)), \(percent) percent"
        }
        say(title + ": " + named.joined(separator: "; "))
    }

    private mutating func timings(_ title: SafeText, _ histogram: TimeHistogram, microsecondsPerUnit: Int) {
        guard histogram.count > 0 else { return }
        func text(_ amount: Int) -> String {
            Wording.span(microseconds: amount.multipliedReportingOverflow(by: microsecondsPerUnit).partialValue)
        }
        say(
            title
                + ": half within \(text(histogram.percentile(50))), 90 percent within \(text(histogram.percentile(90))), 99 percent within \(text(histogram.percentile(99))), at most \(text(histogram.largest))."
        )
    }

    private func time(_ moment: Timestamp, _ clock: WallClock) -> String {
        clock.time(moment).map { "\($0.dayName) \($0.timeOfDay) \(clock.zone(at: moment))" } ?? "?"
    }
}

// MARK: - A row

/// A row as text, on one line.
struct PlainRow {
    let row: EventRow
    let clock: RowClock

    /// Returns the number by which a user asks for the row: the delivery's number and, after a point, the position of
    /// the event in the delivery.
    static func number(_ row: EventRow) -> SafeText {
        guard let position = row.position, row.eventCount > 1 else { return "\(row.deliveryID)" }
        return "\(row.deliveryID).\(position + 1)"
    }

    /// The announcement of a new row, such as `16:43:09 invalid Created:Upload photos/dog.jpg, 1.2 MiB, bucket
    /// my-bucket, rule allEvents, delivery 7`.
    var announcement: SafeText {
        guard let position = row.position, row.eventCount > 1 else { return body + ", delivery \(row.deliveryID)" }
        return body + ", delivery \(row.deliveryID), event \(position + 1) of \(row.eventCount)"
    }

    /// The same text as a line of a list, which begins with the row's number.
    var listed: SafeText { Self.number(row) + ": " + body }

    private var body: SafeText {
        let context = ListContext(clock: clock)
        func text(_ column: String) -> SafeText { EventsScreen.columns.text(column, of: row, context) }
        let start: SafeText = text("time") + " \(row.verdict.title) "
        if let note = EventsScreen.note(row) { return start + note }
        var parts = [text("type") + " " + Self.name(row.objectName.text)]
        for (name, column) in [("", "size"), ("bucket ", "bucket"), ("rule ", "rule")] as [(SafeText, String)] {
            if !text(column).isEmpty { parts.append(name + text(column)) }
        }
        if row.isDuplicate { parts.append("duplicate") }
        if let state = row.actions { parts.append("actions \(state.word)") }
        return start + parts.joined(separator: ", ")
    }

    /// Returns a name unchanged, or in quotes if a reader could mistake it for something other than a name.
    static func name(_ text: String) -> SafeText {
        guard !text.isEmpty else { return "without a name" }
        guard text.contains(where: { ",;\"".contains($0) || $0.isWhitespace }) else { return SafeText(cell: text) }
        return "\"" + SafeText(cell: text.replacing("\"", with: "\\\"")) + "\""
    }
}

/// A page of a delivery's detail.
struct PlainPage: Hashable {
    var tab = DetailTab.summary
    var form = BodyForm.pretty
}
