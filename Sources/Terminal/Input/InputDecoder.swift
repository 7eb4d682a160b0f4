/// Makes keys and pastes of the bytes that a terminal sends: a state machine, fed byte by byte.
///
/// ncurses could do this, but it hands out what it does not know as single characters, so that an unknown key would
/// press others; and it would change a paste. What is not known is dropped here, to its last byte.
struct InputDecoder {
    /// The longest paste that is handed on. A longer one is dropped whole: half of a secret is not a secret.
    static let longestPaste = 1 << 20

    private enum State {
        case ground
        /// After Esc: a key of its own, unless something follows at once.
        case escape
        /// Within `Esc [ …` or `Esc O …`.
        case sequence([UInt8])
        /// Within a title, an answer or the like, which ends with BEL or with Esc and a backslash.
        case string(sawEscape: Bool)
        /// Within a character of several bytes.
        case character([UInt8], length: Int)
        /// Within the bytes that follow `Esc [ M`, where that is the mouse.
        case mouse([UInt8])
        case paste(PasteCollector)
    }

    private var state = State.ground
    private let sequences: KeySequences
    /// Whether the terminal was asked to tell of the mouse; what it says of it is dropped otherwise.
    private let hasMouse: Bool

    init(sequences: KeySequences = .common, hasMouse: Bool = false) {
        self.sequences = sequences
        self.hasMouse = hasMouse
    }

    /// Whether the bytes so far mean one thing if nothing follows at once, and another if something does.
    var isUndecided: Bool {
        switch state {
        case .ground, .paste: false
        case .escape, .sequence, .string, .character, .mouse: true
        }
    }

    /// Takes bytes as they come.
    mutating func take(_ bytes: some Sequence<UInt8>) -> [Input] {
        bytes.compactMap { take($0) }
    }

    /// Decides: nothing has followed in time.
    mutating func settle() -> Input? {
        guard isUndecided else { return nil }
        defer { state = .ground }
        return if case .escape = state { .key(.escape) } else { nil }
    }

    private mutating func take(_ byte: UInt8) -> Input? {
        switch state {
        case .ground: return takeFirst(byte)
        case .escape: return takeAfterEscape(byte)
        case .sequence(let bytes): return take(byte, in: bytes)
        case .string(let sawEscape):
            let isOver = byte == ASCII.bell || (sawEscape && byte == ASCII.backslash)
            state = isOver ? .ground : .string(sawEscape: byte == ASCII.escape)
            return nil
        case .character(let bytes, let length): return take(byte, in: bytes, of: length)
        case .mouse(let bytes): return take(byte, inMouse: bytes)
        case .paste(var paste):
            state = .ground  // so that the collector is the only owner of its bytes
            if paste.take(byte) { return paste.bytes.map(Input.paste) ?? .overlongPaste }
            state = .paste(paste)
            return nil
        }
    }

    private mutating func takeFirst(_ byte: UInt8) -> Input? {
        switch byte {
        case ASCII.escape: state = .escape
        case ASCII.lineFeed, ASCII.carriageReturn: return .key(.enter)
        case ASCII.tab: return .key(.tab)
        case ASCII.backspace, ASCII.delete: return .key(.backspace)
        case 0x01...0x1a: return .key(.control(Character(Unicode.Scalar(byte + 0x60))))
        case 0x20...0x7e: return .key(.character(Character(Unicode.Scalar(byte))))
        case 0xc2...0xdf: state = .character([byte], length: 2)
        case 0xe0...0xef: state = .character([byte], length: 3)
        case 0xf0...0xf4: state = .character([byte], length: 4)
        default: break
        }
        return nil
    }

    private mutating func take(_ byte: UInt8, in bytes: [UInt8], of length: Int) -> Input? {
        state = .ground
        guard byte & 0xc0 == 0x80 else { return takeFirst(byte) }
        let bytes = bytes + [byte]
        guard bytes.count == length else {
            state = .character(bytes, length: length)
            return nil
        }
        guard let text = String(validating: bytes, as: UTF8.self), let scalar = text.unicodeScalars.first,
            !(0x80...0x9f).contains(scalar.value)
        else { return nil }
        return .key(.character(Character(scalar)))
    }

    private mutating func takeAfterEscape(_ byte: UInt8) -> Input? {
        switch byte {
        case ASCII.escape:
            return .key(.escape)  // the first of two; the second is undecided again
        case UInt8(ascii: "["), UInt8(ascii: "O"):
            state = .sequence([ASCII.escape, byte])
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            state = .string(sawEscape: false)
        default:
            // Alt and a key, which nothing here listens to, or a key of an older terminal.
            state = .ground
            return sequences[[ASCII.escape, byte]].map(Input.key)
        }
        return nil
    }

    private mutating func take(_ byte: UInt8, in bytes: [UInt8]) -> Input? {
        guard byte != ASCII.escape else {
            state = .escape
            return nil
        }
        let sequence = bytes + [byte]
        guard Self.isOver(sequence) else {
            // What never ends is no key; its beginning is enough to know that.
            state = .sequence(sequence.count <= 64 ? sequence : bytes)
            return nil
        }
        state = .ground
        if sequence == PasteCollector.begin {
            state = .paste(PasteCollector(limit: Self.longestPaste))
            return nil
        }
        if hasMouse, sequence == MouseReport.beginX10 {
            state = .mouse([])
            return nil
        }
        if hasMouse, let event = MouseReport.event(sgr: sequence) { return .mouse(event) }
        return sequences[sequence].map(Input.key)
    }

    private mutating func take(_ byte: UInt8, inMouse bytes: [UInt8]) -> Input? {
        guard byte != ASCII.escape else {
            state = .escape
            return nil
        }
        let bytes = bytes + [byte]
        guard bytes.count == 3 else {
            state = .mouse(bytes)
            return nil
        }
        state = .ground
        return MouseReport.event(x10: bytes).map(Input.mouse)
    }

    /// Whether a sequence is whole: `Esc O` with one character, `Esc [` with parameters and a final one, and the
    /// `Esc [ [` of the Linux console with one more.
    private static func isOver(_ sequence: [UInt8]) -> Bool {
        guard let last = sequence.last, sequence.count >= 3 else { return false }
        let isFinal = (0x40...0x7e).contains(last)
        if sequence[1] == UInt8(ascii: "O") { return isFinal || (0x20...0x2f).contains(last) }
        return isFinal && !(sequence.count == 3 && last == UInt8(ascii: "["))
    }
}

/// The control characters that mean something here.
enum ASCII {
    static let bell: UInt8 = 0x07
    static let backspace: UInt8 = 0x08
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0a
    static let carriageReturn: UInt8 = 0x0d
    static let escape: UInt8 = 0x1b
    static let backslash: UInt8 = 0x5c
    static let delete: UInt8 = 0x7f
}
