import Base

/// Makes keys and pastes from the bytes that a terminal sends: a state machine, driven byte by byte.
///
/// ncurses could do this, but it returns unknown sequences as single characters, so that an unknown key would press
/// others; and it would change a paste. Unknown sequences are dropped here, to their last byte.
struct InputDecoder {
    /// The longest paste that is handed on. A longer one is dropped whole: half of a secret is not a secret.
    static let longestPaste = 1 << 20

    private enum State {
        case ground
        /// After Esc: the key itself, unless something follows at once.
        case escape
        /// Within `Esc [ …` or `Esc O …`.
        case sequence([UInt8])
        /// Within a title, an answer or the like, which ends with BEL or with Esc and a backslash.
        case string(sawEscape: Bool)
        /// Within a character of several bytes.
        case character([UInt8], length: Int)
        /// Within the bytes that follow `Esc [ M`, if that is the mouse.
        case mouse([UInt8])
        case paste(PasteCollector)
    }

    private var state = State.ground
    private let sequences: KeySequences
    /// Whether the terminal was asked to report the mouse; its reports are dropped otherwise.
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

    /// Decodes bytes as they arrive.
    mutating func decode(_ bytes: some Sequence<UInt8>) -> [Input] {
        bytes.compactMap { decode($0) }
    }

    /// Decides: nothing has followed in time.
    mutating func settle() -> Input? {
        guard isUndecided else { return nil }
        defer { state = .ground }
        return if case .escape = state { .key(.escape) } else { nil }
    }

    private mutating func decode(_ byte: UInt8) -> Input? {
        switch state {
        case .ground: return decodeFirst(byte)
        case .escape: return decodeAfterEscape(byte)
        case .sequence(let bytes): return decode(byte, in: bytes)
        case .string(let sawEscape):
            let isOver = byte == ASCII.bell || (sawEscape && byte == ASCII.backslash)
            state = isOver ? .ground : .string(sawEscape: byte == ASCII.escape)
            return nil
        case .character(let bytes, let length): return decode(byte, in: bytes, of: length)
        case .mouse(let bytes): return decode(byte, inMouse: bytes)
        case .paste(var paste):
            state = .ground  // so that the collector is the only owner of its bytes
            if paste.append(byte) { return paste.bytes.map(Input.paste) ?? .overlongPaste }
            state = .paste(paste)
            return nil
        }
    }

