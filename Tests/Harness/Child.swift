package import Foundation
import TestSupport

/// A program that runs next to the test, with a given environment and only three descriptors.
package final class Child: Sendable {
    package enum Ending: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    package struct CannotStart: Error {
        package let path: String
        package let reason: String
    }

    /// The targets of the program's three streams; the child process gets copies.
    package struct Streams {
        package var input = Int32(-1)
        package var output = Int32(-1)
        package var error = Int32(-1)

        package init(input: Int32 = -1, output: Int32 = -1, error: Int32 = -1) {
            (self.input, self.output, self.error) = (input, output, error)
        }
    }

    package let id: pid_t
    private let ending = Watched<Ending?>(nil)

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: A path, or a name to be found by `PATH`.
    ///   - streams: The descriptors; -1 stands for `/dev/null`.
    ///   - terminal: The path of a terminal that becomes the program's own, instead of the streams.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String], streams: Streams = Streams(),
        terminal: String? = nil
    ) throws {
        let path = try NeededProgram(program).path
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let terminal {
            // The leader of a session that opens a terminal gets it as its own.
            posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
            for descriptor: Int32 in [1, 2] { posix_spawn_file_actions_adddup2(&actions, 0, descriptor) }
        } else {
            for (descriptor, source) in [(0, streams.input), (1, streams.output), (2, streams.error)]
                as [(Int32, Int32)]
            {
                if source >= 0 {
                    posix_spawn_file_actions_adddup2(&actions, source, descriptor)
                } else {
                    posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
                }
            }
        }
        // The child must not inherit descriptors that other tests have open.
        GNU.closeFrom(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | GNU.spawnSetsSession))

        var words = ([path] + arguments).map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var id: pid_t = 0
        let failure = posix_spawn(&id, path, &actions, &attributes, &words, &variables)
        guard failure == 0 else { throw CannotStart(path: path, reason: String(cString: strerror(failure))) }
        self.id = id
        Thread.detachNewThread { [ending, id] in
            var information = siginfo_t()
            // Reaped under the lock, so that nobody signals a process that has received the same number.
            while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
            ending.change { ending in
                var status: Int32 = 0
                waitpid(id, &status, 0)
                ending = status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .signalled(status & 0x7f)
            }
        }
    }

    deinit {
        signal(SIGKILL)
    }

    /// Sends a signal, unless the program has ended.
    package func signal(_ number: Int32) {
        ending.change { if $0 == nil { kill(id, number) } }
    }

    package var isRunning: Bool { ending.now == nil }

    /// Waits for the end.
    ///
    /// - Returns: Nil if it continues.
    package func end(within limit: Duration = .patience) -> Ending? {
        ending.wait(within: limit) { $0 }
    }
}
