import Foundation
import Harness
import Notifications
import TestSupport
import Testing

/// The set-ups of `docs/deploy.md`. They need programs that the short form of the tests does without.
@Suite("Behind Debian's proxies", .blocking, .enabled(if: LongTests.areWanted))
struct ReverseProxyTests {
    /// The client's address, which is not the proxy's.
    private static let client = "127.0.0.5"

    private let home: Home
    private let authority = FakeAuthority()
    private let root: String
    private let certificate: String
    private let key: String

    init() throws {
        home = try Home()
        let server = authority.server()
        root = try home.folder.write("root.pem", authority.root.pem)
        certificate = try home.folder.write("chain.pem", authority.chain(server))
        key = try home.folder.write("key.pem", server.keyPEM)
    }

    /// Sends a signed request through a proxy, and checks that it arrives as it was sent, with its client.
    ///
    /// - Parameter forged: A line that a client writes to look like another.
    private func check(
        _ listener: RunningListener, at port: Int, forged: HeaderField
    ) throws {
        var request = WireRequest.event("proxied", signedWith: try SigningSecret(label: "prod", value: Secrets.value))
        request.target = "/hook?a=%2Fb"
        request.headers[0] = HeaderField("Host", "localhost")
        request.headers += [forged, HeaderField("Connection", "close")]
        let connection = try wait(for: "the proxy") { try? TLSClient(port: port, trusting: root, from: Self.client) }
        try connection.send(String(decoding: request.bytes, as: UTF8.self))
        let answer = connection.text(until: "OK")
        #expect(answer.hasPrefix("HTTP/1.1 200"), "\(answer)")
        let delivery = try #require(listener.deliveries(1).first)
        #expect(delivery.signature == "valid" && delivery.bytes == request.body)
        #expect(delivery.target == request.target)
        #expect(delivery.remoteAddress == Self.client)
    }

    private func listener() throws -> RunningListener {
        try RunningListener(
            in: home, "--trust-proxy", "127.0.0.1", "--secret-file",
            home.secretFile(Secrets.value), "--format", "json", listen: "127.0.0.1:0")
    }

    @Test("nginx passes a notification on unchanged, and b2watch does not believe a forged client")
    func nginx() throws {
        let program = try NeededProgram("nginx")
        let listener = try listener()
        let port = try Loopback.freePort()
        let configuration = try home.folder.write(
            "nginx.conf",
            """
            daemon off;
            pid \(home.folder.file("nginx.pid"));
            error_log stderr;
            events {}
            http {
                access_log off;
                client_body_temp_path \(home.folder.file("body"));
                proxy_temp_path \(home.folder.file("proxy"));
                fastcgi_temp_path \(home.folder.file("fastcgi"));
                uwsgi_temp_path \(home.folder.file("uwsgi"));
                scgi_temp_path \(home.folder.file("scgi"));
                server {
                    listen 127.0.0.1:\(port) ssl;
                    server_name localhost;
                    ssl_certificate \(certificate);
                    ssl_certificate_key \(key);
                    location / {
                        proxy_pass http://127.0.0.1:\(listener.port);
                        proxy_set_header Host $host;
                        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                        client_max_body_size 1m;
                        client_body_buffer_size 128k;
                    }
                }
            }
            """)
        let error = home.folder.file("nginx.err")
        let proxy = try Child(
            "/bin/sh", ["-c", "exec \"$0\" -c \"$1\" 2> \"$2\"", program.path, configuration, error],
            environment: home.environment, streams: .init())
        defer {
            proxy.signal(SIGTERM)
            _ = proxy.end()
        }
        try check(listener, at: port, forged: HeaderField("X-Forwarded-For", "203.0.113.66"))
    }

    @Test("Caddy passes a notification on unchanged, and drops a forged client")
    func caddy() throws {
        let program = try NeededProgram("caddy")
        let listener = try listener()
        let port = try Loopback.freePort()
        let configuration = try home.folder.write(
            "Caddyfile",
            """
            {
                admin off
                auto_https off
            }
            https://localhost:\(port) {
                tls \(certificate) \(key)
                reverse_proxy 127.0.0.1:\(listener.port)
            }
            """)
        let error = home.folder.file("caddy.err")
        let proxy = try Child(
            "/bin/sh",
            [
                "-c", "exec \"$0\" run --adapter caddyfile --config \"$1\" 2> \"$2\"", program.path, configuration,
                error,
            ],
            environment: home.environment, streams: .init())
        defer {
            proxy.signal(SIGTERM)
            _ = proxy.end()
        }
        try check(listener, at: port, forged: HeaderField("X-Forwarded-For", "203.0.113.66"))
    }

    @Test("systemd finds nothing wrong in the unit of docs/deploy.md, and little that it could still be denied")
    func unit() throws {
        let program = try NeededProgram("systemd-analyze")
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("docs/deploy.md"), encoding: .utf8)
        let start = try #require(page.range(of: "```ini\n")).upperBound
        let end = try #require(page[start...].range(of: "```")).lowerBound
        let unit = try home.folder.write(
            "b2watch.service", String(page[start..<end]).replacing("/usr/local/bin/b2watch", with: Program.path),
            mode: 0o644)
        let verified = try Program.run(program.path, ["verify", unit], environment: home.environment)
        #expect(verified.ending == .exited(0) && verified.error.isEmpty, "\(verified.error)")
        let rated = try Program.run(
            program.path, ["security", "--offline=true", "--threshold=20", unit], environment: home.environment)
        #expect(rated.ending == .exited(0), "\(rated.output)")
    }
}
