import Foundation
import TestSupport

/// A terminal with a shell, run by a separate tmux server that ends with it.
package final class TerminalSession: Sendable {
    package let home: Home
    private let socket: String
    private let environment: [String: String]
    /// A pipe with the program's output to its terminal, which shows when to look again.
    private let news: Int32

    /// Starts a shell in a terminal.
    package init(in home: Home, columns: Int = 80, rows: Int = 24) throws {
        self.home = home
        socket = home.folder.file("tmux")
        var environment = home.environment
        environment["PS1"] = "$ "
        environment["SHELL"] = "/bin/sh"
        environment["TERM"] = "xterm-256color"
        // Otherwise Swift's runtime asks a question after a crash.
        environment["SWIFT_BACKTRACE"] = "enable=no"
        self.environment = environment
        let pipe = home.folder.file("news")
        guard mkfifo(pipe, 0o600) == 0, case let news = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC), news >= 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        self.news = news
        try tmux(
            "-u", "-f", "/dev/null", "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "exec /bin/sh -i")
        try tmux("pipe-pane", "exec tee '\(home.folder.file("captured"))' > '\(pipe)'")
        try tmux("set-option", "-g", "status", "off")
        // Otherwise text for the clipboard is dropped.
        try tmux("set-option", "-s", "set-clipboard", "on")
        try see("$")
    }

    deinit {
        _ = try? Program.run("tmux", ["-S", socket, "kill-server"], environment: environment)
        close(news)
    }

    @discardableResult
    private func tmux(_ words: String...) throws -> String {
        let outcome = try Program.run("tmux", ["-S", socket] + words, environment: environment)
        guard outcome.ending == .exited(0) else {
            throw WaitedInVain(for: "tmux \(words.joined(separator: " "))", seeing: outcome.error)
        }
        return outcome.output
    }

    // MARK: Hands

    /// Types a command line and presses Enter.
    package func run(_ line: String) throws {
        try type(line)
        try press("Enter")
    }

    /// Presses keys, by tmux's names for them: `Enter`, `Escape`, `C-c`, `PgDn`, `j`.
    package func press(_ keys: String...) throws {
        for key in keys { try tmux("send-keys", key) }
    }

    /// Types a text.
    package func type(_ text: String) throws {
        try tmux("send-keys", "-l", text)
    }

    /// Pastes a text: in brackets, if the program asked for that.
    package func paste(_ text: String) throws {
        try tmux("set-buffer", text)
        try tmux("paste-buffer", "-p")
    }

    package func resize(columns: Int, rows: Int) throws {
        try tmux("resize-window", "-x", "\(columns)", "-y", "\(rows)")
    }

    /// Closes the terminal.
    package func hangUp() throws {
        try tmux("kill-server")
    }

    // MARK: Eyes

    /// The text on the screen.
    package func screen() throws -> String { try tmux("capture-pane", "-p") }

    /// The text on the screen, with its styles as escape sequences.
    package func styledScreen() throws -> String { try tmux("capture-pane", "-p", "-e") }

    /// Waits until the screen shows all of these texts.
    @discardableResult
    package func see(_ parts: String...) throws -> String {
        try see("“\(parts.joined(separator: "”, “"))”") { screen in parts.allSatisfy { screen.contains($0) } }
    }

    /// Waits until the screen fulfils `condition`.
    @discardableResult
    package func see(_ what: String, within limit: Duration = .patience, where condition: (String) -> Bool) throws
        -> String
    {
        let end = ContinuousClock.now + limit
        while true {
            let screen = try screen()
            if condition(screen) { return screen }
            guard .now < end else { throw WaitedInVain(for: what, seeing: screen) }
            waitForNews()
        }
    }

    /// Waits until the program writes to its terminal, or for a moment, because some changes are not written there.
    private func waitForNews() {
        Blocking.check()
        var state = pollfd(fd: news, events: Int16(POLLIN), revents: 0)
        guard poll(&state, 1, 250) > 0 else { return }
        guard state.revents & Int16(POLLIN) != 0 else {
            // Nobody writes there any more.
            usleep(50_000)
            return
        }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while read(news, &buffer, buffer.count) > 0 {}
    }

    /// Waits for a text that a program asks the terminal to put on the clipboard.
    package func clipboard(holding part: String) throws -> String {
        let end = ContinuousClock.now + .patience
        while true {
            let text = (try? tmux("show-buffer")) ?? ""
            if text.contains(part) { return text }
            guard .now < end else { throw WaitedInVain(for: "“\(part)” on the clipboard", seeing: text) }
            waitForNews()
        }
    }

    /// All that was written to the terminal up to now, byte for byte. To be called while the shell waits.
    package func captured() throws -> [UInt8] {
        // What the shell writes now is behind all else.
        try run("echo end-of-$((6 * 7))")
        let path = home.folder.file("captured")
        let end = ContinuousClock.now + .patience
        while true {
            let bytes = (try? Data(contentsOf: URL(fileURLWithPath: path))).map(Array.init) ?? []
            if bytes.suffix(4_096).firstRange(of: Array("end-of-42".utf8)) != nil { return bytes }
            guard .now < end else { throw WaitedInVain(for: "the end of the output", seeing: "\(bytes.count) bytes") }
            waitForNews()
        }
    }

    private func flag(_ name: String) throws -> Bool {
        try tmux("display-message", "-p", "#{\(name)}") == "1\n"
    }

    /// Whether a program shows a full screen.
    package var isAlternate: Bool { get throws { try flag("alternate_on") } }
    package var showsCursor: Bool { get throws { try flag("cursor_flag") } }
    package var isApplicationKeypad: Bool { get throws { try flag("keypad_flag") } }
}
