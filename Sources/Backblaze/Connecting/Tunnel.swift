internal import Base
internal import Sending

/// A program that makes a listener on this machine reachable by a public URL.
public enum Tunnel: Sendable, Hashable {
    case cloudflared
    case ngrok
    /// `ssh -R`: the host listens on a port and forwards connections. The user has to provide a public URL for that
    /// port.
    case ssh(destination: String, port: Int)
    /// The words of a command. `{port}` in them stands for the listener's port. The command prints its URL alone on a
    /// line.
    case command([String])

    /// The port on the host of an ssh tunnel, if the user gives none.
    static let usualPort = 8_080

    /// Reads `cloudflared`, `ngrok`, `ssh:[USER@]HOST[:PORT]`, or a command.
    ///
    /// - Throws: `B2Problem` for any other text.
    public init(_ text: String) throws(B2Problem) {
        switch text {
        case "cloudflared": self = .cloudflared
        case "ngrok": self = .ngrok
        case _ where text.hasPrefix("ssh:"):
            let parts = text.dropFirst(4).split(separator: ":", omittingEmptySubsequences: false)
            let host = String(parts[0])
            let isHost =
                !host.isEmpty && !host.hasPrefix("-") && !host.contains("@-") && !host.hasSuffix("@")
                && host.utf8.allSatisfy { byte in
                    Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber
                        || "-._@".utf8.contains(byte)
                }
            let port = parts.count == 2 ? Int(parts[1]) : Self.usualPort
            guard isHost, parts.count <= 2, let port, (1...65_535).contains(port) else {
                throw B2Problem(.other, "--tunnel \(text): write ssh:HOST, ssh:USER@HOST or ssh:USER@HOST:PORT")
            }
            self = .ssh(destination: host, port: port)
        default:
            let words = text.split(separator: " ").map(String.init)
            guard !words.isEmpty else {
                throw B2Problem(.other, "--tunnel wants cloudflared, ngrok, ssh:HOST, or a command")
            }
            self = .command(words)
        }
    }

    /// The tunnel's name in sentences.
    public var name: String {
        switch self {
        case .cloudflared: "cloudflared"
        case .ngrok: "ngrok"
        case .ssh(let destination, let port): "ssh to \(destination), port \(port)"
        case .command(let words): words[0]
        }
    }

    /// Whether the user has to give the public URL, because the tunnel does not print it.
    public var needsPublicURL: Bool {
        if case .ssh = self { true } else { false }
    }

    /// Returns the command that opens the tunnel.
    ///
    /// - Parameter port: The listener's port on 127.0.0.1.
    func words(to port: Int) -> [String] {
        switch self {
        case .cloudflared: ["cloudflared", "tunnel", "--no-autoupdate", "--url", "http://127.0.0.1:\(port)"]
        case .ngrok: ["ngrok", "http", "127.0.0.1:\(port)", "--log", "stdout", "--log-format", "json"]
        case .ssh(let destination, let remote):
            [
                "ssh", "-N", "-T", "-o", "ExitOnForwardFailure=yes", "-o", "BatchMode=yes", "-o",
                "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3", "-R", "\(remote):127.0.0.1:\(port)", "--",
                destination,
            ]
        case .command(let words): words.map { $0.replacing("{port}", with: String(port)) }
        }
    }

    /// Returns the public URL in a line of the tunnel's output; nil if there is none.
    ///
    /// - Parameter allowsLoopback: Whether a URL of this machine is acceptable.
    func url(in line: String, allowsLoopback: Bool) -> String? {
        switch self {
        case .ssh: return nil
        case .cloudflared:
            // Error messages contain the host of the tunnel's own API, which is not the public URL.
            return line.matches(of: Self.quickTunnel).map { String($0.output) }
                .first { !$0.hasPrefix("https://api.") }
        case .ngrok:
            guard let message = JSONValue(Array(line.utf8)), message["msg"]?.text == "started tunnel",
                let url = message["url"]?.text, url.hasPrefix("https://")
            else { return nil }
            return url
        case .command:
            let word = line.trimmed
            guard let url = try? WebhookURL(word), url.isSecure || (allowsLoopback && url.isLoopback) else {
                return nil
            }
            return word
        }
    }

    private static var quickTunnel: Regex<Substring> { /https:\/\/[a-z0-9-]+\.trycloudflare\.com/ }

