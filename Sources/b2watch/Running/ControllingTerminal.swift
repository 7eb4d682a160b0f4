import Foundation

/// The terminal that the process was started from, if any.
///
/// SIGHUP has two meanings: a service is asked to reload, and a process in a terminal is told that the terminal is gone.
struct ControllingTerminal {
    private let wasThere = Self.isThere

    /// Whether there was one and is no more.
    var isGone: Bool { wasThere && !Self.isThere }

    private static var isThere: Bool {
        let descriptor = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }
}
