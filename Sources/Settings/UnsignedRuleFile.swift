public import Notifications

/// A rule that does not sign, as an argument names it: `NAME=FILE`. The file has one line: `path /SECRET`, or
/// `header NAME VALUE`.
public struct UnsignedRuleFile: Sendable, Hashable {
    public let rule: String
    public let path: String

    /// Reads an argument; nil where it is not `NAME=FILE`.
    public init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        rule = String(parts[0])
        path = String(parts[1])
    }

    /// Reads the file.
    ///
    /// - Throws: `SecretSourceError` where it is missing, unreadable, or has no proof.
    public func load() throws(SecretSourceError) -> UnsignedRule {
        let text = try SecretFile.contents(of: path).text
        let lines = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }
        let words = (lines.first ?? "").split(separator: " ", maxSplits: 2).map(String.init)
        let proof: UnsignedRule.Proof? =
            switch (words.first, words.count) {
            case ("path", 2): .path(words[1])
            case ("header", 3): .header(name: words[1], value: words[2])
            default: nil
            }
        guard lines.count == 1, let proof else {
            throw SecretSourceError(
                source: .file(path),
                problem:
                    "has no proof of a rule in it: write “path /SECRET”, the path of the rule’s URL, or “header NAME VALUE”,"
                    + " a custom header of the rule")
        }
        guard let rule = UnsignedRule(rule, proof) else {
            throw SecretSourceError(
                source: .file(path),
                problem:
                    "has too short a proof: anybody could guess it; write \(UnsignedRule.shortestProof) characters or more"
            )
        }
        return rule
    }
}
