/// The text of an SMS, and in how many segments it goes: each is paid for.
struct SMSText: Sendable, Hashable {
    enum Encoding: String, Sendable, Hashable {
        /// The alphabet of GSM 03.38: 160 characters in one segment, 153 in each of several.
        case gsm7 = "GSM-7"
        /// UTF-16: 70 units in one segment, 67 in each of several. One character outside GSM-7 is enough.
        case ucs2 = "UCS-2"
    }

    /// The longest that Twilio takes, in UTF-16 units.
    static let longest = 1_600

    let text: String
    let encoding: Encoding
    /// At least 1.
    let segments: Int

    init(_ text: String) {
        self.text = text
        var units: [Int] = []
        units.reserveCapacity(text.utf8.count)
        var isGSM = true
        for scalar in text.unicodeScalars {
            guard let septets = Self.septets(scalar) else {
                isGSM = false
                break
            }
            units.append(septets)
        }
        if !isGSM { units = text.unicodeScalars.map { $0.value > 0xffff ? 2 : 1 } }
        encoding = isGSM ? .gsm7 : .ucs2
        segments = Self.segments(units, alone: isGSM ? 160 : 70, joined: isGSM ? 153 : 67)
    }

    /// A text of at most that many segments, and no longer than Twilio takes: the end that has no room is cut, and
    /// dots say so.
    init(_ text: String, atMost segments: Int) {
        let whole = SMSText(text)
        guard whole.segments > segments || text.utf16.count > Self.longest else {
            self = whole
            return
        }
        let characters = Array(text.prefix(Self.longest))
        var best = SMSText("...")
        var (low, high) = (0, characters.count)
        while low <= high {
            let middle = (low + high) / 2
            let head = String(characters[..<middle])
            // `…` is not in GSM-7, and would more than halve the room.
            let cut = SMSText(head + (SMSText(head).encoding == .gsm7 ? "..." : "…"))
            if cut.segments <= segments, cut.text.utf16.count <= Self.longest {
                best = cut
                low = middle + 1
            } else {
                high = middle - 1
            }
        }
        self = best
    }

    /// Such as `43 characters, GSM-7, 1 segment`.
    var summary: String {
        "\(text.count) character\(text.count == 1 ? "" : "s"), \(encoding.rawValue),"
            + " \(segments) segment\(segments == 1 ? "" : "s")"
    }

    /// No character is divided between two segments.
    private static func segments(_ units: [Int], alone: Int, joined: Int) -> Int {
        guard units.reduce(0, +) > alone else { return 1 }
        var count = 1
        var used = 0
        for length in units {
            if used + length > joined {
                count += 1
                used = 0
            }
            used += length
        }
        return count
    }

    /// How many places of seven bits a character takes in GSM-7; nil where it is not in it.
    private static func septets(_ scalar: Unicode.Scalar) -> Int? {
        if basic.contains(scalar) { return 1 }
        return extended.contains(scalar) ? 2 : nil
    }

    /// Source: 3GPP TS 23.038, 6.2.1, without the escape.
    private static let basic = Set(
        ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
            + "abcdefghijklmnopqrstuvwxyzäöñüà").unicodeScalars)
    private static let extended = Set("\u{0c}^{}\\[~]|€".unicodeScalars)
}
