/// The wording of numbers and quantities.
public enum Wording {
    /// Returns a quantity, such as `1 delivery` or `2,000 deliveries`.
    public static func count(_ number: Int, _ one: String, _ many: String) -> String {
        "\(grouped(number)) \(number == 1 ? one : many)"
    }

    /// Returns a number such as `12,345`.
    public static func grouped(_ number: Int) -> String {
        var text = ""
        for (index, digit) in String(number.magnitude).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (number < 0 ? "-" : "") + String(text.reversed())
    }

    /// Returns a readable size: `0 B`, `512 B`, `1.2 KiB`, `10.0 MiB`.
    public static func bytes(_ count: Int64) -> String {
        guard count.magnitude >= 1_024 else { return "\(count) B" }
        var value = Double(count)
        for unit in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
            value /= 1_024
            // 1023.95 would round up to 1024.0, which is 1.0 of the next unit.
            if value.magnitude < 1_023.95 || unit == "EiB" { return "\(oneDecimal(value)) \(unit)" }
        }
        return "\(count) B"
    }

    /// Returns a duration: `0.3 ms`, `12 ms`, `3.2 s`.
    public static func duration(microseconds: Int) -> String {
        switch microseconds.magnitude {
        case 0..<9_950: "\(oneDecimal(Double(microseconds) / 1_000)) ms"
        case 0..<999_500: "\((microseconds + 500) / 1_000) ms"
        default: "\(oneDecimal(Double(microseconds) / 1_000_000)) s"
        }
    }

    /// Returns the time between two moments: `0.4 s later`, `2 min 5 s later`, `1.0 s earlier`.
    public static func delay(milliseconds: Int64) -> String {
        "\(amount(milliseconds: milliseconds.magnitude)) \(milliseconds >= 0 ? "later" : "earlier")"
    }

    /// Returns a number in at most six columns: `999,999`, `1.2 M`.
    public static func short(_ number: Int) -> String {
        switch number.magnitude {
        case 0..<100_000: grouped(number)
        case 0..<1_000_000: "\(number / 1_000) k"
        case 0..<1_000_000_000: "\(oneDecimal(Double(number) / 1_000_000)) M"
        default: "\(oneDecimal(Double(number) / 1_000_000_000)) G"
        }
    }

    /// Returns a share in percent, rounded.
    public static func percent(_ part: Int, of whole: Int) -> Int {
        whole > 0 ? Int((Double(part) * 100 / Double(whole)).rounded()) : 0
    }

    /// Returns a duration of any length: `0.3 ms`, `3.2 s`, `2 min 5 s`, `3 days`.
    public static func span(microseconds: Int) -> String {
        guard microseconds.magnitude >= 60_000_000 else { return duration(microseconds: microseconds) }
        return amount(milliseconds: UInt64(microseconds.magnitude / 1_000))
    }

    private static func amount(milliseconds size: UInt64) -> String {
        let seconds = Int64(clamping: size / 1_000)
        return switch size {
        case 0..<1_000: "\(size) ms"
        case 0..<60_000: "\(oneDecimal(Double(size) / 1_000)) s"
        case 0..<3_600_000: "\(seconds / 60) min \(seconds % 60) s"
        case 0..<172_800_000: "\(seconds / 3_600) h \(seconds / 60 % 60) min"
        default: "\(seconds / 86_400) days"
        }
    }

    private static func oneDecimal(_ value: Double) -> String {
        let tenths = Int64((value * 10).rounded())
        return "\(tenths < 0 ? "-" : "")\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
    }
}

// MARK: - Reading

/// Units of time in a text.
public enum TimeUnits {
    /// Returns the duration of a number and a unit, such as `90s`, `30m`, `2h` or `1d`; nil for any other text.
    ///
    /// - Parameters:
    ///   - units: The allowed units, of `s`, `m`, `h`, `d` and `w`.
    ///   - numbers: The allowed numbers before the unit.
    public static func duration(_ text: String, in units: String, numbers: ClosedRange<Int>) -> Duration? {
        let seconds: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
        let digits = text.prefix { ("0"..."9").contains($0) }
        guard text.count == digits.count + 1, let unit = text.last, units.contains(unit), let length = seconds[unit],
            let number = Int(digits), numbers.contains(number)
        else { return nil }
        return .seconds(number * length)
    }
}
