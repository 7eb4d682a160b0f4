/// What a pattern is made of.
enum PatternPiece: Sendable, Hashable {
    /// This character.
    case character(UInt32)
    /// `?`: any one character.
    case one
    /// `*`: any characters, or none.
    case run
}

extension [PatternPiece] {
    /// These characters, without wildcards.
    init(_ text: some StringProtocol) {
        self = text.unicodeScalars.map { .character($0.value) }
    }

    /// The text, with wildcards as they are written.
    var text: String {
        var scalars = String.UnicodeScalarView()
        for piece in self {
            switch piece {
            case .character(let value): scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
            case .one: scalars.append("?")
            case .run: scalars.append("*")
            }
        }
        return String(scalars)
    }

    var hasWildcards: Bool { contains { $0 == .one || $0 == .run } }

    /// Whether one letter of it is upper case, so that all of it is meant exactly.
    var hasUpperCase: Bool {
        contains { piece in
            guard case .character(let unit) = piece else { return false }
            return LetterCase.isUpper(unit)
        }
    }
}
