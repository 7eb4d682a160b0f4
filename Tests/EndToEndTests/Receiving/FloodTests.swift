import Foundation
import Harness
import Notifications
import Synchronization
import TestSupport
import Testing

@Suite("A flood by strangers", .blocking)
struct FloodTests {
    /// The requests of the flood, and the honest deliveries in between at least.
    private static let requests = LongTests.count(6_000, long: 1_000_000)
    private static let honest = LongTests.count(100, long: 10_000)

    /// Floods a listener from some threads until it is told to stop.
    private final class Flood: Sendable {
        private let sent = Atomic<Int>(0)
        private let isOver = Atomic(false)
        private let running = Watched(0)
        private let statuses = Mutex<[Int: Int]>([:])

        var count: Int { sent.load(ordering: .relaxed) }
        var isRunning: Bool { running.now > 0 }
        var answers: [Int: Int] { statuses.withLock { $0 } }

        /// - Parameters:
        ///   - addresses: The last numbers of the addresses from which it comes.
        ///   - make: Makes a request, by its number.
        func begin(
            _ listener: RunningListener, connections: Int, from addresses: ClosedRange<Int>,
            _ make: @escaping @Sendable (Int) -> WireRequest
        ) throws {
            let client = Mutex<LoadClient?>(
                try LoadClient(connections, host: listener.host, port: listener.port) { number in
                    "127.0.1.\(addresses.lowerBound + number % addresses.count)"
                })
            running.change { $0 += 1 }
            Thread.detachNewThread { [self] in
                client.withLock { client in
                    client?.run { _ in
                        guard !isOver.load(ordering: .relaxed) else { return nil }
                        return make(sent.wrappingAdd(1, ordering: .relaxed).newValue).bytes
                    } arrived: { arrival in
                        statuses.withLock { $0[arrival.answer.status, default: 0] += 1 }
                    }
                    client?.close()
                }
                running.change { $0 -= 1 }
            }
        }

        func end() throws {
            isOver.store(true, ordering: .relaxed)
            guard running.wait(for: { $0 == 0 ? true : nil }) != nil else {
                throw WaitedInVain(for: "the end of a flood", seeing: "\(running.now)")
            }
        }
    }

    @Test("loses and refuses no honest delivery, and fills neither the disk nor the memory")
    func honestDeliveriesAreKept() throws {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        try home.configure("limits: {not-valid: 400, not-valid-bytes: 8MiB, address-burst: 100000000}")
        let listener = try RunningListener(in: home, "--quiet")
        let flood = Flood()
        let junk = [UInt8](repeating: UInt8(ascii: "x"), count: 100 << 10)
        // Junk; what looks like B2's; and other methods. All from many addresses, so that no rate ends it.
        try flood.begin(listener, connections: 24, from: 1...200) { number in
            WireRequest(target: "/\(number)", body: number.isMultiple(of: 4) ? junk : Array("x".utf8))
        }
        try flood.begin(listener, connections: 8, from: 201...220) { number in
            var request = WireRequest.event("forged \(number)", object: String(repeating: "y", count: 10_000))
            request.headers.append(
                HeaderField(SignatureHeader.name, "v1=" + String(repeating: "0", count: 64)))
            return request
        }
        try flood.begin(listener, connections: 4, from: 221...240) { .get("/\($0)") }

        let ledger = Ledger()
        let client = try listener.connect()
        var number = 0
        while number < Self.honest || flood.count < Self.requests, flood.isRunning {
            number += 1
            guard try ledger.send("honest \(number)", on: client) == 200 else { break }
        }
        try flood.end()
        #expect(flood.count >= Self.requests)
        #expect(ledger.refused == [:])
        #expect(ledger.accepted == number)
        // Nothing of the flood was answered as if it were kept and good.
        #expect(Set(flood.answers.keys).isSubset(of: [401, 405, 429, 503]), "\(flood.answers)")
        let figures = ProcessFigures(listener.child.id)
        #expect(figures.peakMemory < Sanitizer.greed * 500 << 20, "\(figures.peakMemory >> 20) MiB")
        try listener.stop()
        let size = try Self.size(of: home.history)
        #expect(size < 64 << 20, "\(size >> 20) MiB")
        #expect(try ledger.problems(in: home) == [])
        let others = try Program.run("export", "--format", "jsonl", "--filter", "not sig:valid", in: home)
        #expect(others.output.utf8.count { $0 == UInt8(ascii: "\n") } < 2_000)
        print(
            "flood: \(flood.count) requests \(flood.answers.sorted { $0.key < $1.key }), \(number) honest deliveries,"
                + " \(size >> 20) MiB on disk, \(figures.peakMemory >> 20) MiB of memory at most")
    }

    @Test("from one address is one line with a count, of the first request beyond its rate")
    func oneAddress() throws {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        try home.configure("limits: {address-burst: 5, address-rate: 0}")
        let listener = try RunningListener(in: home)
        let client = try listener.connect()
        let answers = try (0..<50).map { _ in try client.answer(to: WireRequest(body: Array("x".utf8))) }
        #expect(answers.map(\.status) == Array(repeating: 401, count: 5) + Array(repeating: 429, count: 45))
        #expect(answers.last?.headers["retry-after"] == "60")
        let ledger = Ledger()
        #expect(try ledger.send("honest", on: client) == 200)
        let lines = try #require(try listener.output?.lines(7))
        #expect(lines[5].contains("429  first of a flood from 127.0.0.1: more are counted, not kept"))
        #expect(lines[6].contains("valid"))
        let session = try AttachTests.attach(home)
        try session.see("flood from 127.0.0.1: 44 more requests counted, not kept")
        for _ in 0..<6 { #expect(try client.answer(to: WireRequest(body: Array("x".utf8))).status == 429) }
        try session.see("flood from 127.0.0.1: 50 more requests counted, not kept")
        try session.press("q")
        try listener.stop()
    }

    @Test("does not remove what is marked in an attached dashboard, which is warned when that fills a bound")
    func marked() throws {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        try home.configure("limits: {not-valid: 100}")
        let listener = try RunningListener(in: home)
        let client = try listener.connect()
        func junk(_ number: Int) throws {
            #expect(try client.answer(to: WireRequest(target: "/junk/\(number)", body: Array("x".utf8))).status == 401)
        }
        for number in 1...3 { try junk(number) }
        let session = try AttachTests.attach(home)
        try session.see("attached", "no events: 1 byte")
        try session.press("g", "m")
        try session.see("1 marked")
        for number in 4...200 { try junk(number) }
        try session.press("M")
        try session.see("no events: 1 byte") { $0.contains("1 of 1") || $0.contains("1 marked") }
        let kept = try Program.run("export", "--format", "jsonl", in: home).output.split(separator: "\n").map {
            try DeliveryLine($0).target
        }
        #expect(kept.contains("/junk/1") && !kept.contains("/junk/2") && kept.contains("/junk/200"))
        // Once the dashboard has gone its marks keep nothing.
        try session.press("q")
        try session.see("where the shell is back") { !$0.contains("LISTENING") }
        for number in 201...400 { try junk(number) }
        let left = try Program.run("export", "--format", "jsonl", in: home).output
        #expect(!left.contains("/junk/1\""))
        try listener.stop()
    }

    private static func size(of history: String) throws -> Int {
        ["", "-wal"].reduce(0) { sum, suffix in
            let attributes = try? FileManager.default.attributesOfItem(atPath: history + suffix)
            return sum + ((attributes?[.size] as? Int) ?? 0)
        }
    }
}