    private mutating func decodeFirst(_ byte: UInt8) -> Input? {
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

    private mutating func decode(_ byte: UInt8, in bytes: [UInt8], of length: Int) -> Input? {
        state = .ground
        guard byte & 0xc0 == 0x80 else { return decodeFirst(byte) }
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

    private mutating func decodeAfterEscape(_ byte: UInt8) -> Input? {
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

    private mutating func decode(_ byte: UInt8, in bytes: [UInt8]) -> Input? {
        guard byte != ASCII.escape else {
            state = .escape
            return nil
        }
        let sequence = bytes + [byte]
        guard Self.isOver(sequence) else {
            // A sequence without an end is not a key; its beginning is enough to know that.
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

    private mutating func decode(_ byte: UInt8, inMouse bytes: [UInt8]) -> Input? {
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

    /// Returns whether a sequence is complete: `Esc O` with one character, `Esc [` with parameters and a final one, and
    /// the `Esc [ [` of the Linux console with one more.
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

    fileprivate static let mouseDown = UInt8(ascii: "M")
    fileprivate static let mouseUp = UInt8(ascii: "m")
}

// MARK: - Sequences of keys

/// The byte sequences that terminals send for keys, each with its leading Esc.
struct KeySequences: Sendable {
    private var keys: [[UInt8]: Key] = [:]

    /// The sequences that nearly every terminal sends, with its cursor keys in the normal or in the application mode.
    static let common: KeySequences = {
        var sequences = KeySequences()
        let finals: [(String, Key)] = [
            ("A", .up), ("B", .down), ("C", .right), ("D", .left), ("H", .home), ("F", .end),
        ]
        for (final, key) in finals {
            sequences["\u{1b}[" + final] = key
            sequences["\u{1b}O" + final] = key
        }
        let numbers: [(Int, Key)] = [
            (1, .home), (3, .delete), (4, .end), (5, .pageUp), (6, .pageDown), (7, .home), (8, .end),
            (11, .function(1)), (12, .function(2)), (13, .function(3)), (14, .function(4)), (15, .function(5)),
            (17, .function(6)), (18, .function(7)), (19, .function(8)), (20, .function(9)), (21, .function(10)),
            (23, .function(11)), (24, .function(12)),
        ]
        for (number, key) in numbers { sequences["\u{1b}[\(number)~"] = key }
        for (index, letter) in "PQRS".enumerated() { sequences["\u{1b}O\(letter)"] = .function(index + 1) }
        for (index, letter) in "ABCDE".enumerated() { sequences["\u{1b}[[\(letter)"] = .function(index + 1) }
        sequences["\u{1b}[Z"] = .backTab
        // The number pad in its application mode, which ncurses turns on.
        sequences["\u{1b}OM"] = .enter
        for (letter, character) in zip("jklmnopqrstuvwxy", "*+,-./0123456789") {
            sequences["\u{1b}O\(letter)"] = .character(character)
        }
        return sequences
    }()

    /// The key of a complete sequence.
    subscript(sequence: [UInt8]) -> Key? { keys[sequence] }

    subscript(sequence: String) -> Key? {
        get { keys[Array(sequence.utf8)] }
        set { keys[Array(sequence.utf8)] = newValue }
    }
}

// MARK: - Reports of the mouse

/// A terminal's report of the mouse, as an event; nil if it is malformed, or only a movement.
enum MouseReport {
    /// No terminal has more columns or rows.
    private static let furthest = 32_767

    /// The beginning of a report in the form of SGR 1006: `Esc [ < button ; column ; row M`, with `m` for a release.
    private static let beginSGR = Array("\u{1b}[<".utf8)
    /// The beginning of a report in the form of X10: three bytes follow.
    static let beginX10 = Array("\u{1b}[M".utf8)

    /// Returns the event of a complete sequence in the SGR form.
    static func event(sgr sequence: [UInt8]) -> MouseEvent? {
        guard sequence.starts(with: beginSGR), let final = sequence.last,
            final == ASCII.mouseDown || final == ASCII.mouseUp
        else { return nil }
        let fields = sequence.dropFirst(beginSGR.count).dropLast()
            .split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map(number)
        guard fields.count == 3, let code = fields[0], let column = fields[1], let row = fields[2] else { return nil }
        return event(code: code, column: column, row: row, isRelease: final == ASCII.mouseUp)
    }

    /// Returns the event of the three bytes of a report in the X10 form, each of which has 32 added.
    static func event(x10 bytes: [UInt8]) -> MouseEvent? {
        guard bytes.count == 3, bytes.allSatisfy({ $0 >= 32 }) else { return nil }
        let code = Int(bytes[0]) - 32
        // This form does not report which button was released: 3 means any of them.
        let isRelease = code & ~modifierBits == 3
        return event(code: code, column: Int(bytes[1]) - 32, row: Int(bytes[2]) - 32, isRelease: isRelease)
    }

    private static let modifierBits = 4 | 8 | 16

    /// - Parameters:
    ///   - column: Counted from 1.
    ///   - row: Counted from 1.
    private static func event(code: Int, column: Int, row: Int, isRelease: Bool) -> MouseEvent? {
        guard (1...furthest).contains(column), (1...furthest).contains(row) else { return nil }
        var modifiers: MouseEvent.Modifiers = []
        if code & 4 != 0 { modifiers.insert(.shift) }
        if code & 8 != 0 { modifiers.insert(.alt) }
        if code & 16 != 0 { modifiers.insert(.control) }

        let kind: MouseEvent.Kind
        var button: MouseEvent.Button?
        // The rest, with the bits of movement (32), of the wheel (64) and of further buttons (128).
        switch code & ~modifierBits {
        case 0: (kind, button) = (isRelease ? .release : .press, .left)
        case 1: (kind, button) = (isRelease ? .release : .press, .middle)
        case 2: (kind, button) = (isRelease ? .release : .press, .right)
        case 3 where isRelease: kind = .release
        case 64 where !isRelease: kind = .wheelUp
        case 65 where !isRelease: kind = .wheelDown
        default: return nil
        }
        return MouseEvent(kind, button, at: Point(column: column - 1, row: row - 1), modifiers: modifiers)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...5).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}

// MARK: - Pastes

/// Collects a bracketed paste up to the sequence that ends it.
struct PasteCollector {
    static let begin = Array("\u{1b}[200~".utf8)
    static let end = Array("\u{1b}[201~".utf8)

    private let limit: Int
    private var collected: [UInt8] = []
    /// The number of the last bytes that match the start of the ending.
    private var matched = 0
    private var isTooLong = false
    private var followsReturn = false

    init(limit: Int) {
        self.limit = limit
    }

    /// The pasted bytes, once the paste is over; nil if it was too long.
    var bytes: [UInt8]? { isTooLong ? nil : collected }

    /// Adds the next byte, and returns whether it was the last one.
    mutating func append(_ byte: UInt8) -> Bool {
        if byte == Self.end[matched] {
            matched += 1
            return matched == Self.end.count
        }
        // Only its first byte can begin the ending again, because that byte is nowhere else in it.
        for byte in Self.end[..<matched] { keep(byte) }
        matched = 0
        if byte == Self.end[0] { matched = 1 } else { keep(byte) }
        return false
    }

    /// Keeps a byte; CR, and CR with LF, are one LF.
    private mutating func keep(_ byte: UInt8) {
        defer { followsReturn = byte == ASCII.carriageReturn }
        guard !(byte == ASCII.lineFeed && followsReturn) else { return }
        guard collected.count < limit else {
            isTooLong = true
            collected = []
            return
        }
        if !isTooLong { collected.append(byte == ASCII.carriageReturn ? ASCII.lineFeed : byte) }
    }
}

// MARK: - Presses twice

/// Distinguishes a single press from the second press of a double press, by place and time.
struct DoublePress {
    /// The longest time between the two.
    static let time = Duration.milliseconds(400)

    /// The press that a second one would belong to.
    private var first: (event: MouseEvent, moment: ContinuousClock.Instant)?

    /// Returns the meaning of an event: unchanged, or a double press. A third press immediately after is a first one
    /// again.
    mutating func classify(_ event: MouseEvent, at now: ContinuousClock.Instant) -> MouseEvent {
        switch event.kind {
        case .release: return event
        case .wheelUp, .wheelDown, .doublePress:
            first = nil
            return event
        case .press:
            guard let first, first.event == event, now - first.moment <= Self.time else {
                first = (event, now)
                return event
            }
            self.first = nil
            var event = event
            event.kind = .doublePress
            return event
        }
    }
}
