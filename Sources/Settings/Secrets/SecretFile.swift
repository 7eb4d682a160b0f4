public import Notifications

/// A file that holds one signing secret, as an argument names it: `FILE`, `LABEL=FILE` or `LABEL@BINDING=FILE`.
public struct SecretFile: Sendable, Hashable {
    /// As given; nil to make one of the file's name.
    public let label: String?
    public let binding: SecretBinding
    public let path: String

    public init(label: String? = nil, binding: SecretBinding = .any, path: String) {
        self.label = label
        self.binding = binding
        self.path = path
    }

    /// Reads an argument. What stands before the first `=` is a label only if it could be one.
    public init(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let head = parts[0].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let binding = head.count == 2 ? SecretBinding(String(head[1])) : .any
        if parts.count == 2, SecretLabel.isValid(head[0]), let binding {
            self.init(label: String(head[0]), binding: binding, path: String(parts[1]))
        } else {
            self.init(path: argument)
        }
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
