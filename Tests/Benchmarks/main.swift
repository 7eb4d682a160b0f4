import Harness
import Foundation

// Measures b2watch as it was built, and says by the exit status whether the bounds hold: `swift run -c release
// Benchmarks`. The numbers are of this machine and this moment; the bounds are far enough from them to hold on others.

guard FileManager.default.isExecutableFile(atPath: Program.path) else {
    print("there is no \(Program.path): build it with swift build -c release --product b2watch, or set B2WATCH_BINARY")
    exit(64)
}
print("b2watch at \(Program.path)")
var findings = Findings()
do {
    try Throughput.measure(&findings)
    try SmoothScreen.measure(&findings)
    print("listen")
    let listener = try RunningListener(in: try SampleRequests.home())
    for request in SampleRequests.all.prefix(100) {
        let client = try listener.connect()
        try client.send(request)
        _ = try client.answer()
    }
    try IdleWakes.measure(listener.child.id, "listen, idle", &findings)
    try listener.stop()
} catch {
    print("the measurement failed: \(error)")
    exit(1)
}
if findings.broken.isEmpty {
    print("all bounds hold")
} else {
    print("broken:\n" + findings.broken.map { "  \($0)" }.joined(separator: "\n"))
    exit(1)
}
