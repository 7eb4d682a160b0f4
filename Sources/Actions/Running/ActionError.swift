internal import SafeText
internal import Settings

/// Why something cannot be done with an action, in a sentence.
public struct ActionError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }

    static func unknown(_ name: String, among names: [String]) -> ActionError {
        guard !names.isEmpty else {
            return ActionError("there is no action “\(SafeText(name))”: the configuration declares none")
        }
        return ActionError(
            "there is no action “\(SafeText(name))”; there are \(names.joined(separator: ", "))"
                + Suggestion.question(for: name, among: names))
    }
}
