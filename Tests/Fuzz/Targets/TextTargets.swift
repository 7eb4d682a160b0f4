import Base
import Foundation

@testable import Terminal

extension FuzzTarget {
    // MARK: - SafeText

    /// Bytes from anywhere as text that is shown.
    static let safeText = FuzzTarget(
        "safe-text", longest: 200,
        seeds: [
            seed(12, text: "photos/2026/cat.jpg"), seed(5, text: "\u{1B}]0;title\u{7}\u{9B}31m\u{202E}gpj"),
            seed(7, text: "名前.txt\u{E0041}e\u{301}\u{301}\u{301}\u{301}"), seed(1, text: "\u{1112}\u{1161}\u{11AB}한글"),
            [9, 0x61, 0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80, 0xF4, 0x90, 0x80, 0x80],
            seed(3, text: "a\\x1b\\u{202e}\\n\\"), seed(6, text: "\u{301}x\u{200D}👩‍👩‍👧 \u{FE0F}"),
        ],
        words: ["\u{1B}", "\u{9B}", "\u{202E}", "\u{301}", "\u{200B}", "\\u{", "…", "名", "\u{1161}", "\u{E0041}", "."]
    ) { input in
        var parts = Parts(input)
        let choice = parts.byte()
        let columns = Int(choice & 31)
        let bytes = parts.bytes
        let text = SafeText(utf8: bytes)
        try checkSafe(text)
        try hold(SafeText(text.string) == text, "escaping twice changes nothing")
        switch choice >> 5 {
        case 0, 1:
            let clipped = choice >> 5 == 0 ? text.clipped(to: columns) : text.clippedInMiddle(to: columns)
            try checkSafe(clipped)
            try hold(clipped.width <= columns || text.width <= columns, "\(clipped.width) of \(columns) columns")
            try hold(clipped == SafeText(clipped.string), "a clipped text is escaped and measured")
        case 2, 3:
            let lines = text.wrapped(to: columns, first: choice >> 5 == 2 ? columns : columns / 2)
            try hold(lines.allSatisfy { $0.width <= max(1, columns) }, "lines of \(columns) columns: \(lines)")
            for line in lines { try checkSafe(line) }
            if columns > 1 { try hold(lines.map(\.string).joined() == text.string, "wrapping loses nothing") }
        case 4:
            let standIns = text.string.unicodeScalars.compactMap(SafeText.asciiStandIn)
            try hold(standIns.allSatisfy { (0x20...0x7E).contains($0.value) }, "ASCII alone: \(standIns)")
        case 5:
            let half = bytes.count / 2
            let joined = SafeText(utf8: bytes[..<half]) + SafeText(utf8: bytes[half...])
            try checkSafe(joined)
            try hold(joined == SafeText(joined.string), "safe texts join to one")
        case 6:
            try hold(text.padded(to: columns).width == max(columns, text.width), "padding fills the columns")
            try hold(text.units.reduce(0) { $0 + $1.width } == text.width, "units have the width of the text")
            try hold(text.characters.reduce(0) { $0 + $1.width } == text.width, "characters have its width")
        default:
            guard let string = String(validating: bytes, as: UTF8.self) else { return }
            try hold(SafeText(string) == text, "a string is escaped as its bytes are")
        }
    }

    /// Checks that a terminal shows a text and obeys nothing in it, by Unicode's own properties.
    private static func checkSafe(_ text: SafeText) throws {
        var marks = 0
        for scalar in text.string.unicodeScalars {
            if (0x20...0x7E).contains(scalar.value) {
                marks = 0
                continue
            }
            let properties = scalar.properties
            let isHidden = properties.isDefaultIgnorableCodePoint || properties.isBidiControl
            switch properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate:
                throw Broken(description: "U+\(String(scalar.value, radix: 16)) is obeyed")
            case .nonspacingMark, .enclosingMark: marks += 1
            default: marks = 0
            }
            try hold(!isHidden, "U+\(String(scalar.value, radix: 16)) is hidden")
            try hold(marks <= 3, "\(marks) marks on one character")
        }
    }

    // MARK: - Keys

    /// The bytes that a terminal sends.
    static let keys = FuzzTarget(
        "keys", longest: 96,
        seeds: [
            seed(0, 3, text: "q\u{1B}[A\u{1B}OB\u{1B}[5~é"), seed(1, 9, text: "\u{1B}[<0;10;5M\u{1B}[<0;10;5m"),
            seed(1, 4, text: "\u{1B}[M !!\u{1B}[M#!!"), seed(0, 8, text: "\u{1B}[200~a\r\nb\u{1B}[201\u{1B}[201~c"),
            seed(0, 2, text: "\u{1B}]0;x\u{7}\u{1B}P1$r0m\u{1B}\\z"),
            seed(0, 1, text: "\u{1B}\u{1B}[[A\u{1B}[1;5C\t\r"),
            [1, 5, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x98, 0x80, 0xFF, 0xC3, 0x1B, 0x5B, 0x3C],
        ],
        words: [
            "\u{1B}[", "\u{1B}O", "\u{1B}[200~", "\u{1B}[201~", "\u{1B}[M", "\u{1B}[<", "\u{1B}]", "\u{1B}\\", "~", ";",
        ]
    ) { input in
        var parts = Parts(input)
        let hasMouse = parts.byte() & 1 == 1
        let place = Int(parts.byte())
        let bytes = parts.rest
        var decoder = InputDecoder(hasMouse: hasMouse)
        let inputs = decoder.decode(bytes)

        var other = InputDecoder(hasMouse: hasMouse)
        let first = other.decode(bytes.prefix(place))
        try hold(inputs == first + other.decode(bytes.dropFirst(place)), "bytes mean the same in two pieces")
        try hold(decoder.isUndecided == other.isUndecided, "two pieces leave the same undecided")
        try hold(inputs.count <= bytes.count, "no more keys than bytes")
        for input in inputs { try check(input) }
        if let last = decoder.settle() { try hold(last == .key(.escape), "only Esc is a key by itself") }
        try hold(!decoder.isUndecided, "a decoder settles")
    }

    private static func check(_ input: Input) throws {
        switch input {
        case .key(let key):
            if case .character(let character) = key {
                let scalars = character.unicodeScalars
                try hold(scalars.count == 1, "a key is one scalar")
                let isControl = scalars.first.map { $0.properties.generalCategory == .control }
                try hold(isControl == false, "a control is not a character")
            }
            try hold(!key.name.isEmpty, "a key has a name")
        case .paste(let bytes):
            try hold(!bytes.contains(UInt8(ascii: "\r")), "lines of a paste end with a line feed")
            try hold(bytes.count <= InputDecoder.longestPaste, "a paste is bounded")
        case .mouse(let event): try hold(event.point.column >= 0 && event.point.row >= 0, "a place on the screen")
        case .overlongPaste: break
        case .resized: throw Broken(description: "no bytes change the size")
        }
    }
}
