internal import Base
internal import Foundation
internal import Settings

/// A record of the changes in a bucket that have to be undone. Each change is written here before it is made. Each
/// connection has a file of its own.
///
/// The process that owns a journal locks a file next to it. A journal without a lock was left by a process that was
/// killed.
public final class ConnectionJournal: Sendable {
    /// The contents of a journal.
    public struct Entry: Sendable {
        public var bucket: Bucket
        /// The realm, as `Realm` prints it.
        public var realm: String
        /// The rule's name.
        public var rule: String
        /// The rule as it was before b2watch borrowed it; nil for a temporary one.
        public var original: NotificationRule?
        /// The URLs that b2watch has pointed the rule to.
        public var urls: [String]
        /// All rules as they were last read, in case a person has to repair them.
        public var rules: [NotificationRule]
        /// The process that owns the journal.
        public var process: Int32

        public init(bucket: Bucket, realm: Realm, rule: String, original: NotificationRule?) {
            self.bucket = bucket
            self.realm = realm.description
            self.rule = rule
            self.original = original
            urls = []
            rules = []
            process = getpid()
        }
    }

    private let path: String
    private let lock: FileLock

    private init(path: String, lock: FileLock) {
        self.path = path
        self.lock = lock
    }

    private static func lockPath(_ path: String) -> String { "\(path).lock" }

    /// Locks a journal; returns nil if another process has locked it.
    private static func lock(_ path: String) -> FileLock? { try? FileLock(lockPath(path)) }

    /// Creates a journal.
    ///
    /// - Parameter folder: The folder of journals. It is created if it is missing.
    /// - Throws: `B2Problem` if nothing can be written there.
    public convenience init(in folder: String, _ entry: Entry) throws(B2Problem) {
        // A borrowed rule's name may contain any character.
        let name = entry.rule.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        let path = "\(folder)/\(name)-\(getpid()).json"
        try? PrivateFolder.make(folder)
        // The lock comes before the file: a journal without a lock would be undone by others.
        guard let lock = Self.lock(path) else {
            throw B2Problem(.other, "the journal \(path) cannot be locked, so nothing was changed in the bucket")
        }
        self.init(path: path, lock: lock)
        try write(entry)
    }

    /// Writes the changes that have to be undone. They are on disk when this returns.
    public func write(_ entry: Entry) throws(B2Problem) {
        do throws(FileProblem) {
            try PrivateFile.write(entry.json.prettyBytes, to: path)
        } catch {
            throw B2Problem(.other, "the journal \(path) \(error.reason), so nothing was changed in the bucket")
        }
    }

    /// Removes the journal, because nothing has to be undone any more.
    public func remove() {
        unlink(path)
        unlink(Self.lockPath(path))
    }

    // MARK: - What others have left

    /// The contents of the journals in a folder: abandoned ones, with the journals themselves, and those in use.
    public struct Leftovers: Sendable {
        public var abandoned: [(journal: ConnectionJournal, entry: Entry)] = []
        public var inUse: [Entry] = []
        /// Journals that cannot be read, in sentences.
        public var notes: [String] = []
    }

    /// Reads the journals of a folder.
    ///
    /// - Parameter bucket: The name of the bucket.
    public static func leftovers(in folder: String, bucket: String, realm: Realm) -> Leftovers {
        var leftovers = Leftovers()
        for name in ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        where name.hasSuffix(".json") {
            let path = "\(folder)/\(name)"
            let lock = Self.lock(path)
            let bytes = FileManager.default.contents(atPath: path).map { Array($0) } ?? []
            guard let entry = JSONValue(bytes).flatMap(Entry.init) else {
                leftovers.notes.append("the journal \(path) cannot be read: look at it, and delete it")
                continue
            }
            guard entry.bucket.name == bucket, entry.realm == realm.description else {
                continue
            }
            if let lock {
                leftovers.abandoned.append((ConnectionJournal(path: path, lock: lock), entry))
            } else {
                leftovers.inUse.append(entry)
            }
        }
        return leftovers
    }
}

extension ConnectionJournal.Entry {
    var json: JSONValue {
        var value: JSONValue = [
            "bucketId": .string(bucket.id), "bucketName": .string(bucket.name), "realm": .string(realm),
            "rule": .string(rule), "urls": .array(urls.map(JSONValue.string)), "process": .number(String(process)),
            "rulesBefore": .array(rules.map(\.json)),
        ]
        if let original { value["original"] = original.json }
        return value
    }

    init?(_ json: JSONValue) {
        guard let id = json["bucketId"]?.text, let name = json["bucketName"]?.text, let realm = json["realm"]?.text,
            let rule = json["rule"]?.text, let urls = json["urls"]?.elements
        else { return nil }
        bucket = Bucket(id: id, name: name)
        self.realm = realm
        self.rule = rule
        original = json["original"].map { NotificationRule($0) }
        self.urls = urls.compactMap(\.text)
        rules = json["rulesBefore"]?.elements?.map { NotificationRule($0) } ?? []
        process = Int32(clamping: json["process"]?.integer ?? 0)
    }
}
