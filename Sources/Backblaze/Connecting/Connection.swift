internal import Base
internal import Synchronization

/// A connection from a bucket to the listener of this process. It opens a tunnel if there is no public URL, proves that
/// the public URL leads to this listener, and points the bucket's rule to it. When the tunnel's URL changes, it updates
/// the rule; when it ends, it undoes all changes.
public final class Connection: Sendable {
    /// The parameters of a connection.
    public struct Plan: Sendable {
        /// The tunnel to open; nil if the public URL leads here without one.
        public var tunnel: Tunnel?
        /// The public URL; nil if the tunnel reports it.
        public var publicURL: String?
        /// The path at which the listener accepts notifications.
        public var path: String
        /// The listener's port on 127.0.0.1.
        public var port: Int
        /// The process's environment.
        public var environment: [String: String]
        /// The time after which a public URL must lead here. A new host name takes a while to be known everywhere.
        public var patience = Duration.seconds(60)
        /// The interval between two checks that the tunnel still leads here.
        public var look = Duration.seconds(30)
        /// The first pause before a tunnel that ended is started again. It doubles each time.
        public var pause = Duration.seconds(1)

        public init(tunnel: Tunnel?, publicURL: String?, path: String, port: Int, environment: [String: String]) {
            self.tunnel = tunnel
            self.publicURL = publicURL
            self.path = path
            self.port = port
            self.environment = environment
        }

        /// Returns the URL at which notifications arrive, below a public URL.
        func url(_ url: String) -> String {
            let base = url.hasSuffix("/") ? String(url.dropLast()) : url
            guard path != "/" else { return base.filter { $0 == "/" }.count == 2 ? base + "/" : url }
            return base.hasSuffix(path) ? base : base + path
        }
    }

    /// A change in the state of the connection.
    public enum News: Sendable {
        /// The current step, in a sentence.
        case step(String)
        /// Something the user should know, in a sentence.
        case warning(String)
        /// The rule points to this listener, by this URL.
        case connected(String)
        /// The connection could not be made.
        case failed(B2Problem)
    }

    private struct State {
        var isEnded = false
        /// The number of URLs reported so far. A later URL ends the wait for an earlier one.
        var urls = 0
        var current: String?
        var hasFailed = false
        var failedStarts = 0
    }

    /// The number of times a tunnel may end before its first URL is known.
    private static let mostStarts = 3
    /// The number of checks in a row that may fail before the tunnel is started again.
    private static let mostFailedLooks = 3

    private let plan: Plan
    private let lease: any ConnectionTarget
    private let prove: @Sendable (String) throws -> Void
    private let probe: @Sendable (String) -> Bool
    private let told: @Sendable (News) -> Void
    private let state = Monitor(State())
    private let worker = Worker("connect")
    private let watcher = Worker("connect watch")
    private let tunnel: TunnelRun?

    /// - Parameters:
    ///   - prove: Sends a random value through a public URL; throws if it does not arrive here.
    ///   - probe: Sends the listener a request through a public URL, and returns whether it answered.
    ///   - told: Receives each change of state, on any thread.
    public init(
        _ plan: Plan, _ lease: any ConnectionTarget, allowsLoopback: Bool,
        prove: @escaping @Sendable (String) throws -> Void,
        probe: @escaping @Sendable (String) -> Bool, told: @escaping @Sendable (News) -> Void
    ) {
        self.plan = plan
        self.lease = lease
        self.prove = prove
        self.probe = probe
        self.told = told
        let relay = Relay()
        tunnel = plan.tunnel.map { tunnel in
            TunnelRun(
                tunnel, port: plan.port, publicURL: plan.publicURL, allowsLoopback: allowsLoopback,
                environment: plan.environment, pause: plan.pause
            ) { relay.handle($0) }
        }
        relay.connection.withLock { $0 = Weak(connection: self) }
    }

    /// A weak link from the tunnel to the connection, which avoids a reference cycle.
    private final class Relay: Sendable {
        let connection = Mutex(Weak(connection: nil))

        func handle(_ news: TunnelRun.News) {
            connection.withLock { $0.connection }?.handle(news)
        }
    }

    private struct Weak: Sendable {
        weak var connection: Connection?
    }

    // MARK: - Beginning and ending

