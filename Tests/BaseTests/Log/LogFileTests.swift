import Base
import Foundation
import Notifications
import Synchronization
import Testing
import TestSupport

/// The log's file: its owner, its rotation, and several writers.
@Suite struct LogFileTests {
    @Test func aLineTellsItsTimeLevelAndSource() throws {
        let log = try TestLog()
        try log.writer().append(LogLine.sample("listening", .warning).bytes)
        #expect(log.text == "2026-11-24T16:43:00.123Z warning listen[4711] listening\n")
    }

    @Test func theFileIsItsUsersAlone() throws {
        let log = try TestLog()
        let path = log.folder.file("state/b2watch/b2watch.log")
        _ = try LogFile(path)
        #expect(try TemporaryFolder.mode(of: path) == 0o600)
        #expect(try TemporaryFolder.mode(of: log.folder.file("state/b2watch")) == 0o700)
        let open = try log.folder.write("open.log", "old\n", mode: 0o644)
        try LogFile(open).append(LogLine.sample("new").bytes)
        #expect(try TemporaryFolder.mode(of: open) == 0o600)
        #expect(try String(contentsOfFile: open, encoding: .utf8).hasPrefix("old\n2026"))
    }

    @Test func whatIsNoFileIsNotWrittenTo() throws {
        let log = try TestLog()
        #expect(mkfifo(log.path, 0o600) == 0)
        #expect(throws: LogFailure.self) { try log.writer() }
        let failure = #expect(throws: LogFailure.self) { try LogFile(log.folder.path) }
        #expect(failure?.description.hasPrefix("the log \(log.folder.path) ") == true)
    }

    @Test func hostileTextIsOneLineAndHarmless() throws {
        let log = try TestLog()
        let text = "name\n2026-11-24T16:43:00.123Z error fake[1] forged\u{1b}[2J\u{202e}\0" + "x\u{fe0f}"
        try log.writer().append(LogLine.sample(text).bytes)
        #expect(log.text.filter { $0 == "\n" }.count == 1)
        #expect(!log.text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x202e })
        let entries = try log.entries(.newest, before: 9).rows
        #expect(entries.map(\.source) == ["listen[4711]"])
        #expect(entries[0].text.contains(#"name\n2026"#))
    }

    @Test func whatIsEndlessIsCut() throws {
        let log = try TestLog()
        try log.writer().append(LogLine.sample(String(repeating: "ab", count: 1 << 20)).bytes)
        #expect(log.text.utf8.count < 9_000)
        #expect(log.text.hasSuffix("…\n"))
    }

    @Test func aFullFileIsRotatedAndTheOldestGoes() throws {
        let log = try TestLog(limit: 1_000, kept: 2)
        let writer = try log.writer()
        for index in 0..<200 { try writer.append(LogLine.sample("line \(index)").bytes) }
        #expect(try log.names == ["b2watch.log", "b2watch.log.1", "b2watch.log.2"])
        for name in try log.names {
            let path = log.folder.file(name)
            #expect(try TemporaryFolder.mode(of: path) == 0o600)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count <= 1_000)
        }
        let lines = log.text.split(separator: "\n")
        #expect(lines.count > 30)
        #expect(lines.map { $0.split(separator: " ").last } == (200 - lines.count..<200).map { "\($0)" })
    }

    @Test func twoWritersFollowEachOthersRotations() throws {
        let log = try TestLog(limit: 500, kept: 30)
        let writers = [try log.writer(), try log.writer()]
        for index in 0..<100 { try writers[index % 2].append(LogLine.sample("line \(index)").bytes) }
        #expect(log.text.split(separator: "\n").map { $0.split(separator: " ").last } == (0..<100).map { "\($0)" })
        #expect(try log.names.count > 5)
    }

    @Test func linesOfManyAtOnceStayWhole() async throws {
        let log = try TestLog(limit: 4_000, kept: 60)
        try await withThrowingTaskGroup { group in
            for writer in 0..<4 {
                group.addTask {
                    let file = try log.writer()
                    for index in 0..<200 { try file.append(LogLine.sample("writer=\(writer),\(index)").bytes) }
                }
            }
            try await group.waitForAll()
        }
        let said = log.text.split(separator: "\n").compactMap { $0.split(separator: " ").last }
        #expect(Set(said).count == 800)
        #expect(said.count == 800)
    }

    @Test func aMirrorFollowsARotation() throws {
        let log = try TestLog(limit: 300, kept: 9)
        let file = try log.writer()
        let mirror = dup(STDERR_FILENO)
        defer { close(mirror) }
        file.mirror(mirror)
        for index in 0..<20 { try file.append(LogLine.sample("line \(index)").bytes) }
        #expect(write(mirror, "last words\n", 11) == 11)
        #expect(try String(contentsOfFile: log.path, encoding: .utf8).hasSuffix("line 19\nlast words\n"))
        let entry = try #require(try log.entries(.newest).rows.last)
        #expect(entry.time == nil && entry.text == "last words" && entry.level == .error)
    }

    @Test func aFileThatWasRemovedIsMadeAnew() throws {
        let log = try TestLog()
        let file = try log.writer()
        try file.append(LogLine.sample("one").bytes)
        try log.folder.remove("b2watch.log")
        try file.append(LogLine.sample("two").bytes)
        #expect(log.text.hasSuffix(" two\n"))
    }
}

// MARK: - Lines to an output

/// Lines for a reader that may not read them.
@Suite(.blocking) struct LineOutletTests {
    /// Reads lines, one at a time when it is allowed to.
    private final class Reader: Sendable {
        let taken = Mutex<[String]>([])
        private let gate = Mutex<Void>(())

        func take(_ bytes: [UInt8]) {
            gate.withLock { _ in taken.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } }
        }

        /// Reads nothing while the body runs.
        func whileStuck(_ body: () -> Void) {
            gate.withLock { _ in body() }
        }
    }

    private func outlet(_ reader: Reader) -> LineOutlet {
        LineOutlet("test") {
            Array("\($0) dropped".utf8)
        } write: {
            reader.take($0)
        }
    }

    @Test func linesKeepTheirOrder() {
        let reader = Reader()
        let outlet = outlet(reader)
        for index in 0..<500 { outlet.add(Array("\(index)".utf8)) }
        outlet.flush(within: .patience)
        #expect(reader.taken.withLock(\.self) == (0..<500).map { "\($0)" })
    }

    @Test func whoTakesNoneHoldsUpNothingAndMissesAreCounted() {
        let reader = Reader()
        let outlet = outlet(reader)
        reader.whileStuck {
            for index in 0..<LineOutlet.mostWaiting + 77 { outlet.add(Array("\(index)".utf8)) }
        }
        outlet.flush(within: .patience)
        let taken = reader.taken.withLock(\.self)
        #expect(taken == (0..<LineOutlet.mostWaiting).map { "\($0)" } + ["77 dropped"])
        outlet.add(Array("later".utf8))
        outlet.flush(within: .patience)
        #expect(reader.taken.withLock { $0.last } == "later")
    }
}
