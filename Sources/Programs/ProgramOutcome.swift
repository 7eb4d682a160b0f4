internal import Foundation

/// What became of a program.
public struct ProgramOutcome: Sendable, Hashable {
    /// How it came to its end.
    public enum End: Sendable, Hashable {
        /// It ended by itself, with this status: 0 to 255.
        case exited(Int32)
        /// This signal ended it.
        case signalled(Int32)
        /// It was ended because its time was up.
        case overdue
        /// It was ended, or not begun, because it was stopped.
        case stopped
        /// It was never begun.
        case notRun(ProgramProblem)
    }

    public var end: End
    /// The beginning of what it wrote to its standard output and error, in the order in which it came.
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

/// Why a program could not be begun.
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

    /// As in `errno`.
    public let code: Int32
    public let subject: Subject

    init(_ code: Int32, _ subject: Subject = .program) {
        self.code = code
        self.subject = subject
    }

    /// Whether it may be over soon, for it is this system's and not the program's.
    public var isPassing: Bool {
        [EAGAIN, ENOMEM, EMFILE, ENFILE, ETXTBSY, EINTR, ENOSPC].contains(code)
    }

    /// What the system says, such as `No such file or directory`.
    public var description: String { String(cString: strerror(code)) }
}
