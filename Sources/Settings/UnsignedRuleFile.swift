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
        do throws(UnsignedRuleError) {
            guard lines.count == 1, let line = lines.first else { throw UnsignedRuleError.form }
            return try UnsignedRule(rule, parsing: String(line))
        } catch {
            throw SecretSourceError(source: .file(path), problem: error.description)
        }
    }
}

// MARK: - Saved rules

/// The file of the rules that the user has named on the screen as ones that do not sign: a line each, `RULE PROOF`, where
/// the proof is as in an `UnsignedRuleFile`.
public struct SavedUnsignedRules: Sendable, Hashable {
    public let path: String

    public init(path: String) {
        self.path = path
    }

    /// Reads the file; a missing one has no rules. Empty lines and lines that begin with `#` are skipped.
    ///
    /// - Throws: `SecretSourceError` with the line that is wrong.
    public func load() throws(SecretSourceError) -> [UnsignedRule] {
        let text: String
        do throws(FileProblem) {
            guard let read = String(validating: try PrivateFile.read(path).bytes, as: UTF8.self) else {
                throw FileProblem(reason: "is not UTF-8 text")
            }
            text = read
        } catch  where error.isMissing {
            return []
        } catch {
            throw SecretSourceError(source: .file(path), problem: error.reason)
        }
        var rules: [UnsignedRule] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            do throws(UnsignedRuleError) {
                guard parts.count == 2 else { throw UnsignedRuleError.form }
                rules.append(try UnsignedRule(parts[0], parsing: parts[1]))
            } catch {
                throw SecretSourceError(source: .file("\(path):\(index + 1)"), problem: error.description)
            }
        }
        return rules
    }

    /// Writes the file again with these rules; 0600, in a folder that is created with 0700.
    ///
    /// - Throws: `SecretSourceError` if it cannot be written, or a rule does not fit on a line.
    public func save(_ rules: [UnsignedRule]) throws(SecretSourceError) {
        var text = "# Rules that do not sign, and what their requests are known by: RULE PROOF\n"
        for rule in rules {
            guard !rule.rule.contains(where: \.isWhitespace), !rule.exposedProof.contains(where: \.isNewline) else {
                throw SecretSourceError(
                    source: .file(path), problem: "cannot contain “\(rule)”: white space in its name, or a line break")
            }
            text += "\(rule.rule) \(rule.exposedProof)\n"
        }
        do throws(FileProblem) {
            try PrivateFile.write(Array(text.utf8), to: path)
        } catch {
            throw SecretSourceError(source: .file(path), problem: error.reason)
        }
    }
}
