import History

extension FilterArgument {
    /// How much of a text a pattern without wildcards must be.
    enum Extent {
        case part, whole
    }

    /// Where one of some texts matches.
    func matches(_ texts: [RowText], _ extent: Extent) throws(FilterFault) -> RowPredicate {
        .text(texts, try pattern(extent))
    }

    /// The pattern given: exact behind `=`, otherwise with wildcards and case as `PatternMatcher` has them.
    func pattern(_ extent: Extent) throws(FilterFault) -> TextPattern {
        switch value.form {
        case .regular: return try regular()
        case .plain(let pieces):
            guard relation == .has else { return .exactly(pieces.text) }
            return try pattern(pieces, extent)
        }
    }

    func pattern(_ pieces: [PatternPiece], _ extent: Extent) throws(FilterFault) -> TextPattern {
        let matcher = extent == .part ? PatternMatcher(within: pieces) : PatternMatcher(whole: pieces)
        guard let matcher else {
            throw fault("of characters with a ? between two * there may be \(WildcardSearch.limit) at most")
        }
        return TextPattern(Self.source(pieces, extent), matcher)
    }

    /// What tells a pattern from others.
    private static func source(_ pieces: [PatternPiece], _ extent: Extent) -> String {
        let start = extent == .part && !pieces.hasWildcards ? "part " : "whole "
        return pieces.reduce(into: start) { text, piece in
            switch piece {
            case .one: text += "?"
            case .run: text += "*"
            case .character(let unit):
                let scalar = Unicode.Scalar(unit) ?? "\u{FFFD}"
                if "*?\\".unicodeScalars.contains(scalar) { text += "\\" }
                text.unicodeScalars.append(scalar)
            }
        }
    }

    /// The regular expression given, where one may be.
    func regular() throws(FilterFault) -> TextPattern {
        guard case .regular(let range, let ignoresCase) = value.form else { throw fault("a ~/…/ is expected here") }
        guard context.allowsRegularExpressions else {
            throw fault("regular expressions are for the screen and export; * and ? can be used here")
        }
        let node = try RegexParser.parse(scalars[range])
        do {
            let program = try RegexProgram(node, ignoresCase: ignoresCase)
            let written = String(String.UnicodeScalarView(scalars[range]))
            return TextPattern("~/\(written)/\(ignoresCase ? "i" : "")", .regular(program))
        } catch {
            throw FilterFault(range, "this regular expression is too large; repeat less")
        }
    }
}
