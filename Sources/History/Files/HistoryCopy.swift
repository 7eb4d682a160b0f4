import Base
import Foundation
import GRDB

/// A copy of a history.
public struct HistoryCopy: Sendable, Hashable {
    /// The number of deliveries in it.
    public var deliveries: Int
    /// The number of the newest delivery; 0 without any.
    public var newest: Int64
    /// Its size in bytes.
    public var bytes: Int64
}

extension ReadOnlyHistory {
    /// Copies the current history into a new file. Another process may record at the same time, and is not delayed: the
    /// copy is one reading transaction, which includes the log.
    ///
    /// - Parameters:
    ///   - path: A file that does not exist. It receives its name once the copy is complete, checked and on disk.
    ///   - progress: Receives the fraction that is copied.
    /// - Throws: `HistoryCopyError`; nothing is left behind then.
    public func backUp(
        to path: String, progress: (Double) -> Void = { _ in }
    ) throws(HistoryCopyError) -> HistoryCopy {
        guard access(path, F_OK) != 0 else { throw HistoryCopyError(path, "exists: name a file that is not there yet") }
        let temporary = "\(path).\(getpid()).new"
        // Only its owner may read it, from the first byte.
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HistoryCopyError(path, errno: errno) }
        Foundation.close(descriptor)
        defer {
            for suffix in ["", "-wal", "-shm", "-journal"] { unlink(temporary + suffix) }
        }
        let copy: HistoryCopy
        do {
            copy = try write(to: temporary, progress)
        } catch {
            let error = error as? DatabaseError
            throw HistoryCopyError(
                path,
                error?.resultCode == .SQLITE_FULL
                    ? "cannot be written: the disk is full"
                    : "cannot be written: \(error?.message ?? "it is not whole")")
        }
        Self.flush(temporary)
        // Checked again, because the name may have been used in the meantime: a link replaces nothing.
        guard link(temporary, path) == 0 else {
            let code = errno
            if code == EEXIST { throw HistoryCopyError(path, "exists: name a file that is not there yet") }
            guard renamex(temporary, path) == 0 else { throw HistoryCopyError(path, errno: code) }
            return copy
        }
        Self.flush(PathParts(path).folder)
        return copy
    }

    /// Renames a file on a file system without links.
    private func renamex(_ from: String, _ to: String) -> Int32 {
        let result = rename(from, to)
        if result == 0 { Self.flush(PathParts(to).folder) }
        return result
    }

    private func write(to path: String, _ progress: (Double) -> Void) throws -> HistoryCopy {
        var configuration = Configuration()
        configuration.label = "b2watch.copy"
        configuration.prepareDatabase { db in EventKeys.install(on: db) }
        let target = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? target.close() }
        try withoutActuallyEscaping(progress) { progress in
            // All in one step, which is one transaction of the source.
            try database.backup(to: target) { step in
                progress(Double(step.completedPageCount) / Double(max(1, step.totalPageCount)))
            }
        }
        let copy = try target.inDatabase { db in
            // The pages refer to a log, but the copy is complete without one.
            try db.execute(sql: "PRAGMA journal_mode = DELETE")
            guard try String.fetchOne(db, sql: "PRAGMA quick_check(1)") == "ok" else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the history is damaged: use b2watch recover")
            }
            let pages = try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            let size = try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? 0
            return HistoryCopy(
                deliveries: try Int.fetchOne(db, sql: "SELECT count(*) FROM delivery") ?? 0,
                newest: try Int64.fetchOne(db, sql: "SELECT max(id) FROM delivery") ?? 0, bytes: pages * size)
        }
        return copy
    }

    /// Waits until a file or a folder is on disk.
    private static func flush(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        Foundation.close(descriptor)
    }
}

/// The reason why a history was not copied.
public struct HistoryCopyError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ path: String, _ problem: String) {
        description = "\(path) \(problem)"
    }

    init(_ path: String, errno code: Int32) {
        self.init(path, "cannot be written: \(String(cString: strerror(code)))")
    }
}
