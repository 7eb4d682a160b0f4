import SafeText
import History
import Notifications
import Terminal

/// Builds the lines of a tab from what is recorded.
struct DocumentBuilder: Sendable {
    let reader: HistoryReader
    let control: any ListenerControl
    let clock: WallClock

    /// As many other deliveries of an event are told of.
    static let otherDeliveries = 10

    /// - Parameter isCancelled: Asked often whether nobody waits for it any more.
    func build(
        _ request: DocumentRequest, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> DetailDocument {
        do {
            guard let record = try reader.delivery(request.deliveryID) else {
                let text: SafeText = "This delivery is no longer recorded."
                return DetailDocument(request: request, lines: [StyledLine(text, Style(.notice))])
            }
            let content = Self.content(
                of: record, for: request, clock: clock, others: try others(record, request),
                actions: try actions(request), evidence: { control.evidence(for: $0, isCancelled: isCancelled) })
            return DetailDocument(content, for: request)
        } catch {
            let text = "The delivery could not be read: \(error)"
            return DetailDocument(
                request: request, lines: Prose.lines(text, columns: request.columns, style: Style(.bad)))
        }
    }

    private func actions(_ request: DocumentRequest) throws -> ActionsDocument.Source {
        guard request.tab == .actions else { return ActionsDocument.Source() }
        return ActionsDocument.Source(
            entries: try reader.outboxEntries(ofRow: request.rowID), actions: try reader.actions())
    }

    /// The deliveries of the row's event, this one among them; one more than are shown, if there are more.
    private func others(_ record: DeliveryRecord, _ request: DocumentRequest) throws -> [EventDelivery] {
        guard request.tab == .summary, let position = request.position else { return [] }
        let events = Payload(scanning: record.delivery.body).events
        guard events.indices.contains(position) else { return [] }
        return try reader.deliveries(ofEvent: events[position].eventId, limit: Self.otherDeliveries + 2)
    }

    static func content(
        of record: DeliveryRecord, for request: DocumentRequest, clock: WallClock, others: [EventDelivery] = [],
        actions: ActionsDocument.Source = ActionsDocument.Source(),
        evidence: (DeliveryRecord) -> SignatureEvidence
    ) -> DocumentContent {
        let clock = request.showsUTC ? .utc : clock
        return switch request.tab {
        case .summary:
            DocumentContent(
                lines: SummaryDocument(record: record, request: request, clock: clock, others: others).lines)
        case .headers:
            HeadersDocument(headers: record.delivery.headers, columns: request.columns, wraps: request.wraps).content
        case .body:
            BodyDocument(
                delivery: record.delivery, form: request.form, columns: request.columns, position: request.position,
                wraps: request.wraps, showsNumbers: request.showsNumbers
            ).content
        case .actions:
            DocumentContent(lines: ActionsDocument(source: actions, columns: request.columns, clock: clock).lines)
        case .signature:
            DocumentContent(
                lines: SignatureDocument(evidence: evidence(record), columns: request.columns).lines)
        }
    }
}
