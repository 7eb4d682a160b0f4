import Foundation
import Harness
import Notifications
import TestSupport

/// b2watch in each of its modes, and alternatives to it, under the same load in turns: requests a second, times,
/// processor time of a request and memory, as numbers and as ratios of medians.
///
/// The load comes from `wrk`, so that the figures do not depend on a client of this project. On a shared machine,
/// processor time is steadier than requests a second.
enum Peers {
    /// The load on a server.
    struct Load {
        let name: String
        let connections: Int
        /// The number of events in a body.
        let events: Int
        /// The length to which a field of each event fills the body, in bytes; nil for no such field.
        var bodyLength: Int?
        var goals: [Goal] = []

        static let all = [
            Load(
                name: "64 connections, 500 bytes", connections: 64, events: 1,
                goals: [
                    Goal(.quiet, .rate, of: .bare, least: 0.7), Goal(.quiet, .rate, of: .node, least: 1.4),
                    Goal(.quiet, .rate, of: .webhook, least: 4), Goal(.quiet, .p99, of: .bare, most: 2),
                    Goal(.text, .rate, of: .node, least: 1.2), Goal(.json, .rate, of: .node, least: 1),
                    Goal(.dashboard, .rate, of: .bare, least: 0.6),
                ]),
            Load(
                name: "1 connection, 500 bytes", connections: 1, events: 1,
                goals: [Goal(.quiet, .cost, of: .node, most: 3)]),
            Load(
                name: "64 connections, 20 kB, 1 event", connections: 64, events: 1, bodyLength: 20_000,
                goals: [Goal(.quiet, .rate, of: .node, least: 1.2)]),
            Load(
                name: "64 connections, 20 kB, 36 events", connections: 64, events: 36, bodyLength: 20_000,
                goals: [Goal(.quiet, .rate, of: .node, least: 0.6)]),
            Load(name: "64 connections, 50 kB, 100 events", connections: 64, events: 100, bodyLength: 50_000),
        ]
    }

    /// A bound on one server's figure as a ratio of another's.
    struct Goal {
        enum Figure: String { case rate = "requests/s", p99 = "p99", cost = "CPU" }

        let server: Server
        let figure: Figure
        let peer: Server
        let least: Double?
        let most: Double?

        init(_ server: Server, _ figure: Figure, of peer: Server, least: Double? = nil, most: Double? = nil) {
            (self.server, self.figure, self.peer, self.least, self.most) = (server, figure, peer, least, most)
        }
    }

    /// The figures of a server under a load, one for each round.
    private struct Figures {
        var rates: [Double] = []
        var medians: [Double] = []
        var p99s: [Double] = []
        /// The processor time of a request, in microseconds.
        var costs: [Double] = []
        /// The most memory of the process, in MiB.
        var memory = 0.0
        var errors = 0
    }

    private static let rounds = 3
    private static let seconds = 3

    static func measure(_ findings: inout Findings, quick isQuick: Bool) throws {
        guard Tool.path("wrk") != nil else { throw MissingTool(name: "wrk") }
        let servers = Server.all.filter { server in
            let missing = server.needs.first { Tool.path($0) == nil }
            if let missing { print("  without \(server.name): \(missing) is not installed") }
            return missing == nil
        }
        for load in isQuick ? Array(Load.all.prefix(1)) : Load.all {
            print("\(load.name)")
            let folder = TemporaryFolder()
            let requests = try Self.requests(load, in: folder)
            var figures: [String: Figures] = [:]
            for _ in 0..<(isQuick ? 1 : rounds) {
                for server in servers {
                    try run(server, load, requests, into: &figures[server.name, default: Figures()])
                }
            }
            report(servers, figures, &findings)
            report(load.goals, figures, &findings)
        }
        findings.report("one fdatasync of 4 KiB", "\(decimals(try Self.syncTime() * 1_000)) ms")
    }

    private static func run(
        _ server: Server, _ load: Load, _ requests: String, into figures: inout Figures
    ) throws {
        let running = try server.start()
        defer { running.stop() }
        let before = try ProcessTimes(of: running.process)
        let wrk = try Wrk.run(load.connections, seconds: seconds, requests: requests, url: running.url)
        let after = try ProcessTimes(of: running.process)
        figures.rates.append(wrk.rate)
        figures.medians.append(wrk.median)
        figures.p99s.append(wrk.p99)
        figures.costs.append((after.processor - before.processor) * 1_000_000 / Double(max(1, wrk.requests)))
        figures.memory = max(figures.memory, after.peakMemory)
        figures.errors += wrk.errors
    }

