import Base
import Foundation
import Harness
import Synchronization
import TestSupport
import Testing

@testable import Postgres

/// Every way in which a server cannot be used, by a real one.
@Suite(.blocking) struct ConnectingTests {
    private let cluster: PostgresCluster

    init() throws {
        cluster = try PostgresCluster.shared.get()
    }

    /// Returns why the addresses of a text cannot be used.
    private func refusals(_ text: String, within limit: Duration = .patience) throws -> [PostgresRefusal.Cause] {
        let address = try PostgresAddress(text)
        let error = try failure { _ = try PostgresConnection.open(address, by: .now + limit) }
        guard case .cannotConnect(let refusals) = error else { throw error }
        #expect("\(error)".hasPrefix("cannot connect to PostgreSQL: "))
        return refusals.map(\.cause)
    }

    @Test("connects by TCP and by the Unix socket, and knows the server")
    func facts() throws {
        let connection = try cluster.connect()
        let server = connection.server
        let identity = try connection.identity(by: .soon)
        #expect(connection.place.string == "127.0.0.1:\(cluster.port)/b2watch")
        #expect(server.version >= 130_000)
        #expect(try cluster.sql("SHOW server_version") == server.versionText.string)
        #expect(!server.isInRecovery && !server.isReadOnly && !server.isBehindPooler)
        #expect(
            try cluster.sql("SELECT system_identifier FROM pg_control_system()")
                == identity.map { "\($0.systemIdentifier)" })
        #expect(identity?.timeline == 1)
        #expect(server.backend.process == Int32(try connection.number("SELECT pg_backend_pid()::int8")))
        #expect(
            try cluster.sql("SELECT application_name FROM pg_stat_activity WHERE pid = \(server.backend.process)")
                == "b2watch")
        let local = try PostgresConnection.open(PostgresAddress(cluster.socketAddress), application: "other", by: .soon)
        #expect(local.place.string == "\(cluster.socketFolder):\(cluster.port)/b2watch")
        #expect(
            try cluster.sql("SELECT application_name FROM pg_stat_activity WHERE pid = \(local.server.backend.process)")
                == "other")
    }

    @Test("settings are those of the session")
    func settings() throws {
        let connection = try cluster.connect(settings: [
            "statement_timeout": "12s", "synchronous_commit": "remote_apply",
        ])
        let row = try #require(
            try connection.run("SELECT current_setting('statement_timeout'), current_setting('synchronous_commit')")
                .first)
        #expect(try row.value(0) == "12s")
        #expect(try row.value(1) == "remote_apply")
    }

    @Test("names what is missing: the server, the socket, the host, the database, the role")
    func missing() throws {
        let free = try Loopback.freePort()
        #expect(try refusals("postgresql://me@127.0.0.1:\(free)/x") == [.refused])
        #expect(try refusals("host=\(cluster.socketFolder)/nowhere user=me") == [.noSocket])
        #expect(try refusals("postgresql://me@nowhere.invalid/x") == [.nameNotFound])
        let port = cluster.port
        guard case .noDatabase = try refusals("postgresql://b2watch@127.0.0.1:\(port)/nowhere")[0] else {
            Issue.record("a database that does not exist")
            return
        }
        guard case .notAllowed(let reason) = try refusals("postgresql://nobody@127.0.0.1:\(port)/b2watch")[0] else {
            Issue.record("a role that does not exist")
            return
        }
        #expect(reason.string.contains("nobody"))
    }

    @Test("a server that accepts and does not answer costs no more than the time given")
    func stalled() throws {
        let proxy = try TCPProxy(to: cluster.port)
        proxy.stall()
        #expect(
            try refusals("postgresql://b2watch@127.0.0.1:\(proxy.port)/b2watch", within: .milliseconds(100)) == [
                .timedOut
            ])
        // The next host gets its share of the time.
        let address = try PostgresAddress(
            "postgresql://b2watch@127.0.0.1:\(proxy.port),127.0.0.1:\(cluster.port)/b2watch")
        let connection = try PostgresConnection.open(address, by: .now + .seconds(2) * Sanitizer.slowness)
        #expect(connection.place.string.contains("\(cluster.port)"))
    }

    @Test("another thread ends the attempt")
    func cancelled() throws {
        let proxy = try TCPProxy(to: cluster.port)
        proxy.stall()
        let wakeup = try PostgresWakeup()
        let (cluster, port) = (cluster, proxy.port)
        let attempt = elsewhere { _ = try cluster.connect(port: port, wakeup: wakeup) }
        _ = try wait(for: "the attempt") { proxy.connections > 0 ? true : nil }
        wakeup.cancel()
        #expect(throws: PostgresError.cancelled) { try attempt.wait() }
        #expect(throws: PostgresError.cancelled) { _ = try cluster.connect(wakeup: wakeup) }
    }

    @Test("passwords: none, a wrong one, one from the password file, and a file that others may read")
    func passwords() throws {
        let own = try PostgresCluster(rules: ["host all b2watch 127.0.0.1/32 scram-sha-256"])
        try own.sql("ALTER ROLE b2watch PASSWORD 'geheim'")
        let folder = TemporaryFolder()
        let place = "127.0.0.1:\(own.port)"
        let file = try folder.write("pgpass", "127.0.0.1:\(own.port):b2watch:b2watch:geheim\n")
        func address(_ password: String, _ file: String) -> String {
            "postgresql://b2watch\(password)@\(place)/b2watch?passfile=\(file)"
        }
        #expect(try refusals(address("", "/nonexistent")) == [.noPassword(nil)])
        guard case .notAuthenticated = try refusals(address(":falsch", "/nonexistent"))[0] else {
            Issue.record("a wrong password")
            return
        }
        for text in [address(":geheim", "/nonexistent"), address("", file)] {
            let connection = try PostgresConnection.open(PostgresAddress(text), by: .soon)
            #expect(try connection.number("SELECT 1::int8") == 1)
        }
        chmod(file, 0o644)
        #expect(try refusals(address("", file)) == [.noPassword(SafeText(file))])
        // Without a rule for it, a connection is not allowed at all.
        guard
            case .notAllowed = try refusals("host=\(own.socketFolder) port=\(own.port) user=b2watch dbname=b2watch")[0]
        else {
            Issue.record("a connection without a rule")
            return
        }
    }

    @Test("TLS: an unknown authority, another name, no TLS at all, and the right one")
    func tls() throws {
        let folder = TemporaryFolder()
        chmod(folder.path, 0o755)
        let authority = FakeCertificate("authority", .authority)
        let certificate = FakeCertificate("server", names: ["DNS:localhost"], by: authority)
        let chain = try folder.write("server.pem", certificate.pem, mode: 0o644)
        let key = try folder.write("server.key", certificate.keyPEM)
        let root = try folder.write("root.pem", authority.pem)
        try PostgresCluster.own(key)
        let own = try PostgresCluster(settings: ["ssl": "on", "ssl_cert_file": chain, "ssl_key_file": key])
        func address(_ host: String, _ port: Int, _ options: String) -> String {
            "postgresql://b2watch@\(host):\(port)/b2watch?\(options)"
        }
        let good = address("localhost", own.port, "hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=\(root)")
        let connection = try PostgresConnection.open(PostgresAddress(good), by: .soon)
        #expect(try connection.run("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").first?.value(0) == true)
        // More than a TLS record of libpq's buffer at once.
        let row = try #require(try connection.run("SELECT repeat('x', 5000000)").first)
        #expect(row.withBytes(0) { $0?.count } == 5_000_000)

        for bad in [
            address("localhost", own.port, "hostaddr=127.0.0.1&sslmode=verify-full"),
            address("127.0.0.1", own.port, "sslmode=verify-full&sslrootcert=\(root)"),
            address("localhost", own.port, "hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=/nonexistent"),
            address("localhost", cluster.port, "hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=\(root)"),
        ] {
            guard case .insecure = try refusals(bad)[0] else {
                Issue.record("\(bad): \(try refusals(bad))")
                continue
            }
        }
    }

    @Test("a server without a free connection is named as one")
    func tooMany() throws {
        let own = try PostgresCluster(settings: [
            "max_connections": "4", "superuser_reserved_connections": "1", "max_wal_senders": "0",
        ])
        let connections = try (0..<3).map { _ in try own.connect() }
        #expect(try refusals(own.address()) == [.tooManyConnections])
        #expect(connections.allSatisfy { $0.isOpen })
    }

    @Test("a database of another encoding is refused")
    func encoding() throws {
        try cluster.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
        #expect(try refusals("postgresql://b2watch@127.0.0.1:\(cluster.port)/latin") == [.encoding("LATIN1")])
    }
}

