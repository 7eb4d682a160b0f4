internal import SafeText
internal import Settings

/// Why something cannot be done with an action, in a sentence.
public struct ActionError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// An action that the configuration does not have.
public struct UnknownAction: Error, Sendable, Hashable, CustomStringConvertible {
    private let name: String
    private let names: [String]

    /// - Parameter names: Of those that there are.
    public init(_ name: String, among names: [String]) {
        self.name = name
        self.names = names
    }

    public var description: String {
        guard !names.isEmpty else {
            return "there is no action “\(SafeText(name))”: the configuration declares none"
        }
        return "there is no action “\(SafeText(name))”; there are \(names.joined(separator: ", "))"
            + Suggestion.question(for: name, among: names)
    }
}
