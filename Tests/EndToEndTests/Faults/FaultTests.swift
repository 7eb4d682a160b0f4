import Foundation
import Harness
import Notifications
import TestSupport
import Testing

/// What a disk, a file system or a clock may do. Each fault is injected, and a test whose fault cannot be fails.
@Suite("A fault", .blocking)
struct FaultTests {
    private static func home() throws -> Home {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        return home
    }

    /// Copies a history that ends with its process into a home.
    private static func taken(from folder: String) throws -> Home {
        let copy = try home()
        try FileManager.default.createDirectory(
            atPath: copy.folder.file("state/b2watch"), withIntermediateDirectories: true)
        // The log first: what is moved from it in between is in both.
        for suffix in ["-wal", ""] {
            try FileManager.default.copyItem(
                atPath: "\(folder)/history.sqlite\(suffix)", toPath: copy.history + suffix)
        }
        return copy
    }

    @Test(
        "of the file system ends the start: the reason names it, and the remedy",
        arguments: [
            ("no-locks", "has no locks"), ("no-mmap", "cannot share memory between processes"),
            ("no-fsync", "does not confirm that data is on the disk"),
        ])
    func missingAbility(_ fault: String, _ words: String) throws {
        var home = try Self.home()
        try FaultShim.add(fault, to: &home)
        let outcome = try Program.run("listen", "--listen", "127.0.0.1:0", in: home)
        #expect(outcome.ending == .exited(4))
        for part in [words, "mounted at /", "--history", "Keep the history on a local disk"] {
            #expect(outcome.error.contains(part), "\(outcome.error)")
        }
        #expect(!outcome.error.contains("disk I/O error"))
        #expect(outcome.error.split(separator: "\n").count == 1)
    }

    @Test("of a file system that is mounted read-only ends the start, and names it")
    func readOnly() throws {
        let home = try Self.home()
        let state = home.folder.file("state")
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        let outcome = try Program.run(
            "unshare",
            [
                "-rm", "/bin/sh", "-c",
                "mount --bind '\(state)' '\(state)' && mount -o remount,bind,ro '\(state)' && exec \"$0\" \"$@\"",
                Program.path, "listen", "--listen", "127.0.0.1:0",
            ], environment: home.environment)
        #expect(outcome.ending == .exited(4), "\(outcome.error)")
        for part in ["is mounted read-only", "mounted at \(state)", "--history"] {
            #expect(outcome.error.contains(part), "\(outcome.error)")
        }
    }

