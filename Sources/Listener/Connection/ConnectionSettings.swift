internal import NIOCore
internal import Notifications

/// What every connection of a listener shares.
struct ConnectionSettings: Sendable {
    let limits: ListenerLimits
    let headTime: TimeAmount
    let requestTime: TimeAmount
    let idleTime: TimeAmount
    let lingerTime: TimeAmount
    let rule: PathRule
    let clock: @Sendable () -> Timestamp
    let receiver: any DeliveryReceiver
    let refusals: RefusalCounter
    let answerTimes: AnswerTimes
    private let mailboxes: [ObjectIdentifier: AnswerMailbox]

    /// - Parameter group: The event loops that the connections may have.
    init(
        _ configuration: ListenerConfiguration, on group: any EventLoopGroup, receiver: any DeliveryReceiver,
        refusals: RefusalCounter, answerTimes: AnswerTimes
    ) {
        mailboxes = Dictionary(
            group.makeIterator().map { (ObjectIdentifier($0), AnswerMailbox($0)) }, uniquingKeysWith: { $1 })
        limits = configuration.limits
        headTime = TimeAmount(configuration.times.head)
        requestTime = TimeAmount(configuration.times.request)
        idleTime = TimeAmount(configuration.times.idle)
        lingerTime = TimeAmount(configuration.times.linger)
        rule = PathRule(configuration.path)
        clock = configuration.clock
        self.receiver = receiver
        self.refusals = refusals
        self.answerTimes = answerTimes
    }

    /// The way of answers to an event loop.
    func mailbox(of eventLoop: any EventLoop) -> AnswerMailbox {
        mailboxes[ObjectIdentifier(eventLoop)] ?? AnswerMailbox(eventLoop)
    }
}
