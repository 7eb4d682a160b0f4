import TestSupport
import Harness
import Foundation

// Measures the built program, and reports by the exit status whether the bounds are kept: `swift run -c release
// Benchmarks` for all of it, or with one of `judging`, `throughput`, `peers [--quick]`, `steady`, `actions`, `screen`,
// `listen`, `export`, `shared` and `scale [FILE]` for that part, or `cold [FILE]` and `first [FILE]` for parts of the last.
// `peers` needs wrk, and compares with those of Node, Debian's webhook and Python that are installed. `Benchmarks
// make-history FILE --events N` makes the history for `scale`, which otherwise makes one itself.
//
// The bounds at a million events, compared with a thousand: the first screen, a key, a page and a jump to an end at
// most 1.2 times, memory 1.3; a filter at most 1.5 times the time in which `sqlite3` scans the table, also with an
// empty file cache; verifying again at least half of one core's HMAC; an export at most 12 µs of processor time a
// delivery as jsonl, 8 as csv and tsv, 40 as curl. The figures depend on the machine and the moment; the bounds are far
// enough from them for other machines.

let arguments = CommandLine.arguments.dropFirst()
do {
    if try MakeHistory.run(arguments) { exit(0) }
} catch {
    print("the history could not be made: \(error)")
    exit(1)
}
do {
    // A peer that this program is itself.
    if let first = arguments.first, first == "bare", let secret = arguments.dropFirst().first {
        try BareServer.run(secret: secret)
    }
} catch {
    print("the bare server failed: \(error)")
    exit(1)
}
guard FileManager.default.isExecutableFile(atPath: Program.path) else {
    print(
        "\(Program.path) does not exist: build it with swift build -c release --product b2watch, or set B2WATCH_BINARY")
    exit(64)
}
let only = arguments.first
guard
    only.map({
        [
            "judging", "throughput", "peers", "steady", "actions", "screen", "listen", "export", "shared", "scale",
            "cold", "first",
        ]
        .contains($0)
    }) ?? true
else {
    print(
        "there is no measurement called \(only ?? ""): judging, throughput, peers, steady, actions, screen, listen, export, shared, scale, cold or first"
    )
    exit(64)
}
print("b2watch at \(Program.path)")
var findings = Findings()
do {
    if only == nil || only == "judging" { try JudgingAgain.measure(&findings) }
    if only == nil || only == "throughput" { try Throughput.measure(&findings) }
    if only == nil || only == "peers" { try Peers.measure(&findings, quick: arguments.contains("--quick")) }
    if only == nil || only == "steady" { try Steady.measure(&findings) }
    if only == nil || only == "actions" { try FailingActions.measure(&findings) }
    if only == nil || only == "screen" { try SmoothScreen.measure(&findings) }
    if only == nil || only == "listen" { try listen(&findings) }
    if only == nil || only == "export" { try Exporting.measure(&findings) }
    if only == nil || only == "shared" { try Shared.measure(&findings) }
    let large = arguments.dropFirst().first
    if only == "cold" { try Scale.measure(&findings, large: large, ScaleSearch.cold) }
    if only == "first" { try Scale.measure(&findings, large: large, ScaleScreen.first) }
    if only == nil || only == "scale" { try Scale.measure(&findings, large: large) }
} catch {
    print("the measurement failed: \(error)")
    exit(1)
}
finish(findings)

func listen(_ findings: inout Findings) throws {
    print("listen")
    let listener = try RunningListener(in: try SampleRequests.home())
    for request in SampleRequests.all.prefix(100) {
        let client = try listener.connect()
        try client.send(request)
        _ = try client.answer()
    }
    try IdleWakes.measure(listener.child.id, "listen, idle", &findings)
    try listener.stop()
}

func finish(_ findings: Findings) -> Never {
    if findings.broken.isEmpty {
        print("all bounds are kept")
        exit(0)
    }
    print("broken:\n" + findings.broken.map { "  \($0)" }.joined(separator: "\n"))
    exit(1)
}
