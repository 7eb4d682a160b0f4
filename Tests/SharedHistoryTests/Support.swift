import Base
import Foundation
import Harness
import History
import Notifications
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import SharedHistory

extension PostgresCluster {
    /// Creates the tables of a shared history.
    func prepare() throws {
        _ = try SharedSchema.prepare(connect(), for: nil, by: .now + .patience)
    }

    /// Returns a connection of the ordinary role.
    func connect() throws -> PostgresConnection {
        try PostgresConnection.open(PostgresAddress(address()), by: .now + .patience)
    }
}

/// A process that uses a shared history: its copy, and what it was told.
final class Member: Sendable {
    /// A delivery that was recorded.
    struct Acknowledged: Sendable, Hashable {
        var id: Int64
        var event: String
    }

    let name: String
    let history: History
    let shared: SharedHistory
    /// The ids of the deliveries that the copy has taken, in that order.
    let taken = Watched<[Int64]>([])
    let acknowledged = Watched<[Acknowledged]>([])
    let refused = Watched(0)

    init(_ name: String, at address: String, in folder: TemporaryFolder, receives: Bool = true) throws {
        self.name = name
        history = try History(.file(folder.file("\(name).sqlite")), for: .copying)
        shared = try SharedHistory(
            PostgresAddress(address), copy: history, name: name, version: "0", receives: receives)
        history.follow { [taken] recorded in taken.change { $0 += recorded.map(\.record.id) } }
        shared.start()
    }

    /// Waits until deliveries can be recorded.
    func waitUntilReady() throws {
        _ = try wait(for: "\(name) to record") { self.isReady ? true : nil }
    }

    private var isReady: Bool {
        let answer = Watched<Bool?>(nil)
        shared.probe { isRecorded in answer.change { $0 = isRecorded } }
        return answer.wait { $0 } ?? false
    }

    /// Records a delivery with an event, and waits for the answer.
    ///
    /// - Returns: Its id; nil if it was refused.
    @discardableResult
    func record(_ event: String, verdict: SignatureVerdict = .valid, secret: SecretIdentity? = nil) -> Int64? {
        let delivery = Delivery.sample([SampleEvent(id: event)])
        let judged = JudgedDelivery(
            delivery: delivery, judgement: Judgement(verdict, secret: secret), answer: .accepted,
            events: Payload(scanning: delivery.body).events, generation: 1)
        let answer = Watched<Int64??>(nil)
        let isQueued = shared.record(judged) { id in answer.change { $0 = .some(id) } }
        let id = isQueued ? answer.wait { $0 } ?? nil : nil
        if let id {
            acknowledged.change { $0.append(Acknowledged(id: id, event: event)) }
        } else {
            refused.change { $0 += 1 }
        }
        return id
    }

    /// Records deliveries on several threads, which end when it is over.
    func load(_ count: Int, threads: Int = 8, until isOver: Watched<Bool> = Watched(false)) -> Load {
        let load = Load(threads)
        let next = Watched(0)
        for _ in 0..<threads {
            Thread.detachNewThread { [self] in
                while !isOver.now {
                    let number = next.change { next in
                        defer { next += 1 }
                        return next
                    }
                    guard number < count else { break }
                    // Whoever is refused tries again a moment later, with another delivery.
                    if record("\(name)-\(number)") == nil { usleep(5_000) }
                }
                load.running.change { $0 -= 1 }
            }
        }
        return load
    }

    func close() {
        shared.stop()
        history.close()
    }
}

/// Threads that record.
struct Load {
    let running: Watched<Int>

    init(_ threads: Int) { running = Watched(threads) }

    /// Waits until all deliveries are answered.
    func wait() throws { _ = try running.require("the end of the load") { $0 == 0 ? true : nil } }
}

// MARK: - What must hold

extension PostgresCluster {
    /// A row of the event table.
    struct Event: Hashable {
        var id: Int64
        var delivery: Int64
        var event: String
    }

    /// Returns all events, in the order of their ids.
    func events() throws -> [Event] {
        try sql("SELECT id, delivery, event_id FROM b2watch.event ORDER BY id").split(separator: "\n").map { line in
            let parts = line.split(separator: "|")
            return Event(id: Int64(parts[0]) ?? 0, delivery: Int64(parts[1]) ?? 0, event: String(parts[2]))
        }
    }

    /// Checks that the record has each acknowledged delivery once, and no id is missing, and that each copy is the same, and
    /// was filled without a gap.
    func check(_ members: [Member], receiving: [Member]) throws {
        let events = try events()
        #expect(events.map(\.id) == (1...Int64(max(1, events.count))).map { $0 })
        #expect(events.map(\.delivery) == (1...Int64(max(1, events.count))).map { $0 })
        #expect(Set(events.map(\.event)).count == events.count)
        let byID = Dictionary(events.map { ($0.delivery, $0.event) }, uniquingKeysWith: { one, _ in one })
        for member in receiving {
            let lost = member.acknowledged.now.filter { byID[$0.id] != $0.event }
            #expect(lost.isEmpty, "\(member.name) was told that these are recorded")
        }
        for member in members {
            let last = Int64(events.count)
            _ = try member.taken.require("the copy of \(member.name) to have \(last)") { taken in
                taken.last == last ? true : nil
            }
            let taken = member.taken.now
            #expect(taken.first.map { first in taken == Array(first...last) } ?? true, "\(member.name) had a gap")
            let rows = try member.history.reader.rows(WindowRequest<Int64>(.oldest, before: 0, after: 1_000_000)).rows
            #expect(rows.map { Event(id: $0.id, delivery: $0.deliveryID, event: $0.eventId.text) } == events)
            #expect(rows.allSatisfy { !$0.isDuplicate })
        }
    }
}
