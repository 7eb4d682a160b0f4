import Foundation
import Harness
import Notifications
import TestSupport
import Testing

/// `b2watch connect` against a fake B2 on this machine.
@Suite(.blocking) struct ConnectTests {
    /// A tunnel that leads to a given place as long as it runs.
    private static let tunnel = "#!/bin/sh\necho starting\necho http://127.0.0.1:$1\nexec sleep 1000\n"
    private static let theirs = """
        [{"name": "their-rule", "eventTypes": ["b2:ObjectCreated:*"], "isEnabled": true, "objectNamePrefix": "in/",
        "later": [1], "targetConfiguration": {"targetType": "webhook", "url": "TARGET",
        "hmacSha256SigningSecret": "b2DashTestSecret0123456789abcdEF"}}]
        """

    private func connect(
        _ there: BackblazeHome, _ arguments: String..., tunnel: String = Self.tunnel
    ) throws -> ConnectedProcess {
        let path = try there.home.folder.write("tunnel", tunnel, mode: 0o700)
        return try ConnectedProcess(there.home, ["connect", "my-bucket", "--tunnel", "\(path) {port}"] + arguments)
    }

    @Test func bringsAVerifiedEventAndLeavesNoTrace() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        there.b2.putRules(Self.theirs.replacing("TARGET", with: "https://theirs.example/hook"))
        let before = there.b2.rulesText
        let connected = try connect(there, "--prefix", "photos/", "--custom-header", "X-A=b", "--format", "json")
        try connected.error.line(with: "connected: the rule b2watch-")
        let rule = try #require(there.b2.rules.first { $0["name"] as? String != "their-rule" })
        #expect(rule["objectNamePrefix"] as? String == "photos/")

        #expect(there.b2.upload("photos/cat.jpg") == [200])
        let line = try connected.output.line(with: "photos/cat.jpg")
        #expect(line.contains("\"signature\":\"valid\""))
        #expect(line.contains("[\"X-A\",\"b\"]"))
        #expect(line.contains("\"secret\":\"\(rule["name"] as? String ?? "")\""))

