/// An amount of bytes for people.
public enum ByteAmount {
    /// Such as `0 B`, `512 B`, `1.2 KiB` and `10.0 MiB`.
    public static func words(_ count: Int64) -> String {
        guard count.magnitude >= 1_024 else { return "\(count) B" }
        var value = Double(count)
        for unit in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
            value /= 1_024
            // 1023.95 would round up to 1024.0, which is 1.0 of the next unit.
            if value.magnitude < 1_023.95 || unit == "EiB" { return "\(oneDecimal(value)) \(unit)" }
        }
        return "\(count) B"
    }

    private static func oneDecimal(_ value: Double) -> String {
        let tenths = Int64((value * 10).rounded())
        return "\(tenths < 0 ? "-" : "")\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
    }
}
