/// One cell of a surface.
public struct Cell: Sendable, Hashable {
    /// One spacing character with its combining marks; empty for the right half of a wide one.
    public internal(set) var text: String
    /// How it is shown.
    public var style: Style

    /// Nothing in it.
    public static let blank = Cell(text: " ", style: .plain)

    /// Whether it is the right half of a wide character.
    var isRightHalf: Bool { text.isEmpty }

    /// Each ASCII character as a text, ready made: nearly all cells hold one.
    static let ascii = (UInt8(0)..<128).map { String(Unicode.Scalar($0)) }
}
