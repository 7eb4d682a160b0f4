/// What a piece of text means; the theme decides how that looks.
public enum Role: String, Sendable, Hashable, CaseIterable {
    /// Ordinary text.
    case plain
    /// What may be overlooked: units, hints, times gone by.
    case secondary
    /// The name of the program, of a column, of a pane.
    case heading
    /// What has the focus.
    case accent
    /// All is well.
    case good
    /// Something is wrong.
    case bad
    /// Something wants attention.
    case warning
    /// Neither good nor bad, yet not ordinary: unverified, duplicate.
    case notice
}

/// A role and the few things that may be added to it.
public struct Style: Sendable, Hashable {
    /// What the text means.
    public var role: Role
    /// Heavier than the role alone.
    public var isBold: Bool
    /// Foreground and background changed about: the selection.
    public var isReversed: Bool
    /// With a line below.
    public var isUnderlined: Bool

    /// A role, with what is added.
    public init(_ role: Role = .plain, bold: Bool = false, reversed: Bool = false, underlined: Bool = false) {
        self.role = role
        self.isBold = bold
        self.isReversed = reversed
        self.isUnderlined = underlined
    }

    /// Ordinary text.
    public static let plain = Style(.plain)
}
