internal import Base
internal import CCurl
internal import Foundation
internal import Notifications
internal import Synchronization

/// A request to send, and the way to its target.
final class Transfer: Sendable {
    typealias Result = Swift.Result<OutgoingAnswer, TransferFailure>

    let request: OutgoingRequest
    /// The proxy that connects to the URL's host; nil for a direct connection.
    let proxy: ProxyServer?
    /// The longest time until the request can be sent, from looking up the name to the end of the TLS handshake.
    let connectLimit: Duration
    /// The longest time from now to the end of the answer.
    let limit: Duration
    /// Whether the request has a connection that no other request uses.
    let hasOwnConnection: Bool
    let rules: ConnectionRules
    /// Checks the address and port of a direct connection before it is opened: returns why it must not be used.
    let refusal: @Sendable (IPAddress, Int) -> OutgoingFailure?
    let start = ContinuousClock.now

    private let hasBeenCancelled = Atomic<Bool>(false)

    init(
        _ request: OutgoingRequest, by proxy: ProxyServer? = nil, connectingWithin connectLimit: Duration,
        within limit: Duration, hasOwnConnection: Bool = true, rules: ConnectionRules = ConnectionRules(),
        refusal: @escaping @Sendable (IPAddress, Int) -> OutgoingFailure? = { _, _ in nil }
    ) {
        self.request = request
        self.proxy = proxy
        self.connectLimit = connectLimit
        self.limit = limit
        self.hasOwnConnection = hasOwnConnection
        self.rules = rules
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
    /// The time that unused connections are kept for the next request, in milliseconds. Afterwards nothing is open or
    /// awake.
    private static let linger: Int32 = 1_000

    /// The part of the handle that other threads may use: libcurl allows `curl_multi_wakeup` on any thread. It is
    /// called under the lock, under which the handle is also taken away before it is closed.
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
        // Without this descriptor nothing could wake the thread.
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

    /// Returns whether nothing waits; the thread is then not woken any more.
    private func isIdle() -> Bool {
        state.withLock { state in
            guard state.waiting.isEmpty else { return false }
            state.wakeup = nil
            return true
        }
    }

    /// Ends the thread's work, or restarts it if a transfer has arrived in the meantime.
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

// MARK: - A running transfer

/// A running transfer: its handle of libcurl's, and the data received so far. Only the thread of `Transfers` uses it.
final class RunningTransfer {
    /// The most bytes of header fields that are read of an answer.
    private static let longestHead = 256 << 10

    let transfer: Transfer
    let done: @Sendable (Transfer.Result) -> Void
    let handle: UnsafeMutableRawPointer
    private var fields: UnsafeMutablePointer<curl_slist>?
    private var proxyFields: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private let peer: UnsafeMutablePointer<b2_peer>

    private var answer = OutgoingAnswer(status: 0)
    private var headLength = 0
    /// Whether the next line is that of a status.
    private var isAtStatus = true
    private var hasHead = false
    /// Whether everything to be kept has arrived; libcurl is then stopped.
    private var isEnough = false
    /// Whether the connection was ready for the request: from then on it may have been received.
    private var hasSent = false
    private var refusal: OutgoingFailure?
    /// The reason why no socket could be opened.
    private var socketError: Int32 = 0

    /// Prepares a transfer.
    ///
    /// - Throws: `TransferFailure` if libcurl cannot send the request unchanged.
    init(_ transfer: Transfer, _ done: @escaping @Sendable (Transfer.Result) -> Void) throws(TransferFailure) {
        guard let handle = curl_easy_init() else {
            throw TransferFailure(.curl(CurlOutcome(CURLE_OUT_OF_MEMORY, errno: ENOMEM)))
        }
        self.transfer = transfer
        self.done = done
        self.handle = handle
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        peer = .allocate(capacity: 1)
        memset(peer, 0, MemoryLayout<b2_peer>.size)
        try prepare()
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(fields)
        curl_slist_free_all(proxyFields)
        errorText.deallocate()
        peer.deallocate()
    }

    // MARK: The request

    private func prepare() throws(TransferFailure) {
        let request = transfer.request
        try checkURL()
        try check(b2_curl_set_error_buffer(handle, errorText))
        try check(
            b2_curl_set_callbacks(
                handle, Unmanaged.passUnretained(self).toOpaque(),
                { context, _, address in
                    guard let transfer = RunningTransfer.from(context), let address else { return CURL_SOCKET_BAD }
                    return transfer.open(address)
                },
                { context, _, _, _, _ in
                    RunningTransfer.from(context)?.hasSent = true
                    return CURL_PREREQFUNC_OK
                },
                { bytes, size, count, context in
                    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
                    return RunningTransfer.from(context)?.receiveHead(line) == true ? line.count : 0
                },
                { bytes, size, count, context in
                    let part = UnsafeRawBufferPointer(start: bytes, count: size * count)
                    return RunningTransfer.from(context)?.receiveBody(part) == true ? part.count : 0
                }))

        // Only HTTP/1.1, as requested.
        try check(b2_curl_allow_http(handle))
        try set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        try set(CURLOPT_HTTP09_ALLOWED, 0)
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_PATH_AS_IS, 1)
        try set(CURLOPT_URL, request.url.description)
        // An empty body counts as no body: its length is in the header fields.
        if request.body.isEmpty {
            try set(CURLOPT_HTTPGET, 1)
            // An answer to HEAD has no body, whatever its length says.
            if request.method == "HEAD" { try set(CURLOPT_NOBODY, 1) }
        } else {
            try set(CURLOPT_POST, 1)
            try check(request.body.withUnsafeBytes { b2_curl_set_body(handle, $0.baseAddress, $0.count) })
        }
        try set(CURLOPT_CUSTOMREQUEST, request.method)
        for line in Self.lines(of: request) { try append(line, to: &fields) }
        try check(b2_curl_set_list(handle, CURLOPT_HTTPHEADER, fields))

        try prepareTLS()
        try set(CURLOPT_NETRC, 0)
        try set(CURLOPT_NOSIGNAL, 1)
        try check(b2_curl_leave_lookups(handle))
        try set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(transfer.connectLimit))
        try set(CURLOPT_TIMEOUT_MS, Self.milliseconds(transfer.limit))
        if transfer.hasOwnConnection {
            try set(CURLOPT_FRESH_CONNECT, 1)
            try set(CURLOPT_FORBID_REUSE, 1)
        }
        try prepareProxy()
    }