    private static func report(_ servers: [Server], _ figures: [String: Figures], _ findings: inout Findings) {
        let bare = figures[Server.bare.name].map { median($0.rates) }
        let node = figures[Server.node.name].map { median($0.rates) }
        print(
            "  \(pad("", 34))\(["requests/s", "p50 ms", "p99 ms", "CPU µs", "MiB", "of bare", "of Node"].map { left($0, 11) }.joined())"
        )
        for server in servers {
            guard let its = figures[server.name] else { continue }
            let rate = median(its.rates)
            let cells = [
                String(Int(rate)), decimals(median(its.medians)), decimals(median(its.p99s)),
                decimals(median(its.costs)), decimals(its.memory), bare.map { decimals(rate / $0) } ?? "-",
                node.map { decimals(rate / $0) } ?? "-",
            ]
            let errors = its.errors == 0 ? "" : "  \(its.errors) ERRORS"
            print("  \(pad(server.name, 34))\(cells.map { left($0, 11) }.joined())\(errors)")
            if its.errors > 0, server.isOurs {
                findings.expect(server.name, "\(its.errors) errors", "none", holds: false)
            }
        }
    }

    /// Reports which goals are met. One that is not is no failure: `docs/benchmarks.md` explains those.
    private static func report(_ goals: [Goal], _ figures: [String: Figures], _ findings: inout Findings) {
        for goal in goals {
            guard let ours = figures[goal.server.name], let theirs = figures[goal.peer.name] else { continue }
            let ratio =
                switch goal.figure {
                case .rate: median(ours.rates) / median(theirs.rates)
                case .p99: median(ours.p99s) / median(theirs.p99s)
                case .cost: median(ours.costs) / median(theirs.costs)
                }
            let isMet = ratio >= goal.least ?? 0 && ratio <= goal.most ?? .infinity
            let bound =
                goal.least.map { "\(decimals($0)) or more" } ?? goal.most.map { "\(decimals($0)) or less" } ?? ""
            findings.report(
                "\(goal.server.name): \(goal.figure.rawValue) of \(goal.peer.shortName)",
                "\(decimals(ratio))  (\(bound))\(isMet ? "" : "  not met")")
        }
    }

    /// Returns the median time of writing a page to a file and waiting for the disk, in seconds.
    private static func syncTime() throws -> Double {
        let folder = TemporaryFolder()
        let file = open(folder.file("page"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(file) }
        let page = [UInt8](repeating: 1, count: 4_096)
        return median(
            (0..<200).map { number in
                let start = ContinuousClock.now
                pwrite(file, page, page.count, off_t(number * page.count))
                fdatasync(file)
                return (.now - start).seconds
            })
    }

    // MARK: - Requests

    /// Writes signed requests for wrk, each with an event id of its own.
    ///
    /// - Returns: The file's path.
    private static func requests(_ load: Load, in folder: TemporaryFolder) throws -> String {
        var bytes: [UInt8] = []
        let count = load.events > 1 || load.bodyLength != nil ? 2_000 : 40_000
        for number in 0..<count {
            let events = (0..<load.events).map { index in
                let name = "photos/2026/cat-\(number)-\(index).jpg"
                let filler = load.bodyLength.map { max(0, $0 / load.events - 460) } ?? 0
                // A name has 1,024 bytes at most, so another field, which nobody reads, fills the body.
                return SampleEvent(id: id(number * load.events + index), object: name)
                    .with("filler", json: "\"\(String(repeating: "x", count: filler))\"")
            }
            var request = WireRequest(body: SampleBody.notification(events))
            // The path of the hook of `webhook`; the others accept any.
            request.target = "/hooks/b2"
            request.headers.append(HeaderField("Content-Type", "application/json; charset=UTF-8"))
            let signature = Secrets.held.signature(of: request.body)
            request.headers.append(HeaderField(SignatureHeader.name, signature))
            // The form of the signature that `webhook` supports.
            request.headers.append(HeaderField("X-Signature", "sha256=" + signature.dropFirst(3)))
            let wire = request.bytes
            bytes += Array("\(wire.count)\n".utf8) + wire
        }
        return try folder.write("requests", bytes)
    }

    /// Returns 64 hex digits, as random as B2's, because an index of them is written at random places.
    private static func id(_ number: Int) -> String {
        var generator = SeededGenerator(seed: UInt64(number) &+ 1)
        return (0..<4).map { _ in
            let word = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - word.count) + word
        }.joined()
    }

