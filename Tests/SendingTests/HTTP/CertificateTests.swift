import Base
import Foundation
import Notifications
import TestSupport
import Testing

@testable import Sending

@Suite("A certificate of the other side", .blocking)
struct CertificateTests {
    private static let authority = FakeAuthority()
    private let folder = TemporaryFolder()
    private let root: String

    init() throws {
        root = try folder.write("root.pem", Self.authority.root.pem)
    }

    /// Sends a request to a server with this certificate, and returns the answer's status or the failure.
    private func outcome(
        _ chain: String, _ key: String, host: String = "localhost", environment: [String: String] = [:],
        file: String? = nil
    ) throws -> String {
        let server = try TLSServer(chain, key: key, in: folder)
        defer { server.stop() }
        let rules = ConnectionRules(authorities: try Authorities(environment: environment, file: file))
        let client = OutgoingClient(OutgoingPolicy(), rules: rules)
        defer { client.shutdown() }
        let request = OutgoingRequest("POST", try WebhookURL("https://\(host):\(server.port)/"), body: [1])
        do throws(OutgoingFailure) {
            let answer = try client.send(request, within: .patience)
            return "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))"
        } catch {
            guard case .notSent(let text) = error else { return "\(error)" }
            #expect(server.requests.isEmpty)
            return text.replacing(":\(server.port)", with: "")
        }
    }

    private func outcome(
        _ server: FakeCertificate, host: String = "localhost", file: String? = nil
    ) throws -> String {
        try outcome(Self.authority.chain(server), server.keyPEM, host: host, file: file)
    }

    @Test("is accepted where its authority is named, in an option or in OpenSSL's variables")
    func accepted() throws {
        let server = Self.authority.server()
        let chain = Self.authority.chain(server)
        #expect(try outcome(server, file: root) == "200 OK")
        #expect(try outcome(chain, server.keyPEM, environment: ["SSL_CERT_FILE": root]) == "200 OK")
        // The system's authorities stay where only others are added; those of SSL_CERT_FILE replace them.
        let other = try folder.write("other.pem", FakeCertificate("another test root", .authority).pem)
        #expect(try outcome(chain, server.keyPEM, environment: ["SSL_CERT_FILE": other], file: root) == "200 OK")
        #expect(try outcome(server, file: other).contains("is not trusted here"))
    }

    @Test("is accepted where a folder of authorities has it, under the name that openssl rehash gives")
    func folders() throws {
        let server = Self.authority.server()
        let place = folder.file("authorities")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        let name = String(format: "%08x.0", Self.authority.root.subjectHash)
        try Self.authority.root.pem.write(toFile: "\(place)/\(name)", atomically: false, encoding: .utf8)
        let chain = Self.authority.chain(server)
        #expect(try outcome(chain, server.keyPEM, environment: ["SSL_CERT_DIR": place]) == "200 OK")
    }

    @Test("names what is wrong with it, and what to do")
    func problems() throws {
        let server = Self.authority.server()
        #expect(
            try outcome(server)
                == "no secure connection to localhost: its certificate is from an authority that is not trusted here (b2watch"
                + " test root): if you trust it, name its certificate in --ca-file; if it is a public one, the server sends no"
                + " intermediate certificate")
        let alone = try outcome(server.pem, server.keyPEM, file: root)
        #expect(alone.contains("not trusted here (b2watch test intermediate)"))
        let expired = try outcome(Self.authority.server(days: -9 ..< -2), file: root)
        #expect(expired.contains("its certificate has expired: its operator has to renew it"))
        let early = try outcome(Self.authority.server(days: 2..<9), file: root)
        #expect(early.contains("is not valid yet: check the clock of this machine"))
        let own = FakeCertificate("localhost")
        #expect(try outcome(own.pem, own.keyPEM).contains("is self-signed: if you trust it"))
        let other = Self.authority.server(names: ["DNS:a.test", "DNS:b.test", "IP:192.0.2.1"])
        #expect(
            try outcome(other, file: root).contains(
                "its certificate is for another name (a.test, b.test, 192.0.2.1): check the host in the URL"))
    }

    @Test("names what is wrong with a list of authorities")
    func lists() throws {
        let none = folder.file("none.pem")
        #expect(throws: AuthoritiesProblem("--ca-file names \(none), which cannot be read")) {
            try Authorities(environment: [:], file: none)
        }
        #expect(throws: AuthoritiesProblem("SSL_CERT_DIR names \(none), which is not a folder")) {
            try Authorities(environment: ["SSL_CERT_DIR": none])
        }
        let text = try folder.write("text.pem", "hello")
        #expect(throws: AuthoritiesProblem.self) { try Authorities(environment: ["SSL_CERT_FILE": text]) }
        #expect(throws: Never.self) { try Authorities(environment: ["SSL_CERT_FILE": ""]) }
    }

    @Test("is recognised by its key, whatever it says, where a request goes to this process itself")
    func pinned() throws {
        let (own, other) = (FakeCertificate("a.test"), FakeCertificate("a.test"))
        func send(to certificate: FakeCertificate, pinning pinned: FakeCertificate) throws -> String {
            let server = try TLSServer(certificate.pem, key: certificate.keyPEM, in: folder)
            defer { server.stop() }
            var rules = ConnectionRules()
            rules.pinnedKey = pinned.pin
            let client = OutgoingClient(OutgoingPolicy(), rules: rules)
            defer { client.shutdown() }
            let url = try WebhookURL("https://127.0.0.1:\(server.port)/")
            do throws(OutgoingFailure) {
                return "\(try client.send(OutgoingRequest("GET", url), within: .patience).status)"
            } catch {
                return "refused"
            }
        }
        #expect(try send(to: own, pinning: own) == "200")
        #expect(try send(to: other, pinning: own) == "refused")
    }
}
