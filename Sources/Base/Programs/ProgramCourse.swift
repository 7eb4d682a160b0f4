internal import Foundation

/// A run of a program, from its beginning to its end.
struct ProgramCourse: ~Copyable {
    private(set) var output: [UInt8] = []
    private(set) var isCut = false

    private let child: pid_t
    private let longestOutput: Int
    private let grace: Duration
    private let stop: Int32
    private let waiter = Worker("program")
    private var input: Pipe
    private var said: Pipe
    private var done: Pipe
    private var rest: ArraySlice<UInt8>
    private var buffer = [UInt8](repeating: 0, count: 16_384)
    private var hasEnded = false

    /// Begins it.
    ///
    /// - Parameter stop: A descriptor that becomes readable when it is to be ended; -1 for none.
    init(of program: ExternalProgram, stop: Int32) throws(ProgramProblem) {
        let path = try program.path()
        try program.checkFolder()
        var input = try Pipe()
        var said = try Pipe()
        var done = try Pipe()
        child = try program.start(path, input: input.reading, output: said.writing)
        input.closeReading()
        said.closeWriting()
        _ = fcntl(input.writing, F_SETFL, O_NONBLOCK)
        _ = fcntl(said.reading, F_SETFL, O_NONBLOCK)
        // Its end is only noticed here and it is reaped later, so that its number cannot be another process's when its
        // group is sent a signal.
        waiter.async { [child, end = done.detachWriting()] in
            var info = siginfo_t()
            while waitid(P_PID, id_t(child), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            close(end)
        }
        rest = program.input[...]
        if rest.isEmpty { input.closeWriting() }
        longestOutput = program.longestOutput
        grace = program.grace
        self.stop = stop
        self.input = input
        self.said = said
        self.done = done
    }

    private enum Phase {
        case running
        /// The program was asked to end.
        case asked(ProgramOutcome.End, until: ContinuousClock.Instant)
        /// The program was killed.
        case killed(ProgramOutcome.End)

        var isRunning: Bool {
            if case .running = self { true } else { false }
        }
    }

    /// The interval of looking whether descendants of a program that has ended still run: nothing reports their end.
    private static let look = Duration.milliseconds(50)

    /// Waits for its end and reaps it.
    ///
    /// - Parameter hearing: Receives what it writes.
    mutating func follow(
        until limit: ContinuousClock.Instant, _ hearing: (ArraySlice<UInt8>) -> Void
    ) -> ProgramOutcome.End {
        var phase = Phase.running
        var deadline = limit
        // Those that have left its process group too.
        var descendants: Set<ProcessTree.Member> = []
        while true {
            let isStopped = wait(until: deadline, stop: phase.isRunning ? stop : -1, hearing)
            let isOver = ContinuousClock.now >= deadline
            switch phase {
            case .running where hasEnded:
                // Its own output is in the pipe by now. Other processes may keep the pipe open forever.
                read(atMost: 64, hearing)
                return reap()
            case .running where isStopped || isOver:
                descendants = ProcessTree.descendants(of: child)
                send(SIGTERM, to: descendants)
                deadline = .now + grace
                phase = .asked(isStopped ? .stopped : .overdue, until: deadline)
            case .asked(let end, let time):
                if ContinuousClock.now < time {
                    guard hasEnded else { continue }
                    if descendants.contains(where: \.isRunning) {
                        deadline = min(time, .now + Self.look)
                        continue
                    }
                    // A process of its group that was started since is not among them; it keeps the output open.
                    if said.reading >= 0 {
                        deadline = time
                        continue
                    }
                }
                killAll(descendants)
                if hasEnded {
                    _ = reap()
                    return end
                }
                phase = .killed(end)
                deadline = .now + grace
            case .killed(let end) where hasEnded || isOver:
                if hasEnded {
                    _ = reap()
                } else {
                    // Even that could not end it: the kernel is still using it. It is reaped when the kernel releases
                    // it.
                    waiter.async { [child] in waitpid(child, nil, 0) }
                }
                return end
            default: break
            }
        }
    }

    /// Sends a signal to its process group, and to each descendant that has left the group.
    private func send(_ signal: Int32, to descendants: Set<ProcessTree.Member>) {
        kill(-child, signal)
        for member in descendants where getpgid(member.id) != child { member.send(signal) }
    }

    /// Ends it and all its descendants with SIGKILL, including those that were started after the search.
    private func killAll(_ found: Set<ProcessTree.Member>) {
        var known = found
        // A process that is starting others may have started one more each time; SIGSTOP keeps it from that.
        for signal in [SIGSTOP, SIGKILL] {
            known = known.filter(\.isRunning)
            for member in [child] + known.map(\.id) { known.formUnion(ProcessTree.descendants(of: member)) }
            send(signal, to: known)
        }
    }

    private func reap() -> ProgramOutcome.End {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
    }

    /// Waits for something to happen, and reads and writes as much as possible.
    ///
    /// - Returns: Whether it is to be ended.
    private mutating func wait(
        until deadline: ContinuousClock.Instant, stop: Int32, _ hearing: (ArraySlice<UInt8>) -> Void
    ) -> Bool {
        // A descriptor below 0 is left out.
        var waits = [
            pollfd(fd: hasEnded ? -1 : done.reading, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
            pollfd(fd: said.reading, events: Int16(POLLIN), revents: 0),
            pollfd(fd: input.writing, events: Int16(POLLOUT), revents: 0),
        ]
        guard poll(&waits, nfds_t(waits.count), PollTime.milliseconds(until: deadline)) > 0 else { return false }
        if waits[0].revents != 0 { hasEnded = true }
        // Not until the pipe is empty: a program that writes without end must not delay the check of the time.
        if waits[2].revents != 0 { read(atMost: 16, hearing) }
        if waits[3].revents != 0 { write() }
        return waits[1].revents != 0
    }

    private mutating func read(atMost times: Int, _ hearing: (ArraySlice<UInt8>) -> Void) {
        for _ in 0..<times where said.reading >= 0 {
            let count = Foundation.read(said.reading, &buffer, buffer.count)
            if count > 0 {
                hearing(buffer[..<count])
                let kept = min(count, longestOutput - output.count)
                output += buffer.prefix(kept)
                if kept < count { isCut = true }
            } else if count == 0 {
                said.closeReading()
            } else if errno != EINTR {
                return
            }
        }
    }

    private mutating func write() {
        let count = BrokenPipe.withheld { [rest, descriptor = input.writing] in
            rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
        }
        if count > 0 { rest = rest.dropFirst(count) }
        // A reader that stops reading has all it needs.
        if rest.isEmpty || count < 0 && errno != EINTR && errno != EAGAIN { input.closeWriting() }
    }
}

/// The signal that a process receives when it writes to a pipe without a reader.
private enum BrokenPipe {
    /// Runs code that may raise the signal, without delivering it. `errno` stays as `body` left it.
    static func withheld(_ body: () -> Int) -> Int {
        var broken = sigset_t()
        sigemptyset(&broken)
        sigaddset(&broken, SIGPIPE)
        var before = sigset_t()
        var pending = sigset_t()
        sigpending(&pending)
        let wasPending = sigismember(&pending, SIGPIPE) == 1
        pthread_sigmask(SIG_BLOCK, &broken, &before)
        let result = body()
        let code = errno
        if result < 0, code == EPIPE, !wasPending {
            // Raised for this thread alone, so it is taken back here.
            var now = timespec()
            while sigtimedwait(&broken, nil, &now) < 0, errno == EINTR {}
        }
        pthread_sigmask(SIG_SETMASK, &before, nil)
        errno = code
        return result
    }
}

// MARK: - Pipes

/// A pipe that no program inherits; its open ends are closed with it.
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

    /// Returns the writing end, which the caller must close.
    mutating func detachWriting() -> Int32 {
        defer { writing = -1 }
        return writing
    }
}

// MARK: - Descendants

/// Processes of this system below one of them, read from `/proc`: those that it has started, and those that they have
/// started, whatever their session.
struct ProcessTree {
    /// A process; its start distinguishes it from another that gets the same number later.
    struct Member: Hashable {
        let id: pid_t
        /// In clock ticks since the system started.
        fileprivate let start: UInt64

