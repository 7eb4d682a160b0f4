import Foundation
import TestSupport

/// A PostgreSQL server of a test's own: a cluster in a temporary folder, with a Unix socket and a free port of 127.0.0.1, run by an
/// ordinary user. It ends, and its folder disappears, with the last reference to it or with the process of the tests.
package final class PostgresCluster: Sendable {
    package enum Stop: Int32, Sendable {
        /// Ends sessions, and writes a checkpoint.
        case fast = 2
        /// Ends everything at once; the next start recovers.
        case immediate = 3
    }

    package struct Unable: Error, CustomStringConvertible {
        package let description: String
    }

    /// The database, and the role that owns it: an ordinary one, which may log in without a password.
    package static let name = "b2watch"
    /// The role that may do everything.
    package static let administrator = "postgres"

    /// The port, which is the same after a restart.
    package var port: Int { ownPort.now }
    /// Gives a file to the user that the server runs as.
    package static func own(_ path: String) throws { try PostgresPrograms.own(path) }

    /// The folder of the Unix socket.
    package var socketFolder: String { "\(folder.path)/run" }
    package var data: String { "\(folder.path)/data" }
    private let folder: ClusterFolder
    private let settings: [String: String]
    private let server = Watched<Server?>(nil)
    private let ownPort: Watched<Int>
    private let hasStarted = Watched(false)

    private struct Server: Sendable {
        let child: Child
        let log: Output
    }

    // MARK: Starting

    /// Starts a server with an empty database.
    ///
    /// - Parameters:
    ///   - settings: Additional settings, such as `["max_connections": "5"]`.
    ///   - rules: The lines of `pg_hba.conf` for all but the administrator; nil for everybody on this machine without a password.
    package convenience init(settings: [String: String] = [:], rules: [String]? = nil) throws {
        let template = try Template.shared.get()
        try self.init(settings: settings) { data in
            try PostgresPrograms.run("cp", ["-a", "\(template.folder.path)/data", data])
            if let rules {
                let path = "\(data)/pg_hba.conf"
                let lines = ["local all \(Self.administrator) trust"] + rules + [""]
                try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
                try PostgresPrograms.own(path)
            }
        }
        try start()
    }

    /// - Parameter fill: Makes the cluster's files in a folder that does not exist yet.
    private init(settings: [String: String], fill: (String) throws -> Void) throws {
        folder = try ClusterFolder()
        self.settings = settings
        ownPort = Watched(try Loopback.freePort())
        try FileManager.default.createDirectory(atPath: socketFolder, withIntermediateDirectories: false)
        try PostgresPrograms.own(socketFolder)
        try fill(data)
    }

    deinit {
        try? stop(.immediate)
    }

    /// Starts the server again, and waits until it accepts connections.
    package func start() throws {
        precondition(server.now == nil, "the server runs already")
        let end = ContinuousClock.now + .patience
        while true {
            let (started, isUp) = try launch()
            if isUp {
                hasStarted.change { $0 = true }
                return server.change { $0 = started }
            }
            // After a kill some processes may still be ending; and a port that was free may be in use a moment later.
            guard started.log.text.contains("in use"), .now < end else { throw Unable(description: started.log.text) }
            if !hasStarted.now {
                let other = try Loopback.freePort()
                ownPort.change { $0 = other }
            }
            usleep(20_000)
        }
    }

    /// Starts the program, and waits until it accepts connections, or has ended.
    private func launch() throws -> (server: Server, isUp: Bool) {
        // With syncfs a recovery begins at once; as a rule it first calls fsync for each of a thousand files.
        var settings = [
            "listen_addresses": "127.0.0.1", "port": "\(port)", "unix_socket_directories": socketFolder, "fsync": "on",
            "synchronous_commit": "on", "recovery_init_sync_method": "syncfs", "shared_buffers": "16MB",
            "max_connections": "40",
            "wal_keep_size": "64MB", "log_destination": "stderr", "logging_collector": "off", "lc_messages": "C",
        ]
        settings.merge(self.settings) { _, own in own }
        var arguments = ["-D", data]
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) { arguments += ["-c", "\(name)=\(value)"] }
        let ends = PipeEnds()
        defer { close(ends.writing) }
        let (program, words) = try PostgresPrograms.command("postgres", arguments)
        let child = try Child(
            program, words, environment: PostgresPrograms.environment,
            streams: .init(output: ends.writing, error: ends.writing))
        let log = Output(ends.reading)
        let ready = self.settings["hot_standby"] == "off" ? "started streaming" : "ready to accept"
        let isUp = try wait(for: "a PostgreSQL server") { () -> Bool? in
            if log.text.contains(ready) { return true }
            return child.isRunning ? nil : false
        }
        if !isUp { _ = try log.whole() }
        return (Server(child: child, log: log), isUp)
    }

    // MARK: Stopping

    /// Stops the server, if it runs, and waits for its end.
    package func stop(_ how: Stop = .fast) throws {
        let running = server.change { server in
            defer { server = nil }
            return server
        }
        guard let running else { return }
        running.child.signal(how.rawValue)
        guard running.child.end() != nil else {
            running.child.signal(SIGKILL)
            throw WaitedInVain(for: "the end of a PostgreSQL server", seeing: running.log.text)
        }
    }

    /// Kills all processes of the server at once, as a crash of the machine would.
    package func kill() throws {
        let running = server.change { server in
            defer { server = nil }
            return server
        }
        guard let running else { return }
        // The first one is stopped, so that it starts no others in between.
        running.child.signal(SIGSTOP)
        for process in Self.children(of: running.child.id) { Foundation.kill(process, SIGKILL) }
        running.child.signal(SIGKILL)
        guard running.child.end() != nil else {
            throw WaitedInVain(for: "the end of a killed PostgreSQL server", seeing: running.log.text)
        }
    }

    /// Stops the server, and starts it again.
    package func restart(_ how: Stop = .fast) throws {
        try stop(how)
        try start()
    }

    /// The log of the server since it was started.
    package var log: String { server.now?.log.text ?? "" }

    private static func children(of process: pid_t) -> [pid_t] {
        let list = try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
        return (list ?? "").split(separator: " ").compactMap { pid_t($0) }
    }

    // MARK: Addresses

    /// Returns an address by TCP.
    ///
    /// - Parameter port: Another port, such as that of a proxy.
    package func address(port: Int? = nil, user: String = name) -> String {
        "postgresql://\(user)@127.0.0.1:\(port ?? self.port)/\(Self.name)"
    }

    /// The address by the Unix socket.
    package var socketAddress: String { "host=\(socketFolder) port=\(port) user=\(Self.name) dbname=\(Self.name)" }

    // MARK: Asking it

    /// Runs SQL with psql, as the administrator.
    ///
    /// - Returns: The values, with `|` between columns and a newline between rows.
    @discardableResult
    package func sql(_ text: String) throws -> String {
        let outcome = try PostgresPrograms.run(
            "psql",
            [
                "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", socketFolder, "-p", "\(port)", "-U", Self.administrator, "-d",
                Self.name,
                "-c", text,
            ])
        return outcome.output.trimmingCharacters(in: .newlines)
    }

    /// Ends sessions of the ordinary role.
    ///
    /// - Parameter condition: Which, as a condition on `pg_stat_activity`.
    /// - Returns: Their number.
    @discardableResult
    package func endSessions(where condition: String = "true") throws -> Int {
        let count = try sql(
            """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE usename = '\(Self.name)' AND pid <> pg_backend_pid() AND (\(condition))
            """)
        return Int(count) ?? 0
    }

    // MARK: Standbys

    /// Makes and starts a standby that streams from this server.
    ///
    /// - Parameter name: The name for `synchronous_standby_names`.
    package func standby(_ name: String = "standby", settings: [String: String] = [:]) throws -> PostgresCluster {
        var settings = settings
        settings["cluster_name"] = name
        let standby = try PostgresCluster(settings: settings) { data in
            try PostgresPrograms.run(
                "pg_basebackup",
                [
                    "-h", socketFolder, "-p", "\(port)", "-U", Self.administrator, "-D", data, "-R", "-X", "stream",
                    "--checkpoint=fast", "--no-sync",
                ])
        }
        try standby.start()
        return standby
    }

    /// Makes a standby a primary, and waits until it is one.
    package func promote() throws {
        try PostgresPrograms.run("pg_ctl", ["promote", "-D", data, "-w", "-t", "60"])
    }

    /// Waits until a standby has replayed all that this server has written.
    package func waitForReplay(by standby: PostgresCluster) throws {
        let position = try sql("SELECT pg_current_wal_lsn()")
        _ = try wait(for: "a standby to replay \(position)") { () -> Bool? in
            try standby.sql("SELECT pg_last_wal_replay_lsn() >= '\(position)'::pg_lsn") == "t" ? true : nil
        }
    }

    // MARK: The template

    /// The files of an empty cluster, made once in a process and copied for each test.
    private struct Template: Sendable {
        let folder: ClusterFolder

        static let shared = Result { try Template() }

        private init() throws {
            folder = try ClusterFolder()
            let data = "\(folder.path)/data"
            try PostgresPrograms.run(
                "initdb",
                [
                    "-D", data, "-U", administrator, "--auth=trust", "--encoding=UTF8", "--locale=C", "--wal-segsize=1",
                    "--no-sync",
                    "--no-instructions",
                ])
            let input = "\(folder.path)/roles.sql"
            let roles = "CREATE ROLE \(name) LOGIN;\nCREATE DATABASE \(name) OWNER \(name);\n"
            try Data(roles.utf8).write(to: URL(fileURLWithPath: input))
            chmod(input, 0o644)
            let single = ["--single", "-D", data, "-c", "fsync=off", "postgres"]
            let (program, words) = try PostgresPrograms.command("postgres", single)
            try PostgresPrograms.run(
                program: "/bin/sh", ["-c", #"input=$1; shift; exec "$@" < "$input""#, "sh", input, program] + words)
        }
    }
}

// MARK: - The programs

/// The programs of PostgreSQL. Debian does not put most of them into a folder of `PATH`.
enum PostgresPrograms {
    /// The newest version's folder; nil where they are in `PATH`.
    private static let folder: String? = {
        let versions = "/usr/lib/postgresql"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: versions)) ?? []
        let numbers = names.compactMap { Double($0) != nil ? $0 : nil }.sorted { (Double($0) ?? 0) > (Double($1) ?? 0) }
        return numbers.map { "\(versions)/\($0)/bin" }.first { access("\($0)/initdb", X_OK) == 0 }
    }()

    static let environment = ["PATH": NeededProgram.folders, "LANG": "C", "LC_ALL": "C", "HOME": "/nonexistent"]

    /// The user that the server runs as, because it refuses to run as root.
    private static let nobody: uid_t = 65534

    /// Returns the words that run a program as an ordinary user.
    ///
    /// - Throws: `MissingProgram`, which names the README's command.
    static func command(_ name: String, _ arguments: [String]) throws -> (program: String, arguments: [String]) {
        let own = folder.map { "\($0)/\(name)" }
        let path = try own.flatMap { access($0, X_OK) == 0 ? $0 : nil } ?? NeededProgram(name).path
        guard geteuid() == 0 else { return (path, arguments) }
        return ("setpriv", ["--reuid=\(nobody)", "--regid=\(nobody)", "--clear-groups", path] + arguments)
    }

    /// Runs a program to its end as that user.
    @discardableResult
    static func run(_ name: String, _ arguments: [String]) throws -> Program.Outcome {
        let (program, words) = try command(name, arguments)
        return try run(program: program, words)
    }

    @discardableResult
    static func run(program: String, _ arguments: [String]) throws -> Program.Outcome {
        let outcome = try Program.run(program, arguments, environment: environment)
        guard outcome.ending == .exited(0) else {
            throw PostgresCluster.Unable(
                description:
                    "\(program) \(arguments.joined(separator: " ")): \(outcome.ending)\n\(outcome.output)\(outcome.error)"
            )
        }
        return outcome
    }

    /// Gives a file or folder to that user.
    static func own(_ path: String) throws {
        guard geteuid() == 0 else { return }
        guard chown(path, nobody, nobody) == 0 else {
            throw PostgresCluster.Unable(description: "chown \(path): \(String(cString: strerror(errno)))")
        }
    }
}

