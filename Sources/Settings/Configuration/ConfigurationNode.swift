/// A part of the configuration as it was read, each part with its place: for whoever reads a subtree of his own.
public struct ConfigurationNode: Sendable, Hashable {
    /// What stands there.
    public enum Content: Sendable, Hashable {
        /// A text, as written; `isPlain` without quotes.
        case scalar(String, isPlain: Bool)
        /// A list.
        case list([ConfigurationNode])
        /// A map in the order of the file; no key is there twice.
        case map([Entry])
    }

    /// A key and its value.
    public struct Entry: Sendable, Hashable {
        /// The key.
        public let key: Located<String>
        /// What it is set to.
        public let value: ConfigurationNode

        /// An entry.
        public init(key: Located<String>, value: ConfigurationNode) {
            self.key = key
            self.value = value
        }
    }

    /// What stands there.
    public let content: Content
    /// Where it begins.
    public let position: SourcePosition

    /// A part.
    public init(_ content: Content, at position: SourcePosition) {
        self.content = content
        self.position = position
    }

    /// Whether nothing stands there: no value behind a key, or a file of comments.
    public var isEmpty: Bool {
        if case .scalar(let text, isPlain: true) = content { ["", "~", "null"].contains(text) } else { false }
    }

    /// What stands there, for a message.
    public var summary: String {
        switch content {
        case _ where isEmpty: "nothing"
        case .scalar(let text, _): "“\(text.count > 40 ? text.prefix(40) + "…" : text)”"
        case .list: "a list"
        case .map: "a map"
        }
    }
}
