internal import Foundation
internal import Settings

/// A secret that an action needs: in a file, or in an environment variable. Its description gives only its place.
///
/// A file is read each time, so that a new secret in it takes effect at once.
public struct ActionSecret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private enum Source: Sendable, Hashable {
        case file(String)
        case variable(String, value: String)
    }

    private let source: Source

    /// Creates a secret in a file.
    public init(file path: String) {
        source = .file(path)
    }

    /// Creates a secret from an environment variable.
    public init(variable name: String, value: String) {
        source = .variable(name, value: value)
    }

    /// The place of the secret, never the secret itself.
    public var description: String {
        switch source {
        case .file(let path): path
        case .variable(let name, _): "the variable \(name)"
        }
    }

    public var debugDescription: String { description }

    public var customMirror: Mirror { Mirror(self, children: []) }

    /// Returns the secret, without the white space at its ends; at least one character, and no control characters.
    /// Blocks while a small file is read.
    ///
    /// - Throws: `ActionSecretError`.
    public func value() throws(ActionSecretError) -> String {
        let text: String
        switch source {
        case .variable(_, let value): text = value
        case .file(let path):
            do throws(FileProblem) {
                let (bytes, _) = try PrivateFile.read(path) { status throws(FileProblem) in
                    guard status.st_mode & S_IFMT == S_IFREG else {
                        throw FileProblem(reason: "is not a regular file")
                    }
                }
                guard let decoded = String(validating: bytes, as: UTF8.self) else {
                    throw FileProblem(reason: "is not UTF-8 text")
                }
                text = decoded
            } catch {
                throw ActionSecretError(description: "\(path) \(error.reason): put the secret into it")
            }
        }
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.isEmpty else {
            throw ActionSecretError(description: "\(self) is empty: put the secret into it")
        }
        guard trimmed.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }) else {
            throw ActionSecretError(description: "\(self) contains more than one line: leave only the secret in it")
        }
        return trimmed
    }
}

/// The reason why a secret could not be read, in a sentence that does not contain it.
public struct ActionSecretError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
}

extension ActionReading {
    /// Reads a secret from either of two settings, such as `token-file` and `token-environment`.
    ///
    /// - Parameters:
    ///   - key: The start of their names, such as `token`.
    ///   - what: The description of the secret in messages, such as `the account's auth token`.
    /// - Returns: Nil if it is missing, or a problem was found.
    public mutating func secret(
        _ key: String, what: String, environment: [String: String], isRequired: Bool = true
    ) -> ActionSecret? {
        let count = problems.count
        let file = secretFile("\(key)-file", expected: "the path of a file that holds \(what)", isRequired: false)
        let variable = text("\(key)-environment", expected: "the name of a variable that holds \(what)")
        guard problems.count == count else { return nil }
        switch (file, variable) {
        case (let file?, nil): return ActionSecret(file: file.value)
        case (nil, let variable?):
            if let value = environment[variable.value], !value.isEmpty {
                return ActionSecret(variable: variable.value, value: value)
            }
            // The message does not contain the name: a person may have written the secret itself there.
            problem(
                "“\(key)-environment” of “\(name)” names a variable that is not set: set it where b2watch is started,"
                    + " or use “\(key)-file”",
                at: variable.position)
        case (_?, let variable?):
            problem("“\(name)” has both “\(key)-file” and “\(key)-environment”: keep one", at: variable.position)
        case (nil, nil):
            if isRequired {
                problem(
                    "“\(name)” needs \(what): give “\(key)-file”, the path of a file, or “\(key)-environment”, the name"
                        + " of a variable",
                    at: position)
            }
        }
        return nil
    }
}
