public import Base
internal import CPQ
internal import Foundation

/// A connection to PostgreSQL: statements with binary parameters and results, transactions and notifications, each with a time limit.
///
/// It belongs to one thread at a time. Where it waits it sleeps in `poll`, on the socket and on its wakeup, so an idle connection never
/// wakes the process. After a lost connection, a missed time limit or a cancellation it is closed: what was not answered may have been done.
public final class PostgresConnection {
    /// The most notifications that are kept for `wait`. Beyond it the oldest are dropped: they are hints.
    public static let mostNotifications = 1_000
    /// The most prepared statements.
    private static let mostStatements = 100
    /// The number of threads that may send requests to cancel at once.
    private static let cancellations = PostgresCancellations(most: 4)

    /// The server and the session, as they were when the connection was opened.
    public internal(set) var server = PostgresServer()
    /// The host, the port and the database, for people.
    public let place: SafeText
    private let wakeup: PostgresWakeup
    /// libpq's connection; nil once it is closed.
    private var connection: OpaquePointer?
    /// The names of the statements that the server has prepared.
    private var prepared: [PreparedKey: String] = [:]
    private var statementCount = 0
    /// The beginning of those names: a pooler may give this connection a session with the statements of others.
    private let prefix = "b2_\(String(UInt32.random(in: 0 ... .max), radix: 36))_"
    private var notifications: [PostgresNotification] = []
    /// Whether rows are passed on at the moment: until the last one no other statement can be run.
    private var isPassingRows = false

    private struct PreparedKey: Hashable {
        let sql: String
        let types: [UInt32]
    }

    /// - Parameter connection: An open, non-blocking connection of libpq's, which this object closes.
    init(_ connection: OpaquePointer, at place: SafeText, wakeup: PostgresWakeup) {
        self.connection = connection
        self.place = place
        self.wakeup = wakeup
    }

    deinit {
        close()
    }

    /// Whether it may be used.
    public var isOpen: Bool { connection != nil }

    /// The process of the session as the server named it when the connection began. A pooler names one of its own.
    var announcedProcess: Int32 { connection.map { PQbackendPID($0) } ?? 0 }

    /// Closes the connection, without waiting for the server.
    public func close() {
        PQfinish(connection)
        connection = nil
    }

    // MARK: Statements

