import Foundation
import GRDB
import Notifications
import TestSupport
import Testing

@testable import History

/// The events that a follower has received, for a test to wait for.
private final class Followed: Sendable {
    private let events = Watched<[FollowEvent]>([])

    func take(_ event: FollowEvent) { events.change { $0.append(event) } }

    /// Waits for an event.
    func sees(_ isIt: (FollowEvent) -> Bool) -> Bool { events.wait { $0.contains(where: isIt) ? true : nil } ?? false }

    func sees(change isIt: (HistoryChange) -> Bool) -> Bool {
        sees { if case .changed(let change) = $0 { isIt(change) } else { false } }
    }

    var count: Int { events.now.count }
}

@Suite("Following a history that another writes", .blocking)
struct FollowingTests {
    private let folder = TemporaryFolder()
    private let path: String

    init() throws {
        path = folder.file("history.sqlite")
    }

    @Test("shows the existing contents, and new ones, to any number of readers at once")
    func live() async throws {
        let history = try History(.file(path))
        #expect(await history.keep(.sample(ids: ["one"])))
        let followers = try (0..<3).map { _ in (try FollowedHistory(path), Followed()) }
        for (follower, followed) in followers {
            #expect(follower.current.latestRow == 1)
            try follower.follow(neighbour: "x", followed.take)
        }
        #expect(await history.keep(.sample(ids: ["two", "three"], .invalid)))
        for (follower, followed) in followers {
            #expect(followed.sees { $0.latestRow == 3 && $0.tally[.invalid] == 1 && $0.latestDelivery == 2 })
            #expect(try follower.reader.delivery(2)?.judgement.verdict == .invalid)
            follower.close()
        }
        history.close()
    }

