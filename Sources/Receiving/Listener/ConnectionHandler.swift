internal import Base
internal import NIOCore
internal import Notifications

/// A connection. It reads one request at a time, and writes its answer before it reads the next.
///
/// While a request waits for its answer little is read, so a peer that sends far ahead waits in its own buffers. Not to
/// read at all would cost two system calls for each request.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The event that closes a connection that is idle: the listener stops.
    struct Stop: Sendable {}

    /// The event that closes a connection at once, whatever it does.
    struct Cut: Sendable {}

    /// The event by which a connection makes room for one of another address, unless its request waits for an answer.
    struct Yield: Sendable {}

    private enum Phase: Equatable {
        /// Before the first byte of a request.
        case idle
        /// A request began then, and its head is not complete.
        case head(since: NIODeadline)
        /// The head is in `request`, the body is coming.
        case body
        /// The request of this number waits for its answer.
        case answering(Int)
        /// The last answer is written. Everything that still arrives is dropped until the peer closes, because closing
        /// over unread bytes would reset the connection, and the peer might lose the answer.
        case closing
    }

    /// The most bytes that are dropped of a peer that keeps sending after the last answer.
    private static let maxDropped = 8 << 20

    /// The number of bytes read ahead while a request waits for its answer.
    private static let readAhead = 16 << 10

    private let settings: ConnectionSettings
    private let isCrowded: Bool
    private let opening: Opening?
    private var context: ChannelHandlerContext?
    private var alarm: LazyAlarm?
    private var mailbox: AnswerMailbox?
    private var peer: IPAddress?
    /// The address of the connection: the peer's, or the one that the proxy gave in a PROXY header.
    private var connectionAddress = "unknown"
    /// The address of the client of the current request.
    private var remoteAddress = "unknown"

    private var phase = Phase.idle
    private var request: PartialRequest?
    private var parser: RequestParser
    /// The bytes that have arrived and are not parsed yet: less than a part of a request, or bytes that were sent
    /// ahead.
    private var input = ByteBuffer()
    private var isAdvancing = false
    private var isReadHeld = false
    private var hasPeerEnded = false
    private var requests = 0
    /// Whether a request is counted among those under way.
    private var isUnderWay = false
    private var dropped = 0

    /// - Parameters:
    ///   - isCrowded: Whether this connection is one too many, and only gets the answer 503.
    ///   - opening: The handler of what precedes HTTP; nil where nothing does.
    init(_ settings: ConnectionSettings, isCrowded: Bool, after opening: Opening? = nil) {
        self.settings = settings
        self.isCrowded = isCrowded
        self.opening = opening
        parser = RequestParser(settings.limits)
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        mailbox = settings.mailbox(of: context.eventLoop)
        alarm = LazyAlarm(eventLoop: context.eventLoop) { [unowned self] in timeIsUp() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        alarm?.cancel()
        phase = .closing
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        connectionAddress = RemoteAddress.text(of: context.remoteAddress)
        remoteAddress = connectionAddress
        if settings.trust != nil { peer = IPAddress(connectionAddress) }
        setAlarm(settings.headTime)
        if isCrowded { refuse(.tooManyConnections(limit: settings.limits.connections)) }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Nobody is left to be answered.
        if isInMidst { settings.refusals.count(.incomplete, from: remoteAddress) }
        phase = .closing
        alarm?.cancel()
        drop()
        endRequest()
        input.clear()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = Self.unwrapInboundIn(data)
        guard phase != .closing else {
            dropped += bytes.readableBytes
            if dropped > Self.maxDropped { cut() }
            return
        }
        if input.readableBytes == 0 { input = bytes } else { input.writeBuffer(&bytes) }
        advance()
    }

    func read(context: ChannelHandlerContext) {
        if canRead { context.read() } else { isReadHeld = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        advance()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is Stop:
            if phase == .idle, input.readableBytes == 0 { cut() }
        case is Cut:
            cut()
        case is Yield:
            if isInMidst { refuse(.tooManyConnections(limit: settings.limits.connections)) }
            if phase == .idle { cut() }
        case ChannelEvent.inputClosed:
            hasPeerEnded = true
            if phase == .closing { cut() } else { advance() }
        case let event as Opening.Named:
            switch event.preamble {
            case .client(let address): connectionAddress = "\(address)"
            case .unknown: connectionAddress = "unknown"
            case .proxy: break
            }
            remoteAddress = connectionAddress
        case let event as Opening.Refused:
            refuse(event.reason)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The end of the input follows.
        if HandshakeFault.isRaggedEnd(error) { return }
        if phase != .closing, let fault = HandshakeFault(error) {
            settings.refusals.count(.handshake(fault), from: remoteAddress)
        }
        cut()
    }

    // MARK: Taking requests

    /// Whether a request has begun whose end has not arrived.
    private var isInMidst: Bool {
        switch phase {
        case .head, .body: true
        case .idle, .answering, .closing: false
        }
    }

    private var canTake: Bool {
        switch phase {
        case .answering: false
        case .closing: true
        // A peer that does not read its answers is not asked for more.
        case .idle, .head, .body: context?.channel.isWritable ?? false
        }
    }

    /// Whether more bytes are wanted from the peer.
    private var canRead: Bool {
        if case .answering = phase { return !hasPeerEnded && input.readableBytes < Self.readAhead }
        return canTake
    }

    /// Processes the bytes that have arrived, as far as possible now, and asks for more if more is wanted.
    private func advance() {
        // An answer that is given at once calls this again; the loop that is running continues instead.
        guard !isAdvancing else { return }
        isAdvancing = true
        while phase != .closing, canTake, handleNext() {}
        isAdvancing = false
        if hasPeerEnded, canTake {
            // No more bytes will arrive.
            if isInMidst { refuse(.incomplete) } else if phase == .idle { cut() }
        }
        if canRead, isReadHeld {
            isReadHeld = false
            context?.read()
        }
    }

    /// - Returns: Whether there may be more to handle.
    private func handleNext() -> Bool {
        if phase == .idle {
            guard input.readableBytes > 0 else { return false }
            begin()
            // Content type 22, handshake; then the major version, 3 (RFC 8446, 5.1).
            if requests == 0, input.readableBytesView.starts(with: [22, 3]) {
                refuse(.tls)
                return false
            }
        }
        do throws(Refusal) {
            guard let part = try parser.next(&input) else { return false }
            switch part {
            case .head(let head, let framing): open(head, framing)
            case .body(let bytes): append(bytes)
            case .end: complete()
            }
        } catch {
            refuse(error)
            return false
        }
        return true
    }

    /// Begins a request, of which the first byte has arrived.
    private func begin() {
        guard phase == .idle, let now = context?.eventLoop.now else { return }
        phase = .head(since: now)
        remoteAddress = connectionAddress
        alarm?.set(now + settings.headTime)
    }

    private func open(_ head: RequestHead, _ framing: Framing) {
        guard case .head(let start) = phase else { return }
        if let trust = settings.trust, trust.header != .proxyProtocol {
            remoteAddress = peer.flatMap { trust.client(of: $0, head.headers) }?.description ?? "unknown"
        }
        // CONNECT names a host, and OPTIONS may ask about the server as a whole.
        guard
            PathRule.namesPath(head.target) || head.method == "CONNECT"
                || head.method == "OPTIONS" && head.target == "*"
        else {
            return refuse(.noPath)
        }
        if case .length(let length) = framing, length > settings.limits.body { return refuseBody() }

        guard settings.load.begin() else { return refuse(.tooManyRequestsAtOnce(limit: settings.limits.requests)) }
        isUnderWay = true

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

    /// Adds to the body, within the limit and the budget for long bodies.
    private func append(_ bytes: ByteBuffer) {
        guard let count = request?.bodyLength, let reserved = request?.reserved else { return }
        guard count + bytes.readableBytes <= settings.limits.body else { return refuseBody() }
        let needed = request?.budget(for: bytes.readableBytes) ?? 0
        if needed > reserved {
            guard let granted = settings.load.reserve(needed - reserved) else {
                return refuse(.tooManyBodies(limit: settings.limits.bodies))
            }
            request?.reserved += granted
        }
        request?.append(bytes)
    }

    /// Lets go of the request: of its body, and of what it has reserved.
    private func drop() {
        guard let request else { return }
        if request.reserved > 0 { settings.load.release(request.reserved) }
        self.request = nil
    }

    /// Counts the request as no longer under way.
    private func endRequest() {
        guard isUnderWay else { return }
        isUnderWay = false
        settings.load.end()
    }

    /// - Parameter isBodyOwed: Whether the request is answered before its body arrives, so that no request may follow
    ///   it.
    private func complete(isBodyOwed: Bool = false) {
        guard phase == .body, let request, let mailbox, let eventLoop = context?.eventLoop else { return }
        drop()
        requests += 1
        phase = .answering(requests)
        alarm?.pause()

        let reply = Reply(
            number: requests,
            end: .now,
            isNotification: request.route == .delivery(.notification),
            isHead: request.head.method == "HEAD",
            allowsAnother: request.allowsAnother && !isBodyOwed)
        let connection = NIOLoopBound(self, eventLoop: eventLoop)
        let answer: @Sendable (Answer, Int64?) -> Void = { answer, record in
            mailbox.post(AnswerMailbox.Letter(connection: connection, answer: answer, reply: reply, record: record))
        }
        switch request.route {
        case .delivery(let kind):
            settings.receiver.receive(request.delivery(from: remoteAddress), as: kind, answer: answer)
        case .health:
            settings.receiver.checkHealth(from: remoteAddress) { answer($0, nil) }
        }
    }

    // MARK: Answering

    /// The facts about a request that are needed when its answer arrives.
    struct Reply: Sendable {
        let number: Int
        let end: ContinuousClock.Instant
        let isNotification: Bool
        let isHead: Bool
        let allowsAnother: Bool
    }

    /// Writes the answer to a request, unless that was answered before.
    func send(_ answer: Answer, _ reply: Reply, _ record: Int64?) {
        // The peer may have gone, or the receiver may have answered twice.
        guard phase == .answering(reply.number) else { return }
        endRequest()
        let closes = !reply.allowsAnother || settings.connections.isStopping || hasPeerEnded && input.readableBytes == 0
        send(Response.bytes(of: answer, closes: closes, isHead: reply.isHead))
        let now = ContinuousClock.now
        let time = reply.end.duration(to: now)
        if reply.isNotification { settings.answerTimes.record(time, at: now) }
        if let record {
            settings.receiver.answered(record, in: time)
        } else if let reason = Refusal(unrecorded: answer) {
            settings.refusals.count(reason, from: remoteAddress)
        }
        if closes {
            close()
        } else {
            phase = .idle
            setAlarm(settings.idleTime)
        }
        advance()
    }

    private func refuseBody() {
        refuse(.bodyTooLarge(limit: settings.limits.body))
    }

    private func refuse(_ reason: Refusal) {
        settings.refusals.count(reason, from: remoteAddress)
        send(reason.response.bytes(closes: true, isHead: request?.head.method == "HEAD"))
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
        drop()
        endRequest()
        input.clear()
        setAlarm(settings.lingerTime)
        context?.close(mode: .output, promise: nil)
        advance()
    }

    /// Ends the connection now.
    private func cut() {
        phase = .closing
        guard let opening else {
            context?.close(promise: nil)
            return
        }
        // TLS announces its end, and would wait for the peer's.
        context?.close(mode: .output, promise: nil)
        opening.cut()
    }
}

// MARK: - Settings

/// The settings and objects that all connections of a listener share.
struct ConnectionSettings: Sendable {
    let limits: ListenerLimits
    let headTime: TimeAmount
    let requestTime: TimeAmount
    let idleTime: TimeAmount
    let lingerTime: TimeAmount
    let rule: PathRule
    /// The proxies whose word about their client counts; nil for none.
    let trust: ProxyTrust?
    /// The certificate; nil for plain HTTP.
    let tls: TLSContext?
    let clock: @Sendable () -> Timestamp
    let receiver: any DeliveryReceiver
    let refusals: RefusalCounter
    let answerTimes: AnswerTimes
    let connections: Connections
    /// The requests under way of all connections.
    let load: RequestLoad
    private let mailboxes: [ObjectIdentifier: AnswerMailbox]

    /// - Parameter group: The event loops that the connections may have.
    init(
        _ configuration: ListenerConfiguration, on group: any EventLoopGroup, tls: TLSContext?,
        receiver: any DeliveryReceiver, refusals: RefusalCounter, answerTimes: AnswerTimes, connections: Connections
    ) {
        mailboxes = Dictionary(
            group.makeIterator().map { (ObjectIdentifier($0), AnswerMailbox($0)) }, uniquingKeysWith: { $1 })
        limits = configuration.limits
        headTime = TimeAmount(configuration.times.head)
        requestTime = TimeAmount(configuration.times.request)
        idleTime = TimeAmount(configuration.times.idle)
        lingerTime = TimeAmount(configuration.times.linger)
        rule = PathRule(configuration.paths)
        trust = configuration.proxies
        self.tls = tls
        clock = configuration.clock
        self.receiver = receiver
        self.refusals = refusals
        self.answerTimes = answerTimes
        self.connections = connections
        load = RequestLoad(configuration.limits)
    }

    /// Returns the mailbox of an event loop.
    func mailbox(of eventLoop: any EventLoop) -> AnswerMailbox {
        mailboxes[ObjectIdentifier(eventLoop)] ?? AnswerMailbox(eventLoop)
    }
}

// MARK: - Alarm

/// A timer whose time moves with every request and that seldom rings. It is set again only for an earlier time; if it
/// rings too early, it continues for the rest.
///
/// Lives on one event loop.
final class LazyAlarm {
    private let eventLoop: any EventLoop
    private let onRing: () -> Void
    private var deadline: NIODeadline?
    private var scheduled: (task: Scheduled<Void>, time: NIODeadline)?

    init(eventLoop: any EventLoop, onRing: @escaping () -> Void) {
        self.eventLoop = eventLoop
        self.onRing = onRing
    }

    /// Rings at `deadline`, and at no other time that was set before.
    func set(_ deadline: NIODeadline) {
        self.deadline = deadline
        if let scheduled {
            guard deadline < scheduled.time else { return }
            scheduled.task.cancel()
        }
        schedule(deadline)
    }

    /// Stops the timer until it is set again.
    func pause() {
        deadline = nil
    }

    /// Releases everything.
    func cancel() {
        deadline = nil
        scheduled?.task.cancel()
        scheduled = nil
    }

    private func schedule(_ time: NIODeadline) {
        let task = eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(deadline: time) { [weak self] () -> Void in
            self?.elapsed()
        }
        scheduled = (task, time)
    }

    private func elapsed() {
        scheduled = nil
        guard let deadline else { return }
        guard eventLoop.now >= deadline else { return schedule(deadline) }
        self.deadline = nil
        onRing()
    }
}
