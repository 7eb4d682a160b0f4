internal import NIOCore

/// A timer whose time moves with every request and that seldom rings: it is set anew only for an earlier time, and
/// where it rings too early it goes on for the rest.
///
/// Lives on one event loop.
final class LazyAlarm {
    private let eventLoop: any EventLoop
    private let onRing: () -> Void
    private var deadline: NIODeadline?
    private var scheduled: (task: Scheduled<Void>, time: NIODeadline)?

    init(eventLoop: any EventLoop, onRing: @escaping () -> Void) {
        self.eventLoop = eventLoop
        self.onRing = onRing
    }

    /// Rings at `deadline`, and at no other time that was set before.
    func set(_ deadline: NIODeadline) {
        self.deadline = deadline
        if let scheduled {
            guard deadline < scheduled.time else { return }
            scheduled.task.cancel()
        }
        schedule(deadline)
    }

    /// Does not ring until it is set again.
    func pause() {
        deadline = nil
    }

    /// Lets go of everything.
    func cancel() {
        deadline = nil
        scheduled?.task.cancel()
        scheduled = nil
    }

    private func schedule(_ time: NIODeadline) {
        let task = eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(deadline: time) { [weak self] () -> Void in
            self?.elapsed()
        }
        scheduled = (task, time)
    }

    private func elapsed() {
        scheduled = nil
        guard let deadline else { return }
        guard eventLoop.now >= deadline else { return schedule(deadline) }
        self.deadline = nil
        onRing()
    }
}