    @Test("sees the last of many commits, with fewer reports than commits")
    func many() async throws {
        let history = try History(.file(path))
        let (follower, followed) = (try FollowedHistory(path), Followed())
        try follower.follow(neighbour: "x", followed.take)
        for number in 0..<500 { #expect(await history.keep(.sample(ids: ["\(number)"]))) }
        #expect(followed.sees { $0.latestRow == 500 })
        #expect(followed.count < 500)
        follower.close()
        history.close()
    }

    @Test("reports by the revision that deliveries were verified again")
    func judgedAgain() async throws {
        let history = try History(.file(path))
        _ = try history.adopt("one")
        #expect(await history.keep(.sample(ids: ["one"], .unverified)))
        let (follower, followed) = (try FollowedHistory(path), Followed())
        try follower.follow(neighbour: "x", followed.take)
        let generation = try history.adopt("two")
        try history.rejudge(
            [(delivery: 1, judgement: Judgement(.valid, secret: "prod"))], generation: generation)
        #expect(followed.sees { $0.tally[.valid] == 1 && $0.revision > 0 })
        // New rows alone change no existing rows.
        let revision = follower.current.revision
        #expect(await history.keep(.sample(ids: ["two"], .valid, generation: generation)))
        #expect(followed.sees { $0.latestRow == 2 && $0.revision == revision })
        follower.close()
        history.close()
    }

    @Test("reports changes of the outbox, including those that do not wait for the disk")
    func outbox() throws {
        let history = try History(.file(path))
        let action = try history.declare()
        try history.keepNow(.sample(ids: ["one"]))
        let (follower, followed) = (try FollowedHistory(path), Followed())
        try follower.follow(neighbour: "x", followed.take)
        #expect(try history.walkAll(action) == 1)
        let walked = history.current.outbox
        #expect(followed.sees { $0.outbox == walked })
        #expect(try follower.reader.actions().map(\.counts) == [[.queued: 1]])
        try history.outbox.setPaused(action, true)
        #expect(followed.sees { $0.outbox == history.current.outbox && $0.outbox > walked })
        #expect(try follower.reader.actions().map(\.isPaused) == [true])
        follower.close()
        history.close()
    }

    @Test("continues when the writer ends and begins again")
    func writerAgain() async throws {
        var history = try History(.file(path))
        let (follower, followed) = (try FollowedHistory(path), Followed())
        try follower.follow(neighbour: "x", followed.take)
        #expect(await history.keep(.sample(ids: ["one"])))
        #expect(followed.sees { $0.latestRow == 1 })
        history.close()
        history = try History(.file(path))
        #expect(await history.keep(.sample(ids: ["two"])))
        #expect(followed.sees { $0.latestRow == 2 })
        history.close()
        #expect(try follower.reader.delivery(2) != nil)
        follower.close()
        // Nothing is lost although the last process to close the file could not write.
        history = try History(.file(path))
        #expect(history.current.latestRow == 2)
        history.close()
    }

    @Test("follows a file that nobody writes, and reports its neighbour")
    func alone() async throws {
        let history = try History(.file(path))
        #expect(await history.keep(.sample(ids: ["one"])))
        history.close()
        let (follower, followed) = (try FollowedHistory(path), Followed())
        #expect(follower.current.latestRow == 1)
        try follower.follow(neighbour: "history.sqlite.control", followed.take)
        _ = try folder.write("history.sqlite.control", "")
        #expect(followed.sees { $0 == .neighbour("history.sqlite.control") })
        let again = try History(.file(path))
        #expect(await again.keep(.sample(ids: ["two"])))
        #expect(followed.sees { $0.latestRow == 2 })
        follower.close()
        again.close()
    }

    @Test("reports that the file was replaced")
    func replaced() throws {
        try History(.file(path)).close()
        let (follower, followed) = (try FollowedHistory(path), Followed())
        try follower.follow(neighbour: "x", followed.take)
        try folder.rename("history.sqlite", "away.sqlite")
        #expect(followed.sees { $0 == .replaced })
        follower.close()
        #expect(throws: HistoryClosed.self) { try follower.reader.delivery(1) }
    }

    @Test("takes no lock, and does not block a writer")
    func noLock() throws {
        try History(.file(path)).close()
        let follower = try FollowedHistory(path)
        try History(.file(path)).close()
        follower.close()
    }

    @Test("reports problems of a file with a remedy")
    func errors() throws {
        #expect(throws: ReadOnlyHistoryError.missing(path: path)) { try FollowedHistory(path) }
        let folderError = #expect(throws: ReadOnlyHistoryError.self) { try FollowedHistory(folder.path) }
        #expect("\(String(describing: folderError))".contains("is a folder") == true)
        let text = try folder.write("text", String(repeating: "no database ", count: 1_000))
        #expect(throws: ReadOnlyHistoryError.foreign(path: text)) { try FollowedHistory(text) }
        let empty = try folder.write("empty", "")
        #expect(throws: ReadOnlyHistoryError.foreign(path: empty)) { try FollowedHistory(empty) }
        for sentence in [
            ReadOnlyHistoryError.missing(path: path), .newer(path: path), .older(path: path), .foreign(path: path),
        ] {
            #expect("\(sentence)".contains(path))
        }
        #expect(
            "\(ReadOnlyHistoryError.notPermitted(path: path, owner: "otto"))".contains("sudo -u otto b2watch attach"))
        let sentence = ReadOnlyHistoryError.notPermitted(path: "/a b", owner: "otto")
            .sentence(for: "b2watch export") { "'\($0)'" }
        #expect(sentence.hasSuffix("run sudo -u otto b2watch export --history '/a b'"))
    }

    @Test("refuses the files of an older and of a newer b2watch, with different reasons")
    func versions() throws {
        try History(.file(path)).close()
        func change(_ sql: String) throws {
            try DatabaseQueue(path: path).write { try $0.execute(sql: sql) }
        }
        try change("INSERT INTO grdb_migrations VALUES ('99 the future')")
        #expect(throws: ReadOnlyHistoryError.newer(path: path)) { try FollowedHistory(path) }
        try change("DELETE FROM grdb_migrations WHERE identifier LIKE '99%'")
        try change("DELETE FROM grdb_migrations WHERE identifier = (SELECT max(identifier) FROM grdb_migrations)")
        #expect(throws: ReadOnlyHistoryError.older(path: path)) { try FollowedHistory(path) }
    }
}

@Suite("The times at which a follower looks", .blocking)
struct FollowStepsTests {
    @Test("are always after a write")
    func rests() {
        var steps = FollowSteps()
        #expect(steps.looked() == nil)
    }

    @Test("are a few after each write, at growing intervals")
    func settles() {
        var steps = FollowSteps()
        steps.wrote()
        var waits: [Duration] = []
        while let wait = steps.looked() { waits.append(wait) }
        #expect(waits.first == .milliseconds(2))
        #expect(zip(waits, waits.dropFirst()).allSatisfy { $1 == $0 * 2 })
        #expect(waits.count < 15)
        #expect(waits.reduce(.zero, +) > .seconds(8))
        #expect(steps.looked() == nil)
    }
}
