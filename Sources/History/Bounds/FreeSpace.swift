import Foundation
import Synchronization

/// Watches the free space of the disk with the history. Below a floor, requests that are not valid are no longer
/// recorded, so that those that are valid have room for a long time.
final class FreeSpace: Sendable {
    /// The shortest time between two checks of the file system.
    private static let pace = Duration.milliseconds(100)
    /// The share of the available space above which the history's size causes a warning, and the smallest size that
    /// counts.
    private static let share = 0.8
    private static let large = 4 << 30

    private struct State {
        var looked: ContinuousClock.Instant?
        var isLow = false
    }

    private let path: String
    private let floor: Int
    private let free: @Sendable (String) -> Int?
    private let report: @Sendable (LastingCondition, String?) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - path: The path of the history.
    ///   - floor: The smallest free space in bytes; 0 for no limit.
    ///   - free: Returns the free space of the file system with a path; nil if it is unknown.
    ///   - report: Receives conditions with a sentence for a person, nil where they do not hold; from any thread.
    init(
        _ path: String, floor: Int, free: @escaping @Sendable (String) -> Int? = FreeSpace.free,
        report: @escaping @Sendable (LastingCondition, String?) -> Void
    ) {
        (self.path, self.floor, self.free, self.report) = (path, floor, free, report)
    }

    /// Returns whether the free space is below the floor. Asks the file system ten times a second at most.
    func isLow(at now: ContinuousClock.Instant = .now) -> Bool {
        guard floor > 0 else { return false }
        let isToLook = state.withLock { state in
            guard state.looked.map({ now - $0 >= Self.pace }) ?? true else { return false }
            state.looked = now
            return true
        }
        guard isToLook, let free = free(path) else { return state.withLock(\.isLow) }
        let isLow = free < floor
        let wasLow = state.withLock { state in
            defer { state.isLow = isLow }
            return state.isLow
        }
        if isLow != wasLow {
            report(
                .lowSpace,
                isLow
                    ? "\(Self.size(free)) are free on the disk of the history: until there are \(Self.size(floor)), requests"
                        + " that are not valid are not recorded" : nil)
        }
        return isLow
    }

    /// Reports whether the history takes most of the available space, or of 4 GiB.
    ///
    /// - Parameter size: The size of the history in bytes.
    func check(size: Int) {
        let free = Double(size) >= Self.share * Double(64 << 20) ? free(path) : nil
        let room = free.map { min(Self.large, size + $0) } ?? Self.large
        guard Double(size) >= Self.share * Double(room) else { return report(.large, nil) }
        let rest = free.map { ", and \(Self.size($0)) are free on its disk" } ?? ""
        report(
            .large,
            "the history takes \(Self.size(size))\(rest): valid deliveries are kept for ever unless --keep sets a number,"
                + " an age or a size")
    }

    private static func free(_ path: String) -> Int? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    }

    private static func size(_ bytes: Int) -> String {
        bytes >= 1 << 30 ? String(format: "%.1f GiB", Double(bytes) / Double(1 << 30)) : "\(bytes >> 20) MiB"
    }
}
