import Base
import Foundation
import Harness
import History
import Notifications
import Postgres
import TestSupport
import Testing

@testable import SharedHistory

/// Several processes on one history, with a real server.
@Suite(.blocking) struct SharedHistoryTests {
    private let folder = TemporaryFolder()

    private func cluster() throws -> PostgresCluster {
        let cluster = try PostgresCluster()
        try cluster.prepare()
        return cluster
    }

    private func member(_ name: String, _ cluster: PostgresCluster, receives: Bool = true) throws -> Member {
        let member = try Member(name, at: cluster.address(), in: folder, receives: receives)
        if receives { try member.waitUntilReady() }
        return member
    }

    // MARK: - Recording and following

    @Test func everyCopyHasTheSameRowsInTheSameOrder() throws {
        let cluster = try cluster()
        let listeners = try ["one", "two", "three", "four"].map { try member($0, cluster) }
        let dashboard = try member("dashboard", cluster, receives: false)
        let loads = listeners.map { $0.load(LongTests.count(250, long: 2_500)) }
        for load in loads { try load.wait() }
        // One that comes late catches up.
        let late = try member("late", cluster, receives: false)
        try cluster.check(listeners + [dashboard, late], receiving: listeners)
        #expect(listeners.allSatisfy { $0.refused.now == 0 })
        for member in listeners + [dashboard, late] { member.close() }
    }