    private func prepareTLS() throws(TransferFailure) {
        let rules = transfer.rules
        // A key that is known proves more than a name.
        try set(CURLOPT_SSL_VERIFYPEER, rules.pinnedKey == nil ? 1 : 0)
        try set(CURLOPT_SSL_VERIFYHOST, rules.pinnedKey == nil ? 2 : 0)
        if let key = rules.pinnedKey { try set(CURLOPT_PINNEDPUBLICKEY, key) }
        if rules.hasProxyHeader { try set(CURLOPT_HAPROXYPROTOCOL, 1) }
        if let file = rules.authorities.file { try set(CURLOPT_CAINFO, file) }
        if let folder = rules.authorities.folder { try set(CURLOPT_CAPATH, folder) }
        if let path = rules.authorities.additional {
            let size = MemoryLayout.size(ofValue: peer.pointee.additional)
            guard path.utf8.count < size else { throw TransferFailure(.curl(CurlOutcome(CURLE_SSL_CACERT_BADFILE))) }
            withUnsafeMutableBytes(of: &peer.pointee.additional) { $0.copyBytes(from: path.utf8) }
        }
        try check(b2_curl_watch_certificates(handle, peer))
    }

    /// Sets everything that libcurl would read from the environment, for every request: the policy chooses the proxy.
    private func prepareProxy() throws(TransferFailure) {
        try set(CURLOPT_NOPROXY, "")
        guard let proxy = transfer.proxy else { return try set(CURLOPT_PROXY, "") }
        switch proxy.kind {
        case .http:
            try set(CURLOPT_PROXY, "http://\(proxy.authority)")
            try set(CURLOPT_HTTPPROXYTUNNEL, 1)
            // The proxy learns no more than the host, the port and its own credentials.
            try set(CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
            try append("Proxy-Connection:", to: &proxyFields)
            try check(b2_curl_set_list(handle, CURLOPT_PROXYHEADER, proxyFields))
            try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
            guard let credentials = proxy.credentials else { return }
            try check(b2_curl_set_proxy_credentials(handle, credentials.user, credentials.password))
        // The proxy looks up the name.
        case .socks: try set(CURLOPT_PROXY, "socks5h://\(proxy.authority)")
        }
    }

    /// Checks that libcurl reads the same host and port in the URL as the policy did: two readers of a URL may disagree.
    private func checkURL() throws(TransferFailure) {
        let url = transfer.request.url
        let parsed = curl_url()
        defer { curl_url_cleanup(parsed) }
        func part(_ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            defer { curl_free(text) }
            return curl_url_get(parsed, part, &text, flags) == CURLUE_OK
                ? text.map { String(cString: $0) } : nil
        }
        guard curl_url_set(parsed, CURLUPART_URL, url.description, UInt32(CURLU_PATH_AS_IS)) == CURLUE_OK,
            let host = part(CURLUPART_HOST)?.drop(while: { $0 == "[" }).prefix(while: { $0 != "]" }),
            // `127.1` and `0x7f.0.0.1` are read as the addresses that they mean.
            host.lowercased() == url.host.lowercased() || Self.isAddress(host, in: url.host),
            part(CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)) == String(url.port),
            part(CURLUPART_SCHEME) == (url.isSecure ? "https" : "http")
        else { throw TransferFailure(.curl(CurlOutcome(CURLE_URL_MALFORMAT))) }
    }

