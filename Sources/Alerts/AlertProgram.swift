internal import Foundation
internal import Workers

/// Runs the program of the user's choice: by itself, in a process group of its own, with an environment of a few
/// variables, nothing to read, and a time limit. No shell has a part in it.
struct AlertProgram {
    /// What became of it.
    struct Outcome: Sendable, Hashable {
        /// What it said, the first lines of it, unescaped.
        var lines: [String] = []
        /// What went wrong, in a sentence.
        var failure: String?
    }

    static let limit = Duration.seconds(10)
    /// Of what it says so much is kept, in bytes.
    static let longestOutput = 8_192

    /// With its arguments.
    let words: [String]
    let environment: [String: String]
    var limit = Self.limit

    /// What it is told of the process that runs it.
    static func environment(of process: [String: String]) -> [String: String] {
        process.filter {
            [
                "PATH", "HOME", "LANG", "LC_ALL", "USER", "TZ", "DISPLAY", "WAYLAND_DISPLAY",
                "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR",
            ].contains($0.key)
        }
    }

    /// Runs it until it has ended, or the time is up. Blocks.
    func run() -> Outcome {
        var pipe: [Int32] = [-1, -1]
        var done: [Int32] = [-1, -1]
        guard Self.makePipe(&pipe) else { return failed(errno) }
        defer { close(pipe[0]) }
        guard Self.makePipe(&done) else {
            close(pipe[1])
            return failed(errno)
        }
        defer { close(done[0]) }
        var child: pid_t = 0
        let problem = spawn(&child, output: pipe[1])
        close(pipe[1])
        guard problem == 0 else {
            close(done[1])
            return failed(problem)
        }
        // Reaped only below, so that its number cannot be another process's when it is killed.
        let waiter = Worker("alert program")
        waiter.async { [child, end = done[1]] in
            var info = siginfo_t()
            while waitid(P_PID, id_t(child), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            close(end)
        }
        let (bytes, hasEnded) = read(pipe[0], until: done[0])
        if !hasEnded { kill(-child, SIGKILL) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return Outcome(
            lines: Self.lines(bytes),
            failure: hasEnded
                ? failure(status) : "\(name) was ended: it ran for more than \(limit.components.seconds) s")
    }

    /// A pipe that no program inherits.
    private static func makePipe(_ ends: inout [Int32]) -> Bool {
        guard pipe(&ends) == 0 else { return false }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return true
    }

    /// `posix_spawn_file_actions_addclosefrom_np`, which Swift does not import: what else is open here, were it ever
    /// without close-on-exec, is none of the program's business.
    private static let closeAll: @Sendable (inout posix_spawn_file_actions_t, Int32) -> Void = {
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return { _, _ in } }
        typealias Function = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
        let function = unsafeBitCast(symbol, to: Function.self)
        return { actions, first in _ = withUnsafeMutablePointer(to: &actions) { function($0, first) } }
    }()

    private var name: String { "on-problem: \(words[0])" }

    private func failed(_ code: Int32) -> Outcome {
        Outcome(failure: "\(name) cannot be run: \(String(cString: strerror(code)))")
    }

    private func failure(_ status: Int32) -> String? {
        let signal = status & 0x7f
        if signal != 0 { return "\(name) was ended by signal \(signal)" }
        let code = status >> 8 & 0xff
        return code == 0 ? nil : "\(name) ended with status \(code)"
    }

    private func spawn(_ child: inout pid_t, output: Int32) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        Self.closeAll(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What is held back or ignored here is not so there.
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        // A zero byte would end a word early.
        func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
            texts.map { strdup($0.replacing("\0", with: "")) } + [nil]
        }
        let arguments = strings(words)
        let variables = strings(environment.map { "\($0.key)=\($0.value)" })
        defer { (arguments + variables).forEach { free($0) } }
        return posix_spawnp(&child, words[0], &actions, &attributes, arguments, variables)
    }

    /// Reads what is said until `end` is closed or the time is up.
    ///
    /// - Returns: The beginning of it, and whether `end` was closed in time.
    private func read(_ output: Int32, until end: Int32) -> (bytes: [UInt8], hasEnded: Bool) {
        _ = fcntl(output, F_SETFL, O_NONBLOCK)
        let deadline = ContinuousClock.now + limit
        var bytes: [UInt8] = []
        var isOpen = true
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let rest = max(0, (deadline - .now) / .milliseconds(1))
            var waits = [pollfd(fd: end, events: Int16(POLLIN), revents: 0)]
            if isOpen { waits.append(pollfd(fd: output, events: Int16(POLLIN), revents: 0)) }
            let count = poll(&waits, nfds_t(waits.count), Int32(rest.rounded(.up)))
            if count < 0, errno != EINTR { return (bytes, false) }
            let hasEnded = waits[0].revents != 0
            while isOpen {
                let count = Foundation.read(output, &buffer, buffer.count)
                if count > 0 {
                    bytes += buffer.prefix(min(count, Self.longestOutput - bytes.count))
                } else if count == 0 {
                    isOpen = false
                } else if errno != EINTR {
                    break
                }
            }
            if hasEnded || ContinuousClock.now >= deadline { return (bytes, hasEnded) }
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        let lines = bytes.split(separator: UInt8(ascii: "\n")).prefix(20).map { String(decoding: $0, as: UTF8.self) }
        return Array(lines)
    }
}
