import Base
import History
import Notifications
import Terminal

/// The Summary tab, which shows the event and its delivery with exact values.
struct SummaryDocument {
    let record: DeliveryRecord
    let request: DocumentRequest
    let clock: WallClock
    /// The deliveries of the event, including this one, in order of arrival.
    var others: [EventDelivery] = []

    var lines: [StyledLine] {
        var fields = FieldList(columns: request.columns)
        let payload = Payload(scanning: record.delivery.body)
        var event: NotificationEvent?
        if let position = request.position, payload.events.indices.contains(position) {
            event = payload.events[position]
        }
        if let event { add(event, to: &fields) }
        addDelivery(payload, to: &fields)
        addOthers(to: &fields)
        if let event, let json = try? PrettyJSON(Array(record.delivery.body[event.range])) {
            fields.head("The event as received")
            fields.add(JSONLines.lines(of: json, columns: request.columns))
        }
        return fields.lines
    }

    private func add(_ event: NotificationEvent, to fields: inout FieldList) {
        fields.head("Event")
        addType(event.eventType, to: &fields)
        fields.add("Object name", plain(event.objectName))
        addSize("Object size", event.objectSize, to: &fields)
        fields.add("Version id", plain(event.objectVersionId))
        if event.bucketId.isEmpty {
            fields.add("Bucket", plain(event.bucketName))
        } else {
            fields.add("Bucket", plain(event.bucketName), note: "\(event.bucketId.text)")
        }
        fields.add("Rule", plain(event.matchedRuleName))
        addTime(event.eventTimestamp, to: &fields)
        fields.add("Event id", plain(event.eventId))
        if request.isDuplicate {
            fields.add("", "A duplicate: an earlier delivery, trusted no less, has the same id.", Style(.notice))
        }
        if let state = request.actions {
            fields.add("Actions", StyledLine("\(state.glyph) \(state.word)", state.style))
        }
        fields.add("Account id", plain(event.accountId))
        fields.add("Event version", plain(event.eventVersion))
    }

    private func addTime(_ value: FieldValue, to fields: inout FieldList) {
        guard let milliseconds = value.integer else {
            fields.add("Event time", plain(value))
            return
        }
        let time = Timestamp(milliseconds: milliseconds)
        let shown = clock.time(time).map { "\($0.date) \($0.timeOfDay).\($0.fraction) \(zone(at: time))" }
        fields.add("Event time", StyledLine("\(shown ?? time.rfc3339)"), note: "\(milliseconds) ms")
        let (delay, overflow) = record.delivery.receivedAt.milliseconds.subtractingReportingOverflow(milliseconds)
        if !overflow { fields.add("", dim("the delivery arrived \(Wording.delay(milliseconds: delay))")) }
    }

    private func addDelivery(_ payload: Payload, to fields: inout FieldList) {
        let delivery = record.delivery
        fields.head("Delivery")
        fields.add("Number", deliveryNumber)
        addReceived(delivery.receivedAt, to: &fields)
        fields.add("From", "\(delivery.remoteAddress)")
        fields.add("Request", "\(delivery.method) \(delivery.target) \(delivery.httpVersion)")
        let verdict = record.judgement.verdict
        let judged = StyledLine("\(verdict.glyph) \(verdict.title)", verdict.style)
        if let secret = record.judgement.secret {
            fields.add("Signature", judged, note: "by the secret \(secret)")
        } else {
            fields.add("Signature", judged)
        }
        if verdict != .unjudged, record.judgedAt != delivery.receivedAt {
            fields.add("", dim(record.judgedAt.map(since) ?? "verified by an older version, which recorded no time"))
        }
        let answer = StyledLine("\(record.status) \(record.answer)", Style(record.status == 200 ? .good : .bad))
        if let time = record.answerTime {
            let microseconds = Int(exactly: (time / .microseconds(1)).rounded()) ?? .max
            fields.add("Answer", answer, note: "in \(Wording.duration(microseconds: microseconds))")
        } else {
            fields.add("Answer", answer)
        }
        addSize("Body", .integer(Int64(delivery.bodyLength)), to: &fields)
        if let note = bodyNote(payload) { fields.add("", note, Style(.secondary)) }
    }

    private func since(_ moment: Timestamp) -> SafeText {
        clock.time(moment).map { "since \($0.date) \($0.timeOfDay)" } ?? "since \(moment.rfc3339)"
    }

