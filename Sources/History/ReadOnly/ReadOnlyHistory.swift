import Foundation
import GRDB

/// A history that is there, opened to be read and nothing else: without a lock, also beside the process that records
/// into it, which it never delays.
public final class ReadOnlyHistory: Sendable {
    public let reader: HistoryReader
    /// What was recorded when it was opened.
    public let opened: HistoryChange
    let place: FilePlace
    private let database: DatabasePool
    private let gate: ReadGate

    /// Opens a history.
    ///
    /// - Throws: `ReadOnlyHistoryError`.
    public init(_ name: String) throws(ReadOnlyHistoryError) {
        let place = try FilePlace(following: name)
        do {
            database = try Self.open(place.path)
            opened = try database.read { db in try HistoryChange.read(db) }
        } catch {
            throw Self.explain(error, place)
        }
        self.place = place
        gate = ReadGate(path: place.path)
        reader = HistoryReader(database: database, gate: gate)
    }

    /// The history's path with links followed.
    public var path: String { place.path }

    /// Its owner.
    public var owner: UInt32 { place.owner }

    /// Waits for reads that are under way, and closes the file. Nothing is read after it.
    public func close() {
        gate.close()
        try? database.close()
    }

    private static func open(_ path: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "b2watch.read"
        configuration.readonly = true
        configuration.busyMode = .timeout(2)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA cache_size = -\(History.readerCache)")
            EventKeys.install(on: db)
        }
        let database = try DatabasePool(path: path, configuration: configuration)
        try database.read { db in
            guard try Int.fetchOne(db, sql: "PRAGMA application_id") == Schema.applicationID else {
                throw ReadOnlyHistoryError.foreign(path: path)
            }
            guard try !Schema.migrator.hasBeenSuperseded(db) else { throw ReadOnlyHistoryError.newer(path: path) }
            guard try Schema.migrator.hasCompletedMigrations(db) else { throw ReadOnlyHistoryError.older(path: path) }
        }
        return database
    }

    private static func explain(_ error: any Error, _ place: FilePlace) -> ReadOnlyHistoryError {
        if let error = error as? ReadOnlyHistoryError { return error }
        guard let error = error as? DatabaseError else {
            return .unusable(path: place.path, reason: String(describing: error))
        }
        switch error.resultCode {
        case .SQLITE_NOTADB: return .foreign(path: place.path)
        case .SQLITE_CORRUPT: return .damaged(path: place.path)
        case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM:
            if geteuid() != place.owner { return .notPermitted(path: place.path, owner: place.ownerName) }
            if let problem = place.neighbourProblem { return problem }
            return .unusable(
                path: place.path,
                reason: "its folder must be writable, for the index \(place.path)-shm beside it; where that cannot be,"
                    + " read a copy of the file and its -wal in another folder")
        default:
            return .unusable(path: place.path, reason: error.message ?? "\(error.resultCode)")
        }
    }
}
