internal import NIOCore
internal import Notifications
internal import Synchronization
internal import Glibc

/// The connections that are open.
final class Connections: Sendable {
    /// The decision on a new connection.
    enum Admission {
        case welcome
        /// Over the limit: it gets the answer 503 and is closed.
        case crowded
        /// So late that it is closed without a word.
        case closed
    }

    /// An open connection.
    private struct Entry {
        let channel: any Channel
        /// The peer's network; nil for a trusted proxy, which has many clients.
        let network: AddressRates.Network?
        /// Its place in the order of arrival.
        let number: Int
        /// Whether it is within the limit.
        var isCounted: Bool
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        /// The connections over the limit, the oldest first.
        var crowded: [ObjectIdentifier] = []
        /// The connections within the limit, by network.
        var counts: [AddressRates.Network: Int] = [:]
        var admitted = 0
        var onNextClose: (@Sendable () -> Void)?

        mutating func add(_ id: ObjectIdentifier, _ entry: Entry) {
            entries[id] = entry
            if entry.isCounted, let network = entry.network { counts[network, default: 0] += 1 }
        }

        /// Counts a connection no longer as one within the limit.
        mutating func discount(_ entry: Entry?) {
            guard let entry, entry.isCounted, let network = entry.network, let count = counts[network] else { return }
            counts[network] = count > 1 ? count - 1 : nil
        }

        /// Finds the connection that makes room for one of another network: the oldest of the network that has the most,
        /// if that has at least two more than the other.
        func oldest(makingRoomFor network: AddressRates.Network?) -> (id: ObjectIdentifier, entry: Entry)? {
            let own = network.flatMap { counts[$0] } ?? 0
            guard let most = counts.max(by: { $0.value < $1.value }), most.value > own + 1 else { return nil }
            return entries.lazy.filter { $0.value.isCounted && $0.value.network == most.key }
                .min { $0.value.number < $1.value.number }.map { ($0.key, $0.value) }
        }
    }

    private let state = Mutex(State())
    private let stopping = Atomic(false)
    private let limit: Int
    /// The most connections over the limit that may be answered 503 at the same time.
    private let slack: Int

    private let proxies: AddressList

    /// - Parameter proxies: The proxies whose connections never make room for others.
    init(limit: Int, proxies: AddressList = AddressList()) {
        self.limit = limit
        self.proxies = proxies
        slack = Self.slack(of: limit)
    }

    static func slack(of limit: Int) -> Int { min(64, max(4, limit / 8)) }

    /// Notes a new connection until it is closed. If there are too many, one of the address that has the most makes room
    /// for it, so that a stranger who opens many keeps nobody else out.
    func admit(_ channel: any Channel) -> Admission {
        let id = ObjectIdentifier(channel)
        let peer = RemoteAddress.text(of: channel.remoteAddress)
        let network = proxies.contains(peer) ? nil : AddressRates.Network(peer)
        var yielding: (any Channel)?
        var oldest: (any Channel)?
        let admission = state.withLock { state -> Admission in
            guard !isStopping else { return .closed }
            state.admitted += 1
            let isFull = state.entries.count - state.crowded.count >= limit
            let other = isFull ? state.oldest(makingRoomFor: network) : nil
            state.add(
                id,
                Entry(
                    channel: channel, network: network, number: state.admitted, isCounted: !isFull || other != nil))
            if let other {
                yielding = other.entry.channel
                state.discount(other.entry)
                state.entries[other.id]?.isCounted = false
            }
            guard isFull else { return .welcome }
            state.crowded.append(other?.id ?? id)
            // The oldest has had its answer for the longest time.
            if state.crowded.count > slack { oldest = state.entries[state.crowded.removeFirst()]?.channel }
            return other == nil ? .crowded : .welcome
        }
        if admission != .closed { channel.closeFuture.whenComplete { _ in self.remove(id) } }
        yielding?.pipeline.fireUserInboundEventTriggered(ConnectionHandler.Yield())
        oldest?.close(promise: nil)
        return admission
    }

    /// Calls `body` once, when the next connection is closed; in place of what was to be called then before.
    func onNextClose(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.onNextClose = body }
    }

    private func remove(_ id: ObjectIdentifier) {
        let next = state.withLock { state in
            state.discount(state.entries.removeValue(forKey: id))
            if let index = state.crowded.firstIndex(of: id) { state.crowded.remove(at: index) }
            defer { state.onNextClose = nil }
            return state.onNextClose
        }
        next?()
    }

    /// Whether no more are admitted.
    var isStopping: Bool { stopping.load(ordering: .acquiring) }

    /// Admits no more, and returns those that are open.
    func stop() -> [any Channel] {
        state.withLock { state in
            stopping.store(true, ordering: .releasing)
            return state.entries.values.map(\.channel)
        }
    }
}

// MARK: - Requests under way

