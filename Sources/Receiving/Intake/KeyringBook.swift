public import Notifications
public import Settings
import Synchronization

/// The current secrets, each with its source: the Secrets screen changes them and a reload replaces them.
///
/// A new secret is tried at once on recorded deliveries that are not valid. Calls may block for a short write; none is
/// made on the screen's thread.
public final class KeyringBook: Sendable {
    /// A current secret.
    public struct Entry: Sendable {
        public internal(set) var secret: SigningSecret
        var source: SecretSource
        public internal(set) var isRemembered: Bool

        /// Whether the secret is saved in no file.
        var isOnlyHere: Bool {
            switch source {
            case .screen, .rule: !isRemembered
            default: false
            }
        }
    }

    private let keys: KeyringHolder
    private let remembered: RememberedSecrets?
    private let note: @Sendable (String) -> Void
    private let entries: Mutex<[Entry]>

    /// Begins with the secrets of all sources.
    ///
    /// - Parameters:
    ///   - remembered: The file of saved secrets; nil without a place for it.
    ///   - note: Receives each change, in a sentence.
    public init(
        _ loaded: [LoadedSecret], keys: KeyringHolder, remembered: RememberedSecrets?,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.note = note
        self.keys = keys
        self.remembered = remembered
        entries = Mutex(loaded.map(Entry.init))
    }

    /// The current secrets, in the order in which they are tried.
    public var all: [Entry] { entries.withLock { $0 } }

    /// The file in which secrets are saved; nil without a place for it.
    var file: String? { remembered?.path }

    /// Adds a secret.
    ///
    /// - Parameter source: The origin of a secret that is in no file.
    /// - Throws: `KeyringError`, or SQLite's error.
    public func add(_ secret: SigningSecret, from source: SecretSource = .screen) throws {
        try change(because: .entered(secret)) { entries in
            entries.append(Entry(secret: secret, source: source, isRemembered: false))
        }
        note("the secret \(secret) is added")
    }

    /// Replaces a secret. A saved secret stays saved, with its new value.
    ///
    /// - Throws: `KeyringError`, `SecretSourceError` or SQLite's error.
    func replace(_ label: String, with secret: SigningSecret) throws {
        try change(because: .entered(secret)) { entries in
            let index = try Self.index(of: label, in: entries)
            entries[index].secret = secret
            entries[index].source = .screen
        }
        note("the secret \(label) is replaced by \(secret)")
    }

    /// Deletes a secret, also from the file of saved ones.
    ///
    /// - Parameter wasLeaked: Whether deliveries that it has verified read "valid, secret removed" from now on;
    ///   otherwise their verdicts stay.
    /// - Throws: `KeyringError`, `SecretSourceError` or SQLite's error.
    func forget(_ label: String, wasLeaked: Bool) throws {
        guard let secret = all.first(where: { $0.secret.label == label })?.secret else {
            throw KeyringError.notHeld(label)
        }
        let count = try change(because: wasLeaked ? .leaked(secret.identity) : nil) { entries in
            entries.remove(at: try Self.index(of: label, in: entries))
        }
        note(
            "the secret \(secret) is deleted" + (wasLeaked ? " as leaked\(Self.removed(count))" : "; its verdicts stay")
        )
    }

    private static func removed(_ count: Int) -> String {
        let entries = count == 1 ? "1 entry of an action is" : "\(count) entries of actions are"
        return ": what it verified reads “valid, secret removed”" + (count > 0 ? ", and \(entries) on hold" : "")
    }

    /// Marks a former secret as leaked.
    ///
    /// - Throws: SQLite's error.
    func markLeaked(_ secret: SecretIdentity) throws {
        let count = try change(because: .leaked(secret)) { _ in }
        note("the secret \(secret) was leaked\(Self.removed(count))")
    }

    /// Notes for a person about secrets that were deleted as leaked although a source still contains them, in
    /// sentences.
    public var leakNotes: [String] {
        let leaked = keys.leakedSecrets
        return all.filter { entry in leaked.contains { $0.fingerprint == entry.secret.identity.fingerprint } }.map {
            "the secret \($0.secret) was deleted as leaked, and \($0.source) still has it: what it verifies reads"
                + " “valid, secret removed”. Take it out there"
        }
    }

