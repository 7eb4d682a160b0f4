internal import CNcurses
internal import CTerminal
internal import Glibc
internal import SafeText

/// The terminal, as a place to show surfaces and to read keys: ncurses behind a small face.
///
/// It is not `Sendable`: the thread that makes a screen is the only one that can use it, and the compiler sees to
/// that. ncurses is global to its process, so there may be one screen at a time.
public final class Screen {
    /// Its size in cells, as of the last `readInput()`.
    public private(set) var size: Size

    private let options: ScreenOptions
    private let curses: OpaquePointer
    private let files: (input: UnsafeMutablePointer<FILE>, output: UnsafeMutablePointer<FILE>)
    private let description: TerminalDescription
    private let modesBefore: termios
    private var pens: Pens
    private var decoder: InputDecoder
    private var presses = DoublePress()
    private var shown: Surface?
    private(set) var isClosed = false

    /// Takes the terminal over: alternate screen, single keys, no echo, bracketed paste.
    public init(_ options: ScreenOptions = .own()) throws(ScreenError) {
        var modes = termios()
        try Self.check(options)
        guard tcgetattr(options.input, &modes) == 0 else { throw .notATerminal }
        options.encoding.adopt()
        guard let files = Self.open(options) else { throw .failed }

        // The size is what the terminal says now, not what a shell may have exported as LINES and COLUMNS.
        use_env(false)
        use_tioctl(true)
        guard let curses = SignalHandlers.kept({ newterm(options.terminal, files.output, files.input) }) else {
            fclose(files.input)
            fclose(files.output)
            throw .failed
        }
        raw()
        noecho()
        nonl()
        keypad(curses_screen(), true)

        self.options = options
        self.curses = curses
        self.files = files
        modesBefore = modes
        description = TerminalDescription()
        decoder = InputDecoder(sequences: description.keys, hasMouse: options.mouse)
        pens = Pens(theme: options.theme, isMonochrome: options.isMonochrome)
        size = Size(columns: Int(getmaxx(curses_screen())), rows: Int(getmaxy(curses_screen())))
        enter()
    }

    deinit { close() }

    /// Shows itself in another theme from the next drawing on, which draws everything anew.
    public func use(_ theme: Theme) {
        guard !isClosed else { return }
        pens = Pens(theme: theme, isMonochrome: options.isMonochrome)
        shown = nil
        redraw()
    }

    /// Finds out whether there can be a screen, and leaves the terminal alone.
    public static func check(_ options: ScreenOptions = .own()) throws(ScreenError) {
        guard isatty(options.input) == 1, isatty(options.output) == 1 else { throw .notATerminal }
        try TerminalDescription.check(options.terminal, on: options.output)
    }

    /// Shows a surface, writing only what differs from the one shown before. Without a cursor, none is to be seen.
    public func present(_ surface: Surface, cursor: Point? = nil) {
        guard !isClosed else { return }
        let before = shown.flatMap { $0.size == surface.size ? $0 : nil }
        if before == nil { werase(curses_screen()) }
        for row in 0..<min(surface.size.rows, size.rows) {
            let cells = surface.cells(inRow: row)
            guard before?.cells(inRow: row) != cells else { continue }
            let line = CursesRow(cells, encoding: options.encoding, pens: &pens)
            wmove(curses_screen(), Int32(row), 0)
            wadd_wchnstr(curses_screen(), line.cells, Int32(line.cells.count))
        }
        shown = surface
        place(cursor)
        wrefresh(curses_screen())
    }

    /// Draws everything anew, whatever the terminal may have become meanwhile: for Ctrl-L, and after SIGCONT.
    public func redraw() {
        guard !isClosed else { return }
        reset_prog_mode()
        write(description.keypadOn + modesOn)
        clearok(curses_shown(), true)
        if shown != nil { wrefresh(curses_screen()) }
    }

    /// What has been typed, pasted and resized since the last call. Waits for nothing, except after an Esc for the
    /// few milliseconds in which it could turn out to be a key's sequence.
    ///
    /// - Parameter now: When it is read, which tells a double press from two.
    public func readInput(at now: ContinuousClock.Instant = .now) -> [Input] {
        guard !isClosed else { return [] }
        var inputs: [Input] = []
        if let size = resized() { inputs.append(.resized(size)) }
        while let bytes = readBytes(waiting: decoder.isUndecided ? options.escapeDelay : 0) {
            inputs += decoder.take(bytes)
        }
        if let last = decoder.settle() { inputs.append(last) }
        return inputs.compactMap { understood($0, at: now) }
    }

