import Base
import Foundation
import Receiving
import Notifications
import TestSupport
import Testing

@Suite("A listener that speaks HTTPS", .blocking)
struct TLSTests {
    private static let authority = FakeAuthority()
    private let folder = TemporaryFolder()
    private let root: String

    init() throws {
        root = try folder.write("root.pem", Self.authority.root.pem)
    }

    private func files(_ certificate: String, _ key: String, mode: Int = 0o600) throws -> TLSFiles {
        TLSFiles(
            certificate: try folder.write("certificate.pem", certificate),
            key: try folder.write("key.pem", key, mode: mode))
    }

    private func files(_ server: FakeCertificate) throws -> TLSFiles {
        try files(Self.authority.chain(server), server.keyPEM)
    }

    private func connect(
        _ test: TestListener, version: TLSClient.Version? = nil, protocols: [String] = [], after preamble: String = ""
    ) throws -> TLSClient {
        try TLSClient(
            port: test.listener.address.port, trusting: root, version: version, protocols: protocols,
            after: Array(preamble.utf8))
    }

    @Test("takes requests over TLS 1.2 and 1.3, one after the other, and offers HTTP/1.1 alone")
    func requests() throws {
        let receiver = TestReceiver()
        let files = try files(Self.authority.server())
        try withListener(receiver, { $0.secure(with: files) }) { test in
            #expect(test.listener.address.url == "https://127.0.0.1:\(test.listener.address.port)/")
            for version in [TLSClient.Version.tls12, .tls13] {
                let client = try connect(test, version: version, protocols: ["h2", "http/1.1"])
                #expect(client.version == (version == .tls12 ? "TLSv1.2" : "TLSv1.3"))
                #expect(client.agreedProtocol == "http/1.1")
                for _ in 1...2 {
                    try client.send(post(body: "{\"events\":[]}"))
                    #expect(client.text(until: "\r\n\r\nOK").hasPrefix("HTTP/1.1 200 OK"))
                }
            }
            #expect(receiver.received.count == 4)
            #expect(receiver.received.allSatisfy { $0.delivery.body == Array("{\"events\":[]}".utf8) })
            #expect(receiver.received.allSatisfy { $0.delivery.remoteAddress == "127.0.0.1" })
            #expect(try connect(test, protocols: ["h2"]).agreedProtocol == nil)
            #expect(throws: TLSClient.Failure.self) { try connect(test, version: .tls11) }
        }
    }

