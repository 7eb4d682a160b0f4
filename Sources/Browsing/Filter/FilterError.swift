/// What is wrong in a filter, and where.
public struct FilterError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The characters it is about, counted from 0; empty at a place where something is missing.
    public let range: Range<Int>
    /// What was expected there, in a sentence without the place.
    public let sentence: String

    /// An error.
    public init(at range: Range<Int>, _ sentence: String) {
        self.range = range
        self.sentence = sentence
    }

    public var description: String { "column \(range.lowerBound + 1): \(sentence)" }
}
