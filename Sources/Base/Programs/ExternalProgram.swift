internal import CBase
internal import Foundation
internal import Synchronization

/// A program to run without a shell and without a terminal, with only the given environment. When its time is up it is
/// ended with all its descendants.
///
/// The program runs in its own session, and so in its own process group. It has no other open descriptors of this process. A
/// descendant that starts its own session is found too: see `program_start` and `ProcessTree`.
public struct ExternalProgram: Sendable, Hashable {
    /// The program and its arguments, at least one; the first is a path, or a name to be found by `PATH`.
    public var words: [String]
    /// The complete environment of the program.
    public var environment: [String: String]
    /// The working folder; nil for the folder of this process.
    public var folder: String?
    /// The contents of its standard input, which then ends.
    public var input: [UInt8]
    /// The time limit.
    public var limit: Duration
    /// The most bytes of its standard output and error that are kept.
    public var longestOutput: Int

    /// Whether it is asked to end when this process is killed. It is begun by the thread that runs it, which must live as
    /// long as it does.
    public var endsWithParent = false

    /// The time between the request to end after the time limit (SIGTERM) and the forced end (SIGKILL).
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
    /// Processes that it leaves in the background continue, and are waited for only if its time is up.
    ///
    /// - Parameters:
    ///   - stop: Ends it with its group, in the same way as when its time is up.
    ///   - hearing: Receives what it writes, as it writes it, on the calling thread.
    public func run(
        until stop: ProgramStop? = nil, hearing: (ArraySlice<UInt8>) -> Void = { _ in }
    ) -> ProgramOutcome {
        let start = ContinuousClock.now
        if stop?.isStopped == true { return ProgramOutcome(.stopped) }
        do throws(ProgramProblem) {
            var course = try ProgramCourse(of: self, stop: stop?.descriptor ?? -1)
            let end = course.follow(until: start + limit, hearing)
            return ProgramOutcome(end, output: course.output, isCut: course.isCut, duration: .now - start)
        } catch {
            return ProgramOutcome(.notRun(error), duration: .now - start)
        }
    }

    /// Returns the file to run.
    ///
    /// - Throws: `ProgramProblem` if it does not exist, or may not be run.
    public func path() throws(ProgramProblem) -> String {
        guard let name = words.first, !name.isEmpty else { throw ProgramProblem(ENOENT) }
        guard !name.contains("/") else {
            let path = name.hasPrefix("/") ? name : FileManager.default.currentDirectoryPath + "/" + name
            if let problem = Self.problem(ofFile: path) { throw problem }
            return path
        }
        var worst = ProgramProblem(ENOENT)
        // With an empty or relative folder in the search path, any file in the current folder could be run.
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

    /// Checks that the system can run the file: a binary, or a script whose first line names an interpreter.
    ///
    /// - Parameter path: The program's own path.
    /// - Throws: `ProgramProblem`: `ENOEXEC` if the file is neither.
    public func checkInterpreter(of path: String) throws(ProgramProblem) {
        guard let file = FileHandle(forReadingAtPath: path) else { return }
        defer { try? file.close() }
        // Linux reads no more of the line.
        guard let read = try? file.read(upToCount: 256) else { return }
        let start = Array(read)
        guard start.starts(with: Array("#!".utf8)) else {
            let isBinary = start.starts(with: [0x7F] + Array("ELF".utf8))
            guard isBinary || ForeignFormat.registered().contains(where: { $0.matches(start, path: path) }) else {
                throw ProgramProblem(ENOEXEC, start.starts(with: [0xEF, 0xBB, 0xBF]) ? .byteOrderMark : .program)
            }
            return
        }
        let line = start.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
        let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let name = String(decoding: line.drop(while: isBlank).prefix { !isBlank($0) }, as: UTF8.self)
        // The byte is part of the interpreter's name, or of its argument.
        if line.last == UInt8(ascii: "\r") { throw ProgramProblem(ENOENT, .carriageReturn) }
        // Relative names start at the program's folder.
        guard name.hasPrefix("/"), let problem = Self.problem(ofFile: name) else { return }
        throw ProgramProblem(problem.code, .interpreter)
    }

    private static func problem(ofFile path: String) -> ProgramProblem? {
        var status = stat()
        guard stat(path, &status) == 0 else { return ProgramProblem(errno) }
        guard status.st_mode & S_IFMT != S_IFDIR else { return ProgramProblem(EISDIR) }
        return access(path, X_OK) == 0 ? nil : ProgramProblem(errno)
    }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - path: The file to run.
    ///   - input: The descriptor that becomes its standard input.
    ///   - output: The descriptor that becomes its standard output and error.
    /// - Returns: Its process id, which is also the number of its session and of its process group.
    func start(_ path: String, input: Int32, output: Int32) throws(ProgramProblem) -> pid_t {
        // A zero byte would end a word early.
        func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
            texts.map { strdup($0.replacing("\0", with: "")) } + [nil]
        }
        let arguments = strings(words)
        let variables = strings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
        defer { (arguments + variables).forEach { free($0) } }
        var failure: Int32 = 0
        let child = program_start(
            path, arguments, variables, folder, input, output, endsWithParent ? 1 : 0, &failure)
        guard child < 0 else { return child }
        let code = errno
        if failure == PROGRAM_FAILED_TO_CHANGE_FOLDER { throw ProgramProblem(code, .folder) }
        if code == ENOENT || code == ENOEXEC { try checkInterpreter(of: path) }
        // The file existed a moment ago: the interpreter that its first line names is missing.
        throw ProgramProblem(code, code == ENOENT ? .interpreter : .program)
    }
}

