import Base
import Foundation
import History
import Notifications
import Postgres
import Synchronization

/// The newest deliveries that this process has committed, until the copy has taken them: they need not be read from the
/// server.
final class OwnDeliveries: Sendable {
    private struct State {
        var deliveries: [CopiedDelivery] = []
        var bytes = 0
        var latest: Int64 = 0
    }

    private static let most = 4_096
    private static let mostBytes = 16 << 20

    private let state = Mutex(State())
    private let wakeup: PostgresWakeup

    /// - Parameter wakeup: Wakes the follower.
    init(_ wakeup: PostgresWakeup) { self.wakeup = wakeup }

    /// The last delivery that this process has committed; 0 before the first.
    var latest: Int64 { state.withLock { $0.latest } }

    /// Adds deliveries that were committed, and wakes the follower. If too many wait, the oldest are left to be read from the
    /// server.
    func add(_ committed: [CopiedDelivery]) {
        guard let last = committed.last else { return }
        state.withLock { state in
            state.deliveries += committed
            state.bytes += Self.bytes(committed[...])
            state.latest = last.id
            guard state.deliveries.count > Self.most || state.bytes > Self.mostBytes else { return }
            let half = state.deliveries.count / 2
            state.bytes -= Self.bytes(state.deliveries[..<half])
            state.deliveries.removeFirst(half)
        }
        wakeup.wake()
    }

    /// Removes and returns the deliveries that follow one without a gap.
    func next(after delivery: Int64) -> [CopiedDelivery] {
        state.withLock { state in
            let old = state.deliveries.prefix { $0.id <= delivery }.count
            var last = delivery
            let next = state.deliveries[old...].prefix { copied in
                guard copied.id == last + 1 else { return false }
                last += 1
                return true
            }
            let found = Array(next)
            state.bytes -= Self.bytes(state.deliveries[..<(old + found.count)])
            state.deliveries.removeFirst(old + found.count)
            return found
        }
    }

    private static func bytes(_ deliveries: ArraySlice<CopiedDelivery>) -> Int {
        deliveries.reduce(0) { $0 + $1.judged.weight }
    }
}

