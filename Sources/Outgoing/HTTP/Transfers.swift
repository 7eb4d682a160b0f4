internal import CCurl
internal import Foundation
internal import Synchronization
internal import Workers

/// A request on its way: what is sent, and by which way.
final class Transfer: Sendable {
    typealias Result = Swift.Result<OutgoingAnswer, TransferFailure>

    let request: OutgoingRequest
    /// The proxy that connects to the URL's host; nil for a connection of our own.
    let proxy: ProxyServer?
    /// The longest time until the request can be sent, from looking up the name to the end of the TLS handshake.
    let connectLimit: Duration
    /// The longest time from now to the end of the answer.
    let limit: Duration
    /// Whether the request has a connection that no other request uses.
    let hasOwnConnection: Bool
    /// Checks the address and port of a direct connection before it is opened: returns why it must not be used.
    let refusal: @Sendable (IPAddress, Int) -> OutgoingFailure?
    let start = ContinuousClock.now

    private let hasBeenCancelled = Atomic<Bool>(false)

    init(
        _ request: OutgoingRequest, by proxy: ProxyServer? = nil, connectingWithin connectLimit: Duration,
        within limit: Duration, hasOwnConnection: Bool = true,
        refusal: @escaping @Sendable (IPAddress, Int) -> OutgoingFailure? = { _, _ in nil }
    ) {
        self.request = request
        self.proxy = proxy
        self.connectLimit = connectLimit
        self.limit = limit
        self.hasOwnConnection = hasOwnConnection
        self.refusal = refusal
    }

    fileprivate var isCancelled: Bool { hasBeenCancelled.load(ordering: .acquiring) }

    fileprivate func cancel() {
        hasBeenCancelled.store(true, ordering: .releasing)
    }
}

/// Sends requests over HTTP/1.1 by libcurl: any number at once, on one thread, which sleeps when nothing is in flight.
///
/// libcurl's handles belong to that thread. Other threads only put transfers into a list and wake it.
final class Transfers: Sendable {
    /// How long unused connections are kept for the next request, in milliseconds. Afterwards nothing is open or awake.
    private static let linger: Int32 = 1_000

    /// What other threads may use of the handle: libcurl allows `curl_multi_wakeup` on any thread. It is called under the
    /// lock, under which the handle is also taken away before it is closed.
    private struct Wakeup: @unchecked Sendable {
        let handle: UnsafeMutableRawPointer
    }

    /// A transfer and who receives its result.
    private typealias Waiting = (transfer: Transfer, done: @Sendable (Transfer.Result) -> Void)

    private struct State {
        var isShutDown = false
        /// Whether the thread is at work, or about to begin.
        var isRunning = false
        var wakeup: Wakeup?
        var waiting: [Waiting] = []
        /// Whether a transfer may have been cancelled since the thread last looked.
        var hasCancelled = false
        var whenEnded: [@Sendable () -> Void] = []

        func wake() {
            if let wakeup { curl_multi_wakeup(wakeup.handle) }
        }
    }

    private let state = Mutex(State())
    private let worker = Worker("b2-sending")

    /// Carries out a transfer and waits for its end. Blocks.
    func result(of transfer: Transfer) -> Transfer.Result {
        let result = Monitor<Transfer.Result?>(nil)
        begin(transfer) { end in result.change { $0 = end } }
        return result.wait { $0 }
    }

    /// Begins a transfer. After `shutdown` it ends at once as cancelled.
    ///
    /// - Parameter done: Receives the result, once: on the thread of the transfers, which it must not block, or on this one.
    func begin(_ transfer: Transfer, then done: @escaping @Sendable (Transfer.Result) -> Void) {
        enum Step { case refuse, start, wait }
        let step = state.withLock { state -> Step in
            guard !state.isShutDown else { return .refuse }
            state.waiting.append((transfer, done))
            if state.isRunning {
                state.wake()
                return .wait
            }
            state.isRunning = true
            return .start
        }
        switch step {
        case .refuse: done(.failure(TransferFailure(.cancelled)))
        case .start: worker.async { self.run() }
        case .wait: break
        }
    }