    /// Runs a statement, in a transaction of its own unless one was begun. It is prepared when it is run for the first time.
    @discardableResult
    public func run(
        _ statement: PostgresStatement, _ parameters: [PostgresValue] = [], by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> PostgresResult {
        let results = try pipeline([PostgresCall(statement, parameters)], by: deadline)
        guard let result = results.first else { throw broken("no result") }
        return result
    }

    /// Runs statements in one round trip, and in one transaction: all or none of them take effect.
    ///
    /// - Returns: The result of each.
    /// - Throws: The error of the first that failed, after the others were passed over.
    @discardableResult
    public func pipeline(
        _ calls: [PostgresCall], by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> [PostgresResult] {
        let connection = try idle()
        try forgetStatements(beyond: Self.mostStatements - calls.count, by: deadline)
        guard PQenterPipelineMode(connection) == 1 else { throw lost() }
        var steps: [Step] = []
        var added: [PreparedKey: String] = [:]
        for call in calls {
            let key = PreparedKey(sql: call.statement.sql, types: call.parameters.map(\.type))
            let name: String
            if let known = prepared[key] ?? added[key] {
                name = known
            } else {
                statementCount += 1
                name = "\(prefix)\(statementCount)"
                added[key] = name
                steps.append(.prepare(key, name))
                guard PQsendPrepare(connection, name, key.sql, Int32(key.types.count), key.types) == 1 else {
                    throw lost()
                }
            }
            steps.append(.call)
            try send(name, call.parameters)
        }
        guard PQpipelineSync(connection) == 1 else { throw lost() }

        var results: [PostgresResult] = []
        var failure: PostgresError?
        for step in steps {
            while let result = try next(by: deadline) {
                switch PQresultStatus(result) {
                case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                    if case .prepare(let key, let name) = step {
                        prepared[key] = name
                        PQclear(result)
                    } else {
                        results.append(PostgresResult(result, at: place))
                    }
                case PGRES_PIPELINE_ABORTED: PQclear(result)
                case _: try note(result, as: &failure)
                }
            }
        }
        failure = try finishPipeline(connection, by: deadline) ?? failure
        if let failure { throw failure }
        guard results.count == calls.count else {
            throw broken("\(results.count) results of \(calls.count) statements")
        }
        return results
    }

    /// Runs a statement and passes on each row as it arrives, so that only one is in memory.
    ///
    /// - Parameter body: Receives each row. If it throws, the connection is closed, because the remaining rows are still on their way.
    public func forEachRow(
        of statement: PostgresStatement, _ parameters: [PostgresValue] = [], by deadline: ContinuousClock.Instant,
        _ body: (PostgresRow) throws -> Void
    ) throws {
        let connection = try idle()
        let name = try prepare(PreparedKey(sql: statement.sql, types: parameters.map(\.type)), by: deadline)
        // In a pipeline of one: otherwise libpq would pass on the rows of the next pipeline one by one too.
        guard PQenterPipelineMode(connection) == 1 else { throw lost() }
        try send(name, parameters)
        guard PQsetSingleRowMode(connection) == 1, PQpipelineSync(connection) == 1 else { throw lost() }
        isPassingRows = true
        defer { isPassingRows = false }
        var failure: PostgresError?
        while let result = try next(by: deadline) {
            switch PQresultStatus(result) {
            case PGRES_SINGLE_TUPLE, PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                let rows = PostgresResult(result, at: place)
                do {
                    for row in rows.rows { try body(row) }
                } catch {
                    close()
                    throw error
                }
            case _: try note(result, as: &failure)
            }
        }
        failure = try finishPipeline(connection, by: deadline) ?? failure
        if let failure { throw failure }
    }

    /// Runs several statements of plain SQL without parameters, such as those of a migration, and drops their rows. They are one
    /// transaction, unless they begin and end transactions themselves.
    public func script(_ sql: String, by deadline: ContinuousClock.Instant) throws(PostgresError) {
        guard PQsendQuery(try idle(), sql) == 1 else { throw lost() }
        var failure: PostgresError?
        while let result = try next(by: deadline) {
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: PQclear(result)
            case _: try note(result, as: &failure)
            }
        }
        if let failure { throw failure }
    }

    /// Runs a transaction: commits it at the end of `body`, and undoes it if that throws.
    @discardableResult
    public func transaction<Result>(
        by deadline: ContinuousClock.Instant, _ body: (PostgresConnection) throws -> Result
    ) throws -> Result {
        try script("BEGIN", by: deadline)
        let result: Result
        do {
            result = try body(self)
        } catch {
            // A connection that cannot undo it is closed, which undoes it too.
            if isOpen, (try? script("ROLLBACK", by: deadline)) == nil { close() }
            throw error
        }
        // The server answers COMMIT without an error although it undoes a transaction in which a statement failed.
        guard PQtransactionStatus(try opened()) == PQTRANS_INTRANS else {
            try script("ROLLBACK", by: deadline)
            throw PostgresError.unexpected(place, "the transaction has failed before its end")
        }
        try script("COMMIT", by: deadline)
        return result
    }

    // MARK: Notifications

    /// Begins to listen to a channel.
    public func listen(to channel: String, by deadline: ContinuousClock.Instant) throws(PostgresError) {
        let connection = try opened()
        guard let name = channel.withCString({ PQescapeIdentifier(connection, $0, strlen($0)) }) else {
            throw .unexpected(place, "the name of a channel is not UTF-8")
        }
        defer { PQfreemem(name) }
        try script("LISTEN \(String(cString: name))", by: deadline)
    }

    /// Waits for notifications, a call of `PostgresWakeup.wake`, or the end of the time, and sleeps until then.
    ///
    /// - Parameter deadline: The time limit; nil for none.
    /// - Throws: `PostgresError.lost` when the server ends the connection.
    public func wait(until deadline: ContinuousClock.Instant?) throws(PostgresError) -> PostgresEvent {
        let connection = try idle()
        while true {
            // The wish first: it may be the end of the program, and notifications may never pause.
            if wakeup.takeWish() { return .woken }
            drainNotifications(connection)
            if !notifications.isEmpty {
                defer { notifications = [] }
                return .notified(notifications)
            }
            switch try ready(POLLIN, until: deadline) {
            case .timedOut: return .timedOut
            case .woken: break
            case .ready: try consume(connection)
            }
        }
    }

    /// Moves the notifications that have arrived out of libpq.
    private func drainNotifications(_ connection: OpaquePointer) {
        while let next = PQnotifies(connection) {
            defer { PQfreemem(next) }
            if notifications.count >= Self.mostNotifications { notifications.removeFirst(Self.mostNotifications / 2) }
            notifications.append(
                PostgresNotification(
                    channel: next.pointee.relname.map { String(cString: $0) } ?? "",
                    payload: next.pointee.extra.map { String(cString: $0) } ?? "", process: next.pointee.be_pid))
        }
    }

    // MARK: Sending

    private enum Step {
        case prepare(PreparedKey, String)
        case call
    }

    private func opened() throws(PostgresError) -> OpaquePointer {
        guard let connection else { throw .closed(place) }
        return connection
    }

    /// Returns the connection, if it can run a statement now.
    private func idle() throws(PostgresError) -> OpaquePointer {
        guard !isPassingRows else { throw .unexpected(place, "a statement while the rows of another are read") }
        return try opened()
    }

    /// Prepares a statement, unless that was done before.
    ///
    /// - Returns: Its name.
    private func prepare(_ key: PreparedKey, by deadline: ContinuousClock.Instant) throws(PostgresError) -> String {
        if let name = prepared[key] { return name }
        try forgetStatements(beyond: Self.mostStatements - 1, by: deadline)
        statementCount += 1
        let name = "\(prefix)\(statementCount)"
        guard PQsendPrepare(try opened(), name, key.sql, Int32(key.types.count), key.types) == 1 else { throw lost() }
        var failure: PostgresError?
        while let result = try next(by: deadline) {
            if PQresultStatus(result) == PGRES_COMMAND_OK {
                PQclear(result)
            } else {
                try note(result, as: &failure)
            }
        }
        if let failure { throw failure }
        prepared[key] = name
        return name
    }

    /// Removes all prepared statements if there are more than some: the program has a fixed number, so this is for programs that do not.
    private func forgetStatements(beyond most: Int, by deadline: ContinuousClock.Instant) throws(PostgresError) {
        guard prepared.count > max(0, most) else { return }
        prepared = [:]
        try script("DEALLOCATE ALL", by: deadline)
    }

    /// Puts the execution of a prepared statement into libpq's output.
    private func send(_ name: String, _ parameters: [PostgresValue]) throws(PostgresError) {
        let connection = try opened()
        let count = parameters.count
        let lengths = parameters.map { Int32(clamping: $0.bytes?.count ?? 0) }
        let formats = [Int32](repeating: 1, count: count)
        let isSent = Self.withPointers(to: parameters[...], []) { values in
            PQsendQueryPrepared(connection, name, Int32(count), values, lengths, formats, 1) == 1
        }
        guard isSent else { throw lost() }
    }

    /// Lends pointers to the bytes of all parameters at once; null for NULL.
    private static func withPointers<Result>(
        to parameters: ArraySlice<PostgresValue>, _ pointers: [UnsafePointer<CChar>?],
        _ body: ([UnsafePointer<CChar>?]) -> Result
    ) -> Result {
        guard let first = parameters.first else { return body(pointers) }
        guard let bytes = first.bytes else { return withPointers(to: parameters.dropFirst(), pointers + [nil], body) }
        // A value of no bytes is not NULL, so it needs a place.
        return (bytes.isEmpty ? [0] : bytes).withUnsafeBytes { buffer in
            withPointers(
                to: parameters.dropFirst(), pointers + [buffer.baseAddress?.assumingMemoryBound(to: CChar.self)], body)
        }
    }

    // MARK: Receiving

    /// Returns the next result of the current statement; nil at its end.
    private func next(by deadline: ContinuousClock.Instant) throws(PostgresError) -> OpaquePointer? {
        let connection = try opened()
        while true {
            let flushed = PQflush(connection)
            guard flushed >= 0 else { throw lost() }
            if PQisBusy(connection) == 0 { break }
            // The server may stop reading while it waits for its answers to be read.
            switch try ready(flushed == 1 ? POLLIN | POLLOUT : POLLIN, until: deadline) {
            case .timedOut:
                close()
                throw .deadline(place)
            case .woken: break
            case .ready: try consume(connection)
            }
        }
        drainNotifications(connection)
        let result = PQgetResult(connection)
        if result == nil, PQstatus(connection) == CONNECTION_BAD { throw lost() }
        return result
    }

    /// Reads what has arrived.
    private func consume(_ connection: OpaquePointer) throws(PostgresError) {
        // libpq reads a part of a long TLS record, and does not show that there is more, which makes no socket readable.
        for _ in 0..<(PQsslInUse(connection) == 1 ? 3 : 1) {
            guard PQconsumeInput(connection) == 1 else { throw lost() }
        }
    }

    private func ready(
        _ events: Int32, until deadline: ContinuousClock.Instant?
    ) throws(PostgresError) -> PostgresWakeup.End {
        do {
            return try wakeup.wait(for: PQsocket(connection), events, until: deadline)
        } catch {
            if error == .cancelled, let connection { Self.cancellations.send(connection) }
            close()
            throw error
        }
    }

    /// Reads the end of a pipeline, and leaves its mode.
    ///
    /// - Returns: The error that the commit had.
    private func finishPipeline(
        _ connection: OpaquePointer, by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> PostgresError? {
        var failure: PostgresError?
        // Between an error of the commit and the end there is a null, and older releases of libpq then give no end.
        for _ in 0..<4 {
            guard let result = try next(by: deadline) else { continue }
            switch PQresultStatus(result) {
            case PGRES_PIPELINE_SYNC:
                PQclear(result)
                guard PQexitPipelineMode(connection) == 1 else { throw broken("the pipeline does not end") }
                return failure
            case _: try note(result, as: &failure)
            }
        }
        close()
        return failure ?? .lost(place, "the pipeline has no end")
    }

    // MARK: Errors

    /// Keeps the error of a result, unless there was one before, and frees the result.
    ///
    /// - Throws: `PostgresError.lost` if it ends the connection.
    private func note(_ result: OpaquePointer, as failure: inout PostgresError?) throws(PostgresError) {
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR:
            let rejection = PostgresRejection(result, at: place)
            // Without an SQLSTATE the error is libpq's own: the connection is gone.
            guard !endsConnection(result), PQresultErrorField(result, Int32(B2_PQ_STATE)) != nil else {
                close()
                throw .lost(place, rejection.message)
            }
            if failure == nil { failure = .rejected(rejection) }
        case _:
            // COPY, which nothing here uses, would leave the connection in a mode of its own.
            throw broken("the result of a statement that is not supported, such as COPY")
        }
    }

    /// Closes the connection, and returns the reason that libpq has.
    private func lost() -> PostgresError {
        guard let connection else { return .closed(place) }
        let message = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
        let line = message.split(separator: "\n").first.map(String.init) ?? "the server has closed it"
        close()
        return .lost(place, SafeText(String(line.prefix(500))))
    }

    /// Closes a connection whose state is not known any more.
    private func broken(_ problem: String) -> PostgresError {
        close()
        return .unexpected(place, SafeText(problem))
    }
}

// MARK: - Statements

/// A statement in SQL, with `$1`, `$2` … for its parameters.
public struct PostgresStatement: Sendable, Hashable {
    public let sql: String

