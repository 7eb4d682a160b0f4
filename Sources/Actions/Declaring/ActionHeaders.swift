internal import Base
internal import Sending
internal import Settings

/// A header field that a person sets: its value is written in the configuration, or is a secret.
struct ActionHeader: Sendable, Hashable {
    enum Value: Sendable, Hashable {
        case text(String)
        case secret(ActionSecret)
    }

    let name: String
    let value: Value

    /// Returns the field as it is sent. Blocks while a small file is read.
    ///
    /// - Throws: `ActionSecretError` if a secret cannot be read.
    func field() throws(ActionSecretError) -> OutgoingField {
        switch value {
        case .text(let text): OutgoingField(name, text)
        case .secret(let secret): OutgoingField(name, try secret.value(), isSecret: true)
        }
    }
}

extension [ActionHeader] {
    /// Sets the fields in a request. Each replaces those of the same name.
    ///
    /// - Throws: `ActionSecretError` if a secret cannot be read.
    func apply(to request: inout OutgoingRequest) throws(ActionSecretError) {
        for header in self {
            request.headers.removeAll { $0.name.lowercased() == header.name.lowercased() }
            request.headers.append(try header.field())
        }
    }
}

extension ActionReading {
    /// The fields that belong to the connection, and those that determine the end of the body.
    private static let ownHeaders: Set<String> = [
        "connection", "content-length", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    /// Returns the header fields of a map from names to values; a value is a text, or `file: PATH` or `environment: NAME`
    /// with a secret.
    mutating func headers(_ key: String, environment: [String: String]) -> [ActionHeader] {
        let form =
            "a map from names to values, such as X-Team: storage; a secret value is {file: PATH} or {environment: NAME}"
        guard let node = remove(key) else { return [] }
        guard case .map(let entries) = node.content else {
            refuse(node, key, expected: form)
            return []
        }
        return entries.compactMap { header($0, key, environment, form) }
    }

    private mutating func header(
        _ entry: ConfigurationNode.Entry, _ key: String, _ environment: [String: String], _ form: String
    ) -> ActionHeader? {
        let field = entry.key.value
        let position = entry.key.position
        guard Self.isToken(field) else {
            problem("“\(field)” in “\(key)” of “\(name)” is not the name of a header field", at: position)
            return nil
        }
        guard !Self.ownHeaders.contains(field.lowercased()) else {
            problem("“\(field)” in “\(key)” of “\(name)” belongs to the connection: leave it out", at: position)
            return nil
        }
        switch entry.value.content {
        case .scalar(let text, _) where text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }):
            guard field.lowercased() != "host" || Self.isHost(text) else {
                problem(
                    "“\(field)” in “\(key)” of “\(name)” is not a host: write a name such as hooks.example.com",
                    at: position)
                return nil
            }
            return ActionHeader(name: field, value: .text(text))
        case .map(let parts) where parts.count == 1:
            guard case .scalar(let text, _) = parts[0].value.content, !text.isEmpty else { break }
            switch parts[0].key.value {
            case "file": return ActionHeader(name: field, value: .secret(ActionSecret(file: secretFile(at: text))))
            case "environment":
                guard let value = environment[text], !value.isEmpty else {
                    problem(
                        "“\(field)” in “\(key)” of “\(name)” names a variable that is not set: set it where b2watch is started,"
                            + " or use “file”", at: parts[0].value.position)
                    return nil
                }
                return ActionHeader(name: field, value: .secret(ActionSecret(variable: text, value: value)))
            default: break
            }
        default: break
        }
        refuse(entry.value, field, expected: form)
        return nil
    }

    private static func isHost(_ text: String) -> Bool {
        !text.isEmpty && (try? WebhookURL("http://\(text)/")).map { $0.authority == text } ?? false
    }

    /// Returns whether a text is a `token` (RFC 9110, 5.6.2).
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                        || "!#$%&'*+-.^_`|~".unicodeScalars.contains(scalar))
            }
    }
}
