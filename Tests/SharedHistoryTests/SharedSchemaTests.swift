import Base
import Foundation
import Harness
import Notifications
import Postgres
import TestSupport
import Testing

@testable import SharedHistory

@Suite(.blocking) struct SharedSchemaTests {
    @Test func twoThatCreateItAtOnceCreateItOnce() throws {
        let cluster = try PostgresCluster()
        let results = Watched<[Result<SharedSchema.Preparation, any Error>]>([])
        for _ in 0..<4 {
            Thread.detachNewThread {
                let result = Result {
                    try SharedSchema.prepare(cluster.connect(), for: nil, by: .now + .patience)
                }
                results.change { $0.append(result) }
            }
        }
        let done = try results.require("four results") { $0.count == 4 ? $0 : nil }.map { try $0.get() }
        #expect(done.map(\.before).sorted() == [0, 1, 1, 1])
        #expect(Set(done.map(\.id)).count == 1)
    }

    @Test func aNewerSchemaIsRefused() throws {
        let cluster = try PostgresCluster()
        try cluster.prepare()
        try cluster.sql("UPDATE b2watch.history SET version = 99")
        let connection = try cluster.connect()
        #expect(throws: SharedProblem.newer(connection.place, 99)) {
            try SharedSchema.check(connection, by: .now + .patience)
        }
        #expect(throws: SharedProblem.newer(connection.place, 99)) {
            try SharedSchema.prepare(connection, for: nil, by: .now + .patience)
        }
    }

    /// What an administrator runs by hand is what `init` does.
    @Test func thePrintedSQLMakesAWholeSharedHistory() throws {
        let cluster = try PostgresCluster()
        try cluster.sql("CREATE ROLE \"run time\" LOGIN")
        try cluster.sql(SharedSchema.script(for: "run time"))
        let connection = try PostgresConnection.open(
            PostgresAddress("\(cluster.socketAddress) user='run time'"), by: .now + .patience)
        #expect(!(try SharedSchema.check(connection, by: .now + .patience)).isEmpty)
    }

    @Test func aRoleWithTheLeastRightsRecordsAndFollows() throws {
        let cluster = try PostgresCluster()
        try cluster.sql("CREATE ROLE runtime LOGIN")
        _ = try SharedSchema.prepare(cluster.connect(), for: "runtime", by: .now + .patience)
        let folder = TemporaryFolder()
        let member = try Member("one", at: cluster.address(user: "runtime"), in: folder)
        try member.waitUntilReady()
        #expect(member.record("a", verdict: .valid, secret: .sample("prod")) == 1)
        _ = try member.taken.require("the copy") { $0 == [1] ? true : nil }
        member.close()
        let connection = try PostgresConnection.open(
            PostgresAddress(cluster.address(user: "runtime")), by: .now + .patience)
        for sql in [
            "DELETE FROM b2watch.delivery", "UPDATE b2watch.delivery SET body = ''", "DROP TABLE b2watch.event",
        ] {
            #expect(throws: PostgresError.self) { try connection.script(sql, by: .now + .patience) }
        }
        // Who may not read is told what to do.
        try cluster.sql("CREATE ROLE stranger LOGIN")
        let stranger = try PostgresConnection.open(
            PostgresAddress(cluster.address(user: "stranger")), by: .now + .patience)
        #expect(throws: SharedProblem.noRights(stranger.place)) {
            try SharedSchema.check(stranger, by: .now + .patience)
        }
    }

    @Test func theStateNamesThoseWhoUseIt() throws {
        let cluster = try PostgresCluster()
        try cluster.prepare()
        let folder = TemporaryFolder()
        let member = try Member("berlin", at: cluster.address(), in: folder)
        try member.waitUntilReady()
        member.record("a")
        let status = try SharedStatus(cluster.connect(), by: .now + .patience)
        #expect(status.newest == 1)
        #expect(status.nodes.map(\.name) == ["berlin"] && status.nodes.allSatisfy { $0.isConnected && $0.receives })
        #expect(status.lines.count == 2)
        member.close()
    }
}
