import Base
import Glibc

@testable import Terminal

/// A pseudo-terminal with two ends: a screen is at one, and the test plays the terminal at the other.
final class FakeTerminal {
    private var master: Int32 = -1
    private(set) var slave: Int32 = -1

    init(columns: Int = 40, rows: Int = 10) throws {
        guard openpty(&master, &slave, nil, nil, nil) == 0 else { throw Errno(number: errno) }
        _ = fcntl(master, F_SETFL, O_NONBLOCK)
        resize(columns: columns, rows: rows)
    }

    deinit {
        hangUp()
        Glibc.close(slave)
    }

    /// Returns a screen on it.
    func screen(
        _ terminal: String = "xterm-256color", encoding: ScreenOptions.Encoding = .utf8, isMonochrome: Bool = false,
        theme: Theme = Theme(), mouse: Bool = false, escapeDelay: Int32 = 25
    ) throws -> Screen {
        var options = ScreenOptions(terminal: terminal, encoding: encoding)
        options.input = slave
        options.output = slave
        options.isMonochrome = isMonochrome
        options.theme = theme
        options.mouse = mouse
        options.escapeDelay = escapeDelay
        return try Screen(options)
    }

    func resize(columns: Int, rows: Int) {
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    func type(_ text: String) {
        _ = text.utf8.withContiguousStorageIfAvailable { write(master, $0.baseAddress, $0.count) }
    }

    /// Returns the bytes written to the terminal since the last call.
    func output() -> [UInt8] {
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = read(master, &buffer, buffer.count), count > 0 { output += buffer[..<count] }
        return output
    }

    /// The terminal's end, to be written from another thread.
    var line: Int32 { master }

    var modes: termios {
        var modes = termios()
        tcgetattr(slave, &modes)
        return modes
    }

    func hangUp() {
        if master >= 0 { Glibc.close(master) }
        master = -1
    }

    struct Errno: Error {
        let number: Int32
    }
}
