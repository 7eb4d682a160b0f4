public import Base
internal import CBase
internal import CNcurses
internal import Foundation
internal import Glibc

/// The terminal, as a place to show surfaces and to read keys: ncurses behind a small interface.
///
/// It is not `Sendable`: only the thread that makes a screen can use it, and the compiler checks this. ncurses is
/// global to its process, so there may be one screen at a time.
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

        // The size is the one that the terminal reports now, not one that a shell may have exported as LINES and
        // COLUMNS.
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

    /// Uses another theme from the next frame on, which redraws everything.
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

    /// Redraws everything, whatever the terminal shows now: for Ctrl-L, and after SIGCONT.
    public func redraw() {
        guard !isClosed else { return }
        reset_prog_mode()
        write(description.keypadOn + modesOn)
        clearok(curses_shown(), true)
        if shown != nil { wrefresh(curses_screen()) }
    }

    /// Returns the keys, pastes and resizes since the last call. Does not wait, except after an Esc for the few
    /// milliseconds in which it could turn out to be a key's sequence.
    ///
    /// - Parameter now: The current time, which distinguishes a double press from two presses.
    public func readInput(at now: ContinuousClock.Instant = .now) -> [Input] {
        guard !isClosed else { return [] }
        var inputs: [Input] = []
        if let size = resized() { inputs.append(.resized(size)) }
        while let bytes = readBytes(waiting: decoder.isUndecided ? options.escapeDelay : 0) {
            inputs += decoder.decode(bytes)
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

    /// Restores the terminal. Nothing is shown or read any more.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        leave()
        delscreen(curses)
        fclose(files.input)
        fclose(files.output)
    }

    /// The descriptor to wait on for input.
    var inputDescriptor: Int32 { options.input }

    /// Returns the rows that ncurses assumes to be on the terminal, without the spaces at their ends.
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

    // MARK: - The terminal

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

    /// Returns the meaning of an event; nil for a mouse event outside the screen, which has become smaller since.
    private func understood(_ input: Input, at now: ContinuousClock.Instant) -> Input? {
        guard case .mouse(let event) = input else { return input }
        guard event.point.column < size.columns, event.point.row < size.rows else { return nil }
        return .mouse(presses.classify(event, at: now))
    }

    /// Returns the bytes that are available, or arrive within this time; nil without any.
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

// MARK: - The clipboard

/// Messages of the screen to the terminal in addition to its contents. Send them between two frames, on the screen's
/// thread.
extension Screen {
    /// The most bytes that `copy(_:)` accepts: in base 64, with the sequence around them, they are the 100,000 bytes
    /// that terminals accept in one sequence.
    public static let longestCopy = 74_994

    /// Asks the terminal to put bytes on the clipboard (OSC 52). The terminal does not report whether it does.
    ///
    /// xterm does it with `allowWindowOps`, tmux with `set -s set-clipboard on`; tmux then forwards it to the outer
    /// terminal by itself, so nothing is wrapped for it.
    ///
    /// - Returns: Whether it was sent; false for more than `longestCopy` bytes, which belong in a file.
    @discardableResult
    public func copy(_ bytes: [UInt8]) -> Bool {
        guard !isClosed, bytes.count <= Self.longestCopy else { return false }
        write(Array("\u{1b}]52;c;".utf8) + Data(bytes).base64EncodedData() + [ASCII.bell])
        return true
    }

    /// Rings the terminal's bell.
    public func ring() {
        guard !isClosed else { return }
        write([ASCII.bell])
    }
}

// MARK: - Options

/// The terminal of a screen, and the options for drawing on it.
public struct ScreenOptions: Sendable {
    /// The characters that the terminal shows.
    public enum Encoding: Sendable, Hashable {
        /// All of them.
        case utf8
        /// Only ASCII: other characters are replaced by substitutes of the same width, or by `?`.
        case ascii

        /// Returns the encoding of the user's locale.
        ///
        /// Sets the process's `LC_CTYPE`, and nothing else of its locale.
        public static func ofLocale() -> Encoding {
            setlocale(LC_CTYPE, "")
            guard let codeset = nl_langinfo(Int32(CODESET)) else { return .ascii }
            return String(cString: codeset) == "UTF-8" ? .utf8 : .ascii
        }

        /// Makes libc, and so ncurses, agree with it.
        func adopt() {
            if self == .utf8, Encoding.ofLocale() != .utf8 { setlocale(LC_CTYPE, "C.UTF-8") }
        }
    }

    /// The descriptor from which keys are read.
    public var input: Int32 = STDIN_FILENO
    /// The descriptor on which the screen is drawn.
    public var output: Int32 = STDOUT_FILENO
    /// The terminal's name in terminfo.
    public var terminal: String
    /// The characters that it shows.
    public var encoding: Encoding
    /// Whether to leave its colours alone.
    public var isMonochrome = false
    /// The theme.
    public var theme = Theme()
    /// Whether the terminal reports the mouse. It then selects text only with Shift.
    public var mouse = false
    /// The time after Esc, in milliseconds, in which the rest of a key's sequence may arrive.
    public var escapeDelay: Int32 = 25
    /// The last line on the terminal after a crash.
    public var lastWords: SafeText = "b2watch crashed"

    /// Returns the options of the process's own terminal, from `TERM`, `NO_COLOR`, `ESCDELAY` and the locale.
    public static func own() -> ScreenOptions {
        var options = ScreenOptions(terminal: environment("TERM") ?? "", encoding: .ofLocale())
        options.isMonochrome = environment("NO_COLOR")?.isEmpty == false
        if let delay = environment("ESCDELAY").flatMap(escapeDelay(_:)) { options.escapeDelay = delay }
        return options
    }

    /// Returns the value of `ESCDELAY`, in milliseconds; nil for an unusable text.
    static func escapeDelay(_ text: String) -> Int32? {
        Int32(text).flatMap { (0...5000).contains($0) ? $0 : nil }
    }

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}

// MARK: - Errors

/// The reason why the screen cannot be opened.
public enum ScreenError: Error, Hashable, CustomStringConvertible {
    /// Standard input or output is a file or a pipe.
    case notATerminal
    /// `TERM` is not set, or names a terminal that the system does not know.
    case unknownTerminal(SafeText)
    /// The terminal can only print line by line, like `TERM=dumb`.
    case cannotAddressCursor(SafeText)
    /// ncurses could not start for an unknown reason.
    case failed

    /// The problem and a remedy.
    public var description: String {
        switch self {
        case .notATerminal:
            "standard input and output must be a terminal to show the screen; `b2watch listen` and --plain need none"
        case .unknownTerminal(let name) where name.isEmpty:
            "TERM is not set, so b2watch does not know how to draw on the terminal; set it, for example TERM=xterm-256color"
        case .unknownTerminal(let name):
            """
            the terminal \"\(name)\" (from TERM) is not known to this system; set TERM to one that is, for example \
            TERM=xterm-256color, or install ncurses-term
            """
        case .cannotAddressCursor(let name):
            "the terminal \"\(name)\" (from TERM) can only print lines; --plain does so, and `b2watch listen`"
        case .failed:
            "the terminal could not be prepared for drawing; --plain needs no screen"
        }
    }
}

// MARK: - What the terminal can do

/// The capabilities of a terminal in terminfo that ncurses does not use by itself.
struct TerminalDescription {
    /// The sequences that turn bracketed paste on and off.
    let pasteOn: String
    let pasteOff: String
    /// The sequences that turn mouse reports on, in the SGR form if the terminal supports it, and off.
    let mouseOn: String
    let mouseOff: String
    /// The sequence that switches the number pad and the cursor keys to the mode that the key sequences are listed for.
    let keypadOn: String
    /// The sequence that undoes all changes of ncurses and b2watch.
    let restore: String
    let keys: KeySequences

    /// Looks a terminal up, before ncurses starts: it would end the process over some that it cannot use.
    static func check(_ name: String, on output: Int32) throws(ScreenError) {
        var status: Int32 = 0
        guard !name.isEmpty, setupterm(name, output, &status) == OK else {
            throw .unknownTerminal(SafeText(name))
        }
        let canAddressCursor = curses_string("cup") != nil
        del_curterm(curses_terminal())
        guard canAddressCursor else { throw .cannotAddressCursor(SafeText(name)) }
    }

    /// Describes the terminal of the screen that ncurses has just made.
    init() {
        let speaksANSI = Self.string("cup").hasPrefix("\u{1b}[")
        pasteOn = speaksANSI ? "\u{1b}[?2004h" : ""
        pasteOff = speaksANSI ? "\u{1b}[?2004l" : ""
        keypadOn = Self.string("smkx")
        // Presses, releases and the wheel; nothing here follows a movement.
        mouseOn = speaksANSI ? "\u{1b}[?1000h\u{1b}[?1006h" : ""
        mouseOff = speaksANSI ? "\u{1b}[?1006l\u{1b}[?1002l\u{1b}[?1000l" : ""
        restore =
            mouseOff + pasteOff + Self.string("rmkx") + Self.string("sgr0") + Self.string("op")
            + Self.string("cnorm") + Self.string("rmcup") + "\r"
        keys = Self.keySequences()
    }

    private static func keySequences() -> KeySequences {
        let capabilities: [(String, Key)] = [
            ("kcuu1", .up), ("kcud1", .down), ("kcub1", .left), ("kcuf1", .right), ("khome", .home), ("kend", .end),
            ("kpp", .pageUp), ("knp", .pageDown), ("kdch1", .delete), ("kcbt", .backTab), ("kent", .enter),
        ]
        var keys = KeySequences.common
        for (capability, key) in capabilities + (1...12).map({ ("kf\($0)", .function($0)) }) {
            let sequence = string(capability)
            if sequence.hasPrefix("\u{1b}"), sequence.utf8.count > 1 { keys[sequence] = key }
        }
        return keys
    }

    /// Returns a capability without the delays (`$<5>`) for old terminals.
    private static func string(_ capability: String) -> String {
        guard var text = curses_string(capability).map({ String(cString: $0) }) else { return "" }
        while let start = text.firstIndex(of: "$"), let end = text[start...].firstIndex(of: ">") {
            text.removeSubrange(start...end)
        }
        return text
    }
}

// MARK: - Rows for curses

/// A row of cells in ncurses' form: its wide characters once, without their right halves.
struct CursesRow {
    private(set) var cells: [cchar_t] = []
    /// One character, ended by 0. A cell of ncurses has room for five scalars; ours has at most four.
    private var scalars = [wchar_t](repeating: 0, count: Int(CCHARW_MAX) + 1)

    init(_ row: ArraySlice<Cell>, encoding: ScreenOptions.Encoding, pens: inout Pens) {
        cells.reserveCapacity(row.count)
        var style = Style.plain
        var pen = pens.pen(for: style)
        for (index, cell) in zip(row.indices, row) where !cell.isRightHalf {
            if cell.style != style {
                style = cell.style
                pen = pens.pen(for: style)
            }
            switch encoding {
            case .utf8:
                append(cell.text.unicodeScalars, pen)
            case .ascii:
                let isWide = index + 1 < row.endIndex && row[index + 1].isRightHalf
                for scalar in Self.standIns(for: cell.text, isWide: isWide) { append(CollectionOfOne(scalar), pen) }
            }
        }
    }

    private mutating func append(_ character: some Sequence<Unicode.Scalar>, _ pen: Pen) {
        var count = 0
        for scalar in character where count < Int(CCHARW_MAX) {
            scalars[count] = wchar_t(bitPattern: scalar.value)
            count += 1
        }
        scalars[count] = 0
        var cell = cchar_t()
        setcchar(&cell, scalars, pen.attributes, pen.pair, nil)
        cells.append(cell)
    }

    private static func standIns(for text: String, isWide: Bool) -> [Unicode.Scalar] {
        let standIn = text.unicodeScalars.first.flatMap(SafeText.asciiStandIn(for:)) ?? "?"
        return isWide ? [standIn, standIn] : [standIn]
    }
}

// MARK: - Signals

/// The signal handlers that ncurses installs, which would end the program without notice to its other parts.
enum SignalHandlers {
    /// Runs code, and restores the handlers afterwards.
    static func kept<Result>(_ body: () -> Result) -> Result {
        let handlers = [SIGINT, SIGTERM, SIGTSTP, SIGWINCH].map { signal in
            var handler = sigaction()
            sigaction(signal, nil, &handler)
            return (signal, handler)
        }
        defer {
            for (signal, var handler) in handlers { sigaction(signal, &handler, nil) }
        }
        return body()
    }
}