    @Test func aDeliveryIsCopiedAsItWasReceived() throws {
        let cluster = try cluster()
        let (listener, other) = (try member("listener", cluster), try member("other", cluster))
        let body = Array(#"{"events":[{"eventId":"a\u0000b","objectSize":"7","objectName":"é\nx"},3,{}]}"#.utf8)
        let delivery = Delivery(
            receivedAt: Timestamp(milliseconds: 1_767_262_272_345), remoteAddress: "203.0.113.7", method: "POST",
            target: "/hook?x=%00",
            headers: [HeaderField("X-Odd", bytes: [0x61, 0xe9, 0x00]), HeaderField("x-odd", "é")],
            body: body)
        let payload = Payload(scanning: body)
        let answered = Watched<Int64??>(nil)
        let isQueued = listener.shared.record(
            JudgedDelivery(
                delivery: delivery, judgement: Judgement(.invalid, secret: .sample("prod")),
                answer: .invalidSignature, events: payload.events, eventCount: payload.eventCount, generation: 1)
        ) { id in answered.change { $0 = .some(id) } }
        #expect(isQueued)
        #expect(try answered.require("an answer", where: { $0 }) == 1)
        for member in [listener, other] {
            _ = try member.taken.require("the copy") { $0 == [1] ? true : nil }
            let record = try #require(try member.history.reader.delivery(1))
            #expect(record.delivery == delivery)
            #expect(record.judgement == Judgement(.invalid, secret: .sample("prod")))
            #expect(record.status == 401 && record.answer == Answer.invalidSignature.text)
            let rows = try member.history.reader.rows(WindowRequest<Int64>(.oldest, before: 0, after: 10)).rows
            #expect(rows.map(\.id) == [1, 2, 3] && rows.map(\.position) == [0, 1, 2])
            #expect(rows[0].eventId.text == "a\0b" && rows[0].objectSize == .string("7"))
        }
        // A field that a column cannot have is only in the body.
        let columns = "event_id IS NULL, object_size IS NULL, object_name"
        #expect(try cluster.sql("SELECT \(columns) FROM b2watch.event WHERE id = 1") == "t|t|é\nx")
        listener.close()
        other.close()
    }

    @Test func aVerdictThatChangesReachesEveryCopy() throws {
        let cluster = try cluster()
        let (listener, other) = (try member("listener", cluster), try member("other", cluster))
        for number in 1...5 { listener.record("e\(number)", verdict: .unverified) }
        _ = try other.taken.require("the copies") { $0.count == 5 ? true : nil }
        _ = try listener.taken.require("the copies") { $0.count == 5 ? true : nil }
        let generation = try other.history.adopt(keyring: "prod", of: [.sample("prod")])
        var found = Rejudgement(of: 1...5, generation: generation, at: Timestamp(milliseconds: 1_767_262_272_345))
        let judgement = Judgement(.valid, secret: .sample("prod"))
        for delivery in stride(from: Int64(5), through: 2, by: -1) {
            found.add(judgement, of: delivery, recorded: Rejudgement.Recorded(.unverified))
        }
        #expect(try other.shared.rejudge(found))
        for member in [listener, other] {
            _ = try wait(for: "the verdicts of \(member.name)") {
                try member.history.reader.rows(WindowRequest<Int64>(.oldest, before: 0, after: 10)).rows.map(\.verdict)
                    == [.unverified, .valid, .valid, .valid, .valid] ? true : nil
            }
            #expect(try member.history.reader.delivery(3)?.judgement == judgement)
            #expect(member.history.current.tally[.valid] == 4)
        }
        listener.close()
        other.close()
    }

    /// A process without a secret shows what another one has found, and tries its own on what that could not verify.
    @Test func whatAnotherCouldNotVerifyIsTriedHere() throws {
        let cluster = try cluster()
        let (listener, other) = (try member("listener", cluster), try member("other", cluster))
        _ = try other.history.adopt(keyring: "prod", of: [.sample("prod")])
        listener.record("a", verdict: .valid, secret: .sample("theirs"))
        _ = try other.taken.require("the copy") { $0 == [1] ? true : nil }
        #expect(try other.history.reader.toJudge() == nil)
        listener.record("b", verdict: .unverified)
        _ = try other.taken.require("the copy") { $0 == [1, 2] ? true : nil }
        #expect(try other.history.reader.toJudge()?.newest == 2...2)
        #expect(try listener.history.reader.toJudge() == nil)
        listener.close()
        other.close()
    }

    @Test func aLeakedSecretIsKnownEverywhere() throws {
        let cluster = try cluster()
        let (listener, other) = (try member("listener", cluster), try member("other", cluster))
        listener.record("a", secret: .sample("prod"))
        _ = try other.taken.require("the copy") { $0 == [1] ? true : nil }
        func verdict() throws -> SignatureVerdict? { try other.history.reader.delivery(1)?.judgement.verdict }
        #expect(try verdict() == .valid)
        let leak = SecretChange.leaked(.sample("prod"), at: Timestamp(milliseconds: 5))
        try listener.shared.share(leak)
        _ = try wait(for: "the leak") { try verdict() == .removed ? true : nil }
        #expect(other.history.current.tally[.removed] == 1)
        try other.shared.share(.entered(.sample("prod")))
        _ = try wait(for: "the secret to be entered again") { try verdict() == .valid ? true : nil }
        listener.close()
        other.close()
    }

    @Test func aCopyContinuesWhereItEnded() throws {
        let cluster = try cluster()
        let listener = try member("listener", cluster)
        listener.record("a")
        let first = try member("reader", cluster, receives: false)
        _ = try first.taken.require("the copy") { $0 == [1] ? true : nil }
        first.close()
        for number in 0..<10 { listener.record("\(number)") }
        let second = try member("reader", cluster, receives: false)
        _ = try second.taken.require("the copy") { $0 == Array(2...11) ? true : nil }
        let nodes = "SELECT count(*) FROM b2watch.node WHERE name = 'reader'"
        #expect(try cluster.sql(nodes) == "1")
        second.close()
        listener.close()
    }

    // MARK: - Failures

    /// Sends deliveries to listeners while something fails, and checks that nothing acknowledged is lost. Closes them.
    private func underLoad(_ listeners: [Member], _ cluster: PostgresCluster, _ fail: () throws -> Void) throws {
        let isOver = Watched(false)
        let loads = listeners.map { $0.load(.max, threads: 6, until: isOver) }
        try fail()
        isOver.change { $0 = true }
        for load in loads { try load.wait() }
        try cluster.check(listeners, receiving: listeners)
        for listener in listeners { listener.close() }
    }

    @Test func nothingAcknowledgedIsLostWhenConnectionsAreEnded() throws {
        let cluster = try cluster()
        let listeners = try ["one", "two"].map { try member($0, cluster) }
        try underLoad(listeners, cluster) {
            for _ in 0..<LongTests.count(10, long: 50) {
                usleep(UInt32.random(in: 20_000...120_000))
                try cluster.endSessions(where: "application_name LIKE 'b2watch%'")
            }
            let before = listeners.map(\.acknowledged.now.count)
            for (listener, count) in zip(listeners, before) {
                _ = try listener.acknowledged.require("more deliveries") { $0.count > count + 20 ? true : nil }
            }
        }
    }

    @Test func nothingAcknowledgedIsLostWhenTheServerIsKilled() throws {
        let cluster = try cluster()
        let listeners = try ["one", "two"].map { try member($0, cluster) }
        try underLoad(listeners, cluster) {
            for round in 0..<LongTests.count(3, long: 50) {
                usleep(UInt32.random(in: 50_000...200_000))
                try round % 2 == 0 ? cluster.kill() : cluster.stop(.immediate)
                usleep(UInt32.random(in: 0...200_000))
                try cluster.start()
                for listener in listeners { try listener.waitUntilReady() }
            }
        }
    }

    @Test func nothingAcknowledgedIsLostWhenTheNetworkFails() throws {
        let cluster = try cluster()
        let proxy = try TCPProxy(to: cluster.port)
        let near = try member("near", cluster)
        let far = try Member("far", at: cluster.address(port: proxy.port), in: folder)
        try far.waitUntilReady()
        try underLoad([near, far], cluster) {
            for round in 0..<LongTests.count(6, long: 50) {
                usleep(UInt32.random(in: 20_000...150_000))
                switch round % 3 {
                case 0:
                    proxy.stall(round % 2 == 0 ? [.toClient] : [.toServer])
                    usleep(UInt32.random(in: 100_000...1_500_000))
                    proxy.resume()
                case 1: proxy.cut()
                default: proxy.halfClose(round % 2 == 0 ? .toClient : .toServer)
                }
            }
            try far.waitUntilReady()
        }
    }

    @Test func whatArrivesWhileTheServerIsAwayIsRefusedWithinASecond() throws {
        let cluster = try cluster()
        let proxy = try TCPProxy(to: cluster.port)
        let listener = try Member("listener", at: cluster.address(port: proxy.port), in: folder)
        try listener.waitUntilReady()
        #expect(listener.record("before") == 1)
        proxy.stall()
        let clock = ContinuousClock()
        for number in 0..<5 {
            let time = clock.measure { #expect(listener.record("away-\(number)") == nil) }
            #expect(time < .milliseconds(1_500) * Sanitizer.slowness)
        }
        _ = try wait(for: "the health") {
            if case .failing = listener.history.current.health { true } else { nil }
        }
        proxy.resume()
        try listener.waitUntilReady()
        #expect(listener.record("after") != nil)
        _ = try wait(for: "the health") { listener.history.current.health == .recording ? true : nil }
        try cluster.check([listener], receiving: [listener])
        listener.close()
    }

    @Test func aStartWhileTheServerIsAwayGoesOnByItself() throws {
        let cluster = try cluster()
        let first = try member("listener", cluster)
        first.record("a")
        _ = try first.taken.require("the copy") { $0 == [1] ? true : nil }
        first.close()
        try cluster.stop()
        let listener = try Member("listener", at: cluster.address(), in: folder)
        guard case .away = listener.shared.started(by: .now + .patience) else {
            Issue.record("PostgreSQL is away")
            return
        }
        #expect(listener.record("b") == nil)
        #expect(try listener.history.reader.delivery(1) != nil)
        try cluster.start()
        try listener.waitUntilReady()
        #expect(listener.record("c") == 2)
        listener.close()
    }

    // MARK: - Mistakes

    @Test func aDatabaseWithoutASharedHistoryIsRefused() throws {
        let cluster = try PostgresCluster()
        let member = try Member("one", at: cluster.address(), in: folder)
        guard case .unusable(let reason) = member.shared.started(by: .now + .patience) else {
            Issue.record("there is no shared history")
            return
        }
        #expect(reason.contains("b2watch shared init"))
        member.close()
    }

    @Test func theCopyOfAnotherSharedHistoryIsRefused() throws {
        let (one, other) = (try cluster(), try cluster())
        let first = try member("listener", one)
        first.record("a")
        first.close()
        let second = try Member("listener", at: other.address(), in: folder)
        guard case .unusable(let reason) = second.shared.started(by: .now + .patience) else {
            Issue.record("it is another shared history")
            return
        }
        #expect(reason.contains("another shared history"))
        #expect(second.record("b") == nil)
        second.close()
    }

    @Test func twoProcessesWithOneIdentityDoNotBothRecord() throws {
        let cluster = try cluster()
        let first = try member("listener", cluster)
        first.record("a")
        _ = try first.taken.require("the copy") { $0 == [1] ? true : nil }
        try FileManager.default.createDirectory(atPath: folder.file("other"), withIntermediateDirectories: false)
        let reader = try ReadOnlyHistory(folder.file("listener.sqlite"))
        _ = try reader.backUp(to: folder.file("twin.sqlite")) { _ in }
        reader.close()
        let twin = try Member("twin", at: cluster.address(), in: folder)
        _ = try wait(for: "the refusal") {
            if case .failing(let reason) = twin.history.current.health, reason.contains("was copied") {
                true
            } else {
                nil
            }
        }
        #expect(twin.record("b") == nil)
        #expect(first.record("c") == 2)
        twin.close()
        first.close()
    }

    /// A backup was restored, or a standby was promoted that lacked the last commits.
    @Test func aSharedHistoryThatLostDeliveriesIsNotFollowed() throws {
        let cluster = try cluster()
        let listener = try member("listener", cluster)
        for number in 0..<3 { listener.record("\(number)") }
        _ = try listener.taken.require("the copy") { $0 == [1, 2, 3] ? true : nil }
        listener.close()
        try cluster.sql(
            """
            DELETE FROM b2watch.delivery WHERE id > 2; DELETE FROM b2watch.event WHERE delivery > 2;
            UPDATE b2watch.counter SET next_delivery = 3, next_event = 3
            """)
        let again = try Member("listener", at: cluster.address(), in: folder)
        guard case .unusable(let reason) = again.shared.started(by: .now + .patience) else {
            Issue.record("a delivery is missing")
            return
        }
        #expect(reason.contains("has deliveries that the shared history"))
        again.close()
    }
}
