import Foundation

/// Ways to write text as bytes, other than UTF-8.
enum Charset: CaseIterable {
    case utf16Little, utf16Big, utf16LittleMarked, utf16BigMarked, utf32Little, utf32Big, utf32LittleMarked
    case utf32BigMarked, latin1
    case windows1252, latin9, latin2, windows1250, windows1251, macRoman, codePage437, codePage850

    /// The charsets of one byte a character, the most common first.
    static let single: [Charset] = [
        .windows1252, .latin1, .latin9, .latin2, .windows1250, .windows1251, .macRoman, .codePage437, .codePage850,
    ]

    var name: String {
        switch self {
        case .utf16Little: "UTF-16LE"
        case .utf16Big: "UTF-16BE"
        case .utf16LittleMarked: "UTF-16LE with a byte-order mark"
        case .utf16BigMarked: "UTF-16BE with a byte-order mark"
        case .utf32Little: "UTF-32LE"
        case .utf32Big: "UTF-32BE"
        case .utf32LittleMarked: "UTF-32LE with a byte-order mark"
        case .utf32BigMarked: "UTF-32BE with a byte-order mark"
        case .latin1: "Latin-1"
        case .windows1252: "Windows-1252"
        case .latin9: "ISO-8859-15"
        case .latin2: "ISO-8859-2"
        case .windows1250: "Windows-1250"
        case .windows1251: "Windows-1251"
        case .macRoman: "Mac Roman"
        case .codePage437: "code page 437"
        case .codePage850: "code page 850"
        }
    }

    /// The characters of the bytes from 0x80 on, with U+FFFD for an unassigned byte.
    private var upperHalf: String? {
        switch self {
        case .windows1252:
            "€\u{FFFD}‚ƒ„…†‡ˆ‰Š‹Œ\u{FFFD}Ž\u{FFFD}\u{FFFD}‘’“”•–—˜™š›œ\u{FFFD}žŸ"
                + "\u{A0}¡¢£¤¥¦§¨©ª«¬\u{AD}®¯°±²³´µ¶·¸¹º»¼½¾¿"
                + "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß"
                + "àáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ"
        case .latin9:
            "\u{80}\u{81}\u{82}\u{83}\u{84}\u{85}\u{86}\u{87}\u{88}\u{89}\u{8A}\u{8B}\u{8C}\u{8D}\u{8E}\u{8F}\u{90}\u{91}\u{92}\u{93}\u{94}\u{95}\u{96}\u{97}\u{98}\u{99}\u{9A}\u{9B}\u{9C}\u{9D}\u{9E}\u{9F}"
                + "\u{A0}¡¢£€¥Š§š©ª«¬\u{AD}®¯°±²³Žµ¶·ž¹º»ŒœŸ¿"
                + "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß"
                + "àáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ"
        case .latin2:
            "\u{80}\u{81}\u{82}\u{83}\u{84}\u{85}\u{86}\u{87}\u{88}\u{89}\u{8A}\u{8B}\u{8C}\u{8D}\u{8E}\u{8F}\u{90}\u{91}\u{92}\u{93}\u{94}\u{95}\u{96}\u{97}\u{98}\u{99}\u{9A}\u{9B}\u{9C}\u{9D}\u{9E}\u{9F}"
                + "\u{A0}Ą˘Ł¤ĽŚ§¨ŠŞŤŹ\u{AD}ŽŻ°ą˛ł´ľśˇ¸šşťź˝žż"
                + "ŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢß"
                + "ŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙"
        case .windows1250:
            "€\u{FFFD}‚\u{FFFD}„…†‡\u{FFFD}‰Š‹ŚŤŽŹ\u{FFFD}‘’“”•–—\u{FFFD}™š›śťžź"
                + "\u{A0}ˇ˘Ł¤Ą¦§¨©Ş«¬\u{AD}®Ż°±˛ł´µ¶·¸ąş»Ľ˝ľż"
                + "ŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢß"
                + "ŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙"
        case .windows1251:
            "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\u{FFFD}™љ›њќћџ"
                + "\u{A0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{AD}®Ї°±Ііґµ¶·ё№є»јЅѕї"
                + "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"
                + "абвгдежзийклмнопрстуфхцчшщъыьэюя"
        case .macRoman:
            "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü"
                + "†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø"
                + "¿¡¬√ƒ≈∆«»…\u{A0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ"
                + "‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{F8FF}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ"
        case .codePage437:
            "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ"
                + "áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐"
                + "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
                + "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{A0}"
        case .codePage850:
            "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ"
                + "áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐"
                + "└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀"
                + "ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{AD}±‗¾¶§÷¸°¨·¹³²■\u{A0}"
        default: nil
        }
    }

