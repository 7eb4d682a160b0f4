internal import SafeText

/// Names from outside as they are put into a message.
enum SafeName {
    /// With controls, bidi controls and invisible characters written out, and at most so long.
    static func shown(_ name: String, atMost limit: Int) -> String {
        let head = String(String.UnicodeScalarView(name.unicodeScalars.prefix(limit + 1)))
        let safe = SafeText(head).string
        return safe.count <= limit ? safe : safe.prefix(limit - 1) + "…"
    }
}