    /// Ends a transfer as cancelled, unless it has ended or ends first. It may be called before `begin`.
    func cancel(_ transfer: Transfer) {
        transfer.cancel()
        state.withLock { state in
            state.hasCancelled = true
            state.wake()
        }
    }

    /// Ends all transfers as cancelled, and closes the connections.
    ///
    /// - Parameter done: Is called when all have ended: on this thread, or on that of the transfers.
    func shutdown(then done: @escaping @Sendable () -> Void = {}) {
        let hasEnded = state.withLock { state in
            state.isShutDown = true
            guard state.isRunning else { return true }
            state.whenEnded.append(done)
            state.wake()
            return false
        }
        if hasEnded { done() }
    }

    // MARK: The thread

    private func run() {
        Self.blockBrokenPipe()
        guard CurlLibrary.isReady, let multi = curl_multi_init() else { return failAll(errno: ENOMEM) }
        // Without a descriptor for it nothing could wake the thread.
        guard curl_multi_wakeup(multi) == CURLM_OK else {
            curl_multi_cleanup(multi)
            return failAll(errno: EMFILE)
        }
        state.withLock { $0.wakeup = Wakeup(handle: multi) }
        var running: [UnsafeMutableRawPointer: RunningTransfer] = [:]
        var mayLinger = false
        func end(_ ended: RunningTransfer, _ result: Transfer.Result) {
            curl_multi_remove_handle(multi, ended.handle)
            running[ended.handle] = nil
            if !ended.transfer.hasOwnConnection { mayLinger = true }
            ended.done(result)
        }
        while true {
            let (waiting, hasCancelled, isShutDown) = state.withLock { state in
                defer {
                    state.waiting = []
                    state.hasCancelled = false
                }
                return (state.waiting, state.hasCancelled, state.isShutDown)
            }
            for (transfer, done) in waiting {
                do throws(TransferFailure) {
                    if isShutDown || transfer.isCancelled { throw TransferFailure(.cancelled) }
                    let added = try RunningTransfer(transfer, done)
                    guard curl_multi_add_handle(multi, added.handle) == CURLM_OK else {
                        throw TransferFailure(.curl(CurlOutcome(CURLE_FAILED_INIT)))
                    }
                    running[added.handle] = added
                } catch {
                    done(.failure(error))
                }
            }
            if hasCancelled || isShutDown {
                for transfer in running.values where isShutDown || transfer.transfer.isCancelled {
                    end(transfer, .failure(transfer.failure(.cancelled)))
                }
            }
            var count: Int32 = 0
            curl_multi_perform(multi, &count)
            while let message = curl_multi_info_read(multi, &count)?.pointee {
                guard message.msg == CURLMSG_DONE, let transfer = running[message.easy_handle] else { continue }
                end(transfer, transfer.result(message.data.result))
            }
            if !running.isEmpty {
                curl_multi_poll(multi, nil, 0, .max, nil)
            } else if mayLinger, !isShutDown {
                mayLinger = false
                curl_multi_poll(multi, nil, 0, Self.linger, nil)
            } else if isIdle() {
                curl_multi_cleanup(multi)
                return finish()
            }
        }
    }

    /// Returns whether nothing waits; nobody wakes the thread any more then.
    private func isIdle() -> Bool {
        state.withLock { state in
            guard state.waiting.isEmpty else { return false }
            state.wakeup = nil
            return true
        }
    }

    /// Ends the thread's work, or begins it again where a transfer has arrived in the meantime.
    private func finish() {
        let whenEnded = state.withLock { state -> [@Sendable () -> Void]? in
            guard state.waiting.isEmpty else { return nil }
            state.isRunning = false
            defer { state.whenEnded = [] }
            return state.whenEnded
        }
        guard let whenEnded else { return worker.async { self.run() } }
        for done in whenEnded { done() }
    }

    private func failAll(errno code: Int32) {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for (_, done) in waiting {
            done(.failure(TransferFailure(.curl(CurlOutcome(CURLE_FAILED_INIT, errno: code)))))
        }
        finish()
    }

    /// Keeps SIGPIPE from this thread: libcurl and OpenSSL may write to a connection that the other side has closed.
    private static func blockBrokenPipe() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}

private enum CurlLibrary {
    /// Whether libcurl could be set up, which is done once in a process.
    static let isReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK
}