    /// Writes a secret to the file of saved ones.
    ///
    /// - Returns: The file's path.
    /// - Throws: `KeyringError` or `SecretSourceError`.
    public func remember(_ label: String) throws -> String {
        guard let remembered else { throw PlacesError.noConfiguration }
        try change { entries in
            entries[try Self.index(of: label, in: entries)].isRemembered = true
        }
        note("the secret \(label) is saved in \(remembered.path)")
        return remembered.path
    }

    /// Replaces the secrets of all sources with their current contents. Secrets pasted on the screen stay, and so do those of
    /// a connection: they are in no source, so they could not be read again.
    ///
    /// - Throws: `KeyringError` or SQLite's error.
    public func reload(_ loaded: [LoadedSecret]) throws {
        try entries.withLock { entries in
            var new = loaded.map(Entry.init)
            for var pasted in entries where pasted.isOnlyHere {
                let isLoaded = new.contains {
                    $0.secret.hasSameValue(as: pasted.secret) && $0.secret.binding == pasted.secret.binding
                }
                if isLoaded { continue }
                let label = SecretLabel.free(pasted.secret.label, among: new.map(\.secret.label))
                pasted.secret = pasted.secret.renamed(label)
                new.append(pasted)
            }
            try keys.use(Keyring(new.map(\.secret)))
            entries = new
        }
    }

    /// Returns labels and fingerprints.
    public static func names(_ entries: [Entry]) -> String {
        entries.map(\.secret.description).joined(separator: ", ")
    }

    /// Makes a complete change: the file of saved secrets first, then the keyring; if one fails, neither changes.
    ///
    /// - Returns: The number of entries of actions that are now on hold because their secret was leaked.
    @discardableResult
    private func change(
        because change: KeyringHolder.Change? = nil, _ make: (inout [Entry]) throws -> Void
    ) throws -> Int {
        try entries.withLock { entries in
            var new = entries
            try make(&new)
            let keyring = try Keyring(new.map(\.secret))
            let file = Self.remembered(new)
            let fileBefore = Self.remembered(entries)
            let fileChanges = !Self.areSame(file, fileBefore)
            if fileChanges { try remembered?.save(file) }
            let count: Int
            do {
                count = try keys.use(keyring, because: change)
            } catch {
                if fileChanges { try? remembered?.save(fileBefore) }
                throw error
            }
            entries = new
            return count
        }
    }

    private static func remembered(_ entries: [Entry]) -> [SigningSecret] {
        entries.filter(\.isRemembered).map(\.secret)
    }

    private static func areSame(_ one: [SigningSecret], _ other: [SigningSecret]) -> Bool {
        one.count == other.count
            && zip(one, other).allSatisfy {
                $0.hasSameValue(as: $1) && $0.label == $1.label && $0.binding == $1.binding
            }
    }

    private static func index(of label: String, in entries: [Entry]) throws(KeyringError) -> Int {
        guard let index = entries.firstIndex(where: { $0.secret.label == label }) else { throw .notHeld(label) }
        return index
    }
}

extension KeyringBook.Entry {
    init(_ loaded: LoadedSecret) {
        self.init(secret: loaded.secret, source: loaded.source, isRemembered: loaded.isRemembered)
    }
}

// MARK: - Refusals

/// The reason why the keyring refused a change, in a sentence.
enum KeyringRefusal: Error, CustomStringConvertible {
    case badLabel
    case empty
    case labelTaken(String)
    case notHeld(String)
    case noProof(UnsignedRuleError)

    var description: String {
        switch self {
        case .badLabel: "A label is 1 to 40 letters, digits, dots, hyphens or underscores"
        case .empty: "There is nothing in the secret but white space: paste the signing secret itself"
        case .labelTaken(let label): "Another secret is called “\(label)” already: give this one another label"
        case .noProof(let error): "This \(error)"
        case .notHeld(let label): "The secret “\(label)” no longer exists"
        }
    }
}