    @Test("of the file system of a container, which ends with it, is in the log with its remedy")
    func overlay() throws {
        let home = try Self.home()
        let state = home.folder.file("state")
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        // An overlay's upper folder may not be on an overlay itself, as this one may be.
        let listener = try RunningListener(
            in: home, "--quiet", command: ["listen"],
            wrapper: "set -e; mount -t tmpfs tmpfs '\(state)'; cd '\(state)'; mkdir lower upper work merged;"
                + " mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged; cd /;"
                + " export XDG_STATE_HOME='\(state)/merged'",
            isAlone: true)
        let ledger = Ledger()
        let client = try listener.connect()
        for number in 0..<20 { #expect(try ledger.send("\(number)", on: client) == 200) }
        // Seen from here the file system is below the process's own root.
        let inside = "/proc/\(listener.child.id)/root\(state)/merged/b2watch"
        let log = try String(contentsOfFile: "\(inside)/b2watch.log", encoding: .utf8)
        let words = "a container's own file system (overlay, mounted at \(state)/merged), and ends with the container"
        #expect(log.contains(words), "\(log)")
        let copy = try Self.taken(from: inside)
        try listener.stop()
        #expect(try ledger.problems(in: copy) == [])
    }

    @Test("that is a network's stays as a warning on the screen and in the log, with its name and the remedy")
    func network() throws {
        var home = try Self.home()
        // The system's table of mounts, with another one.
        let table = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        var status = stat()
        #expect(stat(home.folder.path, &status) == 0)
        let device = "\(status.st_dev >> 8 & 0xfff):\(status.st_dev & 0xff | status.st_dev >> 12 & 0xfff00)"
        let mounts = try home.folder.write(
            "mounts", table + "999 1 \(device) / \(home.folder.path) rw,relatime - nfs4 server:/export rw\n")
        try FaultShim.add("mounts", file: mounts, to: &home)
        let words = "on a network or shared file system (nfs4, mounted at \(home.folder.path))"
        let listener = try RunningListener(in: home, "--quiet")
        let line = try listener.error.line(with: words)
        #expect(line.contains("keep it on a local disk, with --history"))
        #expect(try listener.answer(to: .event("a", signedWith: Secrets.held)).status == 200)
        try listener.stop()
        #expect(try String(contentsOfFile: home.log, encoding: .utf8).contains(words))

        let session = try TerminalSession(in: home, columns: 160, rows: 40)
        try session.run(FirstStartTests.start)
        try session.see("LISTENING", "on a network or shared file system (nfs4")
        // It does not go when something else is shown.
        try session.press("t")
        try session.see("✓ valid", "on a network or shared file system (nfs4")
        try session.press("q")
    }

    @Test("of a disk that fills up is answered 503, and 200 once there is space again; nothing acknowledged is lost")
    func fullDisk() throws {
        let home = try Self.home()
        let state = home.folder.file("state")
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        let listener = try RunningListener(
            in: home, "--quiet", command: ["listen"],
            wrapper: "mount -t tmpfs -o size=24m tmpfs '\(state)' && head -c 12m /dev/zero > '\(state)/filler'",
            isAlone: true)
        let ledger = Ledger()
        let client = try listener.connect()
        let object = String(repeating: "long/", count: 4_000)
        var number = 0
        while try ledger.send("\(number)", object: object, on: client) == 200, number < 5_000 { number += 1 }
        #expect(ledger.refused == [503: 1])
        try listener.error.line(with: "NOT RECORDING, answering 503: the disk is full")
        // Seen from here the file system is below the process's own root.
        let inside = "/proc/\(listener.child.id)/root\(state)"
        #expect(unlink("\(inside)/filler") == 0, "\(String(cString: strerror(errno)))")
        var status = 503
        for attempt in 0..<100 where status != 200 { status = try ledger.send("again \(attempt)", on: client) }
        #expect(status == 200)
        for number in 0..<20 { #expect(try ledger.send("after \(number)", object: object, on: client) == 200) }
        try listener.error.line(with: "recording again")
        let copy = try Self.taken(from: "\(inside)/b2watch")
        #expect(try ledger.problems(in: copy) == [])
        try listener.stop()
    }

    @Test("of a disk that hangs is answered 503 before B2 gives up, and recording goes on when the disk does")
    func hangingCommit() throws {
        var home = try Self.home()
        let hang = home.folder.file("hang")
        try FaultShim.add("hang", file: hang, to: &home)
        let listener = try RunningListener(in: home, "--quiet")
        let ledger = Ledger()
        let client = try listener.connect()
        #expect(try ledger.send("before", on: client) == 200)
        _ = try home.folder.write("hang", "")
        #expect(try ledger.send("during", on: client) == 503)
        try listener.error.line(with: "NOT RECORDING, answering 503: the disk does not answer")
        // What comes now is refused at once.
        let refused = try client.answer(to: ledger.delivery("behind"))
        #expect(refused.status == 503 && refused.text == "Too busy to record the delivery now")
        #expect(try listener.answer(to: .get("/healthz")).status == 503)
        #expect(unlink(hang) == 0)
        var status = 503
        for attempt in 0..<10_000 where status != 200 { status = try ledger.send("again \(attempt)", on: client) }
        #expect(status == 200)
        try listener.error.line(with: "recording again")
        try listener.stop()
        #expect(try ledger.problems(in: home) == [])
    }

    @Test("of the clock, which is set back a day, loses nothing and removes nothing")
    func clockSetBack() throws {
        var home = try Self.home()
        let back = home.folder.file("back")
        try FaultShim.add("clock", file: back, to: &home)
        let listener = try RunningListener(in: home, "--format", "json", "--keep", "12h")
        let ledger = Ledger()
        let client = try listener.connect()
        for number in 0..<20 { #expect(try ledger.send("before \(number)", on: client) == 200) }
        _ = try home.folder.write("back", "")
        for number in 0..<20 { #expect(try ledger.send("during \(number)", on: client) == 200) }
        let times = try listener.deliveries(40).map(\.receivedAt)
        // The fault was there.
        #expect(times[39] < times[0])
        #expect(unlink(back) == 0)
        for number in 0..<20 { #expect(try ledger.send("after \(number)", on: client) == 200) }
        #expect(try listener.deliveries(60).map(\.id) == (1...60).map(Int64.init))
        try listener.stop()
        #expect(try ledger.problems(in: home) == [])
    }

    @Test("of another program, which puts another file in the place of the history, is answered 503")
    func replaced() throws {
        let home = try Self.home()
        let listener = try RunningListener(in: home, "--quiet")
        let ledger = Ledger()
        let client = try listener.connect()
        for number in 0..<20 { #expect(try ledger.send("before \(number)", on: client) == 200) }
        let aside = home.history + ".aside"
        #expect(rename(home.history, aside) == 0)
        try Data("not a history".utf8).write(to: URL(fileURLWithPath: home.history))
        #expect(try ledger.send("during", on: client) == 503)
        try listener.error.line(with: "NOT RECORDING")
        #expect(rename(aside, home.history) == 0)
        #expect(try ledger.send("after", on: client) == 200)
        try listener.stop()
        #expect(try ledger.problems(in: home) == [])
    }

    @Test("SIGTERM under load, with a terminal that reads nothing: what was answered 200 is there")
    func terminatedUnderLoad() throws {
        let home = try Self.home()
        // A pseudoterminal of which nobody reads the other end.
        var (terminal, other): (Int32, Int32) = (-1, -1)
        var name = [CChar](repeating: 0, count: 128)
        var size = winsize(ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0)
        #expect(openpty(&terminal, &other, &name, nil, &size) == 0)
        defer { [terminal, other].forEach { close($0) } }
        let path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var environment = home.environment
        environment["TERM"] = "xterm-256color"
        let port = try UInt16(Loopback.freePort())
        let child = try Child(
            Program.path, ["--listen", "127.0.0.1:\(port)"], environment: environment, terminal: path)
        let ledger = Ledger()
        var client = try Self.connect(to: port)
        defer { client.close() }
        var (number, current) = (0, [String](repeating: "", count: 16))
        client.run { connection in
            number += 1
            current[connection] = "load \(number)"
            return ledger.delivery(current[connection], object: String(repeating: "x", count: 500)).bytes
        } arrived: { arrival in
            ledger.note(current[arrival.connection], arrival.answer.status)
            if ledger.accepted == 400 { child.signal(SIGTERM) }
        }
        // It ends although its last screen cannot be written.
        #expect(child.end() != nil)
        #expect(ledger.accepted >= 400)
        #expect(try ledger.problems(in: home) == [])
    }

    /// Connects as soon as somebody listens.
    private static func connect(to port: UInt16) throws -> LoadClient {
        let end = ContinuousClock.now + .patience
        while true {
            do { return try LoadClient(16, host: "127.0.0.1", port: port) } catch {
                guard .now < end else { throw error }
                Blocking.check()
                usleep(20_000)
            }
        }
    }
}

// MARK: - Injection

/// A library that is loaded before others, and makes calls of the system fail as a broken file system would.
enum FaultShim {
    private static let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <stdarg.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/file.h>
        #include <sys/mman.h>
        #include <time.h>
        #include <unistd.h>

        static int is(const char *fault) {
            const char *given = getenv("B2WATCH_FAULT");
            return given && strcmp(given, fault) == 0;
        }
        static int isHistory(int descriptor) {
            char link[64], path[4096];
            snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
            ssize_t length = readlink(link, path, sizeof path - 1);
            if (length < 0) return 0;
            path[length] = 0;
            return strstr(path, "history.sqlite") != 0;
        }
        static int isThere(void) {
            const char *file = getenv("B2WATCH_FAULT_FILE");
            return file && access(file, F_OK) == 0;
        }
        #define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))

        static int lock(const char *name, int descriptor, int command, void *argument) {
            if (is("no-locks") && (command == F_SETLK || command == F_SETLKW) && isHistory(descriptor)) {
                errno = ENOLCK;
                return -1;
            }
            return REAL(name, int (*)(int, int, ...))(descriptor, command, argument);
        }
        int fcntl(int descriptor, int command, ...) {
            va_list list;
            va_start(list, command);
            void *argument = va_arg(list, void *);
            va_end(list);
            return lock("fcntl", descriptor, command, argument);
        }
        int fcntl64(int descriptor, int command, ...) {
            va_list list;
            va_start(list, command);
            void *argument = va_arg(list, void *);
            va_end(list);
            return lock("fcntl64", descriptor, command, argument);
        }
        static void *map(const char *name, void *at, size_t size, int prot, int flags, int descriptor, off_t offset) {
            if (is("no-mmap") && descriptor >= 0 && (flags & MAP_SHARED) && isHistory(descriptor)) {
                errno = ENODEV;
                return MAP_FAILED;
            }
            return REAL(name, void *(*)(void *, size_t, int, int, int, off_t))(at, size, prot, flags, descriptor, offset);
        }
        void *mmap(void *at, size_t size, int prot, int flags, int descriptor, off_t offset) {
            return map("mmap", at, size, prot, flags, descriptor, offset);
        }
        void *mmap64(void *at, size_t size, int prot, int flags, int descriptor, off_t offset) {
            return map("mmap64", at, size, prot, flags, descriptor, offset);
        }
        static int sync1(const char *name, int descriptor) {
            if (is("no-fsync") && isHistory(descriptor)) {
                errno = EINVAL;
                return -1;
            }
            while (is("hang") && isThere() && isHistory(descriptor)) usleep(10000);
            return REAL(name, int (*)(int))(descriptor);
        }
        static const char *mounts(const char *path) {
            return is("mounts") && strcmp(path, "/proc/self/mountinfo") == 0 ? getenv("B2WATCH_FAULT_FILE") : path;
        }
        int open(const char *path, int flags, ...) {
            va_list list;
            va_start(list, flags);
            mode_t mode = va_arg(list, int);
            va_end(list);
            return REAL("open", int (*)(const char *, int, ...))(mounts(path), flags, mode);
        }
        int open64(const char *path, int flags, ...) {
            va_list list;
            va_start(list, flags);
            mode_t mode = va_arg(list, int);
            va_end(list);
            return REAL("open64", int (*)(const char *, int, ...))(mounts(path), flags, mode);
        }
        int fsync(int descriptor) { return sync1("fsync", descriptor); }
        int fdatasync(int descriptor) { return sync1("fdatasync", descriptor); }
        int clock_gettime(clockid_t clock, struct timespec *time) {
            int result = REAL("clock_gettime", int (*)(clockid_t, struct timespec *))(clock, time);
            if (result == 0 && clock == CLOCK_REALTIME && is("clock") && isThere()) time->tv_sec -= 86400;
            return result;
        }
        """

    /// Lets a fault be injected into what runs in a home.
    ///
    /// - Parameter file: The fault lasts as long as this file exists; nil for always.
    static func add(_ fault: String, file: String? = nil, to home: inout Home) throws {
        let code = try home.folder.write("fault.c", source)
        let library = home.folder.file("fault.so")
        let compiled = try Program.run(
            "gcc", ["-shared", "-fPIC", "-O1", "-o", library, code, "-ldl"], environment: home.environment)
        guard compiled.ending == .exited(0) else {
            throw RawClient.Broken(description: "the fault cannot be made: \(compiled.error)")
        }
        home.environment["LD_PRELOAD"] = library
        home.environment["B2WATCH_FAULT"] = fault
        home.environment["B2WATCH_FAULT_FILE"] = file
    }
}