    public init(_ sql: String) {
        self.sql = sql
    }
}

/// A statement and its parameters.
public struct PostgresCall: Sendable {
    public let statement: PostgresStatement
    public let parameters: [PostgresValue]

    public init(_ statement: PostgresStatement, _ parameters: [PostgresValue] = []) {
        self.statement = statement
        self.parameters = parameters
    }
}

// MARK: - Notifications

/// The event that `PostgresConnection.wait` has waited for.
public enum PostgresEvent: Sendable, Hashable {
    case notified([PostgresNotification])
    /// `PostgresWakeup.wake` was called.
    case woken
    case timedOut
}

/// A notification that some session has sent with NOTIFY.
public struct PostgresNotification: Sendable, Hashable {
    public let channel: String
    /// The text that was sent with it, from anybody who may connect.
    public let payload: String
    /// The process of that session.
    public let process: Int32
}

// MARK: - Cancelling

/// Requests to the server that it cancel a statement. Each needs a connection of its own, and libpq blocks while it opens it, so it has
/// a thread; a server that does not answer gets no more than a few.
final class PostgresCancellations: Sendable {
    /// The request of one connection: libpq allows its use on any thread.
    private struct Request: @unchecked Sendable {
        let cancel: OpaquePointer
    }

    private let most: Int
    private let running = Monitor(0)

    init(most: Int) {
        self.most = most
    }

    /// Asks the server to cancel what a connection is doing, without waiting for it.
    func send(_ connection: OpaquePointer) {
        let isAllowed = running.withLock { count in
            guard count < most else { return false }
            count += 1
            return true
        }
        guard isAllowed else { return }
        guard let cancel = PQgetCancel(connection) else { return running.withLock { $0 -= 1 } }
        let request = Request(cancel: cancel)
        let thread = Thread { [running] in
            var reason = [CChar](repeating: 0, count: 256)
            PQcancel(request.cancel, &reason, Int32(reason.count))
            PQfreeCancel(request.cancel)
            running.withLock { $0 -= 1 }
        }
        thread.name = "b2-cancelling"
        thread.start()
    }
}
