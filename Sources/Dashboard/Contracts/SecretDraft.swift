public import Notifications

/// A signing secret as typed or pasted, on its way from the form to the keyring. Prints as its label only.
public struct SecretDraft: Sendable {
    /// What the user calls it.
    public var label: String
    /// The secret itself, as typed.
    public var value: String
    /// What it may vouch for.
    public var binding: SecretBinding

    /// A draft.
    public init(label: String, value: String, binding: SecretBinding = .any) {
        self.label = label
        self.value = value
        self.binding = binding
    }
}

extension SecretDraft: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The label.
    public var description: String { "draft of the secret \(label)" }
    /// The label.
    public var debugDescription: String { description }
    /// The label.
    public var customMirror: Mirror { Mirror(self, children: ["label": label]) }
}
