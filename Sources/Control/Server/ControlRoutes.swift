/// Who answers which request.
public struct ControlRoutes: Sendable {
    /// Makes the reply, as a line, of a request's line.
    typealias Route = @Sendable (_ id: Int, _ line: [UInt8]) throws -> [UInt8]

    private var routes: [String: Route] = [:]

    /// None answers anything.
    public init() {}

    /// Has requests of a kind answered.
    ///
    /// - Parameter answer: Is called on a thread of the connection's, one request of a connection after the other. What
    ///   it throws goes back as the sentence it prints as.
    public mutating func on<Request: ControlRequest>(
        _: Request.Type, _ answer: @escaping @Sendable (Request) throws -> Request.Reply
    ) {
        routes[Request.name] = { id, line in
            let request = try RequestBody<Request>(controlLine: line).body
            return try ReplyLine(id: id, reply: try answer(request)).controlLine()
        }
    }

    /// What is answered to a line; nil where the line is no request at all.
    func answer(_ line: [UInt8]) -> [UInt8]? {
        guard let head = try? RequestHead(controlLine: line) else { return nil }
        let failure: String
        do {
            if let route = routes[head.request] { return try route(head.id, line) }
            failure = "This listener does not know how to do that: its b2watch is another one than yours."
        } catch is DecodingError {
            failure = "The listener does not understand this request: its b2watch is another one than yours."
        } catch {
            failure = String(describing: error)
        }
        return try? FailureLine(id: head.id, failure: failure).controlLine()
    }
}
