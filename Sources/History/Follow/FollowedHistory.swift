import Files
import Foundation
import GRDB
import Notifications
import Synchronization
import Workers

/// What those are told who follow a history.
public enum FollowEvent: Sendable, Hashable {
    case changed(HistoryChange)
    /// A file of the name that was asked for came or went.
    case neighbour(String)
    /// The file is no more where it was, or another is in its place: what is read is what it held.
    case replaced
}

/// A history that another process records into, read as that goes on: without a lock, any number at once, and without a
/// look while nothing is written.
public final class FollowedHistory: Sendable {
    private let history: ReadOnlyHistory
    private let state: Mutex<FollowedState>
    private let watch = Mutex<FileWatch?>(nil)

    /// Opens a history that is there.
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

    /// Its owner.
    public var owner: UInt32 { history.owner }

    public var reader: HistoryReader { history.reader }

    /// What was recorded at the last look.
    public var current: HistoryChange { state.withLock { $0.change } }

    /// Tells on a thread of its own what changes from now on, about thirty times a second at most.
    ///
    /// - Parameter neighbour: The name of a file beside the history whose coming and going is told too.
    /// - Throws: `ReadOnlyHistoryError` where the system has no watch left.
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

    /// Reads nothing any more, and closes the file.
    public func close() {
        watch.withLock { $0?.stop() }
        history.close()
    }

    private func run(_ watch: FileWatch, _ neighbour: String, _ observer: (FollowEvent) -> Void) {
        var steps = FollowSteps()
        var isInPlace = true
        // What was written before the watch began.
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
            // However often it is written, what is said of it can be seen.
            if seen.isChanged { usleep(UInt32(FollowSteps.frame / .microseconds(1))) }
        }
    }

    private func look(_ observer: (FollowEvent) -> Void) {
        var new = state.withLock { $0 }
        // What cannot be read now is read at the next look.
        let isNew = try? history.reader.read { db in try new.read(db) }
        guard isNew == true else { return }
        state.withLock { $0 = new }
        observer(.changed(new.change))
    }
}

/// When to look at a history that another process writes.
///
/// A pure state machine. The log is written before its commit can be seen, by as long as the disk takes to confirm it:
/// so after the last write there are a few more looks, each as long after the one before as that was after the write, and
/// then none.
struct FollowSteps {
    /// Between two looks at least: about thirty a second.
    static let frame = Duration.milliseconds(33)
    /// The first look behind a write that is not seen yet, and the last.
    private static let first = Duration.milliseconds(2)
    private static let last = Duration.seconds(8)

    private var next: Duration?

    /// The log was written.
    mutating func wrote() {
        next = Self.first
    }

    /// A look is over.
    ///
    /// - Returns: How long to wait for writes before the next one; nil where only a write is worth another.
    mutating func looked() -> Duration? {
        guard let wait = next else { return nil }
        next = wait * 2 <= Self.last ? wait * 2 : nil
        return wait
    }
}

/// What a history that another process writes holds, read again and again: tells what the writer's own change feed would.
struct FollowedState: Sendable, Equatable {
    private(set) var change = HistoryChange()
    private var generation: Int64?
    /// Whether there was something to be judged again.
    private var isStale = false

    /// Reads what is there now.
    ///
    /// - Returns: Whether anything changed.
    mutating func read(_ db: Database) throws -> Bool {
        let before = self
        var new = try HistoryChange.read(db)
        new.revision = change.revision
        new.latestAnswered = max(change.latestAnswered, try Self.latestAnswered(new.latestDelivery, db))
        let generation = try Int64.fetchOne(db, sql: HeldKeyring.generationSQL)
        isStale = try Self.isStale(db)
        // Verdicts are written a few at a time: what is read while some are behind, or were at the last look, differs.
        let isOther = before.generation != nil && before.generation != generation
        if isOther || (before.isStale && (new != before.change || !isStale)) { new.revision += 1 }
        self.generation = generation
        change = new
        return self != before
    }

    /// The newest delivery whose answer's time is recorded, of the newest thousand.
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
