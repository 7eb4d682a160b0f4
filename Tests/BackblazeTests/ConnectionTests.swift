import Base
import Foundation
import Synchronization
import Testing
import TestSupport

@testable import Backblaze

@Suite struct TunnelTests {
    @Test func readsATunnel() throws {
        #expect(try Tunnel("cloudflared") == .cloudflared)
        #expect(try Tunnel("ngrok") == .ngrok)
        #expect(try Tunnel("ssh:me@host.example:9000") == .ssh(destination: "me@host.example", port: 9000))
        #expect(try Tunnel("ssh:host") == .ssh(destination: "host", port: 8080))
        #expect(try Tunnel("/opt/tunnel --to {port}").words(to: 81) == ["/opt/tunnel", "--to", "81"])
        for wrong in ["ssh:", "ssh:-oProxyCommand=x", "ssh:a@-b", "ssh:host:0", "ssh:host:1:2", "ssh:a b", " "] {
            #expect(FakeAccount.problem { _ = try Tunnel(wrong) } != nil, "\(wrong)")
        }
        let words = Tunnel.ssh(destination: "host", port: 9000).words(to: 81)
        #expect(words.contains("ExitOnForwardFailure=yes") && words.contains("BatchMode=yes"))
        #expect(words.suffix(4) == ["-R", "9000:127.0.0.1:81", "--", "host"])
    }

    @Test func findsTheURLAndNoOther() {
        func url(_ tunnel: Tunnel, _ line: String) -> String? { tunnel.url(in: line, allowsLoopback: false) }
        #expect(
            url(.cloudflared, "2026-01-01T00:00:00Z INF |  https://calm-sea-1.trycloudflare.com    |")
                == "https://calm-sea-1.trycloudflare.com")
        #expect(url(.cloudflared, "failed: Post \"https://api.trycloudflare.com/tunnel\": no route") == nil)
        #expect(url(.cloudflared, "see https://developers.cloudflare.com/") == nil)
        #expect(
            url(.ngrok, "{\"lvl\":\"info\",\"msg\":\"started tunnel\",\"url\":\"https://a.ngrok-free.app\"}")
                == "https://a.ngrok-free.app")
        #expect(url(.ngrok, "{\"msg\":\"update available\",\"url\":\"https://ngrok.com/download\"}") == nil)
        #expect(url(.command(["x"]), " https://a.example/ ") == "https://a.example/")
        #expect(url(.command(["x"]), "docs: https://a.example/") == nil)
        #expect(url(.command(["x"]), "http://127.0.0.1:8080") == nil)
        #expect(Tunnel.command(["x"]).url(in: "http://127.0.0.1:8080", allowsLoopback: true) != nil)
    }

    @Test func getsNoSecretOfTheEnvironment() {
        let all = [
            "PATH": "/bin", "B2_APPLICATION_KEY": "x", "B2WATCH_SIGNING_SECRET": "y", "LC_ALL": "C", "AWS_X": "z",
        ]
        #expect(Tunnel.environment(all) == ["PATH": "/bin", "LC_ALL": "C"])
    }
}

@Suite(.blocking) struct ConnectionTests {
    private static let theirs = """
        [{"name": "their-rule", "eventTypes": ["b2:ObjectCreated:*"], "isEnabled": true, "objectNamePrefix": "",
        "later": [1.0], "targetConfiguration": {"targetType": "webhook", "url": "https://theirs.example/hook",
        "hmacSha256SigningSecret": "b2DashTestSecret0123456789abcdEF"}}]
        """

    private let folder = TemporaryFolder()
    private let account: FakeAccount

    init() throws {
        account = try FakeAccount()
    }

    private var temporary: RuleLease {
        let rule = NotificationRule(
            name: "b2watch-abc", eventTypes: ["b2:ObjectDeleted:*"], prefix: "", url: "https://none.invalid/",
            secret: "b2DashTestSecret0123456789abcdEF")
        return RuleLease(account.book, rule: rule, isTemporary: true, folder: folder.file("connections"))
    }

    private func borrowed() throws -> RuleLease {
        RuleLease(
            account.book, rule: try account.book.rule(named: "their-rule"), isTemporary: false,
            folder: folder.file("connections"))
    }

    private func url(_ name: String) -> String? {
        (account.b2.rule(name)?["targetConfiguration"] as? [String: Any])?["url"] as? String
    }