/// Brings the copy of this process up to date, on its own thread: deliveries in the order of their ids, then the verdicts
/// that have changed.
///
/// A notification only wakes it: where it continues is in the copy. One that is missed is made up for after some seconds.
final class SharedFollower: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The progress of a copy, for those who wait for it.
    struct Progress: Sendable, Hashable {
        /// Whether PostgreSQL answers.
        var isConnected = false
        /// Whether it has once been as new as the shared history.
        var hasCaughtUp = false
        /// The last delivery taken.
        var delivery: Int64 = 0
        /// The reason for the last attempt that failed; nil while connected.
        var problem: String?
        /// Whether no further attempt will succeed without a person.
        var isFinal = false
    }

    /// The place of the copy.
    private struct Place {
        var delivery: Int64
        var revision: Int64
        var secrets = SharedSecrets()
        var names: [Int64: String] = [:]
        /// Whether the name of a node is missing.
        var needsNames = true
        /// When its place was last entered in the shared history.
        var entered: Instant?
    }

    /// A row names a secret that was added since the secrets were read: they are read with the next connection.
    private struct UnknownSecret: Error {}

    /// The time after which it looks although nothing has woken it.
    private static let interval = Duration.seconds(10)
    /// The most time that one question may take.
    private static let limit = Duration.seconds(60)
    /// The number of deliveries in a question, and those that are written to the copy at a time.
    private static let page: Int64 = 20_000
    private static let chunk = 1_000
    private static let chunkBytes = 8 << 20
    private static let verdictsPage: Int64 = 5_000
    /// The number of deliveries from which on it is shown that the copy is behind.
    private static let far: Int64 = 2_000
    /// The time between two entries of this process's progress in the shared history.
    private static let entryTime = Duration.seconds(1)

    private let address: PostgresAddress
    private let node: SharedNode
    private let copy: SharedCopy
    private let own: OwnDeliveries
    private let wakeup: PostgresWakeup
    private let progress = Monitor(Progress())
    private let isClosed = Monitor(false)
    private let thread = Worker("shared follower")

    init(
        _ address: PostgresAddress, _ node: SharedNode, _ copy: SharedCopy, _ own: OwnDeliveries,
        _ wakeup: PostgresWakeup
    ) {
        self.address = address
        self.node = node
        self.copy = copy
        self.own = own
        self.wakeup = wakeup
    }

    func start() {
        thread.async { [self] in run() }
    }

    /// Ends following. Blocks until the copy is no longer written.
    func stop() {
        isClosed.change { $0 = true }
        wakeup.cancel()
        thread.wait()
    }

    /// The progress so far.
    var current: Progress { progress.withLock { $0 } }

    /// Waits for progress of a kind, or until the time is up.
    func wait(until deadline: Instant?, for isEnough: (Progress) -> Bool) -> Progress? {
        progress.wait(until: deadline) { isEnough($0) ? $0 : nil }
    }

    private func run() {
        var backOff = SharedBackOff()
        while !isClosed.withLock(\.self) {
            do {
                try follow { backOff.reset() }
            } catch {
                if isClosed.withLock(\.self) { return }
                if error is UnknownSecret { continue }
                progress.change { progress in
                    progress.isConnected = false
                    progress.problem = SharedAway.sentence(error, address)
                    progress.isFinal = error is SharedProblem
                }
                if !node.receives { copy.report(away: SharedAway.sentence(error, address)) }
                if let problem = error as? SharedProblem { copy.report(behind: problem.description) }
                _ = isClosed.wait(until: .now + backOff.next()) { $0 ? true : nil }
            }
        }
    }

    /// Follows until the connection ends.
    private func follow(_ connected: () -> Void) throws {
        let start = ContinuousClock.now + address.connectLimit
        let connection = try PostgresConnection.open(
            address, application: "b2watch \(node.receives ? "listener" : "dashboard")", wakeup: wakeup, by: start)
        defer { connection.close() }
        try node.begin(connection, isWriter: false, by: start)
        try connection.listen(to: SharedSchema.channel, by: start)
        let state = try copy.state()
        var place = Place(delivery: state.delivery, revision: state.revision)
        try check(place, connection)
        try place.secrets.read(connection, by: .now + Self.limit)
        connected()
        progress.change { progress in
            progress.problem = nil
            progress.isConnected = true
        }
        if !node.receives { copy.report(away: nil) }
        try look(connection, &place)
        var due = ContinuousClock.now + Self.interval
        while true {
            var asks = false
            switch try connection.wait(until: due) {
            case .notified(let notifications):
                // What this process has recorded is in its memory.
                let writer = node.writer
                asks = notifications.contains { $0.process != writer?.process || !$0.payload.isEmpty }
            case .woken: break
            case .timedOut: asks = true
            }
            try addOwn(&place)
            if asks || place.delivery < own.latest { try look(connection, &place) }
            try enter(&place, connection)
            due = .now + Self.interval
        }
    }

    // MARK: - Deliveries

    private static let origin = PostgresStatement("SELECT node, sequence FROM b2watch.delivery WHERE id = $1")

    /// Checks that the shared history still has what the copy has.
    private func check(_ place: Place, _ connection: PostgresConnection) throws {
        guard place.delivery > 0 else { return }
        let limit = ContinuousClock.now + Self.limit
        let isBehind = try SharedRows.newest(connection, by: limit).delivery < place.delivery
        let row = try connection.run(Self.origin, [PostgresValue(place.delivery)], by: limit).first
        let there = try row.map { SharedCopy.Origin(node: try $0.value(0), sequence: try $0.value(1)) }
        let here = try copy.origin(of: place.delivery)
        // One of the two may have been removed by a bound.
        if isBehind || (there != nil && here != nil && there != here) {
            throw SharedProblem.ahead(connection.place, copy: node.path)
        }
    }

    /// Adds what this process has committed and nobody else has preceded.
    private func addOwn(_ place: inout Place) throws {
        while true {
            let next = own.next(after: place.delivery)
            guard let last = next.last else { return }
            try add(next, through: last.id, &place)
        }
    }

    /// Brings the copy up to date.
    private func look(_ connection: PostgresConnection, _ place: inout Place) throws {
        while true {
            let newest = try SharedRows.newest(connection, by: .now + Self.limit)
            if newest.secret > place.secrets.latest { try place.secrets.read(connection, by: .now + Self.limit) }
            // Deliveries first: a change up to here is of a delivery up to there.
            let last = newest.delivery
            let first = place.delivery
            while place.delivery < last {
                try addOwn(&place)
                report(place, from: first, to: last)
                if place.delivery < last { try readPage(through: last, connection, &place) }
                try enter(&place, connection)
            }
            try readVerdicts(through: newest.revision, connection, &place)
            if place.needsNames { try readNames(connection, &place) }
            if last - first < Self.chunk { break }
        }
        copy.report(behind: nil)
        progress.change { $0.hasCaughtUp = true }
    }

    /// Reads the next deliveries.
    private func readPage(through last: Int64, _ connection: PostgresConnection, _ place: inout Place) throws {
        var chunk: [CopiedDelivery] = []
        var bytes = 0
        var count: Int64 = 0
        let secrets = place.secrets.byNumber
        try connection.forEachRow(
            of: SharedRows.deliveries,
            [PostgresValue(place.delivery), PostgresValue(last), PostgresValue(Self.page)], by: .now + Self.limit
        ) { row in
            if let secret = try row.optional(13, as: Int64.self), secrets[secret] == nil { throw UnknownSecret() }
            let delivery = try SharedRows.delivery(row, node: node.id, secrets)
            chunk.append(delivery)
            bytes += delivery.judged.weight
            count += 1
            guard chunk.count >= Self.chunk || bytes >= Self.chunkBytes else { return }
            try add(chunk, through: delivery.id, &place)
            (chunk, bytes) = ([], 0)
        }
        // A page that is not full has all there is: what is missing was removed.
        let end = count < Self.page ? last : chunk.last?.id ?? place.delivery
        if end > place.delivery { try add(chunk, through: end, &place) }
    }

    private func add(_ deliveries: [CopiedDelivery], through last: Int64, _ place: inout Place) throws {
        if deliveries.contains(where: { place.names[$0.node] == nil }) { place.needsNames = true }
        try copy.add(deliveries, through: last)
        place.delivery = last
        progress.change { $0.delivery = last }
    }

    private func report(_ place: Place, from first: Int64, to last: Int64) {
        guard last - first >= Self.far, place.delivery < last else { return }
        let percent = (place.delivery - first) * 100 / max(1, last - first)
        copy.report(
            behind: "the copy of the shared history is being filled: \(last - place.delivery) deliveries are missing"
                + " (\(percent) % done)")
    }

    // MARK: - Changes

    private func readVerdicts(through last: Int64, _ connection: PostgresConnection, _ place: inout Place) throws {
        guard place.revision < last else { return }
        try copy.apply(
            place.secrets.leaks(after: place.revision, through: last, connection, by: .now + Self.limit))
        var behind = (revision: place.revision, delivery: Int64.max)
        while behind.revision < last {
            let result = try connection.run(
                SharedRows.verdicts,
                [
                    PostgresValue(behind.revision), PostgresValue(behind.delivery), PostgresValue(last),
                    PostgresValue(Self.verdictsPage),
                ], by: .now + Self.limit)
            if try result.rows.contains(where: { row in
                try row.optional(3, as: Int64.self).map { place.secrets.byNumber[$0] == nil } ?? false
            }) {
                try place.secrets.read(connection, by: .now + Self.limit)
            }
            var verdicts: [CopiedVerdict] = []
            for row in result.rows {
                let (verdict, revision) = try SharedRows.verdict(row, place.secrets.byNumber)
                verdicts.append(verdict)
                behind = (revision, verdict.delivery)
            }
            let isLast = result.count < Int(Self.verdictsPage)
            // A revision that continues on the next page is taken again after an interruption.
            try copy.apply(verdicts, through: isLast ? last : max(place.revision, behind.revision - 1))
            if isLast { break }
        }
        place.revision = max(place.revision, last)
    }

    // MARK: - Nodes

    private static let names = PostgresStatement("SELECT id, name FROM b2watch.node")
    private static let enter = PostgresStatement(
        "UPDATE b2watch.node SET seen_at = now(), delivery = $2, revision = $3 WHERE id = $1")

    private func readNames(_ connection: PostgresConnection, _ place: inout Place) throws {
        var names: [Int64: String] = [:]
        for row in try connection.run(Self.names, by: .now + Self.limit).rows {
            names[try row.value(0)] = try row.value(1)
        }
        try copy.name(names.filter { place.names[$0.key] != $0.value })
        place.names = names
        place.needsNames = false
    }

    /// Enters how far the copy is in the shared history, once a second at most.
    private func enter(_ place: inout Place, _ connection: PostgresConnection) throws {
        let now = ContinuousClock.now
        if let entered = place.entered, now - entered < Self.entryTime { return }
        place.entered = now
        _ = try connection.run(
            Self.enter, [PostgresValue(node.id), PostgresValue(place.delivery), PostgresValue(place.revision)],
            by: now + Self.limit)
    }
}