        #expect(try connected.end() == .exited(0))
        #expect(there.b2.rulesText == before)
        let said = try connected.error.whole()
        #expect(said.contains("is deleted"), "\(said)")
        #expect(!FileManager.default.fileExists(atPath: there.home.secrets))
    }

    /// Puts their rule into the bucket.
    ///
    /// - Returns: The rules, as text to compare with, and the options with which their rule is borrowed, or none.
    private func putTheirs(_ there: BackblazeHome, borrows: Bool) -> (before: String, options: [String]) {
        there.b2.putRules(Self.theirs.replacing("TARGET", with: "https://theirs.example/hook"))
        let options = borrows ? ["--rule", "their-rule", "--yes", "--no-forward"] : ["--prefix", "photos/"]
        return (there.b2.rulesText, options)
    }

    /// Connects, to a rule of its own or to theirs.
    private func connected(_ there: BackblazeHome, _ options: [String]) throws -> ConnectedProcess {
        let path = try there.home.folder.write("tunnel", Self.tunnel, mode: 0o700)
        let process = try ConnectedProcess(
            there.home, ["connect", "my-bucket", "--tunnel", "\(path) {port}"] + options)
        try process.error.line(with: "connected: the rule ")
        return process
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGQUIT, SIGHUP], [false, true])
    func everySignalRestoresTheBucket(_ signal: Int32, borrows: Bool) throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        let (before, options) = putTheirs(there, borrows: borrows)
        let connected = try connected(there, options)
        #expect(there.b2.rulesText != before)
        // Without a terminal, SIGHUP would read the configuration again.
        if signal == SIGHUP {
            connected.child.signal(SIGHUP)
            try connected.error.line(with: "signing secrets read again: \(borrows ? "their-rule" : "b2watch-")")
            #expect(there.b2.upload(borrows ? "in/a" : "photos/a") == [200])
        }
        #expect(try connected.end(signal == SIGHUP ? SIGTERM : signal) == .exited(0))
        #expect(there.b2.rulesText == before)
    }

    @Test(arguments: [SIGKILL, SIGSEGV, SIGABRT, SIGBUS], [false, true])
    func whatEndsItAtOnceIsUndoneByCleanup(_ signal: Int32, borrows: Bool) throws {
        var there = try BackblazeHome()
        // Otherwise Swift's runtime prints pages about a crash.
        there.home.environment["SWIFT_BACKTRACE"] = "enable=no"
        defer { there.server.stop() }
        let (before, options) = putTheirs(there, borrows: borrows)
        let connected = try connected(there, options)
        #expect(try connected.end(signal) == .signalled(signal))
        #expect(there.b2.rulesText != before)
        let outcome = try Program.run("cleanup", "my-bucket", in: there.home)
        #expect(outcome.ending == .exited(0), "\(outcome.error)")
        #expect(there.b2.rulesText == before)
    }

    /// A way to end the dashboard.
    enum Way: CaseIterable {
        case quit, interruptTwice, hangUp, terminate, quitSignal
    }

    @Test(arguments: Way.allCases, [false, true])
    func everyEndOfTheDashboardRestoresTheBucket(_ way: Way, borrows: Bool) throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        let (before, options) = putTheirs(there, borrows: borrows)
        let path = try there.home.folder.write("tunnel", Self.tunnel, mode: 0o700)
        let number = there.home.folder.file("process")
        let terminal = try TerminalSession(in: there.home, columns: 120, rows: 30)
        // The shell's number is that of the program that takes its place.
        try terminal.run(
            "(sh -c 'echo $PPID' > \(number); exec \(Program.path) connect my-bucket --tunnel '\(path) {port}' \(options.joined(separator: " ")))"
        )
        _ = try wait(for: "the rule") { there.b2.rulesText == before ? nil : true }
        #expect(there.b2.upload(borrows ? "in/cat.jpg" : "photos/cat.jpg") == [200])
        try terminal.see("cat.jpg", "valid")
        let text = try String(contentsOfFile: number, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        let process = try #require(pid_t(text))
        switch way {
        case .quit:
            try terminal.press("q")
            try terminal.see("Stop receiving?")
            try terminal.press("y")
        case .interruptTwice: try terminal.type("\u{3}\u{3}")
        case .hangUp: try terminal.hangUp()
        case .terminate: kill(process, SIGTERM)
        case .quitSignal: kill(process, SIGQUIT)
        }
        _ = try wait(for: "the restored rules") { there.b2.rulesText == before ? true : nil }
        if way != .hangUp { try terminal.see(borrows ? "leads to https://theirs.example/hook again" : "is deleted") }
    }

    @Test func aSecondSignalWaitsForTheBucket() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        let (before, options) = putTheirs(there, borrows: true)
        let connected = try connected(there, options)
        // B2 answers once the second signal has been handled.
        let isReleased = Watched(false)
        there.b2.intrude { call in
            if call == "b2_set_bucket_notification_rules" { _ = isReleased.wait { $0 ? true : nil } }
        }
        let calls = there.b2.requests.count
        connected.child.signal(SIGINT)
        _ = try wait(for: "the restoration") { there.b2.requests.count > calls ? true : nil }
        connected.child.signal(SIGINT)
        try connected.error.line(with: "the bucket is being restored; another signal ends b2watch before that")
        #expect(connected.child.isRunning)
        isReleased.change { $0 = true }
        #expect(connected.child.end() == .exited(0))
        #expect(there.b2.rulesText == before)
    }

    /// Connects, and interrupts the process at one of its requests, before that is answered.
    ///
    /// - Returns: The process, whether it is connected, and the number of its requests.
    private func connect(
        _ there: BackblazeHome, _ words: [String], interruptedAt step: Int,
        by interrupt: @escaping @Sendable (Child) -> Void
    ) throws -> (running: ConnectedProcess, isConnected: Bool, seen: Watched<Int>) {
        let seen = Watched(0)
        let child = Watched<Child?>(nil)
        there.b2.intrude { _ in
            let count = seen.change { count in
                count += 1
                return count
            }
            guard count == step, let interrupted = child.wait(for: { $0 }) else { return }
            interrupt(interrupted)
        }
        let running = try ConnectedProcess(there.home, words)
        child.change { $0 = running.child }
        return (running, running.connects(), seen)
    }

    @Test(arguments: [false, true]) func aSignalAtEachStepOfConnectingRestoresTheBucket(_ borrows: Bool) throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        let (before, options) = putTheirs(there, borrows: borrows)
        let path = try there.home.folder.write("tunnel", Self.tunnel, mode: 0o700)
        // The requests of connecting; a signal arrives at each of them, and its answer after the signal.
        for step in 1...9 {
            let (running, isConnected, seen) = try connect(
                there, ["connect", "my-bucket", "--tunnel", "\(path) {port}"] + options, interruptedAt: step
            ) { $0.signal(SIGTERM) }
            if isConnected, seen.now < step { running.child.signal(SIGTERM) }
            let ending = running.child.end()
            #expect(
                ending == .exited(0) || ending == .signalled(SIGTERM), "step \(step): \(String(describing: ending))")
            there.b2.intrude(nil)
            #expect(there.b2.rulesText == before, "step \(step)")
            if isConnected, seen.now < step { break }
        }
    }

    @Test func cleanupUndoesWhatAKillLeaves() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        let lifeline = try Lifeline()
        let connected = try connect(
            there, tunnel: "#!/bin/sh\nexec 3>\(lifeline.path); echo up >&3\n" + Self.tunnel.dropFirst(10))
        try connected.error.line(with: "connected: the rule b2watch-")
        #expect(lifeline.isTaken())
        let inUse = try Program.run("cleanup", "my-bucket", in: there.home)
        #expect(inUse.error.contains("is connected by the rule b2watch-"))
        #expect(there.b2.rules.count == 1)

        #expect(try connected.end(SIGKILL) == .signalled(SIGKILL))
        #expect(lifeline.isLetGo())
        #expect(there.b2.rules.count == 1)
        let outcome = try Program.run("cleanup", "my-bucket", in: there.home)
        #expect(outcome.ending == .exited(0))
        #expect(outcome.error.contains("is deleted"))
        #expect(there.b2.rulesText == "[]")
        #expect(try Program.run("cleanup", "my-bucket", in: there.home).error.contains("nothing to clean up"))
    }

    @Test(arguments: [false, true]) func aKillAtEachStepIsCleanedUpByTheNextStart(_ borrows: Bool) throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        if borrows { there.b2.putRules(Self.theirs.replacing("TARGET", with: "https://theirs.example/hook")) }
        let before = there.b2.rulesText
        let options = borrows ? ["--rule", "their-rule", "--yes", "--no-forward"] : []
        let path = try there.home.folder.write("tunnel", Self.tunnel, mode: 0o700)
        let words = ["connect", "my-bucket", "--tunnel", "\(path) {port}"] + options
        // The requests of connecting; the process is killed at each of them.
        for step in 1...9 {
            let (running, isConnected, _) = try connect(there, words, interruptedAt: step) {
                $0.signal(SIGKILL)
                _ = $0.end()
            }
            if isConnected { #expect(try running.end(SIGKILL) == .signalled(SIGKILL)) }
            there.b2.intrude(nil)
            // The next start undoes the changes before anything else, and later its own.
            let next = try ConnectedProcess(there.home, words)
            #expect(next.connects(), "step \(step)")
            #expect(there.b2.rules.count(where: { ($0["name"] as? String)?.hasPrefix("b2watch-") == true }) <= 1)
            #expect(try next.end() == .exited(0))
            #expect(there.b2.rulesText == before, "step \(step)")
            if isConnected { break }
        }
    }

    @Test func borrowsARuleAndSendsOnWhatItBrings() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        let receiver = FakeReceiver()
        let old = try FakeServer(receiver)
        defer { old.stop() }
        there.b2.putRules(Self.theirs.replacing("TARGET", with: old.url("/hook")))
        let before = there.b2.rulesText

        let unasked = try Program.run(
            "connect", "my-bucket", "--rule", "their-rule", "--public-url", "https://x.example/", in: there.home)
        #expect(unasked.ending == .exited(64))
        #expect(unasked.error.contains("it leads here, and each delivery is sent on to it unchanged"))

        let connected = try connect(there, "--rule", "their-rule", "--yes")
        try connected.error.line(with: "connected: the rule their-rule")
        #expect(there.b2.upload("in/cat.jpg") == [200])
        try connected.output.line(with: "in/cat.jpg")
        let request = try wait(for: "the delivery at the old target") { receiver.requests.first }
        #expect(request.value(of: "x-bz-event-notification-signature")?.hasPrefix("v1=") == true)
        #expect(request.target == "/hook")
        #expect(try connected.end() == .exited(0))
        #expect(there.b2.rulesText == before)
        #expect(receiver.requests.count == 1)
    }

    @Test func sendsEachDeliveryOnUnchanged() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        // The first receiver refuses once.
        let receivers = [FakeReceiver([.text(500, "later")]), FakeReceiver(), FakeReceiver()]
        let servers = try receivers.map { try FakeServer($0) }
        defer { servers.forEach { $0.stop() } }
        there.b2.putRules(Self.theirs.replacing("TARGET", with: servers[2].url("/old?token=1")))
        let before = there.b2.rulesText
        let refused = try Program.run(
            "connect", "my-bucket", "--public-url", "https://x.example/", "--forward", "http://example.com/",
            in: there.home)
        #expect(refused.ending == .exited(64) && refused.error.contains("--forward http://example.com/"))

        let connected = try connect(
            there, "--rule", "their-rule", "--yes", "--forward", servers[0].url("/one"), "--forward",
            servers[1].url("/two"))
        try connected.error.line(with: "connected: the rule their-rule")
        let name = "in/ключ \u{1B}[31m\".jpg"
        #expect(there.b2.upload(name) == [200])
        // The signature is that of B2 over these bytes, so they are unchanged.
        let secret = try SigningSecret(label: "their-rule", value: "b2DashTestSecret0123456789abcdEF")
        var bodies: Set<[UInt8]> = []
        for (index, (receiver, target)) in zip(receivers, ["/one", "/two", "/old?token=1"]).enumerated() {
            let requests = try wait(for: "the delivery at \(target)") {
                receiver.requests.count == (index == 0 ? 2 : 1) ? receiver.requests : nil
            }
            for request in requests {
                #expect(request.target == target && request.method == "POST")
                #expect(request.value(of: SignatureHeader.name) == secret.signature(of: request.body))
                #expect(request.value(of: "User-Agent") == "B2/EventNotifications")
                #expect(request.value(of: "Content-Type") == "application/json; charset=UTF-8")
                bodies.insert(request.body)
            }
        }
        #expect(bodies.count == 1)
        #expect(String(decoding: bodies.first ?? [], as: UTF8.self).contains("their-rule"))
        #expect(try connected.end() == .exited(0))
        #expect(there.b2.rulesText == before)
    }

    @Test func refusesACertificateWithATunnel() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        let option = try Program.run(
            "connect", "my-bucket", "--tunnel", "cloudflared", "--tls-certificate", "a", "--tls-key", "b",
            in: there.home)
        #expect(option.ending == .exited(64) && option.error.contains("leave out --tls-certificate"))
        try there.home.configure("tls-certificate: /etc/tls.crt\ntls-key: /etc/tls.key\n")
        let setting = try Program.run("connect", "my-bucket", "--tunnel", "cloudflared", in: there.home)
        #expect(setting.ending == .exited(64), "\(setting.error)")
        #expect(setting.error.contains("config.yaml:1:18: “tls-certificate” is set, and a tunnel speaks HTTPS itself"))
        #expect(there.b2.requests.isEmpty)
    }

    @Test func subscribesToAnEventBroker() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        let broker = try FakeBroker("b2DashTestSecret0123456789abcdEF")
        let server = try FakeServer(broker)
        defer { server.stop() }
        there.b2.putRules(Self.theirs.replacing("TARGET", with: server.url("/")))
        let before = there.b2.rulesText

        let ruleless = try Program.run(
            "connect", "my-bucket", "--event-broker-url", server.url(""), "--public-url", "https://x.example/",
            in: there.home)
        #expect(ruleless.ending == .exited(64) && ruleless.error.contains("needs --rule NAME"))

        let connected = try connect(
            there, "--rule", "their-rule", "--event-broker-url", server.url("/"), "--poll-interval", "1", "--format",
            "json")
        let line = try connected.error.line(with: "connected: ")
        #expect(line.contains("sends the notifications of the rule their-rule of my-bucket to http://127.0.0.1:"))
        #expect(there.b2.upload("in/cat.jpg") == [200])
        #expect(try connected.output.line(with: "in/cat.jpg").contains("\"signature\":\"valid\""))

        // The broker has ended the subscription.
        broker.drop()
        try connected.error.line(with: "b2watch has subscribed again")
        #expect(broker.subscribers.count == 1)
        #expect(there.b2.upload("in/dog.jpg") == [200])
        try connected.output.line(with: "in/dog.jpg")

        #expect(try connected.end() == .exited(0))
        #expect(broker.subscribers.isEmpty)
        #expect(broker.asked.last?.hasPrefix("DELETE /@subscriptions/my-bucket/their-rule/subscription-") == true)
        #expect(there.b2.rulesText == before)
        #expect(there.b2.count(of: "b2_set_bucket_notification_rules") == 0)
    }

    @Test func saysWhatIsWrongWithAnEventBroker() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        let broker = try FakeServer(FakeReceiver())
        defer { broker.stop() }
        there.b2.putRules(Self.theirs.replacing("TARGET", with: "https://theirs.example/hook"))
        let other = try connect(there, "--rule", "their-rule", "--event-broker-url", broker.url(""))
        #expect(other.child.end() == .exited(1))
        let said = try other.error.whole()
        #expect(said.contains("is Backblaze's event broker? Check the URL") || said.contains("has no id"), "\(said)")
        #expect(said.contains("leads to https://theirs.example/hook, not to the event broker"))
    }

    @Test func takesWhatARuleBringsThatDoesNotSign() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        let connected = try connect(there, "--unsigned", "--format", "json")
        try connected.error.line(with: "connected: the rule b2watch-")
        #expect(there.b2.upload("photos/cat.jpg") == [200])
        let line = try connected.output.line(with: "photos/cat.jpg")
        #expect(line.contains("\"signature\":\"unsigned\""))
        #expect(try connected.end() == .exited(0))
        #expect(there.b2.rulesText == "[]")
    }

    @Test func explainsRulesInTheWay() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        there.b2.putRules(Self.theirs.replacing("TARGET", with: "https://theirs.example/hook"))
        let outcome = try Program.run(
            "connect", "my-bucket", "--public-url", "https://x.example/", in: there.home)
        #expect(outcome.ending == .exited(1))
        #expect(outcome.error.contains("“their-rule” (b2:ObjectCreated:*, prefix “in/”) is there already"))
        #expect(outcome.error.contains("--rule their-rule"))
        #expect(there.b2.count(of: "b2_set_bucket_notification_rules") == 0)
    }

    @Test func saysWhatIsWrongWithTheTunnel() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        let dead = try connect(there, tunnel: "#!/bin/sh\necho not logged in\nexit 1\n")
        #expect(dead.child.end() == .exited(1))
        #expect(try dead.error.whole().contains("not connected: the tunnel"))
        #expect(try dead.error.whole().contains("its last line: not logged in"))
        #expect(there.b2.rulesText == "[]")
        let without = try Program.run("connect", "my-bucket", in: there.home)
        #expect(without.ending == .exited(64))
        #expect(without.error.contains("--tunnel cloudflared"))
    }

    @Test func showsTheDashboardOnATerminal() throws {
        let there = try BackblazeHome()
        defer { there.server.stop() }
        let path = try there.home.folder.write("tunnel", Self.tunnel, mode: 0o700)
        let terminal = try TerminalSession(in: there.home, columns: 120, rows: 30)
        try terminal.run("\(Program.path) connect my-bucket --tunnel '\(path) {port}'")
        _ = try wait(for: "the rule") { there.b2.rules.isEmpty ? nil : true }
        #expect(there.b2.upload("photos/cat.jpg") == [200])
        try terminal.see("photos/cat.jpg", "valid")
        try terminal.press("q")
        try terminal.see("Stop receiving?")
        try terminal.press("y")
        try terminal.see("is deleted")
        #expect(there.b2.rulesText == "[]")
    }
}

/// A running `b2watch connect`.
final class ConnectedProcess {
    let child: Child
    let output: Output
    let error: Output

    init(_ home: Home, _ arguments: [String]) throws {
        let (output, error) = (PipeEnds(), PipeEnds())
        defer { [output, error].forEach { close($0.writing) } }
        child = try Child(
            Program.path, arguments, environment: home.environment,
            streams: Child.Streams(output: output.writing, error: error.writing))
        self.output = Output(output.reading)
        self.error = Output(error.reading)
    }

    /// Waits until it is connected or has ended, and returns whether it is connected.
    func connects() -> Bool { (try? error.line(with: "connected: the rule")) != nil }

    func end(_ signal: Int32 = SIGTERM) throws -> Child.Ending? {
        child.signal(signal)
        return child.end()
    }
}