    /// Returns the variables that a tunnel may have: those it needs to find its settings and the network, without
    /// secrets.
    static func environment(_ all: [String: String]) -> [String: String] {
        let names: Set<String> = [
            "PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "TZ", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK",
            "NGROK_AUTHTOKEN",
            "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy",
            "SSL_CERT_FILE", "SSL_CERT_DIR",
        ]
        return all.filter { names.contains($0.key) || $0.key.hasPrefix("LC_") }
    }
}

// MARK: - Running

/// A running tunnel. It starts the program again when it ends, until the connection ends.
final class TunnelRun: Sendable {
    /// A change in the state of the tunnel, reported on the tunnel's own thread.
    enum News: Sendable {
        case url(String)
        /// The program ended, with its last output, and is started again after a pause; nil if it has never started.
        case ended(String, again: Duration?)
    }

    /// The longest pause between two starts.
    private static let longestPause = Duration.seconds(30)
    /// The part of a line that is kept, in bytes.
    private static let longestLine = 64 << 10

    private struct State {
        var isEnded = false
        /// Ends the current program.
        var stop: ProgramStop?
    }

    private let tunnel: Tunnel
    private let port: Int
    private let publicURL: String?
    private let allowsLoopback: Bool
    private let environment: [String: String]
    /// The first pause.
    private let pause: Duration
    private let told: @Sendable (News) -> Void
    private let state = Monitor(State())
    private let worker = Worker("tunnel")

    init(
        _ tunnel: Tunnel, port: Int, publicURL: String?, allowsLoopback: Bool, environment: [String: String],
        pause: Duration, told: @escaping @Sendable (News) -> Void
    ) {
        self.tunnel = tunnel
        self.port = port
        self.publicURL = publicURL
        self.allowsLoopback = allowsLoopback
        self.environment = Tunnel.environment(environment)
        self.pause = pause
        self.told = told
    }

    func start() {
        worker.async { [self] in run() }
    }

    /// Ends the current program, so that it is started again.
    func restart() {
        state.withLock { $0.stop }?.stop()
    }

    /// Ends the tunnel for good. Blocks until its program has ended.
    func end() {
        let stop = state.change { state in
            state.isEnded = true
            return state.stop
        }
        stop?.stop()
        worker.wait(atMost: .seconds(10))
    }

    private func run() {
        var pause = self.pause
        var hasRun = false
        while true {
            let stop = ProgramStop()
            let isEnded = state.withLock { state in
                state.stop = stop
                return state.isEnded
            }
            if isEnded { return }
            let start = ContinuousClock.now
            let (reason, isRun) = runOnce(stop)
            if isRun { hasRun = true }
            if state.withLock({ $0.isEnded }) { return }
            // A program that ran for a minute has started well: the pauses begin again with the first.
            if .now - start > .seconds(60) { pause = self.pause }
            told(.ended(reason, again: hasRun ? pause : nil))
            guard hasRun else { return }
            if state.wait(until: .now + pause, for: { $0.isEnded ? true : nil }) == true { return }
            pause = min(pause * 2, Self.longestPause)
        }
    }

    /// Runs the program until it ends.
    ///
    /// - Returns: How it ended, in words, and whether it was started.
    private func runOnce(_ stop: ProgramStop) -> (reason: String, isRun: Bool) {
        var program = ExternalProgram(
            tunnel.words(to: port), environment: environment, limit: .seconds(10 * 365 * 86_400))
        program.endsWithParent = true
        program.longestOutput = 0
        var line: [UInt8] = []
        var last = ""
        var found: String?
        if tunnel.needsPublicURL, let publicURL { told(.url(publicURL)) }
        let outcome = program.run(until: stop) { bytes in
            for byte in bytes {
                guard byte == UInt8(ascii: "\n") else {
                    if line.count < Self.longestLine { line.append(byte) }
                    continue
                }
                let text = String(decoding: line, as: UTF8.self)
                line = []
                if !text.trimmed.isEmpty { last = text }
                guard let url = tunnel.url(in: text, allowsLoopback: allowsLoopback), url != found else { continue }
                found = url
                told(.url(publicURL ?? url))
            }
        }
        if !line.isEmpty { last = String(decoding: line, as: UTF8.self) }
        let lastLine = last.isEmpty ? "" : "; its last line: \(SafeText(last.trimmed).clipped(to: 300))"
        switch outcome.end {
        case .exited(let status): return ("it ended with status \(status)\(lastLine)", true)
        case .signalled(let signal): return ("signal \(signal) ended it\(lastLine)", true)
        case .overdue, .stopped: return ("it was stopped", true)
        case .notRun(let problem):
            return (
                "\(tunnel.words(to: port)[0]) cannot be started: \(problem). Install it, or see --tunnel for others",
                false
            )
        }
    }
}
