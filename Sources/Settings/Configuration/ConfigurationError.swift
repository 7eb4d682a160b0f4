/// Something that is wrong in the configuration.
public struct ConfigurationProblem: Sendable, Hashable {
    /// Where; nil for the file as a whole.
    public let position: SourcePosition?
    /// What is wrong and what is expected, as the end of a sentence that begins with the place.
    public let text: String

    /// A problem.
    public init(_ text: String, at position: SourcePosition? = nil) {
        self.text = text
        self.position = position
    }
}

/// All that is wrong in the configuration, in the order of the file.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The most that is said of one file.
    static let mostLines = 50

    /// The file.
    public let path: String
    /// What is wrong in it; at least one thing.
    public let problems: [ConfigurationProblem]

    /// An error, which sorts its problems.
    public init(path: String, problems: [ConfigurationProblem]) {
        self.path = path
        let start = SourcePosition(line: 0, column: 0)
        self.problems = problems.enumerated()
            .sorted { ($0.element.position ?? start, $0.offset) < ($1.element.position ?? start, $1.offset) }
            .map(\.element)
    }

    /// A line each: `FILE:LINE:COLUMN: what is wrong`.
    public var description: String {
        var lines = problems.prefix(Self.mostLines).map { problem in
            guard let position = problem.position else { return "\(path) \(problem.text)" }
            return "\(path):\(position.line):\(position.column): \(problem.text)"
        }
        if problems.count > lines.count { lines.append("… and \(problems.count - lines.count) more") }
        return lines.joined(separator: "\n")
    }
}
