internal import Foundation

/// Processes of this system below one of them, read from `/proc`: those that it has started, and those that they have
/// started, whatever their session.
struct ProcessTree {
    /// A process; its start tells it from another that gets the same number later.
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

    /// Reads the descendants of a process, without itself; of one that has ended there are none.
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
            // The name, in brackets, may hold anything.
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
