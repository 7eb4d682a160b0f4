public import Notifications

/// A rule that does not sign, as an argument names it: `NAME=FILE`. The file has one line: `path /SECRET`,
/// `header NAME VALUE`, or `from ADDRESS …`.
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
            case ("from", 2...): .addresses(try addresses(lines.first ?? ""))
            default: nil
            }
        guard lines.count == 1, let proof else {
            throw SecretSourceError(
                source: .file(path),
                problem:
                    "has no proof of a rule in it: write “path /SECRET”, the path of the rule’s URL, “header NAME VALUE”,"
                    + " a custom header of the rule, or “from ADDRESS …”, the addresses or blocks that B2 sends from")
        }
        guard let rule = UnsignedRule(rule, proof) else {
            let problem =
                if case .addresses = proof {
                    "names addresses that prove nothing: a block of this machine, from which a tunnel or a proxy brings the"
                        + " requests of everybody, or one of less than 8 bits; name B2's own blocks, or use “path” or “header”"
                } else {
                    "has too short a proof: anybody could guess it; write \(UnsignedRule.shortestProof) characters or more"
                }
            throw SecretSourceError(source: .file(path), problem: problem)
        }
        return rule
    }

    /// Reads the addresses of a line that begins with `from`.
    private func addresses(_ line: Substring) throws(SecretSourceError) -> AddressList {
        var list = AddressList()
        for word in line.split(separator: " ").dropFirst() {
            guard let network = IPNetwork(word) else {
                throw SecretSourceError(
                    source: .file(path),
                    problem: "has “\(word)” in it: write an address or a block, such as 192.0.2.7 or 192.0.2.0/24")
            }
            list.networks.append(network)
        }
        return list
    }
}