    private static let tables: [Charset: [Unicode.Scalar]] = Dictionary(
        uniqueKeysWithValues: single.map { charset in
            (charset, charset.upperHalf.map { Array($0.unicodeScalars) } ?? (0x80...0xFF).map { Unicode.Scalar($0) })
        })

    private static let bytes: [Charset: [Unicode.Scalar: UInt8]] = tables.mapValues { table in
        Dictionary(
            table.enumerated().filter { $0.element != "\u{FFFD}" }.map { ($0.element, UInt8($0.offset + 0x80)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Returns the byte of a character in a charset of one byte a character; nil where it has none.
    func byte(of scalar: Unicode.Scalar) -> UInt8? {
        scalar.isASCII ? UInt8(scalar.value) : Self.bytes[self]?[scalar]
    }

    /// Returns the text in this charset; nil where it cannot be written so, and where it would be the same as UTF-8.
    func encode(_ text: String) -> [UInt8]? {
        switch self {
        case .utf16Little: return Array(text.utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        case .utf16Big: return Array(text.utf16).flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        case .utf16LittleMarked: return [0xFF, 0xFE] + (Charset.utf16Little.encode(text) ?? [])
        case .utf16BigMarked: return [0xFE, 0xFF] + (Charset.utf16Big.encode(text) ?? [])
        case .utf32Little: return text.unicodeScalars.flatMap { Self.quad($0.value).reversed() }
        case .utf32Big: return text.unicodeScalars.flatMap { Self.quad($0.value) }
        case .utf32LittleMarked: return [0xFF, 0xFE, 0, 0] + (Charset.utf32Little.encode(text) ?? [])
        case .utf32BigMarked: return [0, 0, 0xFE, 0xFF] + (Charset.utf32Big.encode(text) ?? [])
        default:
            guard text.utf8.contains(where: { $0 >= 0x80 }) else { return nil }
            var output: [UInt8] = []
            for scalar in text.unicodeScalars {
                guard let byte = byte(of: scalar) else { return nil }
                output.append(byte)
            }
            return output
        }
    }

    /// Returns the text of bytes in a charset of one byte a character; nil where one of them has no character.
    func decode(_ bytes: [UInt8]) -> [UInt8]? {
        guard let table = Self.tables[self] else { return nil }
        var output: [UInt8] = []
        for byte in bytes {
            guard byte >= 0x80 else {
                output.append(byte)
                continue
            }
            let scalar = table[Int(byte) - 0x80]
            guard scalar != "\u{FFFD}" else { return nil }
            output += UTF8.encode(scalar) ?? .init()
        }
        return output
    }

    private static func quad(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)]
    }
}

extension BodyStep {
    private static let keepsText =
        "Have the text passed on in UTF-8, unchanged: set the charset of the connection, file or column to UTF-8, or pass"
        + " bytes in place of text."

    fileprivate static let fromUTF16 = BodyStep(
        "utf16", "converted from UTF-16 to UTF-8",
        doneBy: "a program of Windows, .NET or Java that writes text as it keeps it",
        advice: keepsText)
    fileprivate static let fromUTF32 = BodyStep(
        "utf32", "converted from UTF-32 to UTF-8", doneBy: "a program that writes text as it keeps it",
        advice: keepsText)
    fileprivate static func misread(_ charset: Charset) -> BodyStep {
        BodyStep(
            "mojibake", "with its UTF-8 no longer read as \(charset.name) and encoded again",
            doneBy: "a program or database that takes UTF-8 for another charset", advice: keepsText)
    }
    fileprivate static func from(_ charset: Charset) -> BodyStep {
        BodyStep(
            "charset", "converted from \(charset.name) to UTF-8",
            doneBy: "a program or database whose charset is not UTF-8", advice: keepsText)
    }
    fileprivate static let fromSurrogates = BodyStep(
        "surrogates", "with its surrogates written as UTF-8",
        doneBy: "Java's modified UTF-8, or Oracle's charset UTF8 (CESU-8)",
        advice: keepsText)
    fileprivate static func normalised(_ name: String) -> BodyStep {
        BodyStep(
            "normalised", "normalised to Unicode's \(name)",
            doneBy: "a file system (macOS), database or program that normalises text",
            advice: "Have the text passed on as it is, without Unicode normalisation.")
    }
    fileprivate static let plainPunctuation = BodyStep(
        "punctuation", "with plain quotes and spaces for typographic ones",
        doneBy: "a chat, office or notes program that corrects quotes and spaces",
        advice: "Do not copy the body through such a program, or switch its correction off.")
}

extension BodyUndo {
    /// Changes of the charset and of characters.
    static let charsets: [BodyUndo] = [
        BodyUndo(.withoutByteOrderMark) {
            $0.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array($0.bytes.dropFirst(3)) : nil
        },
        BodyUndo(.withoutZeros) { body in
            let text = trimmed(body.bytes[...]) { $0 == 0 }
            return text.count == body.bytes.count || text.contains(0) ? nil : text
        },
        BodyUndo(.fromUTF16) { body in
            let bytes = whole(body.bytes, of: 2)
            guard bytes.count >= 4, bytes.count.isMultiple(of: 2) else { return nil }
            let isMarkedLittle = bytes.starts(with: [0xFF, 0xFE])
            let isMarked = isMarkedLittle || bytes.starts(with: [0xFE, 0xFF])
            guard isMarked || bytes[0] == 0 || bytes[1] == 0 else { return nil }
            let isLittle = isMarked ? isMarkedLittle : bytes[1] == 0
            let units = stride(from: isMarked ? 2 : 0, to: bytes.count, by: 2).map { index in
                isLittle
                    ? UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8
                    : UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1])
            }
            return String(validating: units, as: UTF16.self).map { Array($0.utf8) }
        },
        BodyUndo(.fromUTF32) { body in
            let bytes = whole(body.bytes, of: 4)
            guard bytes.count >= 8, bytes.count.isMultiple(of: 4) else { return nil }
            let isLittle = bytes[2] == 0 && bytes[3] == 0
            guard isLittle || (bytes[0] == 0 && bytes[1] == 0) else { return nil }
            var text = String.UnicodeScalarView()
            for index in stride(from: 0, to: bytes.count, by: 4) {
                let quad = bytes[index..<index + 4].map { UInt32($0) }
                let value =
                    isLittle
                    ? quad[0] | quad[1] << 8 | quad[2] << 16 | quad[3] << 24
                    : quad[3] | quad[2] << 8 | quad[1] << 16 | quad[0] << 24
                guard let scalar = Unicode.Scalar(value) else { return nil }
                if index > 0 || value != 0xFEFF { text.append(scalar) }
            }
            return Array(String(text).utf8)
        },
        BodyUndo("with its text read as UTF-8 once less") { body in
            guard body.isText, body.bytes.contains(where: { $0 >= 0x80 }) else { return [] }
            return Charset.single.compactMap { charset in
                onceLess(body.bytes, charset).map { Undone(.misread(charset), $0) }
            }
        },
        BodyUndo("converted from Latin-1, Windows-1252 and the like") { body in
            guard String(validating: body.bytes, as: UTF8.self) == nil, !body.bytes.contains(0) else { return [] }
            return Charset.single.compactMap { charset in
                charset.decode(body.bytes).map { Undone(.from(charset), $0) }
            }
        },
        BodyUndo(.fromSurrogates) { withoutSurrogates($0.bytes) },
        BodyUndo(.plainPunctuation) { body in
            guard body.isText, body.tree == nil, body.bytes.contains(where: { $0 >= 0x80 }) else { return nil }
            var output: [UInt8] = []
            for scalar in String(decoding: body.bytes, as: UTF8.self).unicodeScalars {
                switch scalar {
                case "“", "”", "„", "‟", "«", "»", "″": output.append(UInt8(ascii: "\""))
                case "‘", "’", "‚": output.append(UInt8(ascii: "'"))
                case "\u{A0}", "\u{202F}", "\u{2007}", "\u{3000}": output.append(0x20)
                case "\u{FEFF}" where output.isEmpty: output += UTF8.encode(scalar) ?? .init()
                case "\u{200B}", "\u{FEFF}", "\u{2060}", "\u{200E}", "\u{200F}": continue
                case "\u{2028}", "\u{2029}", "\u{85}": output.append(0x0A)
                default: output += UTF8.encode(scalar) ?? .init()
                }
            }
            return output == body.bytes ? nil : output
        },
        BodyUndo("in Unicode's normal forms") { body in
            guard body.isText, body.bytes.contains(where: { $0 >= 0x80 }) else { return [] }
            let text = String(decoding: body.bytes, as: UTF8.self)
            let forms = [
                ("NFC", text.precomposedStringWithCanonicalMapping),
                ("NFD", text.decomposedStringWithCanonicalMapping),
                ("NFKC", text.precomposedStringWithCompatibilityMapping),
                ("NFKD", text.decomposedStringWithCompatibilityMapping),
            ]
            return forms.map { ($0.0, Array($0.1.utf8)) }.filter { $0.1 != body.bytes }
                .map { Undone(.normalised($0.0), $0.1) }
        },
    ]

    /// Returns bytes without a line end behind the last whole unit, which a program added byte by byte.
    private static func whole(_ bytes: [UInt8], of width: Int) -> [UInt8] {
        let rest = bytes.suffix(bytes.count % width)
        return rest.allSatisfy { $0 == 0x0A || $0 == 0x0D } ? bytes.dropLast(rest.count) : bytes
    }

    /// Returns text whose runs of characters were UTF-8 read in a charset; nil without such a run.
    private static func onceLess(_ text: [UInt8], _ charset: Charset) -> [UInt8]? {
        var output: [UInt8] = []
        var run: [UInt8] = []
        var source: [UInt8] = []
        var hasChanged = false
        var hasKept = false
        func flush() {
            if !run.isEmpty, String(validating: run, as: UTF8.self) != nil {
                output += run
                hasChanged = true
            } else {
                hasKept = hasKept || !source.isEmpty
                output += source
            }
            run.removeAll(keepingCapacity: true)
            source.removeAll(keepingCapacity: true)
        }
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            guard !scalar.isASCII else {
                flush()
                output.append(UInt8(scalar.value))
                continue
            }
            // What Windows-1252 leaves open is read as Latin-1 reads it.
            let byte =
                charset.byte(of: scalar) ?? (charset == .windows1252 && scalar.value < 0xA0 ? UInt8(scalar.value) : nil)
            guard let byte else {
                flush()
                hasKept = true
                output += UTF8.encode(scalar) ?? .init()
                continue
            }
            run.append(byte)
            source += UTF8.encode(scalar) ?? .init()
        }
        flush()
        // Only the commonest is looked for where some of the text was not read so.
        return hasChanged && (charset == .windows1252 || !hasKept) ? output : nil
    }

    /// Returns text in which each pair of surrogates, three bytes each, has become one character; nil without such
    /// pairs.
    private static func withoutSurrogates(_ bytes: [UInt8]) -> [UInt8]? {
        func surrogate(at index: Int) -> UInt16? {
            guard index + 2 < bytes.count, bytes[index] == 0xED, bytes[index + 1] >= 0xA0, bytes[index + 1] <= 0xBF,
                bytes[index + 2] & 0xC0 == 0x80
            else { return nil }
            return 0xD000 | UInt16(bytes[index + 1] & 0x3F) << 6 | UInt16(bytes[index + 2] & 0x3F)
        }
        var output: [UInt8] = []
        var hasChanged = false
        var index = 0
        while index < bytes.count {
            if let high = surrogate(at: index), let low = surrogate(at: index + 3),
                let pair = String(validating: [high, low], as: UTF16.self)
            {
                output += pair.utf8
                hasChanged = true
                index += 6
            } else {
                output.append(bytes[index])
                index += 1
            }
        }
        return hasChanged ? output : nil
    }
}
