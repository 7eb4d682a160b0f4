import Intake
import Notifications
import Settings
import Synchronization

/// The secrets that are held, with where each came from: what the keyring screen changes and a reload replaces.
///
/// Every change is judged by at once. Calls may block for a short write; none is made on the screen's thread.
final class KeyringBook: Sendable {
    struct Entry: Sendable {
        var secret: SigningSecret
        var source: SecretSource
        var isRemembered: Bool
    }

    private let keys: KeyringHolder
    private let remembered: RememberedSecrets?
    private let note: @Sendable (String) -> Void
    private let entries: Mutex<[Entry]>

    /// - Parameters:
    ///   - remembered: Nil where there is no place for such a file.
    ///   - note: Is told each change, in a sentence.
    init(
        _ loaded: [LoadedSecret], keys: KeyringHolder, remembered: RememberedSecrets?,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.note = note
        self.keys = keys
        self.remembered = remembered
        entries = Mutex(loaded.map(Entry.init))
    }

    var all: [Entry] { entries.withLock { $0 } }

    /// - Throws: `KeyringError`, or what SQLite says.
    func add(_ secret: SigningSecret) throws {
        try change { entries in
            entries.append(Entry(secret: secret, source: .screen, isRemembered: false))
        }
        note("the secret \(secret) is held")
    }

    /// A remembered secret stays remembered, with its new value.
    ///
    /// - Throws: `KeyringError`, `SecretSourceError` or what SQLite says.
    func replace(_ label: String, with secret: SigningSecret) throws {
        try change { entries in
            let index = try Self.index(of: label, in: entries)
            entries[index].secret = secret
            entries[index].source = .screen
        }
        note("the secret \(label) is replaced by \(secret)")
    }

    /// Forgets a secret, also where it was remembered.
    ///
    /// - Throws: `KeyringError`, `SecretSourceError` or what SQLite says.
    func forget(_ label: String) throws {
        try change { entries in
            entries.remove(at: try Self.index(of: label, in: entries))
        }
        note("the secret \(label) is forgotten")
    }

    /// Writes a secret to the file of remembered ones.
    ///
    /// - Returns: The file's path.
    /// - Throws: `KeyringError` or `SecretSourceError`.
    func remember(_ label: String) throws -> String {
        guard let remembered else { throw PlacesError.noConfiguration }
        try change { entries in
            entries[try Self.index(of: label, in: entries)].isRemembered = true
        }
        note("the secret \(label) is remembered in \(remembered.path)")
        return remembered.path
    }

    /// Puts what the sources hold now in the place of what they held. What was pasted on the screen stays: no source has
    /// it, so it could not be had again.
    ///
    /// - Throws: `KeyringError` or what SQLite says.
    func reload(_ loaded: [LoadedSecret]) throws {
        try entries.withLock { entries in
            var new = loaded.map(Entry.init)
            for var pasted in entries where pasted.source == .screen && !pasted.isRemembered {
                let isLoaded = new.contains {
                    $0.secret.hasSameValue(as: pasted.secret) && $0.secret.binding == pasted.secret.binding
                }
                if isLoaded { continue }
                let label = SecretLabel.free(pasted.secret.label, among: new.map(\.secret.label))
                pasted.secret = pasted.secret.renamed(label)
                new.append(pasted)
            }
            try keys.hold(Keyring(new.map(\.secret)))
            entries = new
        }
    }

    /// Labels and fingerprints.
    static func names(_ entries: [Entry]) -> String {
        entries.map(\.secret.description).joined(separator: ", ")
    }

    /// Makes a change whole: the file of remembered secrets first, then what is judged by; if one fails, neither.
    private func change(_ make: (inout [Entry]) throws -> Void) throws {
        try entries.withLock { entries in
            var new = entries
            try make(&new)
            let keyring = try Keyring(new.map(\.secret))
            let file = Self.remembered(new)
            let fileBefore = Self.remembered(entries)
            let fileChanges = !Self.areSame(file, fileBefore)
            if fileChanges { try remembered?.save(file) }
            do {
                try keys.hold(keyring)
            } catch {
                if fileChanges { try? remembered?.save(fileBefore) }
                throw error
            }
            entries = new
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
