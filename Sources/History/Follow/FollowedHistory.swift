import Base
import Foundation
import GRDB
import Notifications
import Synchronization

/// An event that the followers of a history receive.
public enum FollowEvent: Sendable, Hashable {
    case changed(HistoryChange)
    /// A file of the requested name appeared or disappeared.
    case neighbour(String)
    /// The file was removed or replaced. Reads still return the contents of the file that was opened.
    case replaced
}

/// A history that another process records into, read while it records: without a lock, by any number of readers at
/// once, and without reading while nothing is written.
public final class FollowedHistory: Sendable {
    private let history: ReadOnlyHistory
    private let state: Mutex<FollowedState>
    private let watch = Mutex<FileWatch?>(nil)

    /// Opens an existing history.
    ///
    /// - Throws: `ReadOnlyHistoryError`.
    public init(_ name: String) throws(ReadOnlyHistoryError) {
        history = try ReadOnlyHistory(name)
        var state = FollowedState()
        do {
            try history.reader.read { db in _ = try state.read(db) }
        } catch {
            throw .unusable(path: history.path, reason: String(describing: error))
        }
        self.state = Mutex(state)
    }

    /// The history's path with links followed.
    public var path: String { history.path }

    /// The user id of the file's owner.
    public var owner: UInt32 { history.owner }

    public var reader: HistoryReader { history.reader }

    /// The state of the history at the last look.
    public var current: HistoryChange { state.withLock { $0.change } }

    /// Reports changes from now on, on its own thread, about thirty times a second at most.
    ///
    /// - Parameter neighbour: The name of a file in the history's folder. Its appearance and disappearance are reported
    ///   too.
    /// - Throws: `ReadOnlyHistoryError` if the system has no file watch left.
    public func follow(
        neighbour: String, _ observer: @escaping @Sendable (FollowEvent) -> Void
    ) throws(ReadOnlyHistoryError) {
        let file = PathParts(path)
        let log = file.name + "-wal"
        guard
            let watch = FileWatch(
                file.folder, contents: [log], names: [file.name, neighbour])
        else {
            throw .unusable(path: path, reason: "the system has no file watch left (fs.inotify.max_user_instances)")
        }
        self.watch.withLock { $0 = watch }
        let thread = Thread { [self] in run(watch, neighbour, observer) }
        thread.name = "follower"
        thread.start()
    }

    /// Stops reading, and closes the file.
    public func close() {
        watch.withLock { $0?.stop() }
        history.close()
    }

    private func run(_ watch: FileWatch, _ neighbour: String, _ observer: (FollowEvent) -> Void) {
        var steps = FollowSteps()
        var isInPlace = true
        // Covers everything written before the watch began.
        steps.wrote()
        look(observer)
        while true {
            let wait = steps.looked()
            guard let seen = watch.wait(atMost: wait) else { return }
            if seen.isChanged || !seen.moved.isEmpty { steps.wrote() }
            if seen.moved.contains(neighbour) { observer(.neighbour(neighbour)) }
            if !seen.moved.isEmpty, isInPlace != history.place.isInPlace {
                isInPlace.toggle()
                if !isInPlace { observer(.replaced) }
            }
            if seen.isChanged || !seen.moved.isEmpty || wait != nil { look(observer) }
            // Limits the rate of reports to what a person can see, however often the file is written.
            if seen.isChanged { usleep(UInt32(FollowSteps.frame / .microseconds(1))) }
        }
    }

    private func look(_ observer: (FollowEvent) -> Void) {
        var new = state.withLock { $0 }
        // If it cannot be read now, the next look reads it.
        let isNew = try? history.reader.read { db in try new.read(db) }
        guard isNew == true else { return }
        state.withLock { $0 = new }
        observer(.changed(new.change))
    }
}

/// The times of looks at a history that another process writes.
///
/// A pure state machine. The log is written before its commit is visible, because the disk must first confirm it: so a
/// few more looks follow the last write, each after as much time again as since the write, and then none.
struct FollowSteps {
    /// The least time between two looks: about thirty a second.
    static let frame = Duration.milliseconds(33)
    /// The time of the first look after a write that is not visible yet, and of the last.
    private static let first = Duration.milliseconds(2)
    private static let last = Duration.seconds(8)

    private var next: Duration?

    /// Notes that the log was written.
    mutating func wrote() {
        next = Self.first
    }

    /// Notes that a look is over.
    ///
    /// - Returns: The time to wait for writes before the next look; nil if only a write makes another look necessary.
    mutating func looked() -> Duration? {
        guard let wait = next else { return nil }
        next = wait * 2 <= Self.last ? wait * 2 : nil
        return wait
    }
}

/// The contents of a history that another process writes, read again and again: finds the changes that the writer's own
/// change feed would report.
struct FollowedState: Sendable, Equatable {
    private(set) var change = HistoryChange()
    private var generation: Int64?
    /// Whether the last look found deliveries to verify again.
    private var isStale = false

    /// Reads the current state.
    ///
    /// - Returns: Whether anything changed.
    mutating func read(_ db: Database) throws -> Bool {
        let before = self
        var new = try HistoryChange.read(db)
        new.revision = change.revision
        new.latestAnswered = max(change.latestAnswered, try Self.latestAnswered(new.latestDelivery, db))
        let generation = try Int64.fetchOne(db, sql: HeldKeyring.generationSQL)
        isStale = try Self.isStale(db)
        // Verdicts are written a few at a time: results differ while some are outstanding, or were at the last look.
        let isOther = before.generation != nil && before.generation != generation
        if new.kept.removed != change.kept.removed || new.kept.flooded != change.kept.flooded { new.revision += 1 }
        if isOther || (before.isStale && (new != before.change || !isStale)) { new.revision += 1 }
        self.generation = generation
        change = new
        return self != before
    }

    /// Returns the newest delivery with a recorded answer time, among the newest thousand.
    private static func latestAnswered(_ latest: Int64, _ db: Database) throws -> Int64 {
        let sql = """
            SELECT delivery FROM outcome WHERE delivery > ? AND answerTime IS NOT NULL ORDER BY delivery DESC LIMIT 1
            """
        return try Int64.fetchOne(db, sql: sql, arguments: [latest - 1_000]) ?? 0
    }

    private static func isStale(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM toJudge)") ?? false
    }
}
