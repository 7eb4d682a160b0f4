/// The bytes that a program writes to a terminal, and what in them was not to be written: a control sequence that
/// b2watch and ncurses do not use, and a character that changes what others look like.
package struct TerminalBytes {
    /// The number in all hostile sequences: one that no sequence of ours has.
    package static let mark = "31337"

    /// Texts that a terminal would obey, or that change how others look. Each is found by `violations` as it is.
    package static let hostile: [String] = [
        // Colours, clearing, the cursor, the title; by ESC and by C1.
        "\u{1B}[\(mark)m", "\u{1B}[\(mark);2J", "\u{9B}\(mark)m", "\u{1B}]0;\(mark)\u{7}", "\u{9D}0;\(mark)\u{9C}",
        // Links, the clipboard, a question that the terminal would answer into the shell.
        "\u{1B}]8;;http://\(mark)\u{1B}\\\(mark)", "\u{1B}]52;c;\(mark)\u{7}", "\u{1B}P$qm\u{1B}\\", "\u{90}$qm\u{9C}",
        "\u{1B}[\(mark)c", "\u{1B}^\(mark)\u{1B}\\", "\u{1B}_\(mark)\u{1B}\\", "\u{1B}X\(mark)\u{1B}\\", "\u{1B}c",
        // Single controls.
        "\u{7}", "\u{0}", "\u{7F}", "\u{85}", "\u{B}", "\u{C}", "\u{5}",
        // The direction of writing, invisible characters, tags.
        "\u{202E}gpj", "\u{2066}x", "\u{200F}x", "\u{200B}", "\u{FEFF}", "\u{E0041}\u{E007F}", "\u{2028}", "\u{AD}",
        // Marks without end.
        "e" + String(repeating: "\u{301}", count: 1_000),
    ]

    /// The bytes that no terminal receives, whatever the kind of output.
    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x80...0x9F, 0xAD, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB,
            0xE0000...0xE0FFF:
            true
        default: false
        }
    }

    /// Returns what is wrong with output, at most ten.
    ///
    /// - Parameters:
    ///   - isScreen: Whether the screen's own sequences may be in it; without them only newlines may be.
    ///   - isData: Whether it is data for a program, such as JSON, which has all marks of a character.
    package static func violations(in bytes: [UInt8], isScreen: Bool, isData: Bool = false) -> [String] {
        var found: [String] = []
        var marks = 0
        let text = String(decoding: bytes, as: UTF8.self)
        if !text.utf8.elementsEqual(bytes) { found.append("bytes that are not UTF-8") }
        let scalars = Array(text.unicodeScalars)
        var index = 0
        while index < scalars.count, found.count < 10 {
            let scalar = scalars[index]
            index += 1
            if scalar.properties.generalCategory == .nonspacingMark {
                marks += 1
                if marks == 20, !isData { found.append("many marks on one character") }
                continue
            }
            marks = 0
            switch scalar.value {
            case 0x0A: break
            case 0x1B where isScreen:
                let (length, problem) = sequence(scalars[index...])
                index += length
                if let problem { found.append(problem) }
            case 0x08, 0x09, 0x0D, 0x0E, 0x0F: if !isScreen { found.append("control \(scalar.value)") }
            case 0..<0x20, 0x7F: found.append("control \(scalar.value)")
            case _ where isForbidden(scalar): found.append("U+\(String(scalar.value, radix: 16))")
            default: break
            }
        }
        return found
    }

    /// Reads an escape sequence behind its ESC.
    ///
    /// - Returns: Its length, and what is wrong with it.
    private static func sequence(_ rest: ArraySlice<Unicode.Scalar>) -> (length: Int, problem: String?) {
        guard let first = rest.first else { return (0, nil) }
        switch first {
        case "[":
            let parameters = rest.dropFirst().prefix { (0x20...0x3F).contains($0.value) }
            let text = String(String.UnicodeScalarView(parameters))
            guard let final = rest.dropFirst(1 + parameters.count).first else { return (rest.count, nil) }
            let isOurs = "ABCDEFGHIJKLMPSTXZ@`abdefghlmrstu".unicodeScalars.contains(final) && !text.contains(mark)
            return (2 + parameters.count, isOurs ? nil : "ESC [\(text)\(final)")
        case "(", ")": return (2, nil)
        case "=", ">", "7", "8", "M": return (1, nil)
        default: return (1, "ESC \(first)")
        }
    }
}
