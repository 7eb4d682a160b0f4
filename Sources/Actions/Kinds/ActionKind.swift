/// A kind of action: what `kind:` may name.
public struct ActionKind: Sendable {
    /// Such as `google-sheet`.
    public let name: String
    /// Reads its settings. It returns nil where a problem was found, and must not touch the network; of files it reads no
    /// more than it must to say what is wrong with the settings.
    public let read: @Sendable (inout ActionReading, ActionSurroundings) -> (any Action)?

    public init(
        _ name: String, read: @escaping @Sendable (inout ActionReading, ActionSurroundings) -> (any Action)?
    ) {
        self.name = name
        self.read = read
    }

    /// All kinds: a line for each.
    public static let all: [ActionKind] = [
        .googleSheet,
        .csv,
        .command,
        .forward,
        .slack,
        .twilio,
    ]
}
