/// Where a request goes.
enum Route: Sendable, Hashable {
    /// `GET` or `HEAD /healthz`, which is answered and not passed on.
    case health
    /// To the receiver.
    case delivery(RequestKind)

    init(_ head: RequestHead, rule: PathRule) {
        let isRead = head.method == "GET" || head.method == "HEAD"
        if isRead, PathRule.path(of: head.target).elementsEqual("/healthz".utf8) {
            self = .health
        } else if !rule.takes(head.target) {
            self = .delivery(.wrongPath)
        } else {
            self = .delivery(head.method == "POST" ? .notification : .wrongMethod)
        }
    }

    /// The bytes of the body that are kept of a request that goes here.
    func keptBytes(limit: Int) -> Int {
        switch self {
        case .health: 0
        case .delivery(.notification): limit
        case .delivery: min(limit, 4 << 10)
        }
    }
}
