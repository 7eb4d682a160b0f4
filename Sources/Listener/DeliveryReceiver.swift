public import Notifications

/// What the listener hands its requests to.
public protocol DeliveryReceiver: Sendable {
    /// Takes a whole request; called on an event loop, so it must not block.
    ///
    /// - Parameter answer: To be called once, from any thread, when the delivery is recorded or cannot be. The
    ///   connection waits for it; a second call is ignored. With it goes the number under which the delivery is
    ///   recorded, nil where it is not.
    func receive(
        _ delivery: Delivery, as kind: RequestKind, answer: @escaping @Sendable (Answer, _ record: Int64?) -> Void)

    /// Is told how long an answer took, once it is handed to the socket: from the last byte of its request. Called on an
    /// event loop, so it must not block.
    ///
    /// - Parameter record: The number that came with the answer.
    func answered(_ record: Int64, in time: Duration)

    /// Says whether a delivery can be recorded now, for `GET /healthz`; called on an event loop, so it must not block.
    ///
    /// - Parameter answer: To be called once, from any thread.
    func checkRecord(_ answer: @escaping @Sendable (Bool) -> Void)
}

/// What a request is, by its method and its target.
public enum RequestKind: Sendable, Hashable {
    /// POST on the path that is listened on.
    case notification
    /// Another method on that path.
    case wrongMethod
    /// Another path.
    case wrongPath
}
