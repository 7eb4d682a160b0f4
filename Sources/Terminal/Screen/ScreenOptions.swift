internal import CNcurses
internal import Glibc
public import SafeText

/// Which terminal a screen is on, and how it may be drawn on.
public struct ScreenOptions: Sendable {
    /// The characters that the terminal shows.
    public enum Encoding: Sendable, Hashable {
        /// All of them.
        case utf8
        /// Only ASCII: other characters become stand-ins of the same width, `?` where there is none.
        case ascii

        /// What the user's locale says.
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

    /// Where keys are read.
    public var input: Int32 = STDIN_FILENO
    /// Where is drawn.
    public var output: Int32 = STDOUT_FILENO
    /// The terminal's name in terminfo.
    public var terminal: String
    /// The characters that it shows.
    public var encoding: Encoding
    /// Whether to leave its colours alone.
    public var isMonochrome = false
    /// How the roles look.
    public var theme = Theme()
    /// Whether to be told of the mouse. What it selects is then not the terminal's business, except with Shift.
    public var mouse = false
    /// How long after Esc, in milliseconds, the rest of a key's sequence may come.
    public var escapeDelay: Int32 = 25
    /// What a crash leaves on the terminal, as its last line.
    public var lastWords: SafeText = "b2watch crashed"

    /// A terminal by its name.
    public init(terminal: String, encoding: Encoding) {
        self.terminal = terminal
        self.encoding = encoding
    }

    /// The process's own terminal, as `TERM`, `NO_COLOR`, `ESCDELAY` and the locale tell it.
    public static func own() -> ScreenOptions {
        var options = ScreenOptions(terminal: environment("TERM") ?? "", encoding: .ofLocale())
        options.isMonochrome = environment("NO_COLOR")?.isEmpty == false
        if let delay = environment("ESCDELAY").flatMap(escapeDelay(_:)) { options.escapeDelay = delay }
        return options
    }

    /// What `ESCDELAY` says, in milliseconds; nil for what says nothing of use.
    static func escapeDelay(_ text: String) -> Int32? {
        Int32(text).flatMap { (0...5000).contains($0) ? $0 : nil }
    }

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