/// The folder of a cluster, which belongs to the server's user.
///
/// A program of its own ends the server in it and removes it, when nobody uses it any more and when the process of the tests has ended,
/// however it did.
private final class ClusterFolder: Sendable {
    let path: String
    private let pipe: Int32
    private let child: Child

    init() throws {
        let parent = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
        path = parent.appendingPathComponent("b2watch-\(UUID().uuidString.lowercased())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        chmod(path, 0o755)
        let ends = PipeEnds()
        defer { close(ends.reading) }
        // Removing a thousand files takes seconds on a busy disk, so it goes on after the program itself has ended.
        let script = #"""
            read -r word || kill -QUIT "$(head -n 1 "$1/data/postmaster.pid" 2> /dev/null)" 2> /dev/null
            (
                for turn in 1 2 3 4 5 6 7 8 9 10; do
                    rm -rf "$1" 2> /dev/null
                    [ -e "$1" ] || exit 0
                    sleep 0.2
                done
            ) &
            """#
        child = try Child(
            "/bin/sh", ["-c", script, "sh", path], environment: PostgresPrograms.environment,
            streams: .init(input: ends.reading))
        pipe = ends.writing
        try PostgresPrograms.own(path)
    }

    deinit {
        // A line means that the server has ended already.
        var line = UInt8(ascii: "\n")
        _ = write(pipe, &line, 1)
        close(pipe)
        _ = child.end()
    }
}
