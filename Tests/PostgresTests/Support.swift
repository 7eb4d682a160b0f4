import Base
import Foundation
import Harness
import TestSupport
import Testing

@testable import Postgres

extension PostgresCluster {
    /// The server that most tests share: it runs until the process of the tests ends. Tests that stop or change a server have their own.
    static let shared = Result { try PostgresCluster() }

    /// Opens a connection as the ordinary role.
    ///
    /// - Parameter port: Another port, such as that of a proxy.
    func connect(
        port: Int? = nil, settings: [String: String] = [:], wakeup: PostgresWakeup? = nil,
        within limit: Duration = .patience
    ) throws -> PostgresConnection {
        try PostgresConnection.open(
            PostgresAddress(address(port: port)), settings: settings, wakeup: wakeup, by: .now + limit)
    }
}

extension ContinuousClock.Instant {
    /// The end of the time for what should be immediate.
    static var soon: Self { .now + .patience }
}

extension PostgresConnection {
    /// Runs a statement that is used once.
    @discardableResult
    func run(_ sql: String, _ parameters: [PostgresValue] = []) throws -> PostgresResult {
        try run(PostgresStatement(sql), parameters, by: .soon)
    }

    /// Returns a number that a statement selects.
    func number(_ sql: String, _ parameters: [PostgresValue] = []) throws -> Int64 {
        try #require(try run(sql, parameters).first).value(0)
    }
}

/// Returns the error of a body that has to fail with one.
func failure(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) throws -> PostgresError {
    try #require(throws: PostgresError.self, sourceLocation: sourceLocation) { try body() }
}

/// Runs a body on a thread of its own, and returns what it throws or returns.
func elsewhere<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) -> Handoff<Value> {
    let handoff = Handoff<Value>()
    Thread.detachNewThread { handoff.complete(Result { try body() }) }
    return handoff
}
