public import History
public import Notifications
public import Outgoing

extension OutboxExchange {
    /// A request and what came of it.
    ///
    /// - Parameters:
    ///   - duration: How long it took.
    ///   - body: The request's body as it is to be kept; nil where it holds no secret.
    public init(
        _ request: OutgoingRequest, _ result: Result<OutgoingAnswer, OutgoingFailure>, startedAt: Timestamp,
        duration: Duration, body: [UInt8]? = nil
    ) {
        let (seconds, attoseconds) = duration.components
        let microseconds = Int(clamping: seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
        let asked = MaskedRequest(request, body: body).bytes
        switch result {
        case .success(let answer):
            self.init(
                startedAt: startedAt, duration: microseconds, request: asked,
                outcome: HTTPStatus.words(answer.status), answer: answer.body, isCut: answer.isCut)
        case .failure(let failure):
            let outcome =
                switch failure {
                case .forbidden: "not sent: not allowed"
                case .notSent: "not sent"
                case .lost: "no answer"
                case .cancelled: "not sent: b2watch is ending"
                }
            self.init(startedAt: startedAt, duration: microseconds, request: asked, outcome: outcome)
        }
    }
}

extension HTTPSending {
    /// Sends one request, and returns its answer and the record of both to be kept. What the request keeps secret is
    /// masked in the answer too.
    ///
    /// - Parameters:
    ///   - now: What time it is.
    ///   - body: The request's body as it is to be kept; nil where it holds no secret.
    public func exchange(
        _ request: OutgoingRequest, within limit: Duration, now: () -> Timestamp, body: [UInt8]? = nil
    ) -> (result: Result<OutgoingAnswer, OutgoingFailure>, exchange: OutboxExchange) {
        let startedAt = now()
        let start = ContinuousClock.now
        let result = Result { () throws(OutgoingFailure) in request.masked(try send(request, within: limit)) }
        let exchange = OutboxExchange(
            request, result, startedAt: startedAt, duration: start.duration(to: .now), body: body)
        return (result, exchange)
    }
}
