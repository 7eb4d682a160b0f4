public import Notifications

/// A file with one signing secret, as an argument names it: `FILE`, `LABEL=FILE` or `LABEL@BINDING=FILE`.
public struct SecretFile: Sendable, Hashable {
    /// The label given; nil to use the file's name.
    public let label: String?
    public let binding: SecretBinding
    public let path: String
    /// The place that names it, as `FILE:LINE:COLUMN`; nil for an argument.
    public var origin: String?

    public init(label: String? = nil, binding: SecretBinding = .any, path: String) {
        self.label = label
        self.binding = binding
        self.path = path
    }

    /// Reads an argument. The text before the first `=` is a label only if it could be one.
    ///
    /// - Throws: `SecretSourceError` for a label with `@` but without a binding.
    public init(argument: String) throws(SecretSourceError) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let head = parts[0].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, SecretLabel.isValid(head[0]) else {
            self.init(path: argument)
            return
        }
        guard let binding = head.count == 2 ? SecretBinding(String(head[1])) : .any else {
            throw SecretSourceError(
                source: .argument,
                problem: "has “\(head[1])” for a binding: write LABEL@bucket:NAME=FILE or LABEL@rule:NAME=FILE,"
                    + " or ./ before a path that looks so")
        }
        self.init(label: String(head[0]), binding: binding, path: String(parts[1]))
    }

    /// Reads the secret.
    ///
    /// - Throws: `SecretSourceError` if the file is missing, unreadable, or empty after trimming.
    public func load() throws(SecretSourceError) -> LoadedSecret {
        try LoadedSecret(
            SecretFile.contents(of: path), label: label ?? SecretLabel.ofFile(path), binding: binding,
            source: .file(path))
    }

    static func contents(of path: String) throws(SecretSourceError) -> SecretContents {
        do throws(FileProblem) {
            let (bytes, isOpenToOthers) = try PrivateFile.read(path)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw FileProblem(reason: "is not UTF-8 text")
            }
            return SecretContents(text: text, isOpenToOthers: isOpenToOthers)
        } catch  where error.isMissing && SigningSecret.looksUsual(path.utf8) {
            // If the argument is the secret itself, it must not appear in a log too.
            throw SecretSourceError(
                source: .argument,
                problem: "looks like a signing secret itself: put the secret into a file, and name the file")
        } catch {
            throw SecretSourceError(source: .file(path), problem: error.reason)
        }
    }
}

/// The contents of a source.
struct SecretContents {
    let text: String
    var isOpenToOthers = false
}

// MARK: - Remembered secrets

/// The file of the secrets that the user has saved: a line each, `LABEL BINDING SECRET`.
public struct RememberedSecrets: Sendable, Hashable {
    public let path: String

    public init(path: String) {
        self.path = path
    }

    /// Reads the file; a missing one has no secrets. Empty lines and lines that begin with `#` are skipped.
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
            // Reported once for the file.
            let isOpenToOthers = contents.isOpenToOthers && loaded.isEmpty
            let value = SecretContents(text: String(parts[2]), isOpenToOthers: isOpenToOthers)
            loaded.append(try LoadedSecret(value, label: String(parts[0]), binding: binding, source: source))
        }
        return loaded
    }

    /// Writes the file again with these secrets; 0600, in a folder that is created with 0700.
    ///
    /// - Throws: `SecretSourceError` if it cannot be written, or a secret does not fit on a line.
    public func save(_ secrets: [SigningSecret]) throws(SecretSourceError) {
        let source = SecretSource.remembered(path)
        var text = "# Signing secrets that b2watch has saved: LABEL BINDING SECRET\n"
        for secret in secrets {
            let binding = secret.binding.description
            let value = secret.withExposedValue { $0 }
            guard !binding.contains(where: \.isWhitespace), !value.contains(where: \.isNewline) else {
                throw SecretSourceError(
                    source: source,
                    problem: "cannot contain “\(secret.label)”: white space in its binding, or a line break in it")
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