    private func addOthers(to fields: inout FieldList) {
        let others = others.filter { $0.id != record.id }
        guard !others.isEmpty else { return }
        fields.head("Other deliveries of this event")
        for other in others.prefix(DocumentBuilder.otherDeliveries) {
            var line = StyledLine("\(other.verdict.glyph) \(other.verdict.title)", other.verdict.style)
            line.append("  answered \(other.status)")
            let time =
                clock.time(other.receivedAt).map { "\($0.date) \($0.timeOfDay) \(zone(at: other.receivedAt))" }
                ?? other.receivedAt.rfc3339
            fields.add("\(other.id)", StyledLine("\(time)  ") + line)
        }
        if others.count > DocumentBuilder.otherDeliveries { fields.add("", dim("and more, later")) }
    }

    private var deliveryNumber: StyledLine {
        guard let position = request.position else {
            return StyledLine("\(request.deliveryID)") + dim("  without a readable event")
        }
        return StyledLine("\(request.deliveryID)") + dim("  event \(position + 1) of \(request.eventCount)")
    }

    /// Returns the time zone of the displayed times, such as `UTC` or `+01:00`.
    private func zone(at moment: Timestamp) -> String { request.showsUTC ? "UTC" : clock.offset(at: moment) }

    private func addReceived(_ moment: Timestamp, to fields: inout FieldList) {
        if let time = clock.time(moment) {
            fields.add("Received", "\(time.date) \(time.timeOfDay).\(time.fraction) \(zone(at: moment))")
            fields.add("", dim("\(moment.rfc3339)"), note: "\(moment.milliseconds) ms")
        } else {
            fields.add("Received", "\(moment.milliseconds) ms")
        }
    }

    private func bodyNote(_ payload: Payload) -> SafeText? {
        if record.delivery.isCut { return "only its first \(record.delivery.body.count) bytes were kept" }
        if case .notJSON = payload { return "not JSON" }
        return nil
    }

    private func addType(_ value: FieldValue, to fields: inout FieldList) {
        guard let name = value.string, EventType(name).shortName != name else {
            fields.add("Type", plain(value))
            return
        }
        fields.add("Type", StyledLine("\(EventType(name).shortName)"), note: "\(name)")
    }

    private func addSize(_ name: SafeText, _ value: FieldValue, to fields: inout FieldList) {
        guard let bytes = value.integer else {
            fields.add(name, plain(value))
            return
        }
        let exact = StyledLine("\(bytes) \(bytes == 1 ? "byte" : "bytes")")
        if bytes.magnitude < 1_024 {
            fields.add(name, exact)
        } else {
            fields.add(name, exact, note: "\(Wording.bytes(bytes))")
        }
    }

    private func plain(_ value: FieldValue) -> StyledLine {
        switch value {
        case .absent: dim("absent")
        case .null: dim("null")
        case .string(""): dim("empty")
        default: StyledLine("\(value.text)")
        }
    }

    private func dim(_ text: SafeText) -> StyledLine {
        StyledLine(text, Style(.secondary))
    }
}

// MARK: - Headers

/// The Headers tab, which shows all header fields in the received order and case, with the values aligned in one
/// column.
struct HeadersDocument {
    let headers: [HeaderField]
    let columns: Int
    var wraps = true

    /// The width of the column of names. A longer name gets a line of its own.
    private var nameColumns: Int {
        let most = min(36, columns / 3)
        let names = headers.map { SafeText($0.name).width + 2 }
        return names.filter { $0 <= most }.max() ?? min(most, names.max() ?? 0)
    }

    var content: DocumentContent {
        guard !headers.isEmpty else {
            return DocumentContent(lines: [StyledLine("The request has no header fields.", Style(.secondary))])
        }
        let nameColumns = nameColumns
        var content = DocumentContent()
        content.layout.sourceCount = headers.count
        content.layout.hasCursor = true
        content.layout.stayingColumns = nameColumns
        for (index, field) in headers.enumerated() {
            content.add(source: index, lines(of: field, nameColumns: nameColumns))
        }
        return content
    }

    private func lines(of field: HeaderField, nameColumns: Int) -> [StyledLine] {
        var value = StyledLine("\(field.value)")
        if field.isAltered { value.append("  bytes that were not UTF-8 are replaced", Style(.warning)) }
        let values = wraps ? value.wrapped(to: max(8, columns - nameColumns)) : [value]
        let name: SafeText = "\(field.name):"
        let indented = values.map { StyledLine(.spaces(nameColumns)) + $0 }
        if name.width < nameColumns {
            return [StyledLine(name.padded(to: nameColumns), Style(.accent)) + values[0]] + indented.dropFirst()
        }
        let names = wraps ? name.wrapped(to: columns) : [name]
        return names.map { StyledLine($0, Style(.accent)) } + indented
    }
}

