internal import NIOCore
internal import NIOHTTP1
internal import Notifications

/// One connection: takes its requests one at a time, and writes each answer before it takes the next.
///
/// While a request waits for its answer nothing is read, so a peer that sends ahead waits in its own buffers.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Tells a connection to end as soon as it owes no answer.
    struct Stop: Sendable {}

    private enum Phase: Equatable {
        /// Before the first byte of a request.
        case idle
        /// A request began then, and its head is not complete.
        case head(since: NIODeadline)
        /// The head is in `request`, the body is coming.
        case body
        /// The request of this number waits for its answer.
        case answering(Int)
        /// The last answer is written. What still comes is dropped until the peer closes, for closing over unread
        /// bytes would reset the connection, and the peer might lose the answer.
        case closing
    }

    private enum Input {
        case part(HTTPServerRequestPart)
        case refusal(Refusal)
    }

    /// What a peer may have sent ahead in one read.
    private static let maxAhead = 16_384
    /// What is dropped, in bytes, of a peer that goes on sending after the last answer.
    private static let maxDropped = 8 << 20

    private let settings: ConnectionSettings
    private let isCrowded: Bool
    private var context: ChannelHandlerContext?
    private var alarm: LazyAlarm?
    private var mailbox: AnswerMailbox?
    private var remoteAddress = "unknown"

    private var phase = Phase.idle
    private var request: PartialRequest?
    private var ahead = CircularBuffer<Input>()
    private var isTakingAhead = false
    private var isReadHeld = false
    private var isStopping = false
    private var hasPeerEnded = false
    private var requests = 0
    private var dropped = 0

    /// - Parameter isCrowded: Whether this connection is one too many, and only to be told so.
    init(_ settings: ConnectionSettings, isCrowded: Bool) {
        self.settings = settings
        self.isCrowded = isCrowded
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        alarm = LazyAlarm(eventLoop: context.eventLoop) { [unowned self] in timeIsUp() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        alarm?.cancel()
        phase = .closing
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        remoteAddress = RemoteAddress.text(of: context.remoteAddress)
        setAlarm(settings.headTime)
        if isCrowded { refuse(.tooManyConnections(limit: settings.limits.connections)) }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closing
        alarm?.cancel()
        request = nil
        ahead.removeAll()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        take(.part(Self.unwrapInboundIn(data)))
    }

    func read(context: ChannelHandlerContext) {
        if canTake, ahead.isEmpty { context.read() } else { isReadHeld = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        takeAhead()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is Stop:
            isStopping = true
            if phase == .idle, ahead.isEmpty { cut() }
        case ChannelEvent.inputClosed:
            hasPeerEnded = true
            if phase == .closing || phase == .idle && ahead.isEmpty { cut() }
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as HTTPParserError: take(.refusal(Refusal(error)))
        // More bytes after a fault that is already being answered.
        case is ByteToMessageDecoderError: break
        default: cut()
        }
    }

    /// Whether bytes that came may go on to the decoder.
    func admits(_ bytes: ByteBuffer) -> Bool {
        switch phase {
        case .idle:
            begin()
            // Content type 22, handshake; then the major version, 3 (RFC 8446, 5.1).
            guard requests == 0, bytes.readableBytesView.starts(with: [22, 3]) else { return true }
            refuse(.tls)
            return false
        case .closing:
            dropped += bytes.readableBytes
            if dropped > Self.maxDropped { cut() }
            return false
        case .head, .body, .answering:
            return true
        }
    }

    // MARK: Taking requests

    private var canTake: Bool {
        switch phase {
        case .answering: false
        case .closing: true
        // A peer that does not read its answers is not asked for more.
        case .idle, .head, .body: context?.channel.isWritable ?? false
        }
    }

    private func take(_ input: Input) {
        if canTake, ahead.isEmpty {
            process(input)
        } else if ahead.count < Self.maxAhead {
            ahead.append(input)
        } else if ahead.count == Self.maxAhead {
            ahead.append(.refusal(.tooManyAhead))
        }
    }

    private func takeAhead() {
        // An answer that comes at once calls this again; the loop that is running goes on instead.
        guard !isTakingAhead else { return }
        isTakingAhead = true
        defer { isTakingAhead = false }
        while canTake, let input = ahead.popFirst() { process(input) }
        if canTake, isReadHeld {
            isReadHeld = false
            context?.read()
        }
    }

    private func process(_ input: Input) {
        guard phase != .closing else { return }
        switch input {
        case .refusal(let reason): refuse(reason)
        case .part(.head(let head)): open(head)
        case .part(.body(let bytes)):
            request?.append(bytes)
            if let request, request.bodyLength > settings.limits.body { refuseBody() }
        case .part(.end): complete()
        }
    }

    /// The first byte of a request is there.
    private func begin() {
        guard phase == .idle, let now = context?.eventLoop.now else { return }
        phase = .head(since: now)
        alarm?.set(now + settings.headTime)
    }

    private func open(_ head: HTTPRequestHead) {
        begin()
        guard case .head(let start) = phase else { return }
        guard let framing = Framing(head) else { return refuse(.ambiguousLength) }
        // CONNECT names a host, and OPTIONS may ask about the server as a whole.
        guard PathRule.namesPath(head.uri) || head.method == .CONNECT || head.method == .OPTIONS && head.uri == "*"
        else {
            return refuse(.noPath)
        }
        if case .length(let length) = framing, length > settings.limits.body { return refuseBody() }

        let route = Route(head, rule: settings.rule)
        let request = PartialRequest(
            head, framing: framing, route: route, keptBytes: route.keptBytes(limit: settings.limits.body),
            receivedAt: settings.clock())
        self.request = request
        phase = .body
        alarm?.set(start + settings.requestTime)

        guard framing != .length(0), request.expectsContinue else { return }
        if route == .delivery(.notification) {
            send(Response.goOn)
        } else {
            complete(isBodyOwed: true)
        }
    }

    /// - Parameter isBodyOwed: Whether the request is answered before its body comes, so that none may follow it.
    private func complete(isBodyOwed: Bool = false) {
        guard phase == .body, let request, let eventLoop = context?.eventLoop else { return }
        self.request = nil
        requests += 1
        phase = .answering(requests)
        alarm?.pause()

        let reply = Reply(
            number: requests,
            end: .now,
            isNotification: request.route == .delivery(.notification),
            isHead: request.head.method == .HEAD,
            allowsAnother: request.allowsAnother && !isBodyOwed)
        let connection = NIOLoopBound(self, eventLoop: eventLoop)
        let mailbox = self.mailbox ?? settings.mailbox(of: eventLoop)
        self.mailbox = mailbox
        let answer: @Sendable (Answer, Int64?) -> Void = { answer, record in
            mailbox.post(AnswerMailbox.Letter(connection: connection, answer: answer, reply: reply, record: record))
        }
        switch request.route {
        case .delivery(let kind):
            settings.receiver.receive(request.delivery(from: remoteAddress), as: kind, answer: answer)
        case .health:
            settings.receiver.checkRecord { canRecord in answer(canRecord ? .accepted : .notRecorded, nil) }
        }
    }

    // MARK: Answering

    /// What has to be known of a request when its answer comes.
    struct Reply: Sendable {
        let number: Int
        let end: ContinuousClock.Instant
        let isNotification: Bool
        let isHead: Bool
        let allowsAnother: Bool
    }

    /// Writes the answer to a request, unless that was answered before.
    func send(_ answer: Answer, _ reply: Reply, _ record: Int64?) {
        // Not so where the peer has gone, or the receiver answers twice.
        guard phase == .answering(reply.number) else { return }
        let closes = !reply.allowsAnother || isStopping || hasPeerEnded && ahead.isEmpty
        send(Response.bytes(of: answer, closes: closes, isHead: reply.isHead))
        let now = ContinuousClock.now
        let time = reply.end.duration(to: now)
        if reply.isNotification { settings.answerTimes.record(time, at: now) }
        if let record { settings.receiver.answered(record, in: time) }
        if closes {
            close()
        } else {
            phase = .idle
            setAlarm(settings.idleTime)
        }
        takeAhead()
    }

    private func refuseBody() {
        refuse(.bodyTooLarge(limit: settings.limits.body))
    }

    private func refuse(_ reason: Refusal) {
        settings.refusals.count(reason, from: remoteAddress)
        send(reason.response.bytes(closes: true, isHead: request?.head.method == .HEAD))
        close()
    }

    private func send(_ bytes: ByteBuffer) {
        context?.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil)
    }

    // MARK: Ending

    private func timeIsUp() {
        switch phase {
        case .idle, .closing: cut()
        case .head: refuse(.slowHead)
        case .body: refuse(.slowRequest)
        case .answering: break
        }
    }

    private func setAlarm(_ time: TimeAmount) {
        guard let context else { return }
        alarm?.set(context.eventLoop.now + time)
    }

    /// Ends our half of the connection, and waits a little for the peer to end its own.
    private func close() {
        phase = .closing
        request = nil
        ahead.removeAll()
        setAlarm(settings.lingerTime)
        context?.close(mode: .output, promise: nil)
        takeAhead()
    }

    /// Ends the connection now.
    private func cut() {
        phase = .closing
        context?.close(promise: nil)
    }
}
