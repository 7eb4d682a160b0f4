import Files
import Foundation
import GRDB
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
