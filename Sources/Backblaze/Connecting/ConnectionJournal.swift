internal import Foundation
internal import Settings

/// What has to be undone in a bucket, written down before it is done: a file for each connection.
///
/// Whoever keeps a journal holds a lock beside it, so that one whose owner was killed is told from one in use.
public final class ConnectionJournal: Sendable {
    /// What is written down.
    public struct Entry: Sendable {
        public var bucket: Bucket
        /// The realm, as `Realm` prints it.
        public var realm: String
        /// The rule's name.
        public var rule: String
        /// The rule as it was before b2watch borrowed it; nil for a temporary one.
        public var original: NotificationRule?
        /// Where b2watch has led the rule.
        public var urls: [String]
        /// All rules as they were last read, for a person who has to put things right.
        public var rules: [NotificationRule]
        /// The process that keeps it.
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
    private let lock: Int32

    private init(path: String, lock: Int32) {
        self.path = path
        self.lock = lock
    }

    deinit {
        // A child that was forked just now may still have the descriptor.
        flock(lock, LOCK_UN)
        close(lock)
    }

    private static func lockPath(_ path: String) -> String { "\(path).lock" }

    /// Takes the lock of a journal; nil where another process has it.
    private static func take(_ path: String) -> Int32? {
        let descriptor = open(lockPath(path), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Begins a journal.
    ///
    /// - Parameter folder: Where journals are; it is made if it is missing.
    /// - Throws: `B2Problem` where nothing can be written there.
    public convenience init(in folder: String, _ entry: Entry) throws(B2Problem) {
        // The name of a borrowed rule is B2's to choose.
        let name = entry.rule.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        let path = "\(folder)/\(name)-\(getpid()).json"
        try? FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        // The lock is first: a journal that nobody keeps would be undone.
        guard let lock = Self.take(path) else {
            throw B2Problem(.other, "the journal \(path) cannot be locked, so nothing was changed in the bucket")
        }
        self.init(path: path, lock: lock)
        try write(entry)
    }

    /// Writes down what has to be undone. It is on the disk when this returns.
    public func write(_ entry: Entry) throws(B2Problem) {
        do throws(FileProblem) {
            try PrivateFile.write(entry.json.prettyBytes, to: path)
        } catch {
            throw B2Problem(.other, "the journal \(path) \(error.reason), so nothing was changed in the bucket")
        }
    }

    /// Ends the journal: nothing has to be undone any more.
    public func remove() {
        unlink(path)
        unlink(Self.lockPath(path))
    }

    // MARK: - What others have left

    /// What the journals in a folder say: those that nobody keeps any more, with the journal itself, and those in use.
    public struct Leftovers: Sendable {
        public var abandoned: [(journal: ConnectionJournal, entry: Entry)] = []
        public var inUse: [Entry] = []
        /// Journals that cannot be read, in sentences.
        public var notes: [String] = []
    }

    /// Reads the journals of a folder.
    ///
    /// - Parameter bucket: The name of a bucket.
    public static func leftovers(in folder: String, bucket: String, realm: Realm) -> Leftovers {
        var leftovers = Leftovers()
        for name in ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        where name.hasSuffix(".json") {
            let path = "\(folder)/\(name)"
            let lock = take(path)
            let bytes = FileManager.default.contents(atPath: path).map { Array($0) } ?? []
            guard let entry = JSONValue(bytes).flatMap(Entry.init) else {
                if let lock { close(lock) }
                leftovers.notes.append("the journal \(path) cannot be read: look at it, and delete it")
                continue
            }
            guard entry.bucket.name == bucket, entry.realm == realm.description else {
                if let lock { close(lock) }
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
