import Foundation
import Base

/// The service manager that has started this process, such as systemd. It is notified of the start, of a reload and of
/// the end, and on request that the process is alive (sd_notify(3)).
///
/// Without `NOTIFY_SOCKET` it does not exist, and without `WATCHDOG_USEC` nothing runs.
final class ServiceManager: Sendable {
    private let address: [UInt8]
    /// The interval between two notifications that the process is alive; nil for none.
    private let interval: Duration?
    private let isStopped = Monitor(false)
    private let worker = Worker("watchdog")

    /// Finds the service manager; fails if there is none.
    ///
    /// - Parameter environment: The environment of the process.
    init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard let path = environment["NOTIFY_SOCKET"], let first = path.utf8.first, path.utf8.count < 108,
            first == UInt8(ascii: "/") || first == UInt8(ascii: "@")
        else { return nil }
        // A name that is in no file system begins with a zero byte.
        address = first == UInt8(ascii: "@") ? [0] + path.utf8.dropFirst() : Array(path.utf8)
        let isOurs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
        let limit = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        interval = isOurs && limit > 0 ? .microseconds(max(limit / 2, 1_000)) : nil
    }

    /// Notifies it that requests are accepted.
    func ready(_ status: String) {
        send("READY=1\nMAINPID=\(getpid())\nSTATUS=\(status)")
    }

    /// Notifies it that the settings are being read again. `ready` follows.
    func reloading() {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        send("RELOADING=1\nMONOTONIC_USEC=\(Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)")
    }

    /// Notifies it that the process ends, and no longer that it is alive.
    func stopping() {
        isStopped.change { $0 = true }
        send("STOPPING=1")
    }

    /// Notifies it from now on that the process is alive, at the requested interval.
    ///
    /// - Parameter probe: Calls its argument once the important work continues. If it does not, the service manager is
    ///   not notified, and restarts the process.
    func watch(_ probe: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void) {
        guard let interval else { return }
        worker.async { [self] in
            while true {
                probe { [self] in send("WATCHDOG=1") }
                if isStopped.wait(until: .now + interval, for: { $0 ? true : nil }) == true { return }
            }
        }
    }

    /// Sends a message. A failure is ignored, because nobody could be notified of it.
    private func send(_ text: String) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: address) }
        let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path).map { $0 + address.count } ?? 0
        let bytes = Array(text.utf8)
        _ = withUnsafePointer(to: &target) { target in
            target.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
                sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), target, socklen_t(length))
            }
        }
    }
}
