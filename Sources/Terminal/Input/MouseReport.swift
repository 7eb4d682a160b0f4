/// What terminals send for the mouse, as an event; nothing for what is malformed, or moves only.
enum MouseReport {
    /// No terminal has more columns or rows.
    private static let furthest = 32_767

    /// The beginning of a report in the form of SGR 1006: `Esc [ < button ; column ; row M`, with `m` for a release.
    static let beginSGR = Array("\u{1b}[<".utf8)
    /// The beginning of a report in the form of X10: three bytes follow.
    static let beginX10 = Array("\u{1b}[M".utf8)

    /// A whole sequence in the form of SGR.
    static func event(sgr sequence: [UInt8]) -> MouseEvent? {
        guard sequence.starts(with: beginSGR), let final = sequence.last,
            final == ASCII.mouseDown || final == ASCII.mouseUp
        else { return nil }
        let fields = sequence.dropFirst(beginSGR.count).dropLast()
            .split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map(number)
        guard fields.count == 3, let code = fields[0], let column = fields[1], let row = fields[2] else { return nil }
        return event(code: code, column: column, row: row, isRelease: final == ASCII.mouseUp)
    }

    /// The three bytes of a report in the form of X10, where each is 32 more than what it says.
    static func event(x10 bytes: [UInt8]) -> MouseEvent? {
        guard bytes.count == 3, bytes.allSatisfy({ $0 >= 32 }) else { return nil }
        let code = Int(bytes[0]) - 32
        // There is no release of a button of its own: 3 says that one of them went up.
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

extension ASCII {
    fileprivate static let mouseDown = UInt8(ascii: "M")
    fileprivate static let mouseUp = UInt8(ascii: "m")
}