/// Servers of several hosts, and what a promotion changes.
@Suite(.blocking) struct FailoverTests {
    @Test("finds the primary among several hosts, before and after a standby was promoted")
    func promotion() throws {
        let primary = try PostgresCluster()
        let standby = try primary.standby()
        let cold = try primary.standby("cold", settings: ["hot_standby": "off"])
        let hosts = [cold, standby, primary].map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        let address = try PostgresAddress("postgresql://b2watch@\(hosts)/b2watch")
        let before = try PostgresConnection.open(address, by: .soon)
        #expect(before.place.string.contains("\(primary.port)"))
        let identity = try #require(try before.identity(by: .soon))
        #expect(identity.timeline == 1)
        try before.script("CREATE TABLE item (id int8); INSERT INTO item VALUES (1)", by: .soon)
        try primary.waitForReplay(by: standby)

        // A standby is used only where that is asked for.
        let reading = try PostgresConnection.open(
            PostgresAddress("\(standby.address())?target_session_attrs=any"), by: .soon)
        #expect(reading.server.isInRecovery && reading.server.isReadOnly)
        #expect(try reading.identity(by: .soon) == identity)
        let error = try failure { try reading.run("INSERT INTO item VALUES (2)") }
        guard case .rejected(let rejection) = error else { throw error }
        #expect(rejection.state == "25006")
        #expect(error.isTemporary)

        try primary.kill()
        guard case .lost = try failure({ _ = try before.wait(until: .soon) }) else {
            Issue.record("the primary was killed")
            return
        }
        let refused = try failure { _ = try PostgresConnection.open(address, by: .soon) }
        guard case .cannotConnect(let refusals) = refused else { throw refused }
        #expect(refusals.count == 3)
        #expect(refusals[1].cause == .readOnly)
        #expect(refusals[2].cause == .refused)
        guard case .notReady = refusals[0].cause else { throw refused }
        #expect(refused.isTemporary)

        try standby.promote()
        let after = try PostgresConnection.open(address, by: .soon)
        #expect(after.place.string.contains("\(standby.port)"))
        let promoted = try after.identity(by: .soon)
        #expect(promoted?.timeline == 2)
        #expect(promoted?.systemIdentifier == identity.systemIdentifier)
        #expect(try after.number("SELECT count(*) FROM item") == 1)
    }
}