    /// Returns whether a host is one address in another form.
    private static func isAddress(_ address: Substring, in host: String) -> Bool {
        guard let address = IPAddress(address) else { return false }
        return address == IPAddress(numeric: host)
    }

    /// Returns the header fields in libcurl's form, and an empty one for each field that libcurl would add by itself.
    private static func lines(of request: OutgoingRequest) -> [String] {
        let fields = request.sentHeaders
        let names = Set(fields.map { $0.name.lowercased() })
        let added = ["User-Agent", "Accept", "Content-Type", "Expect"].filter { !names.contains($0.lowercased()) }
        return fields.map { field in
            // Written with a colon, a field without a value would be left out.
            field.value.allSatisfy { $0 == " " || $0 == "\t" } ? "\(field.name);" : "\(field.name): \(field.value)"
        } + added.map { "\($0):" }
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        // Zero would be no limit.
        Int(max(1, min(duration / .milliseconds(1), Double(Int32.max))))
    }

    private func set(_ option: CURLoption, _ value: Int) throws(TransferFailure) {
        try check(b2_curl_set_long(handle, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws(TransferFailure) {
        try check(b2_curl_set_text(handle, option, value))
    }

    private func append(
        _ line: String, to list: inout UnsafeMutablePointer<curl_slist>?
    ) throws(TransferFailure) {
        guard let longer = curl_slist_append(list, line) else {
            throw TransferFailure(.curl(CurlOutcome(CURLE_OUT_OF_MEMORY, errno: ENOMEM)))
        }
        list = longer
    }

    private func check(_ code: CURLcode) throws(TransferFailure) {
        if code != CURLE_OK { throw TransferFailure(.curl(CurlOutcome(code))) }
    }

    // MARK: The connection

    private static func from(_ context: UnsafeMutableRawPointer?) -> RunningTransfer? {
        context.map { Unmanaged<RunningTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Opens a socket for an address of the name, unless it must not be used. The connection goes to exactly this
    /// address: there is no second lookup.
    private func open(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        // The user has chosen the proxy; the policy has checked the target behind it.
        if transfer.proxy == nil {
            guard let peer = b2_curl_address(address).flatMap({ IPAddress.endpoint($0) }) else {
                return CURL_SOCKET_BAD
            }
            if let refusal = transfer.refusal(peer.address, peer.port) {
                self.refusal = refusal
                return CURL_SOCKET_BAD
            }
        }
        // No program that b2watch starts inherits it.
        let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.pointee.family, type, address.pointee.protocol)
        if descriptor < 0 { socketError = errno }
        return descriptor < 0 ? CURL_SOCKET_BAD : descriptor
    }

    // MARK: The answer

    /// Reads a line of the answer's head: the status, a field, or the empty line at its end.
    ///
    /// - Returns: Whether to continue.
    private func receiveHead(_ line: UnsafeRawBufferPointer) -> Bool {
        // Fields after the body are not kept.
        guard !hasHead else { return true }
        headLength += line.count
        guard headLength <= Self.longestHead else { return false }
        let text = String(decoding: line.prefix { $0 != 0x0D && $0 != 0x0A }, as: UTF8.self)
        if isAtStatus {
            isAtStatus = false
            answer.headers = []
        } else if text.isEmpty {
            let status = b2_curl_get_long(handle, CURLINFO_RESPONSE_CODE)
            // After an interim answer, such as 100 Continue, another head follows.
            isAtStatus = (100..<200).contains(status) && status != 101
            guard !isAtStatus else { return true }
            answer.status = status
            hasHead = true
            isEnough = transfer.request.method == "HEAD"
            return !isEnough
        } else if text.first == " " || text.first == "\t" {
            // The line continues the previous field (RFC 9112, 5.2).
            if let last = answer.headers.indices.last { answer.headers[last].value += " " + text.trimmingSpace }
        } else if let colon = text.firstIndex(of: ":") {
            let value = text[text.index(after: colon)...].trimmingSpace
            answer.headers.append(OutgoingField(String(text[..<colon]), String(value)))
        }
        return true
    }

    /// Keeps the start of the body.
    ///
    /// - Returns: Whether to continue.
    private func receiveBody(_ part: UnsafeRawBufferPointer) -> Bool {
        let space = transfer.request.longestAnswer - answer.body.count
        answer.body.append(contentsOf: part.prefix(space))
        answer.isCut = part.count > space
        isEnough = answer.isCut
        return !isEnough
    }

    /// Returns the result, when libcurl reports that the transfer has ended.
    func result(_ code: CURLcode) -> Transfer.Result {
        if hasHead, code == CURLE_OK || isEnough {
            answer.duration = transfer.start.duration(to: .now)
            return .success(answer)
        }
        if let refusal, !hasSent { return .failure(failure(.refused(refusal))) }
        var outcome = CurlOutcome(code)
        outcome.errno = socketError != 0 ? socketError : Int32(b2_curl_get_long(handle, CURLINFO_OS_ERRNO))
        outcome.verification = b2_curl_get_long(handle, CURLINFO_SSL_VERIFYRESULT)
        outcome.proxyStatus = b2_curl_get_long(handle, CURLINFO_HTTP_CONNECTCODE)
        outcome.proxyReply = b2_curl_get_long(handle, CURLINFO_PROXY_ERROR)
        outcome.names = withUnsafeBytes(of: &peer.pointee.names, Self.text)
        outcome.issuer = withUnsafeBytes(of: &peer.pointee.issuer, Self.text)
        outcome.text = headLength > Self.longestHead ? "its header fields are too long" : String(cString: errorText)
        return .failure(failure(.curl(outcome)))
    }

    /// Returns the text of a certificate; everything else than letters, digits and signs is left out.
    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self).unicodeScalars
        return String(
            String.UnicodeScalarView(text.filter { (0x20...0x7E).contains($0.value) || $0 == "…" }.prefix(200)))
    }

    /// Returns a failure that states whether the request may have been received.
    func failure(_ cause: TransferFailure.Cause) -> TransferFailure {
        TransferFailure(cause, hasSent: hasSent)
    }
}