// MARK: - Signature

/// The Signature tab, which shows the verdict, its cause and remedy if it is not valid, the received header, and the
/// signature computed with each current secret.
struct SignatureDocument {
    let evidence: SignatureEvidence
    let columns: Int

    var lines: [StyledLine] {
        let verdict = evidence.judgement.verdict
        var lines = [StyledLine("\(verdict.glyph) \(verdict.title)", verdict.style)]
        let sentence = Prose.lines(evidence.sentence, columns: columns, style: .plain)
        if let diagnosis = evidence.diagnosis {
            // A diagnosis that explains itself is more useful than the sentence that the signature does not match.
            lines += diagnosis.explainsItself ? why(diagnosis) + [StyledLine()] + sentence : sentence + why(diagnosis)
        } else {
            lines += sentence
        }
        lines.append(StyledLine())

        lines.append(StyledLine("Received", Style(.heading)))
        if evidence.received.isEmpty { lines.append(StyledLine("  no signature header", Style(.secondary))) }
        for value in evidence.received { lines += indented("\(value)") }

        for expectation in evidence.expectations {
            lines.append(StyledLine())
            lines.append(title(of: expectation))
            let style = expectation.isReceived ? Style(.good) : .plain
            lines += indented("\(expectation.signature)", style)
        }
        return lines
    }

    private func why(_ diagnosis: SignatureDiagnosis) -> [StyledLine] {
        diagnosis.sections.flatMap { section in
            block("\(section.heading)", section.paragraphs, section.isSecondary ? Style(.secondary) : .plain)
        }
    }

    /// Returns a heading with paragraphs under it.
    private func block(_ heading: SafeText, _ paragraphs: [String], _ style: Style) -> [StyledLine] {
        let lines = paragraphs.flatMap { paragraph in
            Prose.lines(paragraph, columns: max(8, columns - 2)).map { StyledLine("  " + $0, style) }
        }
        return [StyledLine(), StyledLine(heading, Style(.heading))] + lines
    }

    private func title(of expectation: SignatureEvidence.Expectation) -> StyledLine {
        var line = StyledLine(
            "Computed with \(expectation.label) (\(expectation.fingerprint))", Style(.heading))
        if expectation.binding != .any { line.append(", bound to \(expectation.binding)", Style(.secondary)) }
        line.append(
            expectation.isReceived ? "  ✓ received" : "  not received",
            expectation.isReceived ? Style(.good) : Style(.secondary))
        return line.clipped(to: columns)
    }

    private func indented(_ text: SafeText, _ style: Style = .plain) -> [StyledLine] {
        text.wrapped(to: max(8, columns - 2)).map { StyledLine("  " + $0, style) }
    }
}

// MARK: - Actions

/// The Actions tab, which shows the state of each action for the event, and lists the other actions.
struct ActionsDocument {
    /// The recorded state of the event's actions.
    struct Source: Sendable {
        var entries: [OutboxEntry] = []
        var actions: [ActionStatus] = []
    }

    let source: Source
    let columns: Int
    let clock: WallClock

    var lines: [StyledLine] {
        var fields = FieldList(columns: columns)
        for entry in source.entries {
            fields.head("\(entry.action)")
            fields.add("State", StyledLine("\(entry.state.glyph) \(entry.state.word)", entry.state.style))
            fields.add("Since", clock.text(entry.changedAt))
            fields.add("Attempts", "\(Wording.grouped(entry.attempts))")
            if let reason = entry.reason { fields.add("Why", prose: reason) }
            if let next = entry.nextTry { fields.add("Next try", clock.text(next)) }
            fields.add("Entry", "\(entry.id)", Style(.secondary))
        }
        let named = Set(source.entries.map(\.action))
        let others = source.actions.filter { $0.isDeclared && !named.contains($0.name) }
        if !others.isEmpty {
            fields.head(source.entries.isEmpty ? "No action has queued this event" : "Nothing for this event")
            let names = others.map { SafeText(cell: $0.name).clipped(to: max(8, columns / 2)) }
            let width = names.map(\.width).max() ?? 0
            fields.add(
                zip(names, others).map { name, action in
                    (StyledLine(name.padded(to: width + 2))
                        + StyledLine(SafeText(cell: action.summary), Style(.secondary))).clipped(to: columns)
                })
        }
        if source.entries.isEmpty, others.isEmpty {
            fields.add([StyledLine("No actions are declared: the Actions tab shows how.", Style(.secondary))])
        }
        return fields.lines
    }
}
