public import Notifications

/// A file that holds one signing secret, as an argument names it: `FILE`, `LABEL=FILE` or `LABEL@BINDING=FILE`.
public struct SecretFile: Sendable, Hashable {
    /// As given; nil to make one of the file's name.
    public let label: String?
    public let binding: SecretBinding
    public let path: String
    /// Where it is named, as `FILE:LINE:COLUMN`; nil for an argument.
    public var origin: String?

    public init(label: String? = nil, binding: SecretBinding = .any, path: String) {
        self.label = label
        self.binding = binding
        self.path = path
    }

    /// Reads an argument. What stands before the first `=` is a label only if it could be one.
    ///
    /// - Throws: `SecretSourceError` where a label and `@` stand there, but no binding.
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
    /// - Throws: `SecretSourceError` where the file is missing, unreadable, or empty after trimming.
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
            // Whoever gave the secret itself must not find it in a log too.
            throw SecretSourceError(
                source: .argument,
                problem: "looks like a signing secret itself: put the secret into a file, and name the file")
        } catch {
            throw SecretSourceError(source: .file(path), problem: error.reason)
        }
    }
}

/// What a source held.
struct SecretContents {
    let text: String
    var isOpenToOthers = false
}