/// A format that the system runs by another program, such as Java's: an entry of Linux's `binfmt_misc`.
private struct ForeignFormat {
    private var suffix: String?
    private var magic: [UInt8] = []
    private var mask: [UInt8] = []
    private var offset = 0

    /// Reads the entries that are enabled.
    static func registered() -> [ForeignFormat] {
        let folder = "/proc/sys/fs/binfmt_misc"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0 != "register" && $0 != "status" }.compactMap { name in
            guard let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) else { return nil }
            return ForeignFormat(text)
        }
    }

    private init?(_ text: String) {
        let lines = text.split(separator: "\n")
        guard lines.first == "enabled" else { return nil }
        for line in lines {
            let words = line.split(separator: " ")
            guard words.count == 2 else { continue }
            switch words[0] {
            case "extension": suffix = String(words[1])
            case "magic": magic = Self.bytes(words[1])
            case "mask": mask = Self.bytes(words[1])
            case "offset": offset = Int(words[1]) ?? 0
            default: break
            }
        }
        guard suffix != nil || !magic.isEmpty else { return nil }
    }

    func matches(_ start: [UInt8], path: String) -> Bool {
        if let suffix { return path.hasSuffix(suffix) }
        guard offset >= 0, start.count >= offset + magic.count else { return false }
        return magic.indices.allSatisfy { index in
            let bits = mask.indices.contains(index) ? mask[index] : 0xFF
            return start[offset + index] & bits == magic[index] & bits
        }
    }

    private static func bytes(_ hex: Substring) -> [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

// MARK: - Stopping

/// Ends programs that run, and lets no further ones begin: once, for all that were given it.
public final class ProgramStop: Sendable {
    private let pipe: Mutex<Pipe>
    /// A descriptor that becomes readable on a stop; -1 if the process had no descriptor left.
    let descriptor: Int32
    private let hasStopped = Atomic<Bool>(false)

    public init() {
        let pipe = (try? Pipe()) ?? Pipe.none
        descriptor = pipe.reading
        self.pipe = Mutex(pipe)
    }

    /// Ends what runs; does not wait for it.
    public func stop() {
        hasStopped.store(true, ordering: .sequentiallyConsistent)
        pipe.withLock { $0.closeWriting() }
    }

    public var isStopped: Bool { hasStopped.load(ordering: .sequentiallyConsistent) }
}

// MARK: - Outcomes

/// The outcome of a program.
public struct ProgramOutcome: Sendable, Hashable {
    /// The way a program ended.
    public enum End: Sendable, Hashable {
        /// The program ended by itself, with this status: 0 to 255.
        case exited(Int32)
        /// This signal ended it.
        case signalled(Int32)
        /// The program was ended because its time was over.
        case overdue
        /// The program was ended, or not begun, because it was stopped.
        case stopped
        /// The program was never begun.
        case notRun(ProgramProblem)
    }

    public var end: End
    /// The beginning of its standard output and error, in the order of arrival.
    public var output: [UInt8]
    /// Whether it wrote more.
    public var isCut: Bool
    public var duration: Duration

    public init(_ end: End, output: [UInt8] = [], isCut: Bool = false, duration: Duration = .zero) {
        self.end = end
        self.output = output
        self.isCut = isCut
        self.duration = duration
    }
}

/// The reason why a program could not be started.
public struct ProgramProblem: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Subject: Sendable, Hashable {
        case program
        /// The folder that it was to run in.
        case folder
        /// The interpreter that its script names in the first line.
        case interpreter
        /// The carriage return at the end of its script's first line, which is taken for part of the interpreter's name.
        case carriageReturn
        /// The byte-order mark before its script's first line, which hides the `#!`.
        case byteOrderMark
    }

    /// The error number, as in `errno`.
    public let code: Int32
    public let subject: Subject

    init(_ code: Int32, _ subject: Subject = .program) {
        self.code = code
        self.subject = subject
    }

    /// Whether the problem may soon be over, because this system causes it and not the program.
    public var isPassing: Bool {
        [EAGAIN, ENOMEM, EMFILE, ENFILE, ETXTBSY, EINTR, ENOSPC].contains(code)
    }

    /// The system's message, such as `No such file or directory`.
    public var description: String { String(cString: strerror(code)) }
}
