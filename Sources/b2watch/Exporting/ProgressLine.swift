import Export
import Foundation
import Synchronization

/// A bar on standard error while something takes longer than a second, where a person sees it.
final class ProgressLine: Sendable {
    private struct State {
        var next: ContinuousClock.Instant
        /// How wide it is now.
        var width = 0
        var isOver = false
    }

    private static let delay = Duration.seconds(1)
    private static let pause = Duration.milliseconds(100)

    private let isShown: Bool
    private let state: Mutex<State>

    /// - Parameter isShown: False for never; else where standard error is a terminal.
    init(isShown: Bool) {
        self.isShown = isShown && isatty(STDERR_FILENO) == 1
        state = Mutex(State(next: .now + Self.delay))
    }

    /// Shows it, if it is time to.
    func show(_ progress: ExportProgress) {
        show(progress.bar(columns: Self.columns))
    }

    /// Shows a text in ASCII, if it is time to.
    func show(_ text: String) {
        guard isShown else { return }
        state.withLock { state in
            let now = ContinuousClock.now
            guard now >= state.next, !state.isOver else { return }
            state.next = now + Self.pause
            // A line that wraps could not be taken back.
            let text = String(text.prefix(Self.columns))
            Self.write("\r" + text + String(repeating: " ", count: max(0, state.width - text.utf8.count)))
            state.width = text.utf8.count
        }
    }

    /// Takes it away.
    func clear() {
        state.withLock { state in
            if state.width > 0 { Self.write("\r" + String(repeating: " ", count: state.width) + "\r") }
            state.width = 0
        }
    }

    /// Leaves it as it stands, for a signal ends the process: nothing is shown any more, and what is said begins a line.
    func leave() {
        state.withLock { state in
            if !state.isOver, isatty(STDERR_FILENO) == 1 { Self.write("\n") }
            (state.isOver, state.width) = (true, 0)
        }
    }

    /// How wide a line may be and not wrap.
    private static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 79 }
        return Int(size.ws_col) - 1
    }

    private static func write(_ text: String) {
        var text = text
        // One that takes nothing leaves nobody to show it to.
        _ = text.withUTF8 { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
