/// A place in a text; lines and columns are counted from 1, columns in Unicode scalars.
public struct SourcePosition: Sendable, Hashable, Comparable {
    /// The line.
    public let line: Int
    /// The column in it.
    public let column: Int

    /// A place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Whether one stands before the other.
    public static func < (one: SourcePosition, other: SourcePosition) -> Bool {
        (one.line, one.column) < (other.line, other.column)
    }
}

/// A value with the place where it was read, so that what only others can check can be reported with its line too.
public struct Located<Value> {
    /// What was read.
    public var value: Value
    /// Where.
    public var position: SourcePosition

    /// A value from a place.
    public init(_ value: Value, at position: SourcePosition) {
        self.value = value
        self.position = position
    }
}

extension Located: Sendable where Value: Sendable {}
extension Located: Equatable where Value: Equatable {}
extension Located: Hashable where Value: Hashable {}
