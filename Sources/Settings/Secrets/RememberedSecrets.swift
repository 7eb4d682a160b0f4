public import Notifications

/// The file of the secrets that the user asked to remember: a line each, `LABEL BINDING SECRET`.
public struct RememberedSecrets: Sendable, Hashable {
    public let path: String

    public init(path: String) {
        self.path = path
    }

    /// Reads the file; a missing one holds nothing. Empty lines and lines that begin with `#` are skipped.
    ///
    /// - Throws: `SecretSourceError` with the line that is wrong.
    public func load() throws(SecretSourceError) -> [LoadedSecret] {
        let source = SecretSource.remembered(path)
        let contents: SecretContents
        do throws(FileProblem) {
            let (bytes, isOpenToOthers) = try PrivateFile.read(path)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw FileProblem(reason: "is not UTF-8 text")
            }
            contents = SecretContents(text: text, isOpenToOthers: isOpenToOthers)
        } catch  where error.isMissing {
            return []
        } catch {
            throw SecretSourceError(source: source, problem: error.reason)
        }

        var loaded: [LoadedSecret] = []
        // CR LF is one character, and no "\n".
        let lines = contents.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            let parts = line.split(separator: " ", maxSplits: 2)
            guard parts.count == 3, SecretLabel.isValid(parts[0]), let binding = SecretBinding(String(parts[1])) else {
                throw SecretSourceError(
                    source: source,
                    problem:
                        "is wrong in line \(index + 1): a label, then any, bucket:NAME or rule:NAME, then the secret")
            }
            // Told once for the file.
            let isOpenToOthers = contents.isOpenToOthers && loaded.isEmpty
            let value = SecretContents(text: String(parts[2]), isOpenToOthers: isOpenToOthers)
            loaded.append(try LoadedSecret(value, label: String(parts[0]), binding: binding, source: source))
        }
        return loaded
    }

    /// Writes the file anew with these secrets; 0600, in a folder that is made 0700.
    ///
    /// - Throws: `SecretSourceError` where it cannot be written, or a secret does not fit on a line.
    public func save(_ secrets: [SigningSecret]) throws(SecretSourceError) {
        let source = SecretSource.remembered(path)
        var text = "# Signing secrets that b2watch has saved: LABEL BINDING SECRET\n"
        for secret in secrets {
            let binding = secret.binding.description
            let value = secret.withExposedValue { $0 }
            guard !binding.contains(where: \.isWhitespace), !value.contains(where: \.isNewline) else {
                throw SecretSourceError(
                    source: source,
                    problem: "cannot hold “\(secret.label)”: white space in its binding, or a line break in it")
            }
            text += "\(secret.label) \(binding) \(value)\n"
        }
        do throws(FileProblem) {
            try PrivateFile.write(Array(text.utf8), to: path)
        } catch {
            throw SecretSourceError(source: source, problem: error.reason)
        }
    }
}
