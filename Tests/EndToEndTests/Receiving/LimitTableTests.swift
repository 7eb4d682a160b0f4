import Foundation
import Harness
import Notifications
import TestSupport
import Testing

/// The table of limits in `docs/configuration.md` describes what the program does.
@Suite("The table of limits", .blocking)
struct LimitTableTests {
    /// A row of the table.
    private struct Row {
        let name: String
        let range: [String]
        let fallback: String
    }

    private static func rows() throws -> [Row] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("docs/configuration.md"), encoding: .utf8)
        let section = try #require(page.range(of: "\n## Limits\n")).upperBound
        let end = try #require(page[section...].range(of: "\n## ")).lowerBound
        return page[section..<end].split(separator: "\n").compactMap { line in
            guard line.hasPrefix("| `") else { return nil }
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return Row(
                name: cells[0].trimmingCharacters(in: ["`"]),
                range: cells[2].replacing(" to ", with: "\n").split(separator: "\n").map(String.init),
                fallback: cells[3])
        }
    }

    private static func home(_ limits: [(String, String)]) throws -> Home {
        let home = try Home()
        try home.configure("limits:\n" + limits.map { "  \($0.0): \($0.1)\n" }.joined())
        return home
    }

    /// Returns a value next to one end of a range, outside of it.
    private static func next(to value: String, _ step: Int) throws -> String {
        let digits = value.prefix { $0.isNumber }
        return try "\(#require(Int(digits)) + step)\(value.dropFirst(digits.count))"
    }

    @Test("has each limit of the program with its range and its default")
    func table() throws {
        let rows = try Self.rows()
        #expect(rows.count == 16)
        let wrong = try Program.run(
            "listen", "--listen", "127.0.0.1:0", in: Self.home(rows.map { ($0.name, "soon") } + [("zzz", "1")]))
        #expect(wrong.ending == .exited(64))
        for row in rows {
            let words = "from \(row.range[0]) to \(row.range[1]), such as \(row.fallback)"
            let line = wrong.error.split(separator: "\n").first { $0.contains("“\(row.name)” is “soon”") }
            #expect(line?.hasSuffix(words) == true, "\(row.name): \(line ?? "nothing")")
        }
        // No limit of the program is missing in the table.
        let names = try #require(wrong.error.range(of: "(limits: ")).upperBound
        let all = wrong.error[names...].prefix { $0 != ")" }.replacing(", ", with: "\n").split(separator: "\n")
        #expect(all.map(String.init) == rows.map(\.name))
    }

    @Test("has ranges whose ends are accepted, and what is beyond them ends the start", arguments: [0, 1])
    func ends(_ end: Int) throws {
        let rows = try Self.rows()
        let listener = try RunningListener(in: Self.home(rows.map { ($0.name, $0.range[end]) }), "--quiet")
        #expect(try listener.answer(to: .event("a")).status == 200)
        try listener.stop()
        let beyond = try rows.map { ($0.name, try Self.next(to: $0.range[end], end == 0 ? -1 : 1)) }
        let refused = try Program.run("listen", "--listen", "127.0.0.1:0", in: Self.home(beyond))
        #expect(refused.ending == .exited(64))
        for (name, value) in beyond {
            #expect(refused.error.contains("“\(name)” is “\(value)”; expected is"), "\(name)")
        }
    }
}

/// The limits of the record do what the table has; those of connections are in `LoadTests`.
@Suite("A limit of the record", .blocking)
struct RecordLimitTests {
    private func home(_ yaml: String) throws -> Home {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        try home.configure(yaml)
        return home
    }

    private func junk(_ number: Int, bytes: Int = 1) -> WireRequest {
        WireRequest(target: "/junk/\(number)", body: [UInt8](repeating: UInt8(ascii: "x"), count: bytes))
    }

    /// Returns the recorded deliveries of a filter.
    private func kept(_ filter: String, in home: Home) throws -> [DeliveryLine] {
        try Program.run("export", "--format", "jsonl", "--filter", filter, in: home).output.split(separator: "\n").map {
            try DeliveryLine($0)
        }
    }

    @Test("queue-bytes answers 503 when more bytes wait to be written")
    func queueBytes() throws {
        let listener = try RunningListener(in: home("limits: {queue-bytes: 1MiB}"), "--quiet")
        #expect(try listener.answer(to: .event("before", signedWith: Secrets.held)).status == 200)
        let lock = try ForeignLock(on: listener.home.history)
        let clients = try (0..<30).map { _ in try listener.connect() }
        let object = String(repeating: "x", count: 200_000)
        for (number, client) in clients.enumerated() {
            try client.send(WireRequest.event("\(number)", object: object, signedWith: Secrets.held).bytes)
        }
        let answers = try clients.map { try $0.answer() }
        #expect(answers.allSatisfy { $0.status == 503 && $0.headers["retry-after"] == "5" })
        #expect(answers.contains { $0.text == "Too busy to record the delivery now" })
        lock.release()
        #expect(try listener.answer(to: .event("after", signedWith: Secrets.held)).status == 200)
    }

