internal import Foundation

/// A pipe that no program inherits; what is still open of it is closed with it.
struct Pipe: ~Copyable {
    private(set) var reading: Int32
    private(set) var writing: Int32

    /// One that was never open.
    static var none: Pipe { Pipe(reading: -1, writing: -1) }

    private init(reading: Int32, writing: Int32) {
        self.reading = reading
        self.writing = writing
    }

    init() throws(ProgramProblem) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ProgramProblem(errno) }
        for index in ends.indices {
            _ = fcntl(ends[index], F_SETFD, FD_CLOEXEC)
            // In a process without standard streams it may have got their numbers, which the program's ends will take.
            guard ends[index] < 3 else { continue }
            let other = fcntl(ends[index], F_DUPFD_CLOEXEC, 3)
            let code = errno
            close(ends[index])
            guard other >= 0 else {
                close(ends[1 - index])
                throw ProgramProblem(code)
            }
            ends[index] = other
        }
        self.init(reading: ends[0], writing: ends[1])
    }

    deinit {
        if reading >= 0 { close(reading) }
        if writing >= 0 { close(writing) }
    }

    mutating func closeReading() {
        if reading >= 0 { close(reading) }
        reading = -1
    }

    mutating func closeWriting() {
        if writing >= 0 { close(writing) }
        writing = -1
    }

    /// Gives the writing end away, to be closed elsewhere.
    mutating func takeWriting() -> Int32 {
        defer { writing = -1 }
        return writing
    }
}