    // MARK: - Text

    private static func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }

    private static func decimals(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func left(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

// MARK: - Servers

/// A server that can be started for a measurement.
struct Server: Sendable {
    /// A running server.
    struct Running {
        let process: pid_t
        let url: String
        let stop: () -> Void
    }

    let name: String
    /// The name next to a ratio.
    var shortName = ""
    var isOurs = false
    /// The programs that it needs.
    var needs: [String] = []
    let start: @Sendable () throws -> Running

    static let bare = Server(name: "bare SwiftNIO, no record", shortName: "bare") {
        guard let own = realpath("/proc/self/exe", nil) else { throw MissingTool(name: "/proc") }
        defer { free(own) }
        return try printingItsPort(String(cString: own), ["bare", Secrets.value])
    }

    static let node = Server(name: "the tutorial in Node, no record", shortName: "Node", needs: ["node"]) {
        try printingItsPort(Tool.path("node") ?? "node", [Tool.peer("tutorial.js"), Secrets.value])
    }

    static let webhook = Server(name: "Debian's webhook, no record", shortName: "webhook", needs: ["webhook"]) {
        try startWebhook()
    }

    static let python = Server(name: "Python's http.server, no record", needs: ["python3"]) {
        try printingItsPort(Tool.path("python3") ?? "python3", [Tool.peer("server.py"), Secrets.value])
    }

    static let quiet = Server(name: "b2watch listen --quiet", isOurs: true) {
        try listener("--quiet", output: .nowhere)
    }

    static let text = Server(name: "b2watch listen, text to a pipe", isOurs: true) {
        try listener("--format", "text", output: .pipe)
    }

    static let json = Server(name: "b2watch listen, JSON to a pipe", isOurs: true) {
        try listener("--format", "json", output: .pipe)
    }

    static let inMemory = Server(name: "b2watch listen --in-memory", isOurs: true) {
        try listener("--in-memory", "--quiet", output: .nowhere)
    }

    static let dashboard = Server(name: "b2watch, dashboard open", isOurs: true) {
        let dashboard = try Dashboard(columns: 120, rows: 36)
        return Running(process: dashboard.child.id, url: "http://127.0.0.1:\(dashboard.port)/") {
            dashboard.child.signal(SIGTERM)
            _ = dashboard.child.end()
        }
    }

    static let withAction = Server(name: "b2watch listen, a CSV action on", isOurs: true) {
        let home = try SampleRequests.home()
        try home.configure("actions:\n  rows:\n    kind: csv\n    file: \(home.folder.file("rows.csv"))\n")
        return try listener("--quiet", in: home, output: .nowhere)
    }

    static let all = [bare, node, webhook, python, quiet, text, json, inMemory, dashboard, withAction]

    private enum OutputPlace { case nowhere, pipe }

    private static func listener(
        _ arguments: String..., in home: Home? = nil, output: OutputPlace
    ) throws -> Running {
        let home = try home ?? SampleRequests.home()
        let nowhere = output == .nowhere ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1
        defer { if nowhere >= 0 { close(nowhere) } }
        let sink = output == .pipe ? PipeSink() : nil
        defer { sink?.closeWriting() }
        let listener = try RunningListener(
            in: home, command: ["listen"] + arguments, output: output == .nowhere ? nowhere : sink?.writing)
        return Running(process: listener.child.id, url: listener.url) {
            listener.child.signal(SIGTERM)
            _ = listener.child.end()
            withExtendedLifetime(sink) {}
        }
    }

    private static func printingItsPort(_ path: String, _ arguments: [String]) throws -> Running {
        let server = try PrintedPort(path, arguments)
        return Running(
            process: server.child.id, url: "http://127.0.0.1:\(server.port)/", stop: server.stop)
    }

    private static func startWebhook() throws -> Running {
        let folder = TemporaryFolder()
        let hooks = """
            [{"id": "b2", "execute-command": "/bin/true", "trigger-rule": {"match": {"type": "payload-hmac-sha256",
              "secret": "\(Secrets.value)", "parameter": {"source": "header", "name": "X-Signature"}}}}]
            """
        let file = try folder.write("hooks.json", hooks)
        let port = try UInt16(Loopback.freePort())
        let child = try Child(
            Tool.path("webhook") ?? "webhook",
            ["-hooks", file, "-ip", "127.0.0.1", "-port", "\(port)"], environment: ["PATH": Tool.searchPath])
        let end = ContinuousClock.now + .seconds(10)
        while true {
            if let descriptor = try? RawClient.connected(host: "127.0.0.1", port: port) {
                close(descriptor)
                break
            }
            guard .now < end else { throw MissingTool(name: "an answer of webhook") }
            usleep(10_000)
        }
        return Running(process: child.id, url: "http://127.0.0.1:\(port)/hooks/b2") {
            child.signal(SIGKILL)
            _ = child.end()
            withExtendedLifetime(folder) {}
        }
    }
}

/// A pipe that is read to its end and discarded.
private final class PipeSink: Sendable {
    let writing: Int32

    init() {
        let ends = PipeEnds()
        writing = ends.writing
        let reading = ends.reading
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while read(reading, &buffer, buffer.count) > 0 {}
            close(reading)
        }
    }

    func closeWriting() { close(writing) }
}

// MARK: - wrk

/// The results of wrk.
private struct Wrk {
    let requests: Int
    /// Requests a second.
    let rate: Double
    /// The latency in milliseconds.
    let median: Double
    let p99: Double
    let errors: Int

    static func run(_ connections: Int, seconds: Int, requests: String, url: String) throws -> Wrk {
        let outcome = try Program.run(
            Tool.path("wrk") ?? "wrk",
            [
                "--threads", connections > 1 ? "2" : "1", "--connections", "\(connections)", "--duration",
                "\(seconds)s",
                "--script", Tool.peer("load.lua"), url,
            ], environment: ["B2WATCH_REQUESTS": requests, "PATH": Tool.searchPath])
        guard let line = outcome.output.split(separator: "\n").first(where: { $0.hasPrefix("RESULT ") }) else {
            throw MissingTool(name: "a result of wrk: \(outcome.output)\(outcome.error)")
        }
        let numbers = line.split(separator: " ").compactMap { Double($0) }
        guard numbers.count == 5 else { throw MissingTool(name: "a result of wrk: \(line)") }
        return Wrk(
            requests: Int(numbers[0]), rate: numbers[0] * 1_000_000 / numbers[1], median: numbers[2] / 1_000,
            p99: numbers[3] / 1_000, errors: Int(numbers[4]))
    }
}

/// A program or file that a measurement needs is missing.
struct MissingTool: Error, CustomStringConvertible {
    let name: String
    var description: String { "\(name) is missing: install the packages that docs/benchmarks.md names" }
}

enum Tool {
    static let searchPath = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"

    /// Returns the path of a program; nil if it is not installed.
    static func path(_ name: String) -> String? {
        searchPath.split(separator: ":").map { "\($0)/\(name)" }.first(where: FileManager.default.isExecutableFile)
    }

    /// Returns the path of a file of the peers, next to this one.
    static func peer(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Peers/\(name)").path
    }
}

/// The processor time and memory of a process and of the child processes it has waited for.
struct ProcessTimes {
    /// The time in seconds.
    let processor: Double
    /// The memory in MiB.
    let peakMemory: Double

    init(of process: pid_t) throws {
        // After the name in brackets: the state is field 3, the times are fields 14 to 17, in ticks.
        let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        let fields = text.split(separator: ")").last?.split(separator: " ").dropFirst().compactMap { Double($0) } ?? []
        processor = fields.count > 13 ? fields[10...13].reduce(0, +) / Double(sysconf(Int32(_SC_CLK_TCK))) : 0
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        peakMemory =
            (peak?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Double($0) } ?? 0)
            / 1_024
    }
}
