internal import History
internal import Outgoing

/// What the Sheets API has answered, and what is kept of that.
struct GoogleAnswer: Sendable {
    let answer: OutgoingAnswer
    let exchange: OutboxExchange
}
