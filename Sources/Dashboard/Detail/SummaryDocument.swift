import History
import Notifications
import SafeText
import Terminal

/// The Summary tab: the event and its delivery, with exact values.
struct SummaryDocument {
    let record: DeliveryRecord
    let request: DocumentRequest
    let clock: WallClock
    /// The deliveries of the event, this one among them, in the order of arrival.
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
            fields.add("", "A duplicate: an earlier delivery, trusted no less, holds the same id.", Style(.notice))
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
            fields.add("", dim(record.judgedAt.map(since) ?? "found by an older version, which kept no time"))
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

    /// The zone of the times shown, such as `UTC` or `+01:00`.
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
