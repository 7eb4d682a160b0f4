internal import Foundation

extension Program {
    /// Begins it.
    ///
    /// - Parameters:
    ///   - path: The file to run.
    ///   - input: What it reads from.
    ///   - output: What it writes to.
    /// - Returns: Its process, which leads a session and a group of the same number.
    func spawn(_ path: String, input: Int32, output: Int32) throws(ProgramProblem) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        if let folder {
            guard let change = Self.addChangeOfFolder else { throw ProgramProblem(ENOSYS, .folder) }
            _ = withUnsafeMutablePointer(to: &actions) { change($0, folder) }
        }
        if let close = Self.addCloseFrom { _ = withUnsafeMutablePointer(to: &actions) { close($0, 3) } }

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
        let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | Self.newSession
        posix_spawnattr_setflags(&attributes, Int16(flags))

        // A zero byte would end a word early.
        func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
            texts.map { strdup($0.replacing("\0", with: "")) } + [nil]
        }
        let arguments = strings(words)
        let variables = strings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
        defer { (arguments + variables).forEach { free($0) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, path, &actions, &attributes, arguments, variables)
        guard code == 0 else {
            // The file was there a moment ago: what is missing is what its first line names.
            throw ProgramProblem(code, code == ENOENT ? .interpreter : .program)
        }
        return child
    }

    // Swift imports none of these three: they stand behind `_GNU_SOURCE`.

    /// `POSIX_SPAWN_SETSID`: without a terminal, it can neither write over the screen nor take its keys.
    private static let newSession: Int32 = 0x80

    private typealias Actions = UnsafeMutablePointer<posix_spawn_file_actions_t>

    /// `posix_spawn_file_actions_addclosefrom_np`: all here is close-on-exec, and this sees to it.
    private static let addCloseFrom: (@convention(c) (Actions, Int32) -> Int32)? = {
        dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
            unsafeBitCast($0, to: (@convention(c) (Actions, Int32) -> Int32).self)
        }
    }()

    private static let addChangeOfFolder: (@convention(c) (Actions, UnsafePointer<CChar>) -> Int32)? = {
        dlsym(nil, "posix_spawn_file_actions_addchdir_np").map {
            unsafeBitCast($0, to: (@convention(c) (Actions, UnsafePointer<CChar>) -> Int32).self)
        }
    }()
}
