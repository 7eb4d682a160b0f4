import History
import Notifications
import SafeText
import Terminal

/// The Summary tab: the event and its delivery, with exact values.
struct SummaryDocument {
    let record: DeliveryRecord
    let request: DocumentRequest
    let clock: WallClock

    var lines: [StyledLine] {
        var fields = FieldList(columns: request.columns)
        let payload = Payload(scanning: record.delivery.body)
        var event: NotificationEvent?
        if let position = request.position, payload.events.indices.contains(position) {
            event = payload.events[position]
        }
        if let event { add(event, to: &fields) }
        addDelivery(payload, to: &fields)
        if let event, let json = try? PrettyJSON(Array(record.delivery.body[event.range])) {
            fields.head("The event as received")
            fields.add(JSONLines.lines(of: json, columns: request.columns))
        }
        return fields.lines
    }

    private func add(_ event: NotificationEvent, to fields: inout FieldList) {
        fields.head("Event")
        fields.add("Type", type(event.eventType))
        fields.add("Object name", plain(event.objectName))
        fields.add("Object size", size(event.objectSize))
        fields.add("Version id", plain(event.objectVersionId))
        fields.add("Bucket", plain(event.bucketName) + note(event.bucketId))
        fields.add("Rule", plain(event.matchedRuleName))
        addTime(event.eventTimestamp, to: &fields)
        fields.add("Event id", plain(event.eventId))
        if request.isDuplicate {
            fields.add("", "A duplicate: an earlier delivery, trusted no less, holds the same id.", Style(.notice))
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
        fields.add("Event time", StyledLine("\(time.rfc3339)") + dim("  \(milliseconds) ms"))
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
        let by = record.judgement.secret.map { dim("  by the secret \($0)") } ?? StyledLine()
        fields.add("Signature", StyledLine("\(verdict.glyph) \(verdict.word)", verdict.style) + by)
        fields.add(
            "Answer", StyledLine("\(record.status) \(record.answer)", Style(record.status == 200 ? .good : .bad)))
        fields.add("Body", size(.integer(Int64(delivery.bodyLength))) + bodyNote(payload))
    }

    private var deliveryNumber: StyledLine {
        guard let position = request.position else {
            return StyledLine("\(request.deliveryID)") + dim("  without a readable event")
        }
        return StyledLine("\(request.deliveryID)") + dim("  event \(position + 1) of \(request.eventCount)")
    }

    private func addReceived(_ moment: Timestamp, to fields: inout FieldList) {
        if let time = clock.time(moment) {
            let offset = request.showsUTC ? "UTC" : clock.offset(at: moment)
            fields.add("Received", "\(time.date) \(time.timeOfDay).\(time.fraction) \(offset)")
            fields.add("", dim("\(moment.rfc3339)  \(moment.milliseconds) ms"))
        } else {
            fields.add("Received", "\(moment.milliseconds) ms")
        }
    }

    private func bodyNote(_ payload: Payload) -> StyledLine {
        if record.delivery.isCut { return dim("  only its first \(record.delivery.body.count) bytes were kept") }
        if case .notJSON = payload { return dim("  not JSON") }
        return StyledLine()
    }

    private func type(_ value: FieldValue) -> StyledLine {
        guard let name = value.string else { return plain(value) }
        let short = EventType(name).shortName
        return short == name ? StyledLine("\(name)") : StyledLine("\(short)") + dim("  \(name)")
    }

    private func size(_ value: FieldValue) -> StyledLine {
        guard let bytes = value.integer else { return plain(value) }
        let exact = StyledLine("\(bytes) \(bytes == 1 ? "byte" : "bytes")")
        return bytes.magnitude < 1_024 ? exact : exact + dim("  \(Wording.bytes(bytes))")
    }

    private func plain(_ value: FieldValue) -> StyledLine {
        switch value {
        case .absent: dim("absent")
        case .null: dim("null")
        case .string(""): dim("empty")
        default: StyledLine("\(value.text)")
        }
    }

    private func note(_ value: FieldValue) -> StyledLine {
        value.isEmpty ? StyledLine() : dim("  \(value.text)")
    }

    private func dim(_ text: SafeText) -> StyledLine {
        StyledLine(text, Style(.secondary))
    }
}
