/// The signing secrets that are held, in the order in which they are tried.
public struct Keyring: Sendable {
    public private(set) var secrets: [SigningSecret] = []

    /// The secret of b2watch's own test events, which proves nothing about anybody else's: it is bound to a rule of its
    /// own and counts as no secret held.
    public var selfTest: SigningSecret?

    public init() {}

    /// - Throws: `KeyringError` where two secrets have one label.
    public init(_ secrets: [SigningSecret]) throws(KeyringError) {
        for secret in secrets { try add(secret) }
    }

    public var isEmpty: Bool { secrets.isEmpty }

    public subscript(label: String) -> SigningSecret? {
        secrets.first { $0.label == label }
    }

    /// Adds a secret behind the others.
    ///
    /// - Throws: `KeyringError.labelTaken`.
    public mutating func add(_ secret: SigningSecret) throws(KeyringError) {
        guard self[secret.label] == nil else { throw .labelTaken(secret.label) }
        secrets.append(secret)
    }

    /// Puts a secret in the place of the one with the given label.
    ///
    /// - Throws: `KeyringError.notHeld`, or `.labelTaken` where the new label is another secret's.
    public mutating func replace(_ label: String, with secret: SigningSecret) throws(KeyringError) {
        guard let index = secrets.firstIndex(where: { $0.label == label }) else { throw .notHeld(label) }
        guard secret.label == label || self[secret.label] == nil else { throw .labelTaken(secret.label) }
        secrets[index] = secret
    }

    /// Forgets the secret with this label.
    ///
    /// - Throws: `KeyringError.notHeld`.
    public mutating func remove(_ label: String) throws(KeyringError) {
        guard let index = secrets.firstIndex(where: { $0.label == label }) else { throw .notHeld(label) }
        secrets.remove(at: index)
    }

    /// A digest that is equal for equal keyrings: labels, bindings, values and order.
    ///
    /// It tells after a restart whether what is recorded was judged by the same secrets. It says no more about them
    /// than the recorded deliveries do, which hold a digest under the secret beside the text it was made of.
    public var identity: String {
        var hash = SHA256()
        hash.update(Array("b2watch keyring 1".utf8))
        for secret in secrets { secret.absorb(into: &hash) }
        return Hex.encode(hash.finalize())
    }
}

/// Why a keyring did not take a change.
public enum KeyringError: Error, Sendable, Hashable {
    case labelTaken(String)
    case notHeld(String)
}
