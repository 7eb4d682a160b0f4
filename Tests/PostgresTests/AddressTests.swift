import Base
import Foundation
import TestSupport
import Testing

@testable import Postgres

@Suite struct AddressTests {
    @Test("reads strings and URIs as libpq does")
    func forms() throws {
        let uri = try PostgresAddress("postgresql://me:secret@a.test:5433,b.test/history?connect_timeout=7")
        #expect(uri.hosts.map(\.name) == ["a.test", "b.test"])
        #expect(uri.hosts.map(\.port) == ["5433", "5432"])
        #expect(uri.user == "me")
        #expect(uri.database == "history")
        #expect(uri.hasPassword)
        #expect(uri.connectLimit == .seconds(7))
        #expect(uri.target == .readWrite)

        let string = try PostgresAddress("host=/run/pg port=6000 user=me target_session_attrs=any")
        #expect(string.hosts == [PostgresHost(name: "/run/pg", address: nil, port: "6000")])
        #expect(string.database == "me")
        #expect(!string.hasPassword)
        #expect(string.connectLimit == .seconds(5))
        #expect(string.target == .any)

        let addresses = try PostgresAddress("host=a.test,b.test hostaddr=10.0.0.1,10.0.0.2 port=1,2 user=me")
        #expect(addresses.hosts.map(\.address) == ["10.0.0.1", "10.0.0.2"])
        #expect(addresses.hosts.map(\.port) == ["1", "2"])
    }

    @Test(
        "no form of an address shows a password",
        arguments: [
            "postgresql://me:geheim@a.test/history", "postgres://me:geheim@a.test,b.test/history?sslpassword=geheim",
            "host=a.test user=me password=geheim", "host=a.test user=me password='geheim' passfile=/geheim",
            "postgresql://me:12?geheim@a.test/history", "postgresql://a.test/history?password=geheim&user=me",
            "host=a.test user=me options='-c x.y=geheim'",
        ])
    func masked(text: String) throws {
        let address = try PostgresAddress(text)
        var dumped = ""
        dump(address, to: &dumped)
        let refusal = PostgresRefusal(place: address.hosts[0].place(address.database), cause: .refused)
        for shown in [
            "\(address)", String(reflecting: address), dumped, address.safe.string, "\(address.hosts)", "\(refusal)",
            "\(PostgresError.cannotConnect([refusal]))",
        ] {
            #expect(!shown.contains("geheim"), "\(shown)")
        }
        #expect(address.description.hasPrefix("postgresql://me@a.test:5432"))
    }

    @Test(
        "an address that libpq does not read, or not as it was meant, is refused without showing any of it",
        arguments: [
            "postgresql://me:ge/heim@a.test/history", "postgresql://me:12/heim@a.test/history",
            "postgresql://me:ge@heim@a.test/history",
            "postgresql://me:%zzheim@a.test/",
            "postgrespl://me:geheim@a.test/", "host=a.test password=ge heim",
            #"host=a.test password=x a"geheim"b"#,
            "postgresql://me:heim@a.test/?geheim=1", "host=a.test sslmode=geheim", "host=a.test port=geheim",
            "host=a.test port=99999999", "host=a.test,b.test port=1,2,3", "host=a.test target_session_attrs=geheim",
            "geheim", "host=a,,b user=me", "host='geheim", "postgresql://[geheim/history", "service=geheim",
        ])
    func refused(text: String) throws {
        let error = try #require(throws: PostgresAddressError.self) { try PostgresAddress(text) }
        #expect(!"\(error)".contains("heim"), "\(error)")
        #expect("\(error)".contains("postgresql://USER@HOST/DATABASE"))
    }

    @Test("names the option that is wrong")
    func namedOption() throws {
        let error = try #require(throws: PostgresAddressError.self) { try PostgresAddress("host=a.test sslmode=never") }
        #expect("\(error)".contains("sslmode"))
        #expect(!"\(error)".contains("never"))
    }

    @Test("a server on another machine has to prove its name, unless the address says otherwise")
    func tls() throws {
        func mode(_ text: String, at address: String?) throws -> String? {
            let parsed = try PostgresAddress(text)
            return try parsed.options().parameters(
                for: parsed.hosts[0], at: address, isLocal: address.map(PostgresConnecting.isLoopback) ?? true,
                application: "test")["sslmode"]
        }
        #expect(try mode("postgresql://me@a.test/", at: "192.0.2.1") == "verify-full")
        #expect(try mode("postgresql://me@localhost/", at: "127.0.0.1") == "prefer")
        #expect(try mode("postgresql://me@localhost/", at: "::1") == "prefer")
        #expect(try mode("postgresql://me@localhost/", at: "::ffff:127.0.0.9") == "prefer")
        // A name that leads elsewhere is no local one, whatever it is called.
        #expect(try mode("postgresql://me@localhost/", at: "192.0.2.1") == "verify-full")
        #expect(try mode("host=/run/pg user=me", at: nil) == "prefer")
        #expect(try mode("postgresql://me@a.test/?sslmode=require", at: "192.0.2.1") == "require")
        #expect(try mode("postgresql://me@a.test/?sslmode=prefer", at: "192.0.2.1") == "prefer")
        #expect(try mode("postgresql://me@a.test/?sslmode=disable", at: "192.0.2.1") == "disable")
    }

    @Test("names itself, finds out about dead connections, and takes over what the person sets")
    func defaults() throws {
        func parameters(_ text: String) throws -> [String: String] {
            let parsed = try PostgresAddress(text)
            return try parsed.options().parameters(
                for: parsed.hosts[0], at: "192.0.2.1", isLocal: false, application: "b2watch listener")
        }
        let plain = try parameters("postgresql://me@a.test/history")
        #expect(plain["fallback_application_name"] == "b2watch listener")
        #expect(plain["keepalives_idle"] == "10")
        #expect(plain["host"] == "a.test")
        #expect(plain["hostaddr"] == "192.0.2.1")
        #expect(plain["client_encoding"] == "UTF8")
        let own = try parameters(
            "postgresql://me@a.test/history?keepalives_idle=77&application_name=mine&client_encoding=LATIN1")
        #expect(own["keepalives_idle"] == "77")
        #expect(own["application_name"] == "mine")
        #expect(own["client_encoding"] == "UTF8")
    }

    @Test("hostile names reach the screen escaped")
    func escaped() throws {
        let address = try PostgresAddress("host='a\u{1b}[2J' user='\u{202e}me' dbname=x")
        #expect(!address.safe.string.contains("\u{1b}"))
        #expect(!address.safe.string.contains("\u{202e}"))
    }
}
