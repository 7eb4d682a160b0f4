extension SafeText {
    private static let ellipsis = SafeText(escaped: "…", width: 1)

    /// The text in at most that many columns: what does not fit is cut from its end, and `…` says so.
    public func clipped(to columns: Int) -> SafeText {
        guard width > columns else { return self }
        guard columns > 0 else { return .empty }
        return head(of: columns - 1) + Self.ellipsis
    }

    /// The text in at most that many columns: what does not fit is cut from its middle, and `…` says so.
    ///
    /// Half of the room goes to each side; more to the ending where a file's extension needs it.
    public func clippedInMiddle(to columns: Int) -> SafeText {
        guard width > columns else { return self }
        guard columns > 0 else { return .empty }
        let room = columns - 1
        var ending = tail(of: (room + 1) / 2)
        let longest = tail(of: room - 1)
        if let dot = longest.string.lastIndex(of: "."), !ending.string.contains(".") {
            let suffix = longest.string[dot...]
            if !suffix.contains("/") { ending = Self.measured(suffix) }
        }
        return head(of: room - ending.width) + Self.ellipsis + ending
    }

    /// As many whole units from the beginning as fit.
    private func head(of columns: Int) -> SafeText {
        var end = string.startIndex
        var used = 0
        for unit in units {
            guard used + unit.width <= columns else { break }
            end = unit.text.endIndex
            used += unit.width
        }
        return SafeText(escaped: String(string[..<end]), width: used)
    }

    /// As many whole units from the end as fit.
    ///
    /// Looks at no more of the text than can matter, so that a name of a megabyte costs no more than a short one.
    private func tail(of columns: Int) -> SafeText {
        guard columns > 0 else { return .empty }
        let nearby = nearEnd(columns: columns)
        var start = string.endIndex
        var used = 0
        for unit in nearby.reversed() {
            guard used + unit.width <= columns else { break }
            start = unit.text.startIndex
            used += unit.width
        }
        return SafeText(escaped: String(string[start...]), width: used)
    }

    private func nearEnd(columns: Int) -> [Unit] {
        // A column takes at most 16 bytes (a character and three marks). The rest is for an escape cut in two by
        // where we begin: it reads as single characters, all of them before the part that is kept.
        let bytes = columns * 16 + 32
        guard string.utf8.count > bytes else { return Array(units) }
        let start = string.utf8.index(string.endIndex, offsetBy: -bytes)
        let whole = string.unicodeScalars.index(after: start)
        return Array(Units(string[whole...], keepsEscapes: true))
    }

    private static func measured(_ part: Substring) -> SafeText {
        let width = Units(part, keepsEscapes: true).reduce(0) { $0 + $1.width }
        return SafeText(escaped: String(part), width: width)
    }
}
