internal import Settings

/// All names of commands, for whoever mistypes one.
enum CommandNames {
    static let all = Command.allCases.map(\.name)

    /// `; did you mean …?`, or nothing.
    static func question(for name: String, among names: [String] = all) -> String {
        Suggestion.question(for: name, among: names)
    }
}
