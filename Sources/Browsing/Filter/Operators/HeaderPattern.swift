import History

extension FilterArgument {
    /// Where the header fields hold a text, which may be `Name: value`.
    ///
    /// They are kept as a JSON array of `[name, value]`, so what is looked for is written as it stands there; a colon may
    /// stand in a value, or between a name and its value.
    func header() throws(FilterFault) -> RowPredicate {
        guard case .plain(let pieces) = value.form else { return .text([.headers], try regular()) }
        var forms = [inJSON(pieces)]
        if let colon = pieces.firstIndex(of: .character(0x3A)), colon > 0 {
            let rest = pieces[(colon + 1)...].drop { $0 == .character(0x20) }
            forms.append(inJSON(pieces[..<colon]) + [PatternPiece]("\",\"") + inJSON(rest))
        }
        var parts: [RowPredicate] = []
        for form in forms {
            let around: [PatternPiece] = form.hasWildcards ? [.run] : []
            parts.append(.text([.headers], try pattern(around + form + around, .part)))
        }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private func inJSON(_ pieces: some Sequence<PatternPiece>) -> [PatternPiece] {
        pieces.flatMap { piece -> [PatternPiece] in
            piece == .character(0x22) || piece == .character(0x5C) ? [.character(0x5C), piece] : [piece]
        }
    }
}
