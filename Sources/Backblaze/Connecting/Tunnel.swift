internal import Foundation
internal import Outgoing
internal import Programs
internal import SafeText
internal import Synchronization
internal import Workers

/// A program that makes a listener on this machine reachable by a public URL.
public enum Tunnel: Sendable, Hashable {
    case cloudflared
    case ngrok
    /// `ssh -R`: the host listens on a port and hands connections on; what makes a URL of that is not ours.
    case ssh(destination: String, port: Int)
    /// Words of a command; `{port}` in them is the port to lead to. It prints its URL alone on a line.
    case command([String])

    /// The port on the host of an ssh tunnel, where none is given.
    static let usualPort = 8_080

    /// Reads `cloudflared`, `ngrok`, `ssh:[USER@]HOST[:PORT]`, or a command.
    ///
    /// - Throws: `B2Problem` where it is neither.
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

    /// What it is called in sentences.
    public var name: String {
        switch self {
        case .cloudflared: "cloudflared"
        case .ngrok: "ngrok"
        case .ssh(let destination, let port): "ssh to \(destination), port \(port)"
        case .command(let words): words[0]
        }
    }

    /// Whether its URL has to be given: it prints none.
    public var needsPublicURL: Bool {
        if case .ssh = self { true } else { false }
    }

    /// The command that opens it.
    ///
    /// - Parameter port: Where the listener is, on 127.0.0.1.
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

    /// Returns the public URL that a line of the tunnel's output names; nil where it names none.
    ///
    /// - Parameter allowsLoopback: Whether a URL of this machine will do.
    func url(in line: String, allowsLoopback: Bool) -> String? {
        switch self {
        case .ssh: return nil
        case .cloudflared:
            // Its API's own host is named in errors.
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

    /// What of the environment a tunnel gets: what it needs to find its settings and the network, and no secret.
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

/// Runs a tunnel for as long as it is wanted, and starts it again when it ends.
final class TunnelRun: Sendable {
    /// What happens to it; told on its own thread.
    enum News: Sendable {
        case url(String)
        /// It has ended, and starts again after a pause; with what it said last.
        case ended(String, again: Duration)
    }

    /// The longest pause from one start to the next.
    private static let longestPause = Duration.seconds(30)
    /// How much of a line is kept, in bytes.
    private static let longestLine = 64 << 10

    private struct State {
        var isEnded = false
        /// Ends the program that runs now.
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

    /// Ends the program that runs now; it is started again.
    func restart() {
        state.withLock { $0.stop }?.stop()
    }

    /// Ends it for good. Blocks until its program has ended.
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
        while true {
            let stop = ProgramStop()
            let isEnded = state.withLock { state in
                state.stop = stop
                return state.isEnded
            }
            if isEnded { return }
            let start = ContinuousClock.now
            let reason = runOnce(stop)
            if state.withLock({ $0.isEnded }) { return }
            // What has run for a while has not failed at the start.
            if .now - start > .seconds(60) { pause = self.pause }
            told(.ended(reason, again: pause))
            if state.wait(until: .now + pause, for: { $0.isEnded ? true : nil }) == true { return }
            pause = min(pause * 2, Self.longestPause)
        }
    }

    /// Runs the program until it ends.
    ///
    /// - Returns: How it ended, in words.
    private func runOnce(_ stop: ProgramStop) -> String {
        var program = Program(tunnel.words(to: port), environment: environment, limit: .seconds(10 * 365 * 86_400))
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
        let said = last.isEmpty ? "" : "; it said: \(SafeText(last.trimmed).clipped(to: 300))"
        switch outcome.end {
        case .exited(let status): return "it ended with status \(status)\(said)"
        case .signalled(let signal): return "signal \(signal) ended it\(said)"
        case .overdue, .stopped: return "it was stopped"
        case .notRun(let problem):
            return "\(tunnel.words(to: port)[0]) cannot be started: \(problem). Install it, or see --tunnel for others"
        }
    }
}
