import Foundation
import Harness
import TestSupport
import Testing

/// `b2watch connect --tunnel ssh:HOST` with a real ssh server on this machine.
@Suite(.blocking) struct SSHTunnelTests {
    /// Debian's sshd on a free port with its own keys, for the user that runs the tests.
    private final class Server {
        let port: Int
        /// A folder with a program `ssh` that knows the server as `relay`.
        let programs: String
        private let child: Child
        private let error: Output

        init(_ home: Home) throws {
            let folder = home.folder
            let keygen = try NeededProgram("ssh-keygen").path
            for key in ["host", "user"] {
                let made = try Program.run(
                    keygen, ["-q", "-t", "ed25519", "-N", "", "-f", folder.file("\(key)-key")],
                    environment: home.environment)
                try #require(made.ending == .exited(0), "\(made.error)")
            }
            if getuid() == 0 {
                try? FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
            }
            var started: (Int, Child, Output)?
            // A port that is free now may be in use a moment later.
            for _ in 0..<5 where started == nil {
                let port = try Loopback.freePort()
                let config = try folder.write(
                    "sshd-config-\(port)",
                    """
                    ListenAddress 127.0.0.1:\(port)
                    HostKey \(folder.file("host-key"))
                    AuthorizedKeysFile \(folder.file("user-key.pub"))
                    PidFile none
                    StrictModes no
                    UsePAM no
                    PasswordAuthentication no
                    PermitRootLogin yes

                    """)
                let error = PipeEnds()
                defer { close(error.writing) }
                let child = try Child(
                    try NeededProgram("sshd").path, ["-D", "-e", "-f", config], environment: home.environment,
                    streams: Child.Streams(error: error.writing))
                let output = Output(error.reading)
                // sshd ends its lines with a carriage return too.
                let listens = try wait(for: "sshd") { () -> Bool? in
                    if output.text.contains("Server listening on 127.0.0.1 port \(port)") { return true }
                    return child.isRunning ? nil : false
                }
                if listens { started = (port, child, output) }
            }
            (port, child, error) = try #require(started, "no sshd runs")

            let name = getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "root"
            let config = try folder.write(
                "ssh-config",
                """
                Host relay
                    HostName 127.0.0.1
                    Port \(port)
                    User \(name)
                    IdentityFile \(folder.file("user-key"))
                    IdentitiesOnly yes
                    UserKnownHostsFile \(folder.file("known-hosts"))
                    StrictHostKeyChecking accept-new

                """)
            try FileManager.default.createDirectory(
                atPath: folder.file("programs"), withIntermediateDirectories: true)
            let ssh = try NeededProgram("ssh").path
            _ = try folder.write("programs/ssh", "#!/bin/sh\nexec \(ssh) -F \(config) \"$@\"\n", mode: 0o700)
            programs = folder.file("programs")
        }

        func stop() {
            child.signal(SIGTERM)
            _ = child.end()
        }
    }

    @Test func leadsByARealServer() throws {
        var there = try BackblazeHome()
        defer { there.server.stop() }
        let server = try Server(there.home)
        defer { server.stop() }
        there.home.environment["PATH"] = "\(server.programs):\(NeededProgram.folders)"
        let remote = try Loopback.freePort()
        let arguments = [
            "connect", "my-bucket", "--tunnel", "ssh:relay:\(remote)", "--public-url", "http://127.0.0.1:\(remote)/",
            "--listen", "127.0.0.1:0", "--format", "json",
        ]
        let connected = try ConnectedProcess(there.home, arguments)
        try connected.error.line(with: "connected: the rule b2watch-")
        #expect(there.b2.upload("photos/cat.jpg") == [200])
        #expect(try connected.output.line(with: "photos/cat.jpg").contains("\"signature\":\"valid\""))

        // The port on the host is in use: ssh reports it and ends, and nothing is changed in the bucket.
        let before = there.b2.rulesText
        var other = there.home
        other.environment["XDG_STATE_HOME"] = there.home.folder.file("state-2")
        let second = try ConnectedProcess(other, arguments + ["--event-types", "b2:MultipartUploadCreated:*"])
        #expect(second.child.end() == .exited(1))
        let said = try second.error.whole()
        #expect(said.contains("the tunnel (ssh to relay, port \(remote)) is down"), "\(said)")
        #expect(said.contains("remote port forwarding failed"), "\(said)")
        #expect(there.b2.rulesText == before)

        #expect(try connected.end() == .exited(0))
        #expect(there.b2.rulesText == "[]")
    }
}
