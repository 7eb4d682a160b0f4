import SafeText
import History
import Notifications
import Terminal

/// Builds the lines of a tab from what is recorded.
struct DocumentBuilder: Sendable {
    let reader: HistoryReader
    let control: any ListenerControl
    let clock: WallClock

    func build(_ request: DocumentRequest) -> DetailDocument {
        DetailDocument(request: request, lines: lines(for: request))
    }

    private func lines(for request: DocumentRequest) -> [StyledLine] {
        do {
            guard let record = try reader.delivery(request.deliveryID) else {
                return [StyledLine("This delivery is no longer recorded.", Style(.notice))]
            }
            return Self.lines(of: record, for: request, clock: clock, evidence: control.evidence(for:))
        } catch {
            let text = "The delivery could not be read: \(error)"
            return Prose.lines(text, columns: request.columns, style: Style(.bad))
        }
    }

    static func lines(
        of record: DeliveryRecord, for request: DocumentRequest, clock: WallClock,
        evidence: (Delivery) -> SignatureEvidence
    ) -> [StyledLine] {
        let clock = request.showsUTC ? .utc : clock
        return switch request.tab {
        case .summary: SummaryDocument(record: record, request: request, clock: clock).lines
        case .headers: HeadersDocument(headers: record.delivery.headers, columns: request.columns).lines
        case .body: BodyDocument(delivery: record.delivery, form: request.form, columns: request.columns).lines
        case .signature: SignatureDocument(evidence: evidence(record.delivery), columns: request.columns).lines
        }
    }
}
