/// Bytes as words of a shell command that can be pasted anywhere.
///
/// What comes out is printable ASCII on one line, so no terminal obeys it, no line editor completes at a tab, and no
/// encoding changes it. It keeps to what POSIX shells and fish read alike, also where an interactive one expands `!`.
/// What cannot stand in single quotes goes through `printf`, in octal.
public enum ShellWord {
    /// One argument, without quotes where it needs none: for commands that a person reads before they are pasted.
    public static func readable(_ text: String) -> String {
        let isBare =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: "/._-+:@%".utf8.contains(byte)
                }
            }
        return isBare ? text : argument(text)
    }

    /// One argument. Bytes 0, and newlines at its end, cannot be in one: they are lost.
    static func argument(_ bytes: some Collection<UInt8>) -> String {
        if bytes.allSatisfy(isPlain) { return "'" + String(decoding: bytes, as: UTF8.self) + "'" }
        return "\"$(printf '" + format(bytes, inDoubleQuotes: true) + "')\""
    }

    /// One argument.
    static func argument(_ text: String) -> String { argument(text.utf8) }

    /// A command that prints the bytes, whatever they are.
    static func printing(_ bytes: some Collection<UInt8>) -> String {
        "printf '" + format(bytes, inDoubleQuotes: false) + "'"
    }

    /// Whether a byte may stand within single quotes. A backslash may not: to fish it means something there.
    static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "'") && byte != UInt8(ascii: "\\")
    }

    /// The format of a `printf` without arguments: every backslash in it is followed by `n` or three digits, and there
    /// is no quote.
    private static func format(_ bytes: some Collection<UInt8>, inDoubleQuotes: Bool) -> String {
        var format: [UInt8] = []
        format.reserveCapacity(bytes.count + bytes.count / 8)
        for (place, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "%"): format += [byte, byte]
            case UInt8(ascii: "\n"): format += Array("\\n".utf8)
            // An option begins so.
            case UInt8(ascii: "-") where place == 0: format += octal(byte)
            // An interactive bash sees these through single quotes that stand in double ones; csh sees ! through all.
            case UInt8(ascii: "!"): format += octal(byte)
            case UInt8(ascii: "\""), UInt8(ascii: "$"), UInt8(ascii: "`"):
                format += inDoubleQuotes ? octal(byte) : [byte]
            case _ where isPlain(byte): format.append(byte)
            default: format += octal(byte)
            }
        }
        return String(decoding: format, as: UTF8.self)
    }

    private static func octal(_ byte: UInt8) -> [UInt8] {
        let zero = UInt8(ascii: "0")
        return [UInt8(ascii: "\\"), zero + byte >> 6, zero + byte >> 3 & 7, zero + byte & 7]
    }
}