    private var journals: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.file("connections"))) ?? []).filter {
            $0.hasSuffix(".json")
        }
    }

    @Test func createsFollowsAndDeletes() throws {
        account.b2.putRules(Self.theirs)
        let before = account.b2.rulesText
        let lease = temporary
        try lease.lead(to: "https://a.example/")
        #expect(url("b2watch-abc") == "https://a.example/")
        #expect(journals.count == 1)
        try lease.lead(to: "https://b.example/")
        #expect(url("b2watch-abc") == "https://b.example/")
        #expect(account.b2.rules.count == 2)
        #expect(try lease.release() == ["the temporary rule b2watch-abc of my-bucket is deleted"])
        #expect(account.b2.rulesText == before)
        #expect(journals.isEmpty)
        #expect(try lease.release() == [])
    }

    @Test func borrowsAndRestores() throws {
        account.b2.putRules(Self.theirs)
        let before = account.b2.rulesText
        let lease = try borrowed()
        try lease.lead(to: "https://a.example/")
        try lease.lead(to: "https://b.example/")
        #expect(url("their-rule") == "https://b.example/")
        #expect(try lease.release() == ["the rule their-rule of my-bucket leads to https://theirs.example/hook again"])
        #expect(account.b2.rulesText == before)
    }

    @Test func leavesWhatSomebodyElseHasSet() throws {
        account.b2.putRules(Self.theirs)
        let lease = try borrowed()
        try lease.lead(to: "https://a.example/")
        account.b2.putRules(Self.theirs.replacing("theirs.example", with: "foreign.example"))
        #expect(try lease.release().first?.contains("which somebody else has set: it stays so") == true)
        #expect(url("their-rule") == "https://foreign.example/hook")
        #expect(journals.isEmpty)
    }

    @Test func keepsTheJournalWhereItCannotRestore() throws {
        let lease = temporary
        try lease.lead(to: "https://a.example/")
        account.b2.disableNotifications()
        #expect(FakeAccount.problem { _ = try lease.release() }?.kind == .notEnabled)
        #expect(journals.count == 1)
    }

    @Test func writesNoJournalForARuleThatIsRefused() throws {
        account.b2.putRules(Self.theirs)
        let rule = NotificationRule(
            name: "b2watch-abc", eventTypes: ["b2:ObjectCreated:*"], prefix: "", url: "https://none.invalid/",
            secret: nil)
        let lease = RuleLease(account.book, rule: rule, isTemporary: true, folder: folder.file("connections"))
        #expect(FakeAccount.problem { try lease.lead(to: "https://a.example/") }?.kind == .rule)
        #expect(journals.isEmpty)
    }

    @Test func cleansUpWhatNobodyKeeps() throws {
        account.b2.putRules(Self.theirs)
        let before = account.b2.rulesText
        let connections = folder.file("connections")
        // The leftovers of a killed process: a journal without its lock.
        for lease in [temporary, try borrowed()] { try lease.lead(to: "https://a.example/") }
        #expect(account.b2.rules.count == 2)
        let other = ConnectionJournal.leftovers(in: connections, bucket: "other", realm: account.client.key.realm)
        #expect(other.abandoned.isEmpty && other.inUse.isEmpty)
        #expect(try ConnectionCleanup.run(account.book, folder: connections).count == 2)
        #expect(account.b2.rulesText == before)
        #expect(journals.isEmpty)
        #expect(try ConnectionCleanup.run(account.book, folder: connections) == [])
    }

    @Test func leavesWhatIsInUse() throws {
        let lease = temporary
        try lease.lead(to: "https://a.example/")
        let connections = folder.file("connections")
        #expect(try ConnectionCleanup.run(account.book, folder: connections) == [])
        #expect(url("b2watch-abc") == "https://a.example/")
        let leftovers = ConnectionJournal.leftovers(
            in: connections, bucket: "my-bucket", realm: account.client.key.realm)
        #expect(leftovers.inUse.map(\.process) == [getpid()])
        #expect(try lease.release().count == 1)
    }

    // MARK: - Tunnels

    /// Connects by a tunnel that is a script.
    private func connect(
        _ script: String, as name: String = "tunnel", prove: @escaping @Sendable (String) throws -> Void = { _ in },
        _ test: (Connection, Watched<[String]>) throws -> Void
    ) throws {
        let path = try folder.write(name, "#!/bin/sh\n\(script)\n", mode: 0o700)
        // The tools that b2watch knows are found by their names.
        var plan = Connection.Plan(
            tunnel: try Tunnel(name == "tunnel" ? "\(path) {port}" : name), publicURL: nil, path: "/hook", port: 81,
            environment: ["PATH": "\(folder.path):\(NeededProgram.folders)"])
        plan.patience = .milliseconds(1)
        plan.pause = .milliseconds(1)
        let news = Watched<[String]>([])
        let connection = Connection(plan, temporary, allowsLoopback: false, prove: prove, probe: { _ in true }) {
            item in
            let text =
                switch item {
                case .step(let text), .warning(let text): text
                case .connected(let url): "connected \(url)"
                case .failed(let problem): "failed \(problem)"
                }
            news.change { $0.append(text) }
        }
        connection.begin()
        try test(connection, news)
    }

    @Test func connectsByATunnelThatPrintsItsURL() throws {
        let lifeline = try Lifeline()
        try connect(
            "exec 3>\(lifeline.path); echo up >&3; echo see https://docs.example/; echo https://t$1.example; exec sleep 60"
        ) { connection, news in
            _ = try news.require("the connection") { $0.contains("connected https://t81.example/hook") ? true : nil }
            #expect(url("b2watch-abc") == "https://t81.example/hook")
            #expect(lifeline.isTaken())
            #expect(try connection.end() == ["the temporary rule b2watch-abc of my-bucket is deleted"])
            #expect(lifeline.isLetGo())
            #expect(account.b2.rules.isEmpty)
        }
    }

    @Test(arguments: ["cloudflared", "ngrok"]) func takesTheURLOfAToolAndNoOtherHoweverLate(_ tool: String) throws {
        let gate = folder.file("gate")
        let pipe = mkfifo(gate, 0o600)
        try #require(pipe == 0)
        let (before, after, url) =
            tool == "ngrok"
            ? (
                #"{"lvl":"info","msg":"update available","url":"https://ngrok.com/download"}"#,
                #"{"lvl":"info","msg":"started tunnel","addr":"http://127.0.0.1:81","url":"https://a1.ngrok-free.app"}"#,
                "https://a1.ngrok-free.app/hook"
            )
            : (
                "INF Requesting new quick Tunnel, see https://developers.cloudflare.com/ and https://api.trycloudflare.com",
                "INF |  https://calm-sea.trycloudflare.com  |", "https://calm-sea.trycloudflare.com/hook"
            )
        try connect("echo '\(before)'; read go < \(gate); echo '\(after)'; exec sleep 60", as: tool) {
            connection, news in
            _ = try news.require("the start") { $0.contains("opening a tunnel by \(tool)") ? true : nil }
            // The tool has printed its first line once it reads.
            let go = open(gate, O_WRONLY)
            #expect(!news.now.contains { $0.hasPrefix("connected") || $0.contains("the tunnel's URL") })
            #expect(write(go, "go\n", 3) == 3)
            close(go)
            _ = try news.require("the connection") { $0.contains("connected \(url)") ? true : nil }
            #expect(self.url("b2watch-abc") == url)
            _ = try connection.end()
        }
    }

    @Test func followsATunnelThatChangesItsURL() throws {
        let count = folder.file("count")
        try connect(
            "echo x >> \(count); echo https://t$(wc -l < \(count) | tr -d ' ').example; [ $(wc -l < \(count)) = 2 ] && exec sleep 60; exit 3"
        ) {
            connection, news in
            _ = try news.require("the second URL") { $0.contains("connected https://t2.example/hook") ? true : nil }
            #expect(url("b2watch-abc") == "https://t2.example/hook")
            #expect(
                news.now.contains { $0.contains("is down: it ended with status 3; its last line: https://t1.example") })
            _ = try connection.end()
        }
    }

    @Test func failsWhereTheTunnelNeverComesUp() throws {
        try connect("echo no token >&2; exit 1") { connection, news in
            let all = try news.require("the failure") { all in all.contains { $0.hasPrefix("failed") } ? all : nil }
            #expect(all.last?.contains("it ended with status 1; its last line: no token") == true)
            #expect(try connection.end() == [])
            #expect(account.b2.requests.isEmpty)
        }
    }

    @Test func makesNoRuleWhereTheURLLeadsElsewhere() throws {
        struct Elsewhere: Error, CustomStringConvertible { let description = "a test event was answered 404" }
        try connect("echo https://t.example; exec sleep 60", prove: { _ in throw Elsewhere() }) { connection, news in
            let all = try news.require("the failure") { all in all.contains { $0.hasPrefix("failed") } ? all : nil }
            let said = try #require(all.last?.dropFirst(7))
            #expect(said.hasPrefix("https://t.example/hook does not lead here: a test event was answered 404"))
            // The page of connecting quotes it.
            let page = try String(
                contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(
                    path: "../../docs/connect.md"), encoding: .utf8)
            let quoted = said.replacing("https://t.example/hook", with: "https://hooks.example.com/")
            #expect(page.replacing("\n> ", with: " ").contains(quoted), "docs/connect.md does not quote: \(quoted)")
            _ = try connection.end()
            #expect(account.b2.requests.isEmpty)
        }
    }
}