    @Test("write-time answers 503 when it is over, and not before")
    func writeTime() throws {
        for (time, statuses) in [("1s", [503]), ("1h", [408, 200])] {
            var home = try home("limits: {write-time: \(time), head-time: 4s}")
            let hang = home.folder.file("hang")
            try FaultShim.add("hang", file: hang, to: &home)
            let listener = try RunningListener(in: home, "--quiet")
            let client = try listener.connect()
            #expect(try client.answer(to: .event("before", signedWith: Secrets.held)).status == 200)
            _ = try home.folder.write("hang", "")
            try client.send(WireRequest.event("during", signedWith: Secrets.held).bytes)
            var seen: [Int] = []
            if statuses.count > 1 {
                // Longer than the default, by the time limit of a client that sends nothing more.
                let slow = try listener.connect()
                try slow.send(Array("POST / HTTP/1.1\r\n".utf8))
                seen.append(try slow.answer().status)
                #expect(unlink(hang) == 0)
            }
            seen.append(try client.answer().status)
            #expect(seen == statuses)
            unlink(hang)
            try listener.stop()
        }
    }

    @Test("not-valid and not-valid-bytes remove the oldest requests that are not valid, and no valid one")
    func notValid() throws {
        for limits in ["not-valid: 100", "not-valid-bytes: 1MiB"] {
            let home = try home("limits: {\(limits)}")
            let listener = try RunningListener(in: home, "--quiet")
            let client = try listener.connect()
            #expect(try client.answer(to: .event("valid", signedWith: Secrets.held)).status == 200)
            for number in 1...120 { #expect(try client.answer(to: junk(number, bytes: 30_000)).status == 401) }
            let left = try wait(for: "the removal of the oldest") {
                let left = try kept("not sig:valid", in: home)
                return left.count <= 50 ? left : nil
            }
            #expect(left.last?.target == "/junk/120" && left.allSatisfy { $0.target != "/junk/1" })
            if limits.hasSuffix("MiB") { #expect(left.reduce(0) { $0 + $1.bytes.count } <= 512 << 10) }
            #expect(try kept("sig:valid", in: home).count == 1)
            try listener.stop()
        }
    }

    @Test("removed-events is how many removed events are known again", arguments: [(0, false), (100, true)])
    func removedEvents(_ limit: Int, _ isKnown: Bool) throws {
        let home = try home("limits: {removed-events: \(limit)}\nkeep: 1")
        let listener = try RunningListener(in: home, "--format", "json")
        let client = try listener.connect()
        for id in ["first", "second"] {
            #expect(try client.answer(to: .event(id, signedWith: Secrets.held)).status == 200)
        }
        _ = try wait(for: "the removal of the first") {
            try kept("sig:valid", in: home).compactMap { $0.events.first?.eventId } == ["second"] ? true : nil
        }
        #expect(try client.answer(to: .event("first", signedWith: Secrets.held)).status == 200)
        #expect(try listener.deliveries(3).last?.duplicate == isKnown)
        try listener.stop()
    }

    @Test("keep removes events whose actions have run, and these run no more for them")
    func keepWithActions() throws {
        let home = try home("")
        let file = home.folder.file("rows.csv")
        try home.configure("keep: 3\nactions:\n  rows:\n    kind: csv\n    file: \(file)\n")
        let listener = try RunningListener(in: home, "--quiet")
        let client = try listener.connect()
        func rows() -> Int {
            let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
            return max(0, text.split(whereSeparator: \.isNewline).count - 1)
        }
        func send(_ id: String) throws {
            #expect(try client.answer(to: .event(id, signedWith: Secrets.held)).status == 200)
        }
        for number in 1...20 { try send("\(number)") }
        _ = try wait(for: "20 rows") { rows() == 20 ? true : nil }
        // The next one that arrives makes them leave.
        var last = 20
        _ = try wait(for: "the removal of all but a few") {
            last += 1
            try send("\(last)")
            return try kept("sig:valid", in: home).count < 10 ? true : nil
        }
        try send("1")
        try send("after")
        _ = try wait(for: "the row of the new one") { rows() == last + 1 ? true : nil }
        try listener.stop()
        #expect(rows() == last + 1)
    }

    @Test(
        "address-burst and address-rate: beyond them 429, and nothing is kept", arguments: [(0, 429), (1_000_000, 401)])
    func addressRate(_ rate: Int, _ status: Int) throws {
        let home = try home("limits: {address-burst: 2, address-rate: \(rate)}")
        let listener = try RunningListener(in: home, "--quiet")
        let client = try listener.connect()
        let answers = try (1...50).map { try client.answer(to: junk($0)).status }
        #expect(answers.first == 401 && answers.last == status)
        #expect(try client.answer(to: .event("valid", signedWith: Secrets.held)).status == 200)
        try listener.stop()
        // The first of a flood is recorded too.
        #expect(try kept("not sig:valid", in: home).count == (rate == 0 ? 3 : 50))
    }

    @Test("free-space is the space below which only what is valid is recorded, and nothing else is answered 200")
    func freeSpace() throws {
        let home = try home("free-space: 60MiB")
        let state = home.folder.file("state")
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        let listener = try RunningListener(
            in: home, "--format", "json", command: ["listen"],
            wrapper: "mount -t tmpfs -o size=64m tmpfs '\(state)' && head -c 5m /dev/zero > '\(state)/filler'",
            isAlone: true)
        try listener.error.line(with: "requests that are not valid are not recorded")
        let client = try listener.connect()
        #expect(try client.answer(to: junk(1)).status == 401)
        #expect(try client.answer(to: .event("forged", signedWith: Secrets.other)).status == 401)
        #expect(try client.answer(to: .event("valid", signedWith: Secrets.held)).status == 200)
        // The only one that was recorded.
        #expect(try listener.deliveries(1).map(\.id) == [1])
        try listener.stop()
        #expect(try listener.output?.whole().split(separator: "\n").count == 1)
    }
}
