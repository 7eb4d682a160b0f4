import Base
import Foundation
import Harness
import Notifications
import TestSupport
import Testing

@Suite("Who may call, and who called", .blocking)
struct CallerTests {
    /// A home with a certificate for localhost.
    private struct Secured {
        let home: Home
        let root: String
        let certificate: String
        let key: String

        init() throws {
            home = try Home()
            let authority = FakeAuthority()
            let server = authority.server()
            root = try home.folder.write("root.pem", authority.root.pem)
            certificate = try home.folder.write("chain.pem", authority.chain(server))
            key = try home.folder.write("key.pem", server.keyPEM)
        }
    }

    @Test("HTTPS accepts what B2 would send, and a sender that does not know the authority reports it")
    func secured() throws {
        let secured = try Secured()
        let secret = try secured.home.secretFile(Secrets.value)
        let listener = try RunningListener(
            in: secured.home, "--tls-certificate", secured.certificate, "--tls-key", secured.key, "--secret-file",
            secret, "--format", "json")
        #expect(listener.url.hasPrefix("https://127.0.0.1:"))
        let url = "https://localhost:\(listener.port)/hook"
        let sent = try Program.run(
            "send", url, "--secret-file", secret, "--ca-file", secured.root, in: secured.home)
        #expect(sent.output.hasPrefix("200 OK"), "\(sent.error)")
        let delivery = try #require(listener.deliveries(1).first)
        #expect(delivery.signature == "valid" && delivery.remoteAddress == "127.0.0.1")
        let untrusting = try Program.run("send", url, "--secret-file", secret, in: secured.home)
        #expect(untrusting.ending == .exited(1))
        #expect(untrusting.error.contains("not trusted here (b2watch test root)"))
        // The replay goes to the listener itself, by way of its certificate.
        let replayed = try Program.run("replay", "1", "--to", url, "--ca-file", secured.root, in: secured.home)
        #expect(replayed.output.hasPrefix("1  200"), "\(replayed.error)")
        try listener.stop()
    }

    @Test("settings in config.yaml do what the options do, and a certificate that cannot be used is a mistake there")
    func configured() throws {
        let secured = try Secured()
        try secured.home.configure(
            """
            tls-certificate: \(secured.certificate)
            tls-key: \(secured.key)
            trust-proxy: 127.0.0.1
            proxy-header: proxy-protocol
            allow-from: [203.0.113.0/24]
            ca-file: \(secured.root)
            """)
        let listener = try RunningListener(in: secured.home, "--format", "json")
        let client = try TLSClient(
            port: Int(listener.port), trusting: secured.root,
            after: Array("PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n".utf8))
        try client.send(String(decoding: WireRequest.event("proxied").bytes, as: UTF8.self))
        #expect(client.text(until: "OK").hasPrefix("HTTP/1.1 200"))
        #expect(try listener.deliveries(1).map(\.remoteAddress) == ["203.0.113.9"])
        try listener.stop()

        _ = try secured.home.folder.write("key.pem", FakeCertificate("other").keyPEM)
        let wrong = try Program.run("listen", "--listen", "127.0.0.1:0", in: secured.home)
        #expect(wrong.ending == .exited(64) && wrong.error.contains("is not of the key"))
        try secured.home.configure("tls-key: \(secured.key)\nproxy-header: x-real-ip\ntrust-proxy: all\n")
        let problems = try Program.run("listen", in: secured.home)
        #expect(problems.ending == .exited(64))
        for part in [
            ":1:10: “tls-certificate” and “tls-key” go together", ":2:15: “proxy-header”", ":3:14: “trust-proxy”",
        ] {
            #expect(problems.error.contains(part), "\(problems.error)")
        }
    }