        /// Whether it runs; a process that has ended and is not reaped yet does not.
        var isRunning: Bool { Entry(id).map { $0.start == start && !$0.hasEnded } ?? false }

        func send(_ signal: Int32) {
            if isRunning { kill(id, signal) }
        }
    }

    /// Reads the descendants of a process, without the process itself; one that has ended has none.
    static func descendants(of root: pid_t) -> Set<Member> {
        var children: [pid_t: [Entry]] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let id = pid_t(name), let entry = Entry(id) else { continue }
            children[entry.parent, default: []].append(entry)
        }
        var members: Set<Member> = []
        var open = [root]
        while let parent = open.popLast() {
            for child in children[parent] ?? [] where members.insert(Member(id: child.id, start: child.start)).inserted
            {
                open.append(child.id)
            }
        }
        return members
    }

    /// The fields of `/proc/ID/stat` that matter here: proc_pid_stat(5).
    private struct Entry {
        let id: pid_t
        let parent: pid_t
        let start: UInt64
        let hasEnded: Bool

        init?(_ id: pid_t) {
            let descriptor = open("/proc/\(id)/stat", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return nil }
            defer { close(descriptor) }
            var buffer = [UInt8](repeating: 0, count: 1_024)
            let count = read(descriptor, &buffer, buffer.count)
            // The name, in brackets, may contain any characters.
            guard count > 0, let end = buffer[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
            let fields = buffer[(end + 1)..<count].split(separator: UInt8(ascii: " ")).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard fields.count > 19, let parent = pid_t(fields[1]), let start = UInt64(fields[19]) else { return nil }
            (self.id, self.parent, self.start) = (id, parent, start)
            hasEnded = fields[0] == "Z" || fields[0] == "X"
        }
    }
}
