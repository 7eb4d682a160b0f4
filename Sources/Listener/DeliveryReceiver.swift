public import Notifications

/// What the listener hands its requests to.
public protocol DeliveryReceiver: Sendable {
    /// Takes a whole request; called on an event loop, so it must not block.
    ///
    /// - Parameter answer: To be called once, from any thread, when the delivery is recorded or cannot be. The
    ///   connection waits for it; a second call is ignored.
    func receive(_ delivery: Delivery, as kind: RequestKind, answer: @escaping @Sendable (Answer) -> Void)

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