/// The requests of all connections that have begun and are not answered, and the memory of their long bodies.
///
/// A connection has one request at a time, so nothing is counted unless fewer requests than connections are allowed.
final class RequestLoad: Sendable {
    private let limits: ListenerLimits
    private let isCounting: Bool
    private let requests = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)
    /// The steps in which bytes are reserved.
    private static let step = 64 << 10

    init(_ limits: ListenerLimits) {
        self.limits = limits
        isCounting = limits.requests < limits.connections
    }

    /// Notes that a request begins.
    ///
    /// - Returns: False if there are too many; it is then not noted.
    func begin() -> Bool {
        guard isCounting else { return true }
        guard requests.wrappingAdd(1, ordering: .relaxed).newValue > limits.requests else { return true }
        requests.wrappingSubtract(1, ordering: .relaxed)
        return false
    }

    /// Notes that a request has its answer, or gets none.
    func end() {
        if isCounting { requests.wrappingSubtract(1, ordering: .relaxed) }
    }

    /// Reserves memory for a long body.
    ///
    /// - Returns: The bytes that are reserved, the requested number or a few more; nil if there are too few.
    func reserve(_ count: Int) -> Int? {
        let granted = (count + Self.step - 1) / Self.step * Self.step
        guard bytes.wrappingAdd(granted, ordering: .relaxed).newValue > limits.bodies else { return granted }
        bytes.wrappingSubtract(granted, ordering: .relaxed)
        return nil
    }

    /// Returns memory that was reserved.
    func release(_ count: Int) {
        bytes.wrappingSubtract(count, ordering: .relaxed)
    }
}

// MARK: - Accepting

/// Stops accepting while the system has no descriptor or memory for another connection: new ones wait in the backlog
/// until one of ours is closed, or a second has passed.
///
/// The socket stays readable in the meantime, so an event loop that keeps asking would never sleep.
final class AcceptGate: ChannelInboundHandler {
    typealias InboundIn = any Channel

    /// The time to wait if none of our own connections is closed: another program may release descriptors or memory.
    private static let patience = TimeAmount.seconds(1)
    /// The time between two lines in the log.
    private static let silence = TimeAmount.minutes(1)

    private let connections: Connections
    private let log: @Sendable (String) -> Void
    private var retry: Scheduled<Void>?
    private var lastLine: NIODeadline?

    init(_ connections: Connections, log: @escaping @Sendable (String) -> Void) {
        self.connections = connections
        self.log = log
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Other errors, such as a peer that left before it was accepted, concern only that connection.
        guard let error = error as? IOError, let reason = Self.reason(error.errnoCode) else { return }
        guard retry == nil else { return }
        let now = context.eventLoop.now
        if lastLine.map({ now - $0 >= Self.silence }) ?? true {
            lastLine = now
            log("new connections wait: \(reason)")
        }
        // The option is set at once, on this event loop.
        context.channel.setOption(.autoRead, value: false).whenFailure { _ in }
        let gate = NIOLoopBound((self, context.channel), eventLoop: context.eventLoop)
        retry = context.eventLoop.scheduleTask(in: Self.patience) { gate.value.0.open(gate.value.1) }
        connections.onNextClose { [eventLoop = context.eventLoop] in
            eventLoop.execute { gate.value.0.open(gate.value.1) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        retry?.cancel()
        retry = nil
        context.fireChannelInactive()
    }

    /// Accepts again.
    private func open(_ channel: any Channel) {
        guard let retry else { return }
        retry.cancel()
        self.retry = nil
        channel.setOption(.autoRead, value: true).whenFailure { _ in }
    }

    private static func reason(_ number: Int32) -> String? {
        switch number {
        case EMFILE: "this process has no file descriptor left (ulimit -n)"
        case ENFILE: "the system has no file descriptor left"
        case ENOBUFS, ENOMEM: "the system has no memory left for them"
        default: nil
        }
    }
}

// MARK: - Answers on their way

/// Answers on their way to the connections of one event loop. Deliveries are recorded together, so their answers are
/// ready together: the event loop is woken once for all of them, not once for each.
final class AnswerMailbox: Sendable {
    /// An answer, with the request that it is for.
    struct Letter: Sendable {
        let connection: NIOLoopBound<ConnectionHandler>
        let answer: Answer
        let reply: ConnectionHandler.Reply
        /// The number under which the delivery is recorded.
        let record: Int64?
    }

    private let eventLoop: any EventLoop
    private let waiting = Mutex<[Letter]>([])

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Hands an answer to its connection, from any thread: at once on the event loop itself.
    func post(_ letter: Letter) {
        if eventLoop.inEventLoop { return Self.deliver(letter) }
        let isFirst = waiting.withLock { waiting in
            waiting.append(letter)
            return waiting.count == 1
        }
        guard isFirst else { return }
        eventLoop.execute { [self] in
            let letters = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            letters.forEach(Self.deliver)
        }
    }

    private static func deliver(_ letter: Letter) {
        letter.connection.value.send(letter.answer, letter.reply, letter.record)
    }
}