    /// Gives the terminal back, stops the process as Ctrl-Z does everywhere, and takes the terminal again once it is
    /// continued.
    public func suspend() {
        suspend { terminal_stop_self() }
    }

    func suspend(_ stop: () -> Void) {
        guard !isClosed else { return }
        leave()
        stop()
        enter()
        redraw()
    }

    /// Gives the terminal back as it was. Nothing is shown or read any more.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        leave()
        delscreen(curses)
        fclose(files.input)
        fclose(files.output)
    }

    /// Where to wait for input.
    var inputDescriptor: Int32 { options.input }

    /// The rows as ncurses believes them to be on the terminal, without the spaces at their ends.
    func shownRows() -> [String] {
        (0..<size.rows).map { row in
            var scalars = [wchar_t](repeating: 0, count: size.columns * Int(CCHARW_MAX) + 1)
            mvwinnwstr(curses_shown(), Int32(row), 0, &scalars, Int32(scalars.count - 1))
            var text = String.UnicodeScalarView()
            text += scalars.prefix { $0 != 0 }.compactMap { Unicode.Scalar(UInt32(bitPattern: $0)) }
            while text.last == " " { text.removeLast() }
            return String(text)
        }
    }
}

extension Screen {
    private static func open(
        _ options: ScreenOptions
    ) -> (input: UnsafeMutablePointer<FILE>, output: UnsafeMutablePointer<FILE>)? {
        guard let input = fdopen(dup(options.input), "r") else { return nil }
        guard let output = fdopen(dup(options.output), "w") else {
            fclose(input)
            return nil
        }
        return (input, output)
    }

    private var modesOn: String { description.pasteOn + (options.mouse ? description.mouseOn : "") }

    private var modesOff: String { (options.mouse ? description.mouseOff : "") + description.pasteOff }

    private func enter() {
        // From here on a crash gives the terminal back.
        var modes = modesBefore
        let restore = Array(description.restore.utf8CString.dropLast())
        let lastWords = Array((options.lastWords.string + "\r\n").utf8CString.dropLast())
        terminal_crash_arm(options.output, &modes, restore, restore.count, lastWords, lastWords.count)
        write(modesOn)
    }

    private func leave() {
        endwin()
        write(modesOff)
        // The modes as found before ncurses, which keeps its own idea of them.
        var modes = modesBefore
        tcsetattr(options.input, TCSANOW, &modes)
        terminal_crash_disarm()
    }

    private func place(_ cursor: Point?) {
        if let cursor {
            wmove(curses_screen(), Int32(clamping: cursor.row), Int32(clamping: cursor.column))
            curs_set(1)
        } else {
            curs_set(0)
            // Some terminals cannot hide it; it is least in the way down there.
            wmove(curses_screen(), Int32(size.rows - 1), Int32(size.columns - 1))
        }
    }

    /// Follows the terminal's size, and returns it if it has changed.
    private func resized() -> Size? {
        var window = winsize()
        guard ioctl(options.output, UInt(TIOCGWINSZ), &window) == 0, window.ws_row > 0, window.ws_col > 0 else {
            return nil
        }
        let now = Size(columns: Int(window.ws_col), rows: Int(window.ws_row))
        guard now != size else { return nil }
        resizeterm(Int32(now.rows), Int32(now.columns))
        clearok(curses_shown(), true)
        size = now
        shown = nil
        return now
    }

    /// A press as what it is; nothing for one outside the screen, which has become smaller meanwhile.
    private func understood(_ input: Input, at now: ContinuousClock.Instant) -> Input? {
        guard case .mouse(let event) = input else { return input }
        guard event.point.column < size.columns, event.point.row < size.rows else { return nil }
        return .mouse(presses.judge(event, at: now))
    }

    /// The bytes that are there, or come within so many milliseconds; nil if there are none.
    private func readBytes(waiting milliseconds: Int32) -> [UInt8]? {
        var poller = pollfd(fd: options.input, events: Int16(POLLIN), revents: 0)
        guard poll(&poller, 1, milliseconds) > 0, poller.revents & Int16(POLLIN) != 0 else { return nil }
        let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = max(0, read(options.input, buffer.baseAddress, buffer.count))
        }
        return bytes.isEmpty ? nil : bytes
    }

    private func write(_ text: String) { write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(options.output, $0.baseAddress, $0.count) }
            guard written > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, written))
        }
    }
}