    @Test("answers a client that ends its half after the request, and ends its own")
    func halfClosed() throws {
        let files = try files(Self.authority.server())
        try withListener(TestReceiver(), { $0.secure(with: files) }) { test in
            let client = try connect(test)
            try client.send(post())
            client.endSending()
            #expect(client.text().hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test("reports plain HTTP, and a client that does not accept the certificate")
    func others() throws {
        let files = try files(Self.authority.server())
        let other = try folder.write("other.pem", FakeAuthority().root.pem)
        try withListener(TestReceiver(), { $0.secure(with: files) }) { test in
            let plain = try test.client()
            try plain.send(post())
            let answer = try plain.response()
            #expect(answer.status == 400 && answer.body.hasPrefix("This port speaks HTTPS"))
            #expect(throws: TLSClient.Failure.self) {
                try TLSClient(port: test.listener.address.port, trusting: other)
            }
            try wait(for: "a line in the log") {
                test.log.lines.contains { $0.contains("accept the certificate") } ? () : nil
            }
            #expect(test.log.lines.contains { $0.contains("HTTP on a port that speaks HTTPS") })
        }
    }

    @Test("reads a PROXY header before TLS")
    func proxied() throws {
        let receiver = TestReceiver()
        let files = try files(Self.authority.server())
        let trust = ProxyTrust(
            proxies: AddressList([try #require(IPNetwork("127.0.0.1"))]), header: .proxyProtocol)
        try withListener(
            receiver,
            {
                $0.secure(with: files)
                $0.proxies = trust
            }
        ) { test in
            let client = try connect(test, after: "PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n")
            try client.send(post())
            #expect(client.text(until: "OK").hasPrefix("HTTP/1.1 200"))
            #expect(receiver.received.map(\.delivery.remoteAddress) == ["203.0.113.9"])
            #expect(throws: TLSClient.Failure.self) { try connect(test) }
        }
    }

    @Test("stops at once although clients are connected and silent")
    func stopping() throws {
        let files = try files(Self.authority.server())
        var clients: [TLSClient] = []
        let start = ContinuousClock.now
        try withListener(TestReceiver(), { $0.secure(with: files) }) { test in
            clients = try (1...3).map { _ in try connect(test) }
            test.listener.stop(within: .patience)
        }
        #expect(clients.allSatisfy { $0.text().isEmpty })
        #expect(ContinuousClock.now - start < .patience)
    }

    @Test("uses a renewed certificate for the next connection, and no half of one")
    func renewal() throws {
        let (first, second) = (Self.authority.server("first"), Self.authority.server("second"))
        let files = try files(first)
        try withListener(
            TestReceiver(),
            {
                $0.secure(with: files)
                $0.times.certificate = .zero
            }
        ) { test in
            let early = try connect(test)
            #expect(early.certificate == first.der)
            // The certificate is there, its key not yet.
            _ = try folder.write("certificate.pem", Self.authority.chain(second))
            #expect(try connect(test).certificate == first.der)
            #expect(test.log.lines.isEmpty)
            #expect(try connect(test).certificate == first.der)
            #expect(test.log.lines.count == 1 && test.log.lines[0].contains("the earlier certificate stays"))
            _ = try folder.write("key.pem", second.keyPEM)
            #expect(try connect(test).certificate == second.der)
            #expect(test.log.lines.count >= 2 && test.log.lines[1].contains("the renewed TLS certificate is in use"))
            try early.send(post())
            #expect(early.text(until: "OK").hasPrefix("HTTP/1.1 200"))
        }
    }

    // MARK: Problems

    private func problem(_ files: TLSFiles) -> String {
        do {
            var problem = ""
            try withListener(
                TestReceiver(),
                {
                    $0.secure(with: files)
                }
            ) { _ in problem = "none" }
            return problem
        } catch {
            return "\(error)"
        }
    }

    @Test("does not start with files that no client would accept, and reports the problem")
    func problems() throws {
        let server = Self.authority.server()
        let chain = Self.authority.chain(server)
        let other = Self.authority.server("other")
        #expect(problem(try files(server)) == "none")
        #expect(problem(try files(chain, other.keyPEM)).contains("is not of the key"))
        #expect(
            problem(try files(Self.authority.intermediate.pem + server.pem, server.keyPEM)).contains("put it first"))
        #expect(problem(try files(chain, server.keyPEM, mode: 0o644)).contains("can be read by every user"))
        #expect(problem(try files(chain, server.keyPEM, mode: 0o640)) == "none")
        #expect(
            problem(try files(server.pem, server.keyPEM)).contains(
                "lacks the certificate that issued it (b2watch test intermediate)"))
        #expect(problem(try files(Self.authority.server(days: -9 ..< -2))).contains("expired on 20"))
        #expect(problem(try files(Self.authority.server(days: 2..<9))).contains("is not valid before 20"))
        let missing = TLSFiles(certificate: folder.file("none.pem"), key: folder.file("key.pem"))
        #expect(problem(missing).contains("none.pem cannot be read: No such file or directory"))
    }

    @Test("names files in another format")
    func formats() throws {
        let server = Self.authority.server()
        let chain = Self.authority.chain(server)
        #expect(problem(try files(server.keyPEM, server.keyPEM)).contains("mixed up"))
        #expect(problem(try files(chain, chain)).contains("mixed up"))
        #expect(problem(try files("", server.keyPEM)).contains("is empty"))
        #expect(problem(try files("hello", server.keyPEM)).contains("which begins with -----BEGIN"))
        #expect(
            problem(try files("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", server.keyPEM))
                .contains("is damaged"))
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
        #expect(problem(try files(chain, encrypted)).contains("has a passphrase"))
        let binary = TLSFiles(
            certificate: try folder.write("certificate.der", server.der),
            key: try folder.write("key.pem", server.keyPEM))
        #expect(problem(binary).contains("is binary (DER or PKCS #12)"))
    }

    @Test("starts with a certificate that signs itself, and notes that B2 will not connect")
    func selfSigned() throws {
        let own = FakeCertificate("localhost")
        let files = try files(own.pem, own.keyPEM)
        try withListener(
            TestReceiver(),
            {
                $0.secure(with: files)
            }
        ) { test in
            #expect(test.listener.notes.count == 1 && test.listener.notes[0].contains("is self-signed"))
            #expect(test.listener.pinnedKey == own.pin)
        }
    }
}

extension ListenerConfiguration {
    /// Lets it speak HTTPS; certificates of today need the clock of today.
    fileprivate mutating func secure(with files: TLSFiles) {
        tls = files
        clock = { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }
    }
}
