internal import Foundation

/// Runs a program by itself: no shell has a part in it, it has no terminal, its environment is what is given and no
/// more, and it is ended with all that it has started when its time is up.
///
/// It runs in a session of its own, so in a process group of its own too. Nothing else that is open here is open there.
public struct Program: Sendable, Hashable {
    /// The program and its arguments, at least one; the first is a path, or a name to be found by `PATH`.
    public var words: [String]
    /// All variables that it gets.
    public var environment: [String: String]
    /// Where it runs; nil for the folder of this process.
    public var folder: String?
    /// What it reads from its standard input; behind it is the end.
    public var input: [UInt8]
    /// How long it may run.
    public var limit: Duration
    /// How much is kept of what it writes to its standard output and error, in bytes.
    public var longestOutput: Int

    /// When its time is up it is asked to end (SIGTERM), and so long after that it is made to (SIGKILL).
    public var grace = Duration.seconds(2)

    public init(
        _ words: [String], environment: [String: String], folder: String? = nil, input: [UInt8] = [],
        limit: Duration, longestOutput: Int = 64 << 10
    ) {
        self.words = words
        self.environment = environment
        self.folder = folder
        self.input = input
        self.limit = limit
        self.longestOutput = longestOutput
    }

    /// Runs it until it has ended, or its time is up, or it is stopped. Blocks.
    ///
    /// What it leaves behind in the background goes on, and is waited for only where its time is up.
    ///
    /// - Parameter stop: Ends it with its group, the same way as when its time is up.
    public func run(until stop: ProgramStop? = nil) -> ProgramOutcome {
        let start = ContinuousClock.now
        if stop?.isStopped == true { return ProgramOutcome(.stopped) }
        do throws(ProgramProblem) {
            var course = try ProgramCourse(of: self, stop: stop?.descriptor ?? -1)
            let end = course.follow(until: start + limit)
            return ProgramOutcome(end, output: course.output, isCut: course.isCut, duration: .now - start)
        } catch {
            return ProgramOutcome(.notRun(error), duration: .now - start)
        }
    }

    /// The file that would be run.
    ///
    /// - Throws: `ProgramProblem` where there is none, or it may not be run.
    public func path() throws(ProgramProblem) -> String {
        guard let name = words.first, !name.isEmpty else { throw ProgramProblem(ENOENT) }
        guard !name.contains("/") else {
            let path = name.hasPrefix("/") ? name : FileManager.default.currentDirectoryPath + "/" + name
            if let problem = Self.problem(ofFile: path) { throw problem }
            return path
        }
        var worst = ProgramProblem(ENOENT)
        // An empty or relative folder in the search path would make of it whatever lies where it is run.
        for folder in (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":") where folder.hasPrefix("/") {
            let path = "\(folder)/\(name)"
            guard let problem = Self.problem(ofFile: path) else { return path }
            if problem.code == EACCES { worst = problem }
        }
        throw worst
    }

    /// Checks the folder it would run in.
    ///
    /// - Throws: `ProgramProblem`.
    public func checkFolder() throws(ProgramProblem) {
        guard let folder else { return }
        var status = stat()
        guard stat(folder, &status) == 0 else { throw ProgramProblem(errno, .folder) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw ProgramProblem(ENOTDIR, .folder) }
        guard access(folder, X_OK) == 0 else { throw ProgramProblem(errno, .folder) }
    }

    /// Checks what the first line of a script names behind `#!`.
    ///
    /// - Parameter path: The program's own.
    /// - Throws: `ProgramProblem`.
    public func checkInterpreter(of path: String) throws(ProgramProblem) {
        guard let file = FileHandle(forReadingAtPath: path) else { return }
        defer { try? file.close() }
        // Linux looks at no more of the line.
        guard let start = try? file.read(upToCount: 256), start.starts(with: Array("#!".utf8)) else { return }
        let line = start.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
        let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let name = String(decoding: line.drop(while: isBlank).prefix { !isBlank($0) }, as: UTF8.self)
        // Others start where the program runs.
        guard name.hasPrefix("/"), let problem = Self.problem(ofFile: name) else { return }
        throw ProgramProblem(problem.code, .interpreter)
    }

    private static func problem(ofFile path: String) -> ProgramProblem? {
        var status = stat()
        guard stat(path, &status) == 0 else { return ProgramProblem(errno) }
        guard status.st_mode & S_IFMT != S_IFDIR else { return ProgramProblem(EISDIR) }
        return access(path, X_OK) == 0 ? nil : ProgramProblem(errno)
    }
}
