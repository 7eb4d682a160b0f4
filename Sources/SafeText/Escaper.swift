/// Turns bytes into safe text, in one pass.
///
/// Runs of printable ASCII, nearly everything there is, are copied as they stand.
struct Escaper {
    /// The marks that may be on one character. More would climb into the lines above.
    private static let mostMarks = 3

    private var output: [UInt8] = []
    private var width = 0
    /// The last character written, if marks may still join it.
    private var base: Unicode.Scalar?
    private var marks = 0

    static func escape(_ bytes: UnsafeBufferPointer<UInt8>) -> SafeText {
        guard bytes.contains(where: { !isPlain($0) }) else {
            return SafeText(escaped: String(decoding: bytes, as: UTF8.self), width: bytes.count)
        }
        var escaper = Escaper()
        escaper.output.reserveCapacity(bytes.count + bytes.count / 8)
        escaper.take(bytes)
        return SafeText(escaped: String(decoding: escaper.output, as: UTF8.self), width: escaper.width)
    }

    /// Printable ASCII.
    private static func isPlain(_ byte: UInt8) -> Bool { byte &- 0x20 < 0x5f }

    private mutating func take(_ bytes: UnsafeBufferPointer<UInt8>) {
        var index = 0
        while index < bytes.count {
            let start = index
            while index < bytes.count, Self.isPlain(bytes[index]) { index += 1 }
            if index > start {
                keep(bytes[start..<index])
                continue
            }
            let rest = UnsafeBufferPointer(rebasing: bytes[index...])
            if let (scalar, length) = UTF8Scalar.first(in: rest) {
                take(scalar)
                index += length
            } else {
                escape(hex: UInt32(bytes[index]))
                index += 1
            }
        }
    }

    private mutating func keep(_ run: Slice<UnsafeBufferPointer<UInt8>>) {
        output.append(contentsOf: run)
        width += run.count
        base = run.last.map(Unicode.Scalar.init)
        marks = 0
    }

    private mutating func take(_ scalar: Unicode.Scalar) {
        switch Showing(scalar) {
        case .columns(let columns):
            append(scalar)
            width += columns
            base = scalar
            marks = 0
        case .mark where joinsBase(scalar):
            append(scalar)
            marks += 1
        case .mark, .escaped:
            escape(scalar)
        }
    }

    private func joinsBase(_ mark: Unicode.Scalar) -> Bool {
        guard let base, marks < Self.mostMarks else { return false }
        return mark.isJoiningJamo ? base.takesJamo : true
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    private mutating func escape(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\n": escape("\\n")
        case "\r": escape("\\r")
        case "\t": escape("\\t")
        case _ where scalar.isASCII: escape(hex: scalar.value)
        default: escape("\\u{\(String(scalar.value, radix: 16))}")
        }
    }

    private mutating func escape(hex value: UInt32) {
        escape(value < 0x10 ? "\\x0\(String(value, radix: 16))" : "\\x\(String(value, radix: 16))")
    }

    /// Writes an escape; a mark that follows has no character to join.
    private mutating func escape(_ written: String) {
        output.append(contentsOf: written.utf8)
        width += written.utf8.count
        base = nil
        marks = 0
    }
}