    @Test("the client that a trusted proxy names is recorded, printed, filtered and exported")
    func proxied() throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--trust-proxy", "127.0.0.0/8", "--format", "json")
        for (id, line) in [("a", "198.51.100.7, 203.0.113.9"), ("b", "2001:db8::5"), ("c", "nobody")] {
            var request = WireRequest.event(id)
            request.headers.append(HeaderField("X-Forwarded-For", line))
            #expect(try listener.answer(to: request).status == 200)
        }
        #expect(try listener.deliveries(3).map(\.remoteAddress) == ["203.0.113.9", "2001:db8::5", "unknown"])
        let exported = try Program.run("export", "--format", "jsonl", "--filter", "from:203.0.113.9", in: home)
        #expect(exported.output.split(separator: "\n").count == 1)
        #expect(exported.output.contains("\"remoteAddress\":\"203.0.113.9\""))
        // Without trust, the header has no effect.
        let other = try RunningListener(in: try Home(), "--format", "json")
        var request = WireRequest.event("d")
        request.headers.append(HeaderField("X-Forwarded-For", "203.0.113.9"))
        #expect(try other.answer(to: request).status == 200)
        #expect(try other.deliveries(1).map(\.remoteAddress) == ["127.0.0.1"])
    }

    @Test("others than those in a list are answered 403 and not recorded; a signed one raises a loud warning")
    func listed() throws {
        let home = try Home()
        let secret = try home.secretFile(Secrets.value)
        let list = try home.folder.write("addresses", "# Backblaze\n203.0.113.0/24\n2001:db8::/32 # more\n")
        let listener = try RunningListener(
            in: home, "--trust-proxy", "127.0.0.1", "--allow-from", list, "--secret-file", secret, "--format", "json")
        func answer(_ id: String, from address: String, isSigned: Bool = true) throws -> Int {
            var request = WireRequest.event(
                id, signedWith: isSigned ? try SigningSecret(label: "prod", value: Secrets.value) : nil)
            request.headers.append(HeaderField("X-Forwarded-For", address))
            return try listener.answer(to: request).status
        }
        #expect(try answer("a", from: "198.51.100.1", isSigned: false) == 403)
        try listener.error.line(with: "198.51.100.1: request refused: not from an address in --allow-from")
        #expect(!listener.error.text.contains("REFUSED A SIGNED NOTIFICATION"))
        #expect(try answer("b", from: "203.0.113.9") == 200)
        #expect(try answer("c", from: "2001:db8::1") == 200)
        #expect(try answer("d", from: "198.51.100.1") == 403)
        try listener.error.line(with: "REFUSED A SIGNED NOTIFICATION from 198.51.100.1")
        #expect(try answer("e", from: "nobody") == 403)
        #expect(try listener.answer(to: .get("/healthz")).status == 200)
        #expect(try listener.deliveries(2).map(\.id) == [1, 2])
        try listener.stop()

        let wrong = try home.folder.write("wrong", "203.0.113.0/24\n203.0.113.0/240\n")
        let outcome = try Program.run("listen", "--allow-from", wrong, in: home)
        #expect(outcome.ending == .exited(64) && outcome.error.contains("in line 2"))
        let none = try Program.run("listen", "--allow-from", "backblaze", in: home)
        #expect(none.ending == .exited(64) && none.error.contains("nor a readable file"))
    }

    @Test("/healthz has a list of its own: a monitor's address gets an answer, and others 403")
    func health() throws {
        let home = try Home()
        try home.configure("allow-from: 203.0.113.0/24\nhealth-from: [192.0.2.7, 127.0.0.1]\n")
        let listener = try RunningListener(in: home, "--trust-proxy", "127.0.0.1", "--quiet")
        func answer(from address: String?) throws -> Int {
            var request = WireRequest.get("/healthz")
            if let address { request.headers.append(HeaderField("X-Forwarded-For", address)) }
            return try listener.answer(to: request).status
        }
        #expect(try answer(from: "192.0.2.7") == 200)
        #expect(try answer(from: nil) == 200)
        for address in ["203.0.113.9", "198.51.100.1", "nobody"] { #expect(try answer(from: address) == 403) }
        try listener.stop()
        let none = try Program.run("listen", "--health-from", "monitor", in: home)
        #expect(none.ending == .exited(64) && none.error.contains("--health-from monitor: this is neither"))
    }

    @Test("a copy of the record has all that was acknowledged before it, while more arrives")
    func backup() throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--quiet")
        for number in 1...20 { #expect(try listener.answer(to: .event("early-\(number)")).status == 200) }
        let file = home.folder.file("copy.sqlite")
        let copied = try Program.run("backup", file, in: home)
        #expect(copied.ending == .exited(0) && copied.output.hasPrefix("\(file): 20 deliveries, the newest is 20"))
        #expect(try listener.answer(to: .event("late")).status == 200)
        let again = try Program.run("backup", file, in: home)
        #expect(again.ending == .exited(1) && again.error.contains("exists"))
        let exported = try Program.run("export", "--format", "jsonl", "--history", file, in: home)
        #expect(exported.output.split(separator: "\n").count == 20)
        try listener.stop()
    }
}

@Suite("A service manager", .blocking)
struct ServiceManagerTests {
    @Test("is notified of the start, of a reload, that b2watch is alive, and of its end")
    func notices() throws {
        var home = try Home()
        let path = home.folder.file("notify")
        let socket = Foundation.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isBound = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        try #require(isBound)
        var patience = timeval(tv_sec: Int(Duration.patience.components.seconds), tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        func message(with part: String) throws {
            var seen = ""
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while !seen.contains(part) {
                let count = recv(socket, &buffer, buffer.count, 0)
                guard count > 0 else { throw WaitedInVain(for: part, seeing: seen) }
                seen += String(decoding: buffer.prefix(count), as: UTF8.self) + "\n"
            }
        }
        home.environment["NOTIFY_SOCKET"] = path
        home.environment["WATCHDOG_USEC"] = "20000"
        let listener = try RunningListener(in: home, "--quiet")
        try message(with: "READY=1\n")
        for _ in 1...3 { try message(with: "WATCHDOG=1") }
        listener.child.signal(SIGHUP)
        try message(with: "RELOADING=1\nMONOTONIC_USEC=")
        try message(with: "READY=1\n")
        listener.child.signal(SIGTERM)
        try message(with: "STOPPING=1")
        #expect(listener.child.end() == .exited(0))
    }
}