    /// Begins to connect. Changes of state are reported.
    public func begin() {
        if let tunnel, let kind = plan.tunnel {
            told(.step("opening a tunnel by \(kind.name)"))
            tunnel.start()
        } else if let url = plan.publicURL {
            use(plan.url(url))
        }
    }

    /// Ends the connection: restores the rule and ends the tunnel. Blocks.
    ///
    /// - Returns: What was undone, in sentences.
    public func end() throws(B2Problem) -> [String] {
        state.change { $0.isEnded = true }
        let outcome = Handoff<[String]>()
        worker.async { [lease] in
            do throws(B2Problem) {
                outcome.complete(.success(try lease.release()))
            } catch {
                outcome.complete(.failure(error))
            }
        }
        let result = Result { try outcome.wait() }
        tunnel?.end()
        do {
            return try result.get()
        } catch let problem as B2Problem {
            throw problem
        } catch {
            throw B2Problem(.other, "\(error)")
        }
    }

    // MARK: - The tunnel

    private func handle(_ news: TunnelRun.News) {
        switch news {
        case .url(let url):
            told(.step("the tunnel's URL is \(url)"))
            use(plan.url(url))
        case .ended(let reason, let pause):
            let isHopeless = state.change { state in
                if state.current != nil { return false }
                state.failedStarts += 1
                return state.failedStarts >= Self.mostStarts
            }
            let sentence = "the tunnel (\(plan.tunnel?.name ?? "")) is down: \(reason)"
            if let pause, !isHopeless {
                told(.warning("\(sentence); starting it again in \(pause.components.seconds) s"))
            } else {
                fail(B2Problem(.connection, sentence))
            }
        }
    }

    private func fail(_ problem: B2Problem) {
        let isFirst = state.change { state in
            defer { state.hasFailed = true }
            return !state.hasFailed && !state.isEnded
        }
        if isFirst { told(.failed(problem)) }
    }

    // MARK: - The URL

    /// Proves that a URL leads here, and points the rule to it.
    private func use(_ url: String) {
        let turn = state.change { state in
            state.urls += 1
            return state.urls
        }
        worker.async { [self] in
            guard isCurrent(turn) else { return }
            do throws(B2Problem) {
                try waitForProof(url, turn)
                guard isCurrent(turn) else { return }
                for note in try lease.lead(to: url) { told(.warning(note)) }
                let isNew = state.change { state in
                    defer { state.current = url }
                    return state.current != url
                }
                if isNew { told(.connected(url)) }
                if tunnel != nil { watcher.async { self.watch(url, turn) } }
            } catch {
                guard isCurrent(turn) else { return }
                if lease.isTaken {
                    told(.warning("\(error)"))
                    tunnel?.restart()
                } else {
                    fail(error)
                }
            }
        }
    }

    private func isCurrent(_ turn: Int) -> Bool {
        state.withLock { !$0.isEnded && $0.urls == turn }
    }

    private func waitForProof(_ url: String, _ turn: Int) throws(B2Problem) {
        told(.step("checking that \(url) leads here, for \(plan.patience.components.seconds) s at most"))
        let end = ContinuousClock.now + plan.patience
        while true {
            do {
                try prove(url)
                return
            } catch {
                guard isCurrent(turn) else { return }
                guard .now < end else {
                    throw B2Problem(
                        .connection,
                        "\(url) does not lead here: \(error). No rule was changed. Check what is before b2watch: its port, and"
                            + " that it hands on path, body and header fields unchanged")
                }
            }
            pause(.seconds(1), turn)
        }
    }

    private func pause(_ time: Duration, _ turn: Int) {
        _ = state.wait(until: .now + time) { $0.isEnded || $0.urls != turn ? true : nil }
    }

    /// Checks at intervals whether the tunnel still leads here, and restarts it if it does not.
    private func watch(_ url: String, _ turn: Int) {
        var failures = 0
        while true {
            pause(plan.look, turn)
            guard isCurrent(turn) else { return }
            failures = probe(url) ? 0 : failures + 1
            guard failures >= Self.mostFailedLooks, isCurrent(turn) else { continue }
            failures = 0
            told(.warning("the tunnel no longer leads here: starting it again"))
            tunnel?.restart()
        }
    }
}
