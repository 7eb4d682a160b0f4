/// What a webhook answered.
public struct SentAnswer: Sendable, Hashable {
    public var status: Int
    /// The first 64 KiB of the body.
    public var body: [UInt8]
    /// Whether the body was longer.
    public var isCut: Bool
    /// From sending to the end of the answer.
    public var duration: Duration

    public init(status: Int, body: [UInt8], isCut: Bool = false, duration: Duration) {
        self.status = status
        self.body = body
        self.isCut = isCut
        self.duration = duration
    }

    init(_ answer: OutgoingAnswer) {
        self.init(status: answer.status, body: answer.body, isCut: answer.isCut, duration: answer.duration)
    }
}
